"""What an entry holds: everything as JSON, nothing secret, nothing of a person in clear."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import pytest

from campaigns.models import Sender
from campaigns.tests.factories import LeadFactory, OrganizationFactory, SenderFactory, UserFactory
from campaigns_project.audit.actors import SYSTEM, Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.plain import plain
from campaigns_project.audit.protection import NOT_KEPT, keyed
from campaigns_project.audit.reading import act, said, words
from campaigns_project.audit.record import Subject, record

pytestmark = pytest.mark.django_db

PRAGUE = timezone(timedelta(hours=1))


class Color(StrEnum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (datetime(2026, 11, 21, 10, 30, 0, 5, tzinfo=PRAGUE), "2026-11-21T09:30:00.000005Z"),
        (datetime(2026, 11, 21, tzinfo=UTC), "2026-11-21T00:00:00Z"),
        (date(2026, 11, 21), "2026-11-21"),
        (timedelta(hours=1), "P0DT01H00M00S"),
        (Decimal("1.10"), "1.10"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Color.RED, "red"),
        ({Color.RED: {3, 1, 2}}, {"red": [1, 2, 3]}),
        (frozenset({"b", "a"}), ["a", "b"]),
        ((1, None, True, 0.5), [1, None, True, 0.5]),
        (float("nan"), "nan"),
        ("a\x00b\ud800", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}"),
    ],
)
def test_values_are_kept_as_json(value: object, kept: object) -> None:
    record(action="x.changed", entity=Subject("x"), organization_id=None, actor=SYSTEM, after={"field": value})

    assert AuditLog.objects.get().after == {"field": kept}


def test_bytes_are_refused() -> None:
    with pytest.raises(TypeError, match="Bytes"):
        plain({"field": [b"\x00"]})


def test_a_row_is_kept_by_its_key() -> None:
    organization = OrganizationFactory()

    assert plain({"organization": organization}) == {"organization": organization.pk}


def test_of_a_person_states_numbers_and_times_stay_readable_and_all_else_is_hashed() -> None:
    lead = LeadFactory()
    after = {
        "first_name": "Ana", "custom": {"shoe": "41"}, "status": "ok", "updated_at": date(2026, 1, 1), "phone": "",
        "city": None, "anything": "said of her",
    }  # fmt: skip

    entry = record(action="lead.changed", entity=lead, organization_id=7, actor=SYSTEM, after=after)

    assert entry.after == {
        "first_name": keyed("Ana", organization_id=7),
        "custom": keyed({"shoe": "41"}, organization_id=7),
        "status": "ok",
        "updated_at": "2026-01-01",
        "phone": "",
        "city": None,
        "anything": keyed("said of her", organization_id=7),
    }
    assert entry.entity_name == ""


def test_a_hash_needs_the_keys_and_differs_between_organizations(settings) -> None:
    here, there = (keyed("Ana", organization_id=number) for number in (1, 2))
    settings.FIELD_ENCRYPTION_KEYS = ["another"]

    assert len({here, there, keyed("Ana", organization_id=1)}) == 3


def test_secrets_are_never_kept_by_whatever_way_they_come() -> None:
    sender: Sender = SenderFactory()
    after = {"password": "hunter2", "esp_settings": '{"api_key": "hunter2"}', "api_key": "hunter2", "name": "Ana"}

    entry = record(action="sender.changed", entity=sender, organization_id=1, actor=SYSTEM, after=after)

    assert entry.after == {**dict.fromkeys(after, NOT_KEPT), "name": "Ana"}


def test_addresses_in_a_reason_are_hashed_and_the_words_around_them_stay() -> None:
    entry = record(
        action="x.changed", entity=Subject("x"), organization_id=1, actor=SYSTEM,
        reason="550 <Ana@Acme.example>: unknown; asked ana@acme.example.",
    )  # fmt: skip

    hashed = keyed("ana@acme.example", organization_id=1)
    assert entry.reason == f"550 <{hashed}>: unknown; asked {hashed}."
    assert words(entry.reason).startswith(f"550 <[personal, hash {hashed[6:14]}]>: unknown")


def test_one_run_of_a_command_has_one_request_id_and_another_run_another() -> None:
    first, second = Actor.of_command("start_campaign"), Actor.of_command("start_campaign")

    assert len({first.request_id, second.request_id, ""}) == 3


def test_what_is_too_long_for_its_column_is_cut_and_nothing_is_lost_for_it() -> None:
    entry = record(
        action="x.changed", entity=Subject("x", "9" * 200, "n" * 300), organization_id=None,
        actor=Actor("user", "a" * 300, via="v" * 100),
    )  # fmt: skip

    entry.refresh_from_db()
    assert (len(entry.entity_id), len(entry.entity_name), len(entry.actor_name), len(entry.via)) == (60, 200, 254, 60)


def test_an_entry_outlives_the_person_who_acted() -> None:
    person = UserFactory(email="ana@fairlead.example")
    record(action="x.changed", entity=Subject("x"), organization_id=None, actor=Actor("user", person.email, person.pk))

    person.delete()

    assert AuditLog.objects.get().actor_name == "ana@fairlead.example"


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (None, "none"), (True, "yes"), (False, "no"), ("", "empty"), ([1, 2], "1, 2"), ([], "empty"),
        (NOT_KEPT, "not kept"), ({"a": 1, "b": None}, "a 1, b none"), ({}, "empty"),
        ({"a": [1]}, '{"a": [1]}'), (0.5, "0.5"),
    ],
)  # fmt: skip
def test_values_are_read_in_words(value: object, read: str) -> None:
    assert said(value) == read


@pytest.mark.parametrize(
    ("action", "read"),
    [
        ("campaign.senders_set", "Campaign: senders set"),
        ("enrichmentprofile.tried", "Enrichment profile: tried"),
        ("import.dry_run", "Import: dry run"),
        ("support_bundle.exported", "Support bundle: exported"),
    ],
)
def test_an_action_is_read_as_a_person_would_note_it(action, read):
    assert act(action) == read

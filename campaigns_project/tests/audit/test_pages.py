"""The audit log in the admin, by API and as a file."""

import csv
import io
import json
import stat
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from campaigns.tests.factories import CampaignFactory, OrganizationFactory, UserFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.record import Subject, record
from campaigns_project.tests.admin.browsers import client_of, member
from campaigns_project.tests.audit.logs import sealed
from campaigns_project.tests.audit.refusing import refusing
from campaigns_project.tests.rest.clients import key_client
from leads.models import Tag

pytestmark = pytest.mark.django_db

LIST = "/admin/audit/auditlog/"
EXPORT = "/admin/audit/auditlog/export/"
ANA = Actor("user", "ana@fairlead.example", 1, via="admin", request_id="one-request")


@pytest.fixture
def home() -> Organization:
    return OrganizationFactory()


def note(home: Organization, action: str = "campaign.started", *, name: str = "Autumn", **more: Any) -> AuditLog:
    subject = more.pop("entity", Subject("campaign", "4711", name))
    return record(action=action, entity=subject, organization_id=home.pk, actor=more.pop("actor", ANA), **more)


def as_sent(words: str) -> str:
    """A header in UTF-8, as WSGI hands it on."""
    return words.encode().decode("latin-1")


def body(answer: Any) -> str:
    return b"".join(answer.streaming_content).decode()


@pytest.mark.parametrize(("role", "status"), [(Role.OPERATOR, 403), (Role.MANAGER, 200), (Role.OWNER, 200)])
def test_managers_and_owners_read_it(home: Organization, role: Role, status: int) -> None:
    entry = note(home)
    client = member(home, role)

    pages = [LIST, EXPORT, reverse("admin:audit_auditlog_change", args=[entry.pk])]

    assert [client.get(page).status_code for page in pages] == [status] * 3


def test_a_manager_here_who_only_reads_elsewhere_sees_this_organization_alone(home: Organization) -> None:
    elsewhere = OrganizationFactory()
    note(home, name="Ours"), note(elsewhere, name="Theirs")
    client = member(home, Role.MANAGER)
    person = home.memberships.get().user
    elsewhere.memberships.create(user=person, role=Role.VIEWER)

    page, file = client.get(LIST).content.decode(), body(client.post(EXPORT, {"file_format": "csv"}))

    assert ("Ours" in page, "Theirs" in page) == (True, False)
    assert ("Ours" in file, "Theirs" in file) == (True, False)


@pytest.mark.parametrize(
    "query",
    [
        "action=campaign.st", "actor_name=ana@", "entity_type=campaign&entity_id=4711", "via=admin",
        "request_id=one-request", "actor_kind__exact=user", "q=4711", "q=one-request", "q=campaign.started",
    ],
)  # fmt: skip
def test_filters_find_what_they_name_and_nothing_else(home: Organization, query: str) -> None:
    note(home, name="Found")
    note(home, "lead.deleted", entity=Subject("lead", "3", "Other"), actor=Actor("key", "crm", via="api"))

    page = member(home, Role.OWNER).get(f"{LIST}?{query}").content.decode()

    assert ("Found" in page, "Other" in page) == (True, False)


def test_what_one_request_did_is_counted_and_shown_together(home: Organization) -> None:
    for number in range(3):
        note(home, entity=Subject("lead", str(number)))
    note(home, actor=Actor("user", "ben@fairlead.example", request_id="another"))
    client = member(home, Role.OWNER)

    page = client.get(LIST).content.decode()
    together = client.get(f"{LIST}?request_id=one-request").content.decode()

    assert page.count("3 entries") == 3
    assert "One request: 3 entries, by ana@fairlead.example (admin)" in together
    assert "ben@fairlead.example" not in together


def test_the_list_asks_the_same_for_one_entry_as_for_many(home: Organization) -> None:
    client = member(home, Role.OWNER)
    note(home)
    with CaptureQueriesContext(connection) as with_one:
        client.get(LIST)
    for number in range(5):
        note(home, actor=Actor("user", "ana", request_id=f"request-{number}"))

    with CaptureQueriesContext(connection) as with_six:
        client.get(LIST)

    assert len(with_six) == len(with_one)


def test_an_entry_links_to_what_lives_and_only_names_what_is_gone(home: Organization) -> None:
    campaign = CampaignFactory(organization=home, name="Winter")
    entry = note(home, entity=campaign)
    client, page = member(home, Role.OWNER), reverse("admin:audit_auditlog_change", args=[entry.pk])
    link = f'href="{reverse("admin:campaigns_campaign_change", args=[campaign.pk])}"'

    alive = client.get(page).content.decode()
    campaign.delete()
    gone = client.get(page).content.decode()

    assert (link in alive, link in gone) == (True, False)
    assert f"campaign {entry.entity_id} Winter (not there any more" in gone


def test_an_entry_says_under_which_seal_it_is(home: Organization) -> None:
    (entry,) = sealed(organization_id=home.pk)
    address = reverse("admin:audit_auditlog_change", args=[entry.pk])

    assert "Number 1" in member(home, Role.OWNER).get(address).content.decode()


def test_a_page_of_history_leads_managers_to_the_entries(home: Organization) -> None:
    campaign = CampaignFactory(organization=home)
    page = reverse("admin:campaigns_campaign_history", args=[campaign.pk])
    link = f"{LIST}?entity_type=campaign&amp;entity_id={campaign.pk}"

    shown = [link in member(home, role).get(page).content.decode() for role in (Role.VIEWER, Role.MANAGER)]

    assert shown == [False, True]


def test_a_file_from_the_page_has_what_the_filters_found_and_is_an_entry_too(home: Organization) -> None:
    note(home, name='=HYPERLINK("https://evil.example")', after={"a": 1})
    note(home, "lead.deleted")
    client = member(home, Role.OWNER)

    answer = client.post(f"{EXPORT}?action=campaign.", {"file_format": "csv", "reason": "for the auditor"})

    (row,) = csv.DictReader(io.StringIO(body(answer).removeprefix("\ufeff")))
    assert answer["Content-Disposition"] == 'attachment; filename="audit-log.csv"'
    assert (row["action"], row["after"], row["entity_name"][:2]) == ("campaign.started", '{"a": 1}', "'=")
    entry = AuditLog.objects.get(action="auditlog.exported")
    assert (entry.organization_ref, entry.reason) == (home.pk, "for the auditor")
    assert entry.after == {"format": "csv", "filters": {"action": "campaign."}}


def test_a_system_administrator_takes_everything_and_that_is_on_record_in_the_system(home: Organization) -> None:
    note(home), note(OrganizationFactory())

    answer = client_of(UserFactory(is_superuser=True)).post(EXPORT, {"file_format": "jsonl"})

    assert len(body(answer).splitlines()) == 2
    assert AuditLog.objects.get(action="auditlog.exported").organization_ref is None


@pytest.mark.parametrize(
    "query", ["created_at_from_0=nonsense", "o=99", "request_id=%00", "organization=999999", "q=%00"]
)
def test_filters_that_make_no_sense_do_no_harm(home: Organization, query: str) -> None:
    client: Client = member(home, Role.OWNER)

    assert {client.get(f"{page}?{query}").status_code for page in (LIST, EXPORT)} <= {200, 302, 404}


def test_the_api_lists_filters_and_pages(home: Organization) -> None:
    client = key_client(Role.MANAGER, home)
    kept = [note(home) for _ in range(3)]
    note(home, "lead.deleted")

    first = client.get("/api/v1/audit-log?action=campaign.&page_size=2").json()
    second = client.get(first["next"]).json()

    assert [row["id"] for row in [*first["results"], *second["results"]]] == [entry.pk for entry in reversed(kept)]
    assert second["next"] is None
    assert first["results"][0]["actor_name"] == "ana@fairlead.example"


def test_the_api_is_for_managers_and_owners(home: Organization) -> None:
    note(home)

    answers = [key_client(role, home).get("/api/v1/audit-log").status_code for role in Role]

    assert answers == [403, 403, 200, 200]


def test_the_api_exports_json_lines_and_refuses_a_filter_it_does_not_know(home: Organization) -> None:
    client = key_client(Role.MANAGER, home)
    entry = note(home)
    note(OrganizationFactory(), name="Theirs")

    answer = client.post("/api/v1/audit-log/export", {"filters": {"entity_id": "4711"}, "reason": "archive"})
    refused = client.post("/api/v1/audit-log/export", {"filters": {"entity": "4711"}})

    (row,) = [json.loads(line) for line in body(answer).splitlines()]
    assert (row["id"], row["entity_name"]) == (entry.pk, "Autumn")
    assert (refused.status_code, AuditLog.objects.filter(action="auditlog.exported").count()) == (400, 1)


def test_a_header_says_why_where_the_body_does_not(home: Organization) -> None:
    client = key_client(Role.MANAGER, home)

    client.post("/api/v1/tags", {"name": "new"}, headers={"X-Change-Message": as_sent("Größe: asked by sales")})
    client.post("/api/v1/sending-halts", {"reason": "wrong list"}, headers={"X-Change-Message": "not this"})
    client.patch(
        f"/api/v1/tags/{Tag.objects.get().pk}", {"name": "old"}, headers={"X-Change-Message": "UTF-8''gr%C3%BCn"}
    )
    refused = client.post("/api/v1/tags", {"name": "other"}, headers={"X-Change-Message": "x" * 201})
    lost = client.post("/api/v1/tags", {"name": "other"}, headers={"X-Change-Message": ""})

    assert AuditLog.objects.get(action="tag.created").reason == "Größe: asked by sales"
    assert AuditLog.objects.get(action="tag.changed").reason == "grün"
    assert (lost.status_code, "RFC 8187" in lost.json()["detail"], Tag.objects.count()) == (400, True, 1)
    assert AuditLog.objects.get(action="sending.halted").reason == "wrong list"
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (400, "/X-Change-Message")


def test_the_command_exports_what_is_asked_for(home: Organization, tmp_path: Any) -> None:
    entry, path = note(home), tmp_path / "log.jsonl"
    note(home, "lead.deleted")
    note(OrganizationFactory())

    call_command("export_audit", "--organization", home.slug, "--action", "campaign.", "--output", str(path))

    assert [json.loads(line)["id"] for line in path.read_text().splitlines()] == [entry.pk]
    with pytest.raises(CommandError, match="is there already") as refused:
        call_command("export_audit", "--output", str(path))
    assert refused.value.returncode == 2


def test_the_command_exports_into_a_file_for_its_owner_alone(home: Organization, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"

    call_command("export_audit", "--organization", home.slug, "--output", str(path))

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_export_that_cannot_be_written_is_refused_and_is_no_entry(home: Organization, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written: No such file") as refused:
        call_command("export_audit", "--organization", home.slug, "--output", str(tmp_path / "nowhere" / "log.jsonl"))

    assert (refused.value.returncode, AuditLog.objects.count()) == (2, 0)


def test_an_export_that_was_not_finished_leaves_no_file(home: Organization, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"

    with refusing(), pytest.raises(DatabaseError):
        call_command("export_audit", "--output", str(path))

    assert not path.exists()


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("2026-13-45", "2026-13-45 is neither a day (2026-11-21) nor a time"),
        ("2026-11-21T25:00:00Z", "2026-11-21T25:00:00Z is neither a day (2026-11-21) nor a time"),
        ("9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59-12:00 is not within the years 1 to 9999 of UTC"),
        ("0001-01-01T00:00:00+12:00", "0001-01-01T00:00:00+12:00 is not within the years 1 to 9999 of UTC"),
    ],
)
def test_a_time_that_no_calendar_has_is_refused_in_words(since: str, said: str) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("export_audit", "--since", since)

    assert said in str(refused.value)


@pytest.mark.django_db(transaction=True)
def test_the_command_proves_the_log_and_ends_with_6_where_it_cannot(tmp_path: Any) -> None:
    entry = sealed(2)[0]
    kept = tmp_path / "ends.json"
    with kept.open("w") as file:
        call_command("verify_audit", "--json", stdout=file)
    said = io.StringIO()

    call_command("verify_audit", "--ends", str(kept), stdout=said)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("UPDATE audit_log SET actor_name = 'nobody' WHERE id = %s", [entry.pk])
        cursor.execute("SET session_replication_role = origin")
    with pytest.raises(CommandError) as failed:
        call_command("verify_audit", stdout=said)

    assert json.loads(kept.read_text())["findings"] == []
    assert "Nothing was changed, removed, slipped in or cut off." in said.getvalue()
    assert "audit_entry_changed: 1 entries" in said.getvalue()
    assert f"such as {entry.pk}" in said.getvalue()
    assert failed.value.returncode == 6


def test_a_file_of_ends_that_is_none_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "ends.json"
    path.write_text("[]")

    with pytest.raises(CommandError, match="ends_unreadable") as refused:
        call_command("verify_audit", "--ends", str(path))

    assert refused.value.returncode == 2

"""The hash chain: everything is sealed once, and whatever is done behind its back is found by its number."""

from collections.abc import Iterator
from datetime import timedelta
from threading import Event, Thread

import pytest
from django.db import DatabaseError, ProgrammingError, connection, connections, transaction
from django.test import override_settings
from django.utils import timezone

from campaigns_project.audit import sealing
from campaigns_project.audit.models import AuditLog, AuditSeal, ChainHead, SealedEntry, UnsealedEntry
from campaigns_project.audit.sealing import seal
from campaigns_project.audit.verification import ends
from campaigns_project.tests.audit.logs import faults, sealed, tamper, write

pytestmark = pytest.mark.django_db


@pytest.fixture
def small_seals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two entries under each seal."""
    monkeypatch.setattr(sealing, "ENTRIES_PER_SEAL", 2)
    yield


def test_each_organization_has_a_chain_of_its_own_and_the_system_too() -> None:
    for organization_id in (7, None, 7, 8):
        write(organization_id=organization_id)

    assert seal(now=timezone.now()) == 4

    assert list(AuditSeal.objects.values_list("chain", "number", "entries")) == [(0, 1, 1), (7, 1, 2), (8, 1, 1)]
    assert faults() == {}


def test_sealing_goes_on_where_the_chain_ended(small_seals: None) -> None:
    sealed(3)
    sealed(2)

    first, second, third = AuditSeal.objects.all()
    assert [second.previous_hash, third.previous_hash] == [first.hash, second.hash]
    assert ChainHead.objects.values_list("number", "hash").get() == (3, third.hash)
    assert (SealedEntry.objects.count(), UnsealedEntry.objects.count(), faults()) == (5, 0, {})


def test_with_nothing_to_seal_one_question_is_asked(django_assert_num_queries) -> None:
    sealed()

    with django_assert_num_queries(3):  # the transaction's begin and end are counted here
        assert seal(now=timezone.now()) == 0


def test_a_changed_entry_is_found_by_its_number() -> None:
    entry = sealed(3)[1]

    tamper('UPDATE audit_log SET after = \'{"status": "paused"}\' WHERE id = %s', [entry.pk])

    assert faults() == {"audit_entry_changed": [str(entry.pk)]}


@pytest.mark.parametrize(
    "column",
    [
        "organization_ref", "actor_kind", "actor_id", "actor_name", "via", "action", "entity_type", "entity_id",
        "entity_name", "before", "after", "reason", "request_id", "ip_address", "created_at",
    ],
)  # fmt: skip
def test_a_change_of_any_column_is_found(column: str) -> None:
    entry = sealed()[0]
    other = {"before": "'[]'", "after": "'[]'", "ip_address": "'192.0.2.9'", "created_at": "now() + interval '1 us'"}

    tamper(f"UPDATE audit_log SET {column} = {other.get(column, "'99'")} WHERE id = %s", [entry.pk])

    assert faults() == {"audit_entry_changed": [str(entry.pk)]}


def test_every_column_of_an_entry_is_under_the_seal() -> None:
    parameters = test_a_change_of_any_column_is_found.pytestmark[0].args[1]

    assert {field.column for field in AuditLog._meta.fields} == {*parameters, "id"}


def test_a_removed_entry_is_found_whether_it_was_sealed_or_not() -> None:
    entry, waiting = sealed(2)[0], write()[0]

    tamper("DELETE FROM audit_log WHERE id = ANY(%s)", [[entry.pk, waiting.pk]])

    assert faults() == {"audit_entry_removed": [str(entry.pk), str(waiting.pk)]}


def test_an_entry_removed_before_it_was_sealed_does_not_hold_up_the_others() -> None:
    removed, kept = write(2)
    tamper("DELETE FROM audit_log WHERE id = %s", [removed.pk])

    assert seal(now=timezone.now()) == 1

    assert faults() == {"audit_entry_removed": [str(removed.pk)]}
    assert SealedEntry.objects.get().entry_ref == kept.pk


def test_an_entry_slipped_in_behind_the_triggers_is_found() -> None:
    entry = sealed(2)[0]

    tamper(
        "INSERT INTO audit_log SELECT (jsonb_populate_record(a, '{\"id\": 999999}')).* FROM audit_log a WHERE id = %s",
        [entry.pk],
    )

    assert faults() == {"audit_entry_unsealed": ["999999"]}


def test_an_entry_that_claims_to_be_old_is_found_although_it_was_sealed() -> None:
    entry = sealed()[0]
    with connection.cursor() as cursor:  # through the triggers, as SQL may
        cursor.execute(
            "INSERT INTO audit_log SELECT (jsonb_populate_record(a, jsonb_build_object('id', 999999,"
            " 'created_at', a.created_at - interval '30 days'))).* FROM audit_log a WHERE id = %s",
            [entry.pk],
        )

    seal(now=timezone.now())

    assert faults() == {"audit_entry_dated_back": ["1:2"]}


def test_a_clock_that_was_ahead_for_a_while_leaves_no_warning_behind() -> None:
    entry = sealed()[0]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_log SELECT (jsonb_populate_record(a, jsonb_build_object('id', 999999,"
            " 'created_at', a.created_at + interval '30 days'))).* FROM audit_log a WHERE id = %s",
            [entry.pk],
        )
    seal(now=timezone.now() + timedelta(days=30))  # by the same clock

    sealed()

    assert faults() == {}


def test_an_entry_put_into_another_chain_is_found_and_sealed_in_its_own() -> None:
    entry = write()[0]

    tamper("UPDATE audit_unsealed SET chain = 99 WHERE entry_ref = %s", [entry.pk])
    found = faults()
    seal(now=timezone.now())

    assert found == {"audit_entry_moved": [str(entry.pk)]}
    assert SealedEntry.objects.get().seal.chain == 1
    assert faults() == {}


def test_what_waits_to_be_sealed_cannot_be_put_into_another_chain() -> None:
    write()

    with pytest.raises(ProgrammingError, match="Cannot update"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_unsealed SET chain = 99")


def test_an_entry_whose_digest_was_made_anew_is_found_by_its_seal() -> None:
    entry = sealed(3)[0]

    tamper("UPDATE audit_log SET actor_name = 'nobody' WHERE id = %s", [entry.pk])
    tamper(
        f"UPDATE audit_sealed_entries e SET digest = {sealing.ENTRY_DIGEST} FROM audit_log a"
        " WHERE a.id = e.entry_ref AND a.id = %s",
        [entry.pk],
    )

    assert faults() == {"audit_seal_changed": ["1:1"]}


def test_seals_in_another_order_are_found(small_seals: None) -> None:
    sealed(6)

    tamper("UPDATE audit_seals SET number = number + 100")
    tamper("UPDATE audit_seals SET number = CASE number WHEN 101 THEN 2 WHEN 102 THEN 1 ELSE 3 END")

    assert faults() == {"audit_seal_changed": ["1:1", "1:2"], "audit_link_broken": ["1:1", "1:2", "1:3"]}


def test_a_seal_missing_from_the_middle_is_found(small_seals: None) -> None:
    entries = sealed(6)

    tamper("DELETE FROM audit_sealed_entries WHERE seal_id = (SELECT id FROM audit_seals WHERE number = 2)")
    tamper("DELETE FROM audit_seals WHERE number = 2")

    assert faults() == {
        "audit_entry_unsealed": [str(entry.pk) for entry in entries[2:4]],
        "audit_seal_missing": ["1:3"],
    }


def test_an_end_that_was_cut_off_with_its_entries_is_found(small_seals: None) -> None:
    entries = sealed(4)

    tamper("DELETE FROM audit_sealed_entries WHERE seal_id = (SELECT id FROM audit_seals WHERE number = 2)")
    tamper("DELETE FROM audit_seals WHERE number = 2")
    tamper("DELETE FROM audit_log WHERE id = ANY(%s)", [[entry.pk for entry in entries[2:]]])

    assert faults() == {"audit_tail_cut": ["1"]}


def test_an_end_that_was_cut_off_with_its_head_is_found_by_one_that_was_kept_elsewhere(small_seals: None) -> None:
    entries = sealed(4)
    with connection.cursor() as cursor:
        kept = ends(cursor)

    tamper("DELETE FROM audit_sealed_entries WHERE seal_id = (SELECT id FROM audit_seals WHERE number = 2)")
    tamper("DELETE FROM audit_seals WHERE number = 2")
    tamper("DELETE FROM audit_log WHERE id = ANY(%s)", [[entry.pk for entry in entries[2:]]])
    tamper("UPDATE audit_chain_heads h SET number = 1, hash = s.hash FROM audit_seals s")

    assert faults() == {}
    assert faults(kept) == {"audit_past_rewritten": ["1"]}


def test_a_chain_made_anew_without_the_keys_is_found_by_its_signature() -> None:
    entry = sealed()[0]
    tamper("UPDATE audit_log SET actor_name = 'nobody' WHERE id = %s", [entry.pk])
    key_name = AuditSeal.objects.get().key_name
    for table in ("audit_sealed_entries", "audit_seals", "audit_chain_heads"):
        tamper(f"DELETE FROM {table}")
    tamper("INSERT INTO audit_unsealed VALUES (%s, 1)", [entry.pk])
    with override_settings(FIELD_ENCRYPTION_KEYS=["another key, that a forger made up"]):
        seal(now=timezone.now())

    tamper("UPDATE audit_seals SET key_name = %s", [key_name])

    assert faults() == {"audit_signature_wrong": ["1:1"]}


def test_a_key_that_was_put_away_is_named_as_what_is_missing(settings) -> None:
    sealed()
    former = settings.FIELD_ENCRYPTION_KEYS

    with override_settings(FIELD_ENCRYPTION_KEYS=["a new one"]):
        assert faults() == {"audit_key_missing": ["1:1"]}
    with override_settings(FIELD_ENCRYPTION_KEYS=["a new one", *former]):
        assert faults() == {}


@pytest.mark.parametrize("model", [AuditLog, AuditSeal, SealedEntry])
def test_what_was_written_is_neither_changed_nor_removed(model) -> None:
    sealed()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # else Postgres itself refuses to truncate, for now

    for statement in ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"):
        with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement.format(model._meta.db_table, model._meta.pk.column))

    assert model.objects.count() == 1


def test_the_end_of_a_chain_only_moves_on() -> None:
    sealed()

    for statement in (
        "UPDATE audit_chain_heads SET number = number",
        "UPDATE audit_chain_heads SET number = number - 1",
        "UPDATE audit_chain_heads SET number = number + 1, chain = 2",
        "DELETE FROM audit_chain_heads",
        "TRUNCATE audit_chain_heads",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    assert faults() == {}


@pytest.mark.django_db(transaction=True)
def test_an_entry_committed_late_is_sealed_late_and_nobody_waits_for_it() -> None:
    written, may_commit = Event(), Event()

    def linger() -> None:
        with transaction.atomic():
            write()
            written.set()
            may_commit.wait(20)
        connections.close_all()

    slow = Thread(target=linger)
    slow.start()
    assert written.wait(20)
    write()
    first = seal(now=timezone.now())
    may_commit.set()
    slow.join(20)
    second = seal(now=timezone.now())

    entries = [list(made.sealed_entries.values_list("entry_ref", flat=True)) for made in AuditSeal.objects.all()]
    assert (first, second) == (1, 1)
    assert entries[0][0] > entries[1][0]
    assert faults() == {}


@pytest.mark.django_db(transaction=True)
def test_two_that_seal_at_once_seal_everything_once() -> None:
    write(300)
    counts: list[int] = []

    def run() -> None:
        counts.append(seal(now=timezone.now()))
        connections.close_all()

    both = [Thread(target=run) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(30)

    assert sum(counts) == 300
    assert (SealedEntry.objects.count(), faults()) == (300, {})

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from campaigns.tests.factories import LeadFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused
from leads.imports import checking
from leads.imports.canceling import cancel_import
from leads.imports.running import STALE_AFTER, fail_import, run_import, take_stalled
from leads.models import Lead, LeadImport, LeadImportPart, LeadTag, StagedLead, Suppression
from leads.tests.imports.conftest import NOON

Files = Callable[..., LeadImport]
PROBLEMS = StagedLead.objects.filter(status="problem").order_by("row_number")


class Killed(BaseException):
    """As when the process ends: no code of ours catches it."""


def people(count: int) -> str:
    return "email,first name\n" + "".join(f"p{n}@acme.example,P{n}\n" for n in range(count))


def counts(lead_import: LeadImport) -> tuple[str, int, int, int, int, int]:
    return (
        lead_import.status,
        lead_import.rows_done,
        lead_import.created_count,
        lead_import.updated_count,
        lead_import.unchanged_count,
        lead_import.problem_count,
    )


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "CHUNK_ROWS", 3)


def test_a_time_zone_is_kept_and_one_nobody_knows_is_a_problem(imported: Files):
    lead_import = imported("Email,Time zone\nana@acme.example,asia/tokyo\nbob@acme.example,\nivo@acme.example,Moon\n")

    assert counts(lead_import) == ("succeeded", 3, 2, 0, 0, 1)
    assert list(Lead.objects.order_by("email").values_list("timezone", flat=True)) == ["Asia/Tokyo", ""]
    assert PROBLEMS.get().problem_code == "invalid_timezone"


def test_rows_become_leads_and_the_others_problems(imported: Files):
    lead_import = imported(
        "Email;Name;Messestand\nAna@acme.example;Ana Núñez;Schiffe\nnobody;X;\nbob@acme.example;Bob;\n"
        "ANA@acme.example;;\n",
        unknown_columns="custom",
    )

    assert counts(lead_import) == ("succeeded", 4, 2, 0, 0, 2)
    assert list(Lead.objects.order_by("email").values_list("email", "first_name", "last_name", "custom")) == [
        ("Ana@acme.example", "Ana", "Núñez", {"messestand": "Schiffe"}),
        ("bob@acme.example", "Bob", "", {}),
    ]
    assert list(PROBLEMS.values_list("row_number", "problem_column", "problem_code", "raw_lead__payload")) == [
        (3, "Email", "invalid_email", ["nobody", "X", ""]),
        (5, "Email", "duplicate_in_file", ["ANA@acme.example", "", ""]),
    ]
    assert PROBLEMS.last().problem_message == "ANA@acme.example is in row 2 already; that row counts."


@pytest.mark.parametrize("end", ["\n", "\r\n", ",\n"])
def test_addresses_one_a_line_are_enough(imported: Files, end: str):
    lead_import = imported(end.join(["ana@acme.example", "bob@acme.example", "", "broken", "ivo@acme.example", ""]))

    assert counts(lead_import) == ("succeeded", 4, 3, 0, 0, 1)
    assert list(Lead.objects.order_by("email").values_list("email", flat=True)) == [
        *("ana@acme.example", "bob@acme.example", "ivo@acme.example"),
    ]
    assert list(PROBLEMS.values_list("row_number", "problem_column", "problem_code")) == [(4, "email", "invalid_email")]


def test_finished_import_knows_its_times_and_keeps_no_file(imported: Files):
    lead_import = imported(people(1))

    assert lead_import.started_at == NOON
    assert lead_import.finished_at is not None
    assert not LeadImportPart.objects.exists()


def test_leads_know_the_import_that_brought_them(imported: Files):
    first = imported("email\nana@acme.example\n")
    imported("email,first name\nana@acme.example,Ana\n")

    assert list(Lead.objects.values_list("lead_import", "first_name")) == [(first.pk, "Ana")]


@pytest.mark.parametrize(
    ("on_existing", "expected", "outcome"),
    [
        ("fill", ("Ana", "Harbor", {"a": "1", "b": "old"}), (0, 1, 0)),
        ("overwrite", ("Anna", "Harbor", {"a": "1", "b": "new"}), (0, 1, 0)),
        ("skip", ("Ana", "", {"b": "old"}), (0, 0, 1)),
    ],
)
def test_existing_lead_is_treated_as_asked(
    imported: Files, on_existing: str, expected: tuple[str, str, dict[str, str]], outcome: tuple[int, int, int]
):
    imported("email,first name,company,b\nana@acme.example,Ana,,old\n", unknown_columns="custom")

    lead_import = imported(
        "email,first name,company,a,b\nANA@acme.example,Anna,Harbor,1,new\n",
        unknown_columns="custom",
        on_existing=on_existing,
    )

    assert Lead.objects.values_list("first_name", "company", "custom").get() == expected
    assert (lead_import.created_count, lead_import.updated_count, lead_import.unchanged_count) == outcome


def test_a_free_field_without_a_value_is_filled(imported: Files, organization: Organization):
    lead = LeadFactory(organization=organization, email="ana@acme.example", custom={"city": "", "hall": "3", "x": ""})

    done = imported(
        "email,city,hall\nana@acme.example,Prague,9\n",
        mapping={"city": "custom.city", "hall": "custom.hall"},
        on_existing="fill",
    )

    lead.refresh_from_db()
    assert (done.updated_count, lead.custom) == (1, {"city": "Prague", "hall": "3", "x": ""})
    assert lead.changes.get().changes == {"custom.city": ["", "Prague"]}


@pytest.mark.parametrize("on_existing", ["fill", "overwrite", "skip"])
def test_second_import_of_a_file_changes_nothing(imported: Files, on_existing: str):
    imported(people(5))
    before = list(Lead.objects.order_by("pk").values())

    again = imported(people(5), on_existing=on_existing)

    assert counts(again) == ("succeeded", 5, 0, 0, 5, 0)
    assert list(Lead.objects.order_by("pk").values()) == before


@pytest.mark.parametrize("on_existing", ["fill", "overwrite"])
def test_empty_cell_erases_nothing(imported: Files, on_existing: str):
    imported("email,first name\nana@acme.example,Ana\n")

    imported("email,first name\nana@acme.example,\n", on_existing=on_existing)

    assert Lead.objects.get().first_name == "Ana"


def test_same_address_in_another_organization_is_another_lead(imported: Files, organization: Organization):
    other = Organization.objects.create(name="Other", slug="other")
    theirs = Lead.objects.create(
        organization=other, email="ana@acme.example", email_normalized="ana@acme.example", first_name="Theirs"
    )

    imported("email,first name\nana@acme.example,Ours\n", on_existing="overwrite")

    theirs.refresh_from_db()
    assert theirs.first_name == "Theirs"
    assert Lead.objects.for_organization(organization).get().first_name == "Ours"


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("unsubscribed", "unsubscribed"),
        ("hard_bounce", "bounced"),
        ("complaint", "complained"),
        ("manual", "ok"),
    ],
)
def test_suppressed_person_comes_in_as_suppressed(
    imported: Files, organization: Organization, reason: str, status: str
):
    Suppression.objects.create(organization=organization, address="ana@acme.example", reason=reason)

    imported("email\nANA@acme.example\n")

    assert Lead.objects.get().status == status


def test_no_import_reactivates_a_lead(imported: Files):
    imported("email\nana@acme.example\n")
    Lead.objects.update(status="complained")

    imported("email,first name\nana@acme.example,Ana\n", on_existing="overwrite")

    assert Lead.objects.values_list("status", "first_name").get() == ("complained", "Ana")


@pytest.mark.parametrize(
    ("on_existing", "tagged"),
    [("fill", ["ana@acme.example", "bob@acme.example"]), ("skip", ["bob@acme.example"])],
)
def test_tags_are_put_on_the_leads_of_the_file(imported: Files, on_existing: str, tagged: list[str]):
    imported("email\nana@acme.example\neve@acme.example\n")

    imported("email\nana@acme.example\nbob@acme.example\nbad\n", tags=("new",), on_existing=on_existing)

    assert sorted(LeadTag.objects.values_list("lead__email", flat=True)) == tagged


def test_bytes_that_do_not_fit_the_encoding_are_a_problem_of_their_row_only(imported: Files):
    good = "email,first name\nana@acme.example,Žaneta Říhová\n".encode()

    lead_import = imported(good + b"bob@acme.example,B\xf3b\n" + "eve@acme.example,Éva\n".encode())

    assert counts(lead_import) == ("succeeded", 3, 2, 0, 0, 1)
    assert PROBLEMS.values_list("row_number", "problem_code", "raw_lead__payload").get() == (
        3,
        "damaged_text",
        ["bob@acme.example", "B\N{REPLACEMENT CHARACTER}b"],
    )


def test_nul_in_a_cell_is_a_problem_of_its_row_only(imported: Files):
    lead_import = imported("email,first name\nana@acme.example,A\0na\nbob@acme.example,Bob\n")

    assert counts(lead_import) == ("succeeded", 2, 1, 0, 0, 1)
    assert PROBLEMS.get().raw_lead.payload == ["ana@acme.example", "A\N{REPLACEMENT CHARACTER}na"]


@pytest.mark.usefixtures("small_chunks")
def test_progress_is_told_after_every_chunk(received: Files):
    told: list[int] = []

    run_import(lead_import_id=received(people(8)).pk, now=NOON, on_progress=lambda going: told.append(going.rows_done))

    assert told == [3, 6, 8]


@pytest.mark.usefixtures("small_chunks")
def test_import_whose_worker_was_killed_goes_on_behind_the_last_chunk(received: Files):
    lead_import = received(people(4) + "P0@acme.example,again\nbad,\n" + "p9@acme.example,P9\n")

    def kill(going: LeadImport) -> None:
        raise Killed

    with pytest.raises(Killed):
        run_import(lead_import_id=lead_import.pk, now=NOON, on_progress=kill)
    LeadImport.objects.update(heartbeat_at=Now() - STALE_AFTER - timedelta(seconds=1))
    resumed = run_import(lead_import_id=lead_import.pk, now=NOON + timedelta(hours=1))

    assert counts(resumed) == ("succeeded", 7, 5, 0, 0, 2)
    assert resumed.started_at == NOON
    assert list(PROBLEMS.values_list("row_number", "problem_code")) == [
        (6, "duplicate_in_file"),
        (7, "invalid_email"),
    ]


@pytest.mark.usefixtures("small_chunks")
def test_import_stops_when_its_time_is_over_and_goes_on_in_the_next_run(received: Files):
    lead_import = received(people(8))

    states = [counts(run_import(lead_import_id=lead_import.pk, now=NOON, budget=timedelta(0)))[:3] for _ in range(3)]

    assert states == [("queued", 3, 3), ("queued", 6, 6), ("succeeded", 8, 8)]


@pytest.mark.usefixtures("small_chunks", "asked_to_stop")
def test_import_whose_worker_is_asked_to_stop_is_left_for_another(received: Files):
    lead_import = received(people(8))

    assert counts(run_import(lead_import_id=lead_import.pk, now=NOON))[:3] == ("queued", 3, 3)


def test_import_that_runs_or_has_ended_is_not_run_again(received: Files):
    lead_import = received(people(1))

    for status, finished in (("running", None), ("succeeded", NOON), ("canceled", NOON), ("failed", NOON)):
        LeadImport.objects.update(status=status, heartbeat_at=Now(), finished_at=finished)
        with pytest.raises(Refused) as refused:
            run_import(lead_import_id=lead_import.pk, now=NOON)
        assert (refused.value.code, refused.value.status) == ("import_not_runnable", 409)

    assert not Lead.objects.exists()


@pytest.mark.usefixtures("small_chunks")
def test_worker_that_wakes_up_after_another_took_over_writes_nothing(received: Files):
    lead_import = received(people(7))

    def sleep_too_long(going: LeadImport) -> None:
        LeadImport.objects.update(heartbeat_at=Now() - STALE_AFTER - timedelta(seconds=1))
        run_import(lead_import_id=lead_import.pk, now=NOON)

    first = run_import(lead_import_id=lead_import.pk, now=NOON, on_progress=sleep_too_long)

    assert counts(first) == ("succeeded", 7, 7, 0, 0, 0)
    assert Lead.objects.count() == 7


@pytest.mark.usefixtures("small_chunks")
def test_canceled_import_keeps_what_was_done_and_does_no_more(received: Files):
    lead_import = received(people(7))

    run_import(
        lead_import_id=lead_import.pk,
        now=NOON,
        on_progress=lambda going: cancel_import(lead_import=going, actor=SYSTEM),
    )

    lead_import.refresh_from_db()
    assert counts(lead_import) == ("canceled", 3, 3, 0, 0, 0)
    assert Lead.objects.count() == 3
    assert not LeadImportPart.objects.exists()
    assert list(AuditLog.objects.order_by("id").values_list("action", flat=True)) == [
        "import.created",
        "import.canceled",
    ]


def test_ended_import_cannot_be_canceled(imported: Files):
    lead_import = imported(people(1))

    with pytest.raises(Refused) as refused:
        cancel_import(lead_import=lead_import, actor=SYSTEM)

    assert (refused.value.code, refused.value.status) == ("import_ended", 409)


def test_file_that_turns_out_unreadable_ends_as_failed_with_the_sentence(received: Files):
    lead_import = received('email,first name\nana@acme.example,"Ana"\n')
    LeadImportPart.objects.update(content=b'email,first name\nana@acme.example,"Ana\n')

    failed = run_import(lead_import_id=lead_import.pk, now=NOON)

    assert failed.status == "failed"
    assert "opens a quotation mark that is never closed" in failed.error_message


def test_ended_import_cannot_fail(imported: Files):
    lead_import = imported(people(1))

    assert fail_import(lead_import_id=lead_import.pk, message="too late") is False

    lead_import.refresh_from_db()
    assert (lead_import.status, lead_import.error_message) == ("succeeded", "")


def test_only_imports_nobody_works_on_are_taken_as_stalled(received: Files):
    silent, fresh, waiting = received(people(1)), received(people(1)), received(people(1))
    long_ago = Now() - STALE_AFTER - timedelta(seconds=1)
    LeadImport.objects.update(created_at=long_ago)
    LeadImport.objects.filter(pk=silent.pk).update(status="running", heartbeat_at=long_ago)
    LeadImport.objects.filter(pk=fresh.pk).update(status="running", heartbeat_at=Now())

    assert (take_stalled(), take_stalled()) == ([silent.pk, waiting.pk], [])
    silent.refresh_from_db()
    assert silent.status == "stalled"

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.functions import Now
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaigns.tests.factories import LeadAliasFactory, LeadFactory, OrganizationFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused
from leads.imports import checking
from leads.imports.canceling import cancel_import
from leads.imports.options import ImportOptions
from leads.imports.receiving import commit_import, receive, reread
from leads.imports.running import STALE_AFTER, run_import
from leads.imports.tasks import resume_stalled_imports, try_import_task
from leads.imports.trying import run_dry_run, start_dry_run
from leads.models import Lead, LeadChange, LeadImport, RawLead, StagedLead, Suppression
from leads.suppression import hash_of
from leads.tests.imports.conftest import NOON

PEOPLE = (
    "email,first name,company,b\nANA@acme.example,Anna,Acme,1\nbob@acme.example,Bob,,\nnew@acme.example,New,,\n"
    "bad,,,\nnew@acme.example,,,\n"
)


def draft_of(organization: Organization, content: str, **options: Any) -> LeadImport:
    return receive(
        organization=organization,
        stream=io.BytesIO(content.encode()),
        file_name="people.csv",
        options=ImportOptions(unknown_columns="custom", **options),
        actor=SYSTEM,
        now=NOON,
        as_draft=True,
    )


def tried(lead_import: LeadImport) -> LeadImport:
    start_dry_run(lead_import=lead_import, actor=SYSTEM, now=Now(), in_background=False)
    try_import_task(lead_import.pk)
    lead_import.refresh_from_db()
    return lead_import


def test_dry_run_says_what_would_come_of_every_row(organization: Organization):
    LeadFactory(organization=organization, email="ana@acme.example", first_name="Ana", company="", custom={"b": "0"})
    LeadFactory(organization=organization, email="bob@acme.example", first_name="Bob", company="")

    said = tried(draft_of(organization, PEOPLE, on_existing="overwrite"))

    assert said.dry_run_status == "succeeded"
    assert {name: said.dry_run[name] for name in ("rows", "created", "updated", "unchanged", "problems")} == {
        "rows": 5,
        "created": 1,
        "updated": 1,
        "unchanged": 1,
        "problems": 2,
    }
    assert said.dry_run["problem_codes"] == {"invalid_email": 1, "duplicate_in_file": 1}
    assert said.dry_run["field_changes"] == {"first_name": 1, "company": 1, "custom.b": 1}
    assert said.dry_run["samples"] == [
        {"row": 2, "email": "ana@acme.example", "field": "company", "before": "", "after": "Acme"},
        {"row": 2, "email": "ana@acme.example", "field": "custom.b", "before": "0", "after": "1"},
        {"row": 2, "email": "ana@acme.example", "field": "first_name", "before": "Ana", "after": "Anna"},
    ]
    assert [(found["row"], found["column"], found["code"]) for found in said.dry_run["first_problems"]] == [
        (5, "email", "invalid_email"),
        (6, "email", "duplicate_in_file"),
    ]
    assert [model.objects.count() for model in (Lead, RawLead, StagedLead, LeadChange)] == [2, 0, 0, 0]


NAMES = st.sampled_from(["", "Ana", "Bob"])
ADDRESSES = st.sampled_from(
    ["a@x.example", "A@X.example", "b@x.example", "old@x.example", "gone@x.example", "out@x.example", "bad", ""]
)
LEADS = st.dictionaries(st.sampled_from(["a@x.example", "b@x.example", "out@x.example"]), st.tuples(NAMES, NAMES))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(ADDRESSES, NAMES, NAMES), min_size=1, max_size=8),
    there=LEADS,
    on_existing=st.sampled_from(["fill", "overwrite", "skip"]),
    chunk=st.integers(1, 4),
)
def test_numbers_of_the_dry_run_are_those_of_the_import(
    db: None, rows: list[tuple[str, str, str]], there: dict[str, tuple[str, str]], on_existing: str, chunk: int
):
    organization = OrganizationFactory()
    for email, (name, b) in there.items():
        LeadFactory(organization=organization, email=email, first_name=name, custom={"b": b} if b else {})
    kept = LeadFactory(organization=organization, email="kept@x.example", first_name="")
    LeadAliasFactory(lead=kept, organization=organization, email_normalized="old@x.example")
    Suppression.objects.create(organization=organization, address="out@x.example", reason="unsubscribed")
    digest = hash_of(organization.pk, "gone@x.example")
    Suppression.objects.create(organization=organization, address="", address_hash=digest, reason="erased")
    content = "email,first name,b\n" + "".join(",".join(row) + "\n" for row in rows if any(row))
    if content.count("\n") == 1:
        content += "c@x.example,,\n"
    made = draft_of(organization, content, on_existing=on_existing)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(checking, "CHUNK_ROWS", chunk)
        said = tried(made).dry_run
        commit_import(lead_import=made, actor=SYSTEM, now=NOON, in_background=False)
        done = run_import(lead_import_id=made.pk, now=NOON)

    changes = [change for each in LeadChange.objects.filter(lead_import=made) for change in each.changes]
    assert [said[name] for name in ("rows", "created", "updated", "unchanged", "problems", "problem_codes")] == [
        done.rows_done,
        done.created_count,
        done.updated_count,
        done.unchanged_count,
        done.problem_count,
        done.problem_codes,
    ]
    assert said["field_changes"] == {name: changes.count(name) for name in changes}
    assert Lead.objects.filter(lead_import=made).count() == done.created_count
    assert StagedLead.objects.filter(lead_import=made).count() == RawLead.objects.filter(lead_import=made).count()


def test_second_dry_run_waits_for_the_first(organization: Organization):
    made = draft_of(organization, PEOPLE)
    start_dry_run(lead_import=made, actor=SYSTEM, now=Now(), in_background=False)

    with pytest.raises(Refused) as refused:
        start_dry_run(lead_import=made, actor=SYSTEM, now=Now(), in_background=False)

    assert (refused.value.code, refused.value.status) == ("dry_run_going", 409)


def test_dry_run_of_a_draft_that_is_changed_meanwhile_says_nothing(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
):
    made = draft_of(organization, PEOPLE)
    start_dry_run(lead_import=made, actor=SYSTEM, now=Now(), in_background=False)

    def changed(*_: Any, **__: Any) -> None:
        reread(lead_import=made, options=ImportOptions(unknown_columns="ignore"), actor=SYSTEM)

    with connection.execute_wrapper(once(changed)):
        run_dry_run(lead_import_id=made.pk)

    made.refresh_from_db()
    assert (made.dry_run_status, made.dry_run) == ("", {})


def once(act: Callable[[], None]) -> Callable[..., Any]:
    """Have `act` done before the first statement that looks for known leads."""
    left = [act]

    def wrapper(execute: Any, sql: str, *rest: Any) -> Any:
        if "json_array_elements_text" in sql and left:
            left.pop()()
        return execute(sql, *rest)

    return wrapper


@pytest.mark.usefixtures("asked_to_stop")
def test_dry_run_whose_worker_is_asked_to_stop_is_done_by_another(organization: Organization):
    made = draft_of(organization, PEOPLE)

    assert tried(made).dry_run_status == "queued"


def test_dry_run_whose_worker_died_is_queued_again(organization: Organization):
    made = draft_of(organization, PEOPLE)
    start_dry_run(lead_import=made, actor=SYSTEM, now=Now(), in_background=False)
    LeadImport.objects.update(dry_run_status="running", dry_run_at=Now() - STALE_AFTER - timedelta(seconds=1))

    assert (resume_stalled_imports(), resume_stalled_imports()) == (1, 0)
    assert try_import_task(made.pk) == "succeeded"


def test_only_a_draft_is_tried(organization: Organization):
    gone = cancel_import(lead_import=draft_of(organization, PEOPLE), actor=SYSTEM)

    with pytest.raises(Refused) as refused:
        start_dry_run(lead_import=gone, actor=SYSTEM, now=Now())

    assert refused.value.code == "import_not_draft"
    assert try_import_task(gone.pk) == "import_not_runnable"

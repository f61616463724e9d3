"""What is kept of every row beside its lead: as received, as staged, and what it changed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from campaigns.tests.factories import LeadAliasFactory, LeadFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused
from leads.admin.importing import following
from leads.imports import tries
from leads.imports.running import run_import
from leads.imports.tasks import run_import_task
from leads.models import Lead, LeadChange, LeadImport, RawLead, StagedLead, Suppression
from leads.suppression import hash_of
from leads.tests.imports.conftest import NOON

Files = Callable[..., LeadImport]


def test_every_row_is_kept_as_it_came_and_as_it_was_understood(imported: Files):
    lead_import = imported(
        'E-mail,Name,Hall,Left out\nAna@Acme.example," Ana ""A"" Núñez",Ships,x\nbad,B\\\\ob,,y\n',
        unknown_columns="custom",
        mapping={"Left out": "ignore"},
    )

    assert list(RawLead.objects.order_by("row_number").values_list("row_number", "payload")) == [
        (2, ["Ana@Acme.example", ' Ana "A" Núñez', "Ships", "x"]),
        (3, ["bad", "B\\\\ob", "", "y"]),
    ]
    good, bad = StagedLead.objects.select_related("raw_lead").order_by("row_number")
    assert (good.status, good.email_normalized, good.lead) == ("promoted", "ana@acme.example", Lead.objects.get())
    assert good.fields == {
        "email": "Ana@acme.example",
        "first_name": 'Ana "A"',
        "last_name": "Núñez",
        "custom.hall": "Ships",
    }
    assert good.promoted_at is not None
    assert (bad.status, bad.problem_code, bad.problem_column, bad.lead) == ("problem", "invalid_email", "E-mail", None)
    assert bad.raw_lead.row_number == 3
    assert (lead_import.rows_received, lead_import.rows_staged) == (2, 2)
    assert lead_import.problem_codes == {"invalid_email": 1}


def test_history_of_a_lead_has_what_an_import_changed(imported: Files, organization: Organization):
    lead = LeadFactory(
        organization=organization, email="ana@acme.example", first_name="Ana", company="", custom={"b": "0"}
    )
    LeadFactory(organization=organization, email="bob@acme.example", first_name="Bob", company="", custom={})

    done = imported(
        "email,first name,company,b,c\nana@acme.example,Anna,Acme,1,2\nbob@acme.example,Bob,,,\n",
        unknown_columns="custom",
        on_existing="overwrite",
    )

    change = LeadChange.objects.get()
    assert (change.lead, change.source, change.lead_import, change.row_number) == (lead, "import", done, 2)
    assert change.changes == {
        "first_name": ["Ana", "Anna"],
        "company": ["", "Acme"],
        "custom.b": ["0", "1"],
        "custom.c": [None, "2"],
    }


def test_new_lead_shows_the_marks_of_its_address(imported: Files):
    imported("email\ninfo@acme.example\nana@mailinator.com\nbob@acme.example\n")

    assert list(Lead.objects.order_by("email").values_list("email", "is_role", "is_disposable")) == [
        ("ana@mailinator.com", False, True),
        ("bob@acme.example", False, False),
        ("info@acme.example", True, False),
    ]


def test_address_of_a_merged_lead_means_the_one_that_was_kept(imported: Files, organization: Organization):
    kept = LeadFactory(organization=organization, email="kept@acme.example", first_name="", company="")
    middle = LeadAliasFactory(lead=kept, organization=organization, email_normalized="old@acme.example")
    LeadAliasFactory(lead=kept, organization=organization, email_normalized="older@acme.example")

    done = imported("email,first name\nOLDER@acme.example,Ana\nkept@acme.example,Second\nold@acme.example,Third\n")

    assert (done.created_count, done.updated_count, done.problem_codes) == (0, 1, {"duplicate_in_file": 2})
    kept.refresh_from_db()
    assert (kept.first_name, kept.email) == ("Ana", "kept@acme.example")
    assert list(Lead.objects.all()) == [middle.lead]
    assert StagedLead.objects.get(row_number=2).lead == kept


def test_alias_of_another_organization_means_nothing_here(imported: Files):
    LeadAliasFactory(email_normalized="old@acme.example")

    assert imported("email\nold@acme.example\n").created_count == 1


def test_erased_person_stays_away_and_nothing_of_the_row_is_kept(imported: Files, organization: Organization):
    digest = hash_of(organization.pk, "ana@acme.example")
    Suppression.objects.create(organization=organization, address="", address_hash=digest, reason="erased")

    done = imported("email,first name\nAna@Acme.example,Ana\nbob@acme.example,Bob\n")

    assert done.problem_codes == {"erased_person": 1}
    assert list(Lead.objects.values_list("email", flat=True)) == ["bob@acme.example"]
    staged = StagedLead.objects.select_related("raw_lead").get(row_number=2)
    assert staged.raw_lead.payload == []
    assert (staged.email_normalized, staged.fields) == ("", {})
    assert "ana" not in staged.problem_message.lower()


def test_person_erased_while_the_import_runs_stays_away(
    received: Files, organization: Organization, monkeypatch: pytest.MonkeyPatch
):
    lead_import = received("email\nana@acme.example\nbob@acme.example\n")
    digest = hash_of(organization.pk, "bob@acme.example")

    def erase_first(execute: object, sql: str, *rest: object) -> object:
        if "FOR NO KEY UPDATE" in sql and not Suppression.objects.exists():
            Suppression.objects.create(organization=organization, address="", address_hash=digest, reason="erased")
        return execute(sql, *rest)

    with connection.execute_wrapper(erase_first):
        done = run_import(lead_import_id=lead_import.pk, now=NOON)

    assert (done.created_count, done.problem_codes) == (1, {"erased_person": 1})


@pytest.mark.parametrize(
    ("scope", "status"),
    [({}, "unsubscribed"), ({"expires_at": NOON - timedelta(days=999)}, "ok"), ({"campaign_id": 42}, "ok")],
)
def test_suppression_that_ended_or_is_one_campaigns_does_not_show(
    imported: Files, organization: Organization, scope: dict[str, object], status: str
):
    Suppression.objects.create(organization=organization, address="ana@acme.example", reason="unsubscribed", **scope)

    imported("email\nana@acme.example\n")

    assert Lead.objects.get().status == status


@pytest.mark.django_db(transaction=True)
def test_chunk_that_meets_a_lead_made_meanwhile_is_done_again(received: Files, organization: Organization):
    lead_import = received("email,first name\nana@acme.example,Ana\nbob@acme.example,Bob\n")

    bob = {"organization": organization, "email": "bob@acme.example", "first_name": ""}

    done = run_beside(lead_import, lambda: LeadFactory(**bob))

    assert (done.created_count, done.updated_count) == (1, 1)
    assert sorted(Lead.objects.values_list("first_name", flat=True)) == ["Ana", "Bob"]
    assert RawLead.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_lead_changed_meanwhile_is_looked_at_again(received: Files, organization: Organization):
    lead = LeadFactory(organization=organization, email="ana@acme.example", first_name="", company="Old")
    lead_import = received("email,first name\nana@acme.example,Ana\n")

    def change() -> None:
        Lead.objects.filter(pk=lead.pk).update(first_name="By hand")

    done = run_beside(lead_import, change, behind=COMPARISON)

    lead.refresh_from_db()
    assert (done.updated_count, done.unchanged_count, lead.first_name) == (0, 1, "By hand")
    assert not LeadChange.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_import_that_is_disturbed_again_and_again_gives_up_and_goes_on_some_seconds_later(
    received: Files, organization: Organization, monkeypatch: pytest.MonkeyPatch
):
    pauses: list[float] = []
    monkeypatch.setattr(tries, "time", SimpleNamespace(sleep=pauses.append))
    lead = LeadFactory(organization=organization, email="ana@acme.example", first_name="", title="0")
    lead_import = received("email,first name\nana@acme.example,Ana\n")
    disturbed = []

    def disturb() -> None:
        disturbed.append(1)
        Lead.objects.filter(pk=lead.pk).update(title=str(len(disturbed)))

    with pytest.raises(Refused) as refused:
        run_beside(lead_import, disturb, times=99, behind=COMPARISON)

    assert (refused.value.code, len(disturbed)) == ("import_too_busy", tries.TRIES)
    assert [0.5 <= pause / (tries.FIRST_PAUSE * 2**n) <= 1.5 for n, pause in enumerate(pauses)] == [True] * 4
    lead_import.refresh_from_db()
    assert (lead_import.status, lead_import.rows_done) == ("queued", 0)
    assert following._sentence(lead_import) == f"0 of 1 row done. {refused.value}"
    (again,) = OrmQ.objects.all()
    assert 0 < (again.lock - timezone.now()).total_seconds() <= 15
    assert run_import_task(*again.task["args"]) == "succeeded"
    lead_import.refresh_from_db()
    assert (lead_import.error_message, lead_import.updated_count) == ("", 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("on_existing", ["fill", "skip"])
def test_lead_removed_meanwhile_is_made_anew(received: Files, organization: Organization, on_existing: str):
    lead = LeadFactory(organization=organization, email="ana@acme.example", first_name="Ana")
    lead_import = received("email,first name\nana@acme.example,Ana\nbob@acme.example,Bob\n", on_existing=on_existing)

    done = run_beside(lead_import, lambda: Lead.objects.filter(pk=lead.pk).delete())

    assert (done.status, done.created_count, done.unchanged_count) == ("succeeded", 2, 0)
    assert Lead.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_leads_merged_while_the_import_looks_are_one_person(received: Files, organization: Organization):
    keep = LeadFactory(organization=organization, email="k@acme.example")
    lead_import = received("email\no@acme.example\n")

    done = run_beside(lead_import, lambda: LeadAliasFactory(lead=keep, email_normalized="o@acme.example"))

    assert (done.created_count, done.unchanged_count) == (0, 1)
    assert Lead.objects.get() == keep


@pytest.mark.django_db(transaction=True)
def test_merged_lead_removed_while_the_import_looks_leaves_the_address_to_itself(
    received: Files, organization: Organization
):
    keep = LeadFactory(organization=organization, email="k@acme.example")
    LeadAliasFactory(lead=keep, email_normalized="o@acme.example")
    lead_import = received("email\nO@acme.example\n")

    run_beside(lead_import, lambda: Lead.objects.filter(pk=keep.pk).delete())

    assert Lead.objects.values_list("email", "email_normalized").get() == ("O@acme.example", "o@acme.example")


LOOK, COMPARISON = "json_array_elements_text", "INSERT INTO import_known"  # by what stands in the statement


def run_beside(lead_import: LeadImport, act: Callable[[], object], *, times: int = 1, behind: str = LOOK) -> LeadImport:
    """Run the import, with `act` done on another connection between its look at the leads and its writing."""
    left = [act] * times

    def elsewhere() -> None:
        with closing(connection):
            left.pop()()

    def wrapper(execute: object, sql: str, *rest: object) -> object:
        result = execute(sql, *rest)
        if behind in sql and left:
            with ThreadPoolExecutor(1) as other:
                other.submit(elsewhere).result(timeout=30)
        return result

    with connection.execute_wrapper(wrapper):
        return run_import(lead_import_id=lead_import.pk, now=NOON)

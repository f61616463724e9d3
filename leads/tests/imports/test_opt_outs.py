import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from campaigns.models import ExitReason
from campaigns.tests.factories import CampaignFactory, LeadAliasFactory, LeadFactory, RecipientFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from leads.imports import checking, running
from leads.imports.fields import DO_NOT_CONTACT
from leads.imports.matching import match_columns
from leads.imports.opt_out_reasons import why
from leads.imports.opt_outs import is_opted_out
from leads.imports.options import ImportOptions
from leads.imports.previewing import dry_run
from leads.imports.receiving import fix_rows, receive
from leads.imports.reporting import report_of_import, report_of_preview
from leads.imports.running import run_import
from leads.imports.suggesting import suggest
from leads.imports.trying import run_dry_run, start_dry_run
from leads.imports.undoing import preview_undo, run_undo, undo_import
from leads.models import Lead, LeadImport, StagedLead, Suppression
from leads.suppression import hash_of
from leads.tests.imports.conftest import NOON

Files = Callable[..., LeadImport]
PEOPLE = (
    "Email,Unsubscribed,Email Bounced\nANA@acme.example,true,\nbob@acme.example,false,false\neva@acme.example,,\n"
    "ivo@acme.example,no,2024-05-01 10:11\n"
)


def suppressed() -> list[str]:
    return list(Suppression.objects.order_by("address").values_list("address", flat=True))


def problems() -> list[tuple[int, str]]:
    found = StagedLead.objects.filter(status="problem").order_by("row_number")
    return list(found.values_list("row_number", "problem_code"))


@pytest.mark.parametrize(
    "cell",
    ["true", "TRUE", "Yes", "1", "x", "✓", "☑️", "2", "1.0", "unsubscribed", "Opted-Out", "cleaned", "Hard bounce",
     "DNC", "2024-05-01", "01.05.2024 10:11", "45413", "2024-05-01T10:11:12Z", "May 1, 2024",
     "Unsubscribed on 2024-05-01", "ja", "Oui", "SÍ", "Abgemeldet", "désabonné", "WAHR",
     "да", "はい", "  yes ", "Do Not Allow", "No consent"],
)  # fmt: skip
def test_a_mark_is_known_in_the_words_of_many(cell: str):
    assert is_opted_out(cell) is True


@pytest.mark.parametrize(
    "cell",
    ["", " ", "-", "N/A", "false", "No", "0", "0.0", "0000-00-00 00:00:00", "subscribed", "Opted in", "active", "nein",
     "Non", "falsch", "нет", "いいえ", "☐", "None", "Allow"],
)  # fmt: skip
def test_and_so_is_that_there_is_none(cell: str):
    assert is_opted_out(cell) is False


@pytest.mark.parametrize("cell", ["maybe", "pending", "Newsletter", "?", "unsubscribed from one list"])
def test_of_other_words_nothing_is_guessed(cell: str):
    assert is_opted_out(cell) is None


@pytest.mark.parametrize(
    "name",
    ["Unsubscribed", "Do Not Contact", "doNotContact", "Unsubscribed from all email", "dnc", "Opted Out",
     "Email Opt Out", "HasOptedOutOfEmail", "Opted out of email: One to One", "Marketing status", "UNSUB_TIME",
     "CLEAN_TIME", "Do not allow Emails", "Abgemeldet", "Ne pas contacter"],
)  # fmt: skip
def test_columns_of_marks_are_known_by_name(name: str):
    columns = match_columns(["Email", name], file_name="people.csv")

    assert columns.targets == ("email", DO_NOT_CONTACT)


@pytest.mark.parametrize(
    ("marks", "reason"),
    [
        ([("Unsubscribed", "Status")], "unsubscribed"),
        ([("true", "HasOptedOutOfEmail")], "unsubscribed"),
        ([("2024-05-01", "UNSUB_TIME"), ("x", "Email Bounced")], "unsubscribed"),
        ([("yes", "Bounced or unsubscribed")], "unsubscribed"),
        ([("GDPR", "Reason"), ("Spam", "Status")], "complaint"),
        ([("2024-05-01", "CLEAN_TIME")], "hard_bounce"),
        ([("x", "Clean")], "import"),
        ([("cleaned", "Marketing status")], "hard_bounce"),
        ([("Unsubscribed on 2024-05-01", "dnc"), ("Marked as SPAM", "x")], "complaint"),
        ([("abgemeldet", "Status")], "unsubscribed"),
        ([("GDPR", "Reason")], "legal"),
        ([("550 5.7.1 this mail is spam, unsubscribe us", "Hard bounce reason")], "hard_bounce"),
        ([("soft bounce", "Status")], "import"),
        ([("yes", "Do not contact")], "import"),
    ],
)
def test_the_reason_is_that_of_the_cell_or_of_what_the_column_is_called(marks: list[tuple[str, str]], reason: str):
    assert why(marks) == reason


def test_several_columns_may_say_it_found_or_mapped():
    header = ["Email", "Unsubscribed", "Email bounced", "Weg"]

    found = match_columns(header, file_name="people.csv", mapping={"Weg": DO_NOT_CONTACT})

    assert found.targets == ("email", DO_NOT_CONTACT, DO_NOT_CONTACT, DO_NOT_CONTACT)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["Subscribed", "Unsubscribed", "Cleaned"], DO_NOT_CONTACT),
        (["subscribed", "subscribed"], DO_NOT_CONTACT),
        (["Active", "Active"], "custom.status"),
        (["New", "Qualified", "Bounced"], DO_NOT_CONTACT),
        (["enabled", "disabled", "blocklisted"], DO_NOT_CONTACT),
        (["New", "Qualified"], "custom.status"),
        (["Gold", "Silver", "Bronze", "Subscribed"], "custom.status"),
        (["1", "0"], "custom.status"),
        ([], "custom.status"),
    ],
)
def test_a_status_is_one_of_subscriptions_if_its_cells_say_so(cells: list[str], expected: str):
    samples = [["ana@acme.example"], cells]

    found = match_columns(["Email", "Status"], file_name="people.csv", unknown_columns="custom", samples=samples)
    suggested = suggest(["Email", "Status"], samples)[1].target

    assert found.targets[1] == expected
    assert suggested == (expected if cells else "ignore")


def test_a_mark_that_was_kept_as_a_field_of_ones_own_is_suggested_anew():
    remembered = {"Email": "email", "Unsubscribed": "custom.unsubscribed", "DNC": "ignore"}

    suggested = suggest(["Email", "Unsubscribed", "DNC"], [], remembered)

    assert [each.target for each in suggested] == ["email", DO_NOT_CONTACT, "ignore"]


def test_so_is_a_status_that_holds_marks():
    remembered = {"Email": "email", "Status": "custom.status"}

    suggested = suggest(["Email", "Status"], [["ana@acme.example"], ["Unsubscribed"]], remembered)

    assert [each.target for each in suggested] == ["email", DO_NOT_CONTACT]


def test_whoever_is_marked_is_suppressed_and_the_others_are_not(imported: Files):
    done = imported(PEOPLE)

    assert suppressed() == ["ana@acme.example", "ivo@acme.example"]
    assert (done.status, done.created_count, done.problem_count, done.do_not_contact_count) == ("succeeded", 4, 0, 2)
    assert set(Suppression.objects.values_list("reason", "source", "campaign_id", "expires_at")) == {
        ("unsubscribed", f"import {done.pk}", None, None),
        ("hard_bounce", f"import {done.pk}", None, None),
    }
    assert Lead.objects.values_list("custom", flat=True).first() == {}


def test_dry_run_counts_them_and_suppresses_nobody(organization: Organization):
    found = dry_run(
        organization=organization, stream=io.BytesIO(PEOPLE.encode()), file_name="people.csv", options=ImportOptions()
    )

    assert (found.created, found.do_not_contact, found.as_dict()["do_not_contact"]) == (4, 2, 2)
    assert found.as_dict()["do_not_contact_reasons"] == {"unsubscribed": 1, "hard_bounce": 1}
    assert "suppressed (1 hard bounce, 1 unsubscribed)" in report_of_preview(found, file_name="people.csv").as_text()
    assert suppressed() == []


def test_the_reasons_of_a_dry_run_are_told_of_an_import_only_when_it_has_done_all_these_rows(
    organization: Organization, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(checking, "CHUNK_ROWS", 2)
    draft = receive(
        organization=organization, stream=io.BytesIO(PEOPLE.encode()), file_name="people.csv",
        options=ImportOptions(), actor=SYSTEM, now=NOON, as_draft=True,
    )  # fmt: skip
    start_dry_run(lead_import=draft, actor=SYSTEM, now=NOON, in_background=False)
    run_dry_run(lead_import_id=draft.pk)
    LeadImport.objects.filter(pk=draft.pk).update(status="queued")

    begun = report_of_import(run_import(lead_import_id=draft.pk, now=NOON, budget=timedelta(0))).as_text()
    done = report_of_import(run_import(lead_import_id=draft.pk, now=NOON)).as_text()

    assert "Must not be written to: 1 row, suppressed\n" in f"{begun}\n"
    assert "Must not be written to: 2 rows, suppressed (1 hard bounce, 1 unsubscribed)\n" in f"{done}\n"


def test_a_lead_that_is_there_leaves_its_campaign_even_if_leads_are_skipped(
    imported: Files, organization: Organization
):
    lead = LeadFactory(organization=organization, email="ana@acme.example")
    inside = RecipientFactory(campaign=CampaignFactory(organization=organization), lead=lead)

    done = imported("email,Status\nana@acme.example,unsubscribed\n", on_existing="skip")

    inside.refresh_from_db()
    lead.refresh_from_db()
    assert (done.unchanged_count, done.do_not_contact_count) == (1, 1)
    assert (inside.exit_reason, inside.exited_at is not None) == (ExitReason.SUPPRESSED, True)
    assert lead.status == "ok"


def test_a_mark_counts_whatever_else_is_wrong_with_its_row(imported: Files):
    done = imported(
        "email,website,unsubscribed,dnc\nana@acme.example,javascript:x,yes,\nbob@acme.example,,,\n"
        "BOB@acme.example,,yes,\neva@acme.example,,perhaps,yes\n"
    )

    assert problems() == [(2, "invalid_link"), (4, "duplicate_in_file"), (5, "unknown_mark")]
    assert suppressed() == ["ana@acme.example", "bob@acme.example", "eva@acme.example"]
    assert (done.created_count, done.problem_count, done.do_not_contact_count) == (1, 3, 3)


def test_cells_that_may_stand_in_the_wrong_column_mark_nobody(imported: Files):
    imported("email,company,unsubscribed\nana@acme.example,yes\nbob@acme.example,Acme,,yes\nivo@acme.example,,\n")

    assert problems() == [(2, "too_few_columns"), (3, "too_many_columns")]
    assert suppressed() == []


def test_an_unknown_word_is_a_problem_and_no_lead(imported: Files):
    imported("email,unsubscribed\nana@acme.example,perhaps\n")

    problem = StagedLead.objects.get()
    assert (problem.problem_code, problem.problem_column) == ("unknown_mark", "unsubscribed")
    assert problem.problem_message == (
        "“perhaps” says neither yes nor no: write unsubscribed, or leave it empty; or say for the whole file what this "
        "word means."
    )
    assert not Lead.objects.exists()


def test_a_corrected_cell_counts_for_the_one_that_came(organization: Organization):
    draft = receive(
        organization=organization,
        stream=io.BytesIO(b"email,unsubscribed\nana@acme.example,no\nbob@acme.example,yes\n"),
        file_name="people.csv",
        options=ImportOptions(),
        actor=SYSTEM,
        now=NOON,
        as_draft=True,
    )
    fix_rows(lead_import=draft, rows={2: ["ana@acme.example", "yes"], 3: ["bob@acme.example", "no"]}, actor=SYSTEM)
    LeadImport.objects.filter(pk=draft.pk).update(status="queued")

    run_import(lead_import_id=draft.pk, now=NOON)

    assert suppressed() == ["ana@acme.example"]


def test_merged_people_are_out_by_every_address_and_erased_ones_stay_unknown(
    imported: Files, organization: Organization
):
    kept = LeadFactory(organization=organization, email="ana@acme.example")
    LeadAliasFactory(lead=kept, organization=organization, email_normalized="old@acme.example")
    gone = hash_of(organization.pk, "gone@acme.example")
    Suppression.objects.create(organization=organization, address_hash=gone, reason="erased")

    done = imported("email,unsubscribed,Email Bounced\nold@acme.example,2024-05-01,x\ngone@acme.example,1,\n")

    assert [address for address in suppressed() if address] == ["ana@acme.example", "old@acme.example"]
    assert done.do_not_contact_count == 1


def test_killed_between_suppressing_and_writing_it_goes_on_and_counts_each_once(
    received: Files, monkeypatch: pytest.MonkeyPatch
):
    class Killed(BaseException):
        pass

    def die(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(checking, "CHUNK_ROWS", 2)
    lead_import = received(PEOPLE)
    with monkeypatch.context() as patched:
        patched.setattr(running, "write_rows", die)
        with pytest.raises(Killed):
            run_import(lead_import_id=lead_import.pk, now=NOON)
    assert (suppressed(), Lead.objects.count()) == (["ana@acme.example"], 0)
    LeadImport.objects.update(status="stalled")

    done = run_import(lead_import_id=lead_import.pk, now=NOON)

    assert (done.status, done.do_not_contact_count) == ("succeeded", 2)
    assert suppressed() == ["ana@acme.example", "ivo@acme.example"]


def test_a_weightier_reason_and_another_organization_stay_as_they_are(imported: Files, organization: Organization):
    Suppression.objects.create(organization=organization, address="ana@acme.example", reason="complaint", source="x")
    other = Organization.objects.create(name="Other", slug="other")
    LeadFactory(organization=other, email="ivo@acme.example")

    imported(PEOPLE)

    assert list(Suppression.objects.order_by("address").values_list("organization", "reason")) == [
        (organization.pk, "complaint"),
        (organization.pk, "hard_bounce"),
    ]


def test_undoing_the_import_leaves_them_suppressed_and_says_so(imported: Files):
    done = imported(PEOPLE)

    preview = preview_undo(lead_import=done, now=done.finished_at)
    undo_import(lead_import=done, actor=SYSTEM, now=done.finished_at, in_background=False)
    run_undo(lead_import_id=done.pk)

    assert (preview.removable, preview.do_not_contact) == (4, 2)
    assert (Lead.objects.count(), suppressed()) == (0, ["ana@acme.example", "ivo@acme.example"])

"""An import from its start on: its page, its list, and what one does with it as a whole."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.tests.factories import LeadImportFactory
from campaigns_project.tests.admin.browsers import press
from leads.admin.importing.wording import STAY_OUT
from leads.imports.fields import DO_NOT_CONTACT
from leads.imports.running import run_import
from leads.imports.undoing import run_undo
from leads.models import Lead, LeadImport, RawLead, Suppression
from leads.tests.admin.drafts import FILE, act, checked, draft_of, imported, step


def test_a_draft_is_imported_by_its_dialog_and_its_page_shows_what_came_of_it(
    operator: Client, organization: Any
) -> None:
    draft = checked(operator, draft_of(operator, organization))

    done = imported(operator, draft)

    page = operator.get(act("change", done)).content.decode()
    assert "All 2 rows are done." in page
    assert "not an address" in page
    assert f"{reverse('admin:leads_lead_changelist')}?import={done.pk}" in page
    assert "Download 1 problem" in page
    assert Lead.objects.get().lead_import_id == done.pk


def test_a_file_that_was_imported_before_is_named_and_imported_again_only_when_confirmed(
    operator: Client, organization: Any
) -> None:
    first = imported(operator, draft_of(operator, organization))
    second = checked(operator, draft_of(operator, organization))

    page = operator.get(step("dry-run", second)).content.decode()
    refused = press(operator, act("commit", second)).content.decode()
    was = LeadImport.objects.get(pk=second.pk).status
    again = imported(operator, second, confirm_repeat="on")

    assert f"(import {first.pk})" in page
    assert "was imported before, byte for byte" in refused
    assert (was, again.status, again.unchanged_count) == ("draft", "succeeded", 1)


def test_the_page_of_an_import_follows_it_to_its_end(operator: Client, organization: Any) -> None:
    lead_import = draft_of(operator, organization)
    press(operator, act("commit", lead_import))
    version = operator.get(step("progress", lead_import)).context["pulse"].version

    same = operator.get(act("live", lead_import), {"v": version})
    run_import(lead_import_id=lead_import.pk, now=timezone.now())
    done = operator.get(act("live", lead_import), {"v": version})

    assert (same.status_code, done.status_code) == (204, 286)
    assert "hx-trigger" not in done.content.decode()


def test_an_import_under_way_leads_from_its_steps_to_its_progress(operator: Client, organization: Any) -> None:
    lead_import = draft_of(operator, organization)
    press(operator, act("commit", lead_import))

    answers = {operator.get(step(name, lead_import))["Location"] for name in ("upload", "map", "options", "dry-run")}

    assert answers == {step("progress", lead_import)}


def test_an_import_is_canceled_and_a_draft_discarded_by_their_dialogs(operator: Client, organization: Any) -> None:
    running, draft = draft_of(operator, organization), draft_of(operator, organization, FILE + "c@acme.example;;;\n")
    press(operator, act("commit", running))

    press(operator, act("cancel", running))
    press(operator, act("discard", draft))

    assert set(LeadImport.objects.values_list("status", flat=True)) == {"canceled"}
    assert not draft.parts.exists()


def test_an_import_is_undone_after_a_look_at_what_would_go(operator: Client, organization: Any) -> None:
    done = imported(operator, draft_of(operator, organization))

    dialog = operator.get(act("undo", done), headers={"HX-Request": "true"}).content.decode()
    press(operator, act("undo", done))
    run_undo(lead_import_id=done.pk)
    page = operator.get(act("change", done)).content.decode()

    assert "Remove 1 lead" in dialog
    assert "It was undone: 1 of the 1 lead it made was removed." in page
    assert not Lead.objects.exists()


def test_whoever_must_not_be_written_to_is_counted_before_shown_afterwards_and_stays_out(
    operator: Client, organization: Any
) -> None:
    file = "E-mail,Unsubscribed,Bounced\nana@acme.example,yes,\nbob@acme.example,,1\nivo@acme.example,no,\n"
    draft = draft_of(operator, organization, file)

    mapping = operator.get(step("map", draft)).content.decode()
    operator.post(
        step("map", draft),
        {"target_0": "email", "target_1": DO_NOT_CONTACT, "target_2": DO_NOT_CONTACT},
    )
    check = operator.get(step("dry-run", checked(operator, draft))).content.decode()
    done = imported(operator, draft)
    page = operator.get(act("change", done)).content.decode()
    dialog = operator.get(act("undo", done), headers={"HX-Request": "true"}).content.decode()
    press(operator, act("undo", done))
    run_undo(lead_import_id=done.pk)
    undone = operator.get(act("change", done)).content.decode()

    assert mapping.count('<option value="do_not_contact" selected>') == 2
    assert "<dt>Must not be written to</dt><dd>2</dd>" in check
    assert "2 rows are marked as not to be written to (1 hard bounce, 1 unsubscribed). The import suppresses" in check
    assert "<dt>Must not be written to</dt><dd>2</dd>" in page
    assert "2 rows are marked as not to be written to. Their addresses are suppressed." in page
    assert STAY_OUT in dialog
    assert STAY_OUT in undone
    assert set(Suppression.objects.values_list("address", flat=True)) == {"ana@acme.example", "bob@acme.example"}


def test_an_import_whose_rows_were_removed_says_so_and_offers_them_no_more(operator: Client, organization: Any) -> None:
    done = imported(operator, draft_of(operator, organization))
    RawLead.objects.all().delete()
    LeadImport.objects.update(rows_removed_at=datetime(2026, 12, 24, tzinfo=UTC))

    page = operator.get(act("change", done)).content.decode()

    assert "removed for their age on 24 Dec 2026" in page
    assert "Problems were: Invalid address (1)." in page
    assert act("problems", done) not in page
    assert reverse("admin:leads_stagedlead_changelist") + f"?import={done.pk}" not in page


def test_an_import_of_a_provider_counts_what_has_come_until_its_end(operator: Client, organization: Any) -> None:
    fetched = LeadImportFactory(
        organization=organization, source="apollo", status="running", started_at=timezone.now() - timedelta(minutes=1),
        options={"header": [], "targets": []}, rows_received=100, rows_done=40, created_count=40,
    )  # fmt: skip

    page = operator.get(act("change", fetched)).content.decode()
    listed = operator.get(reverse("admin:leads_leadimport_changelist")).context["cl"]
    dialog = operator.get(act("cancel", fetched), headers={"HX-Request": "true"}).content.decode()
    press(operator, act("cancel", fetched))
    ended = operator.get(act("change", fetched)).content.decode()

    assert "40 of 100 rows done." in page
    assert "fl-steps" not in page
    assert "left</p>" not in page
    assert "0 bytes" not in page
    assert listed.model_admin.rows(listed.result_list[0]) == "40 of 100"
    assert "the fetch into its campaign ends" in dialog
    assert "Ended after 40 of 100 rows." in ended


def test_an_import_that_has_ended_and_made_nothing_offers_nothing(operator: Client, organization: Any) -> None:
    ended = LeadImportFactory(organization=organization, status="succeeded", finished_at=timezone.now())

    assert operator.get(act("change", ended)).context["buttons"] == []


def test_a_checked_draft_needs_review_in_list_and_sidebar(operator: Client, organization: Any) -> None:
    draft = draft_of(operator, organization)
    checked(operator, draft)

    pages = [reverse("admin:leads_leadimport_changelist"), act("dry_run", draft)]

    for page in pages:
        assert "Needs review" in operator.get(page).content.decode()


def test_the_list_shows_numbers_where_there_are_some_and_what_was_undone(operator: Client, organization: Any) -> None:
    ended = {"organization": organization, "finished_at": timezone.now()}
    undone = {"undone_at": timezone.now(), "undo_status": "succeeded"}
    counts = {"created_count": 7, "problem_count": 2, "rows_done": 9}
    LeadImportFactory(status="succeeded", **ended, **undone, **counts)
    LeadImportFactory(status="canceled", **ended)
    draft_of(operator, organization)
    checked(operator, draft_of(operator, organization, FILE + "\n"))
    columns = ("state", "new", "updated", "problems")

    page = operator.get(reverse("admin:leads_leadimport_changelist"))

    changes = page.context["cl"]
    shown = [[getattr(changes.model_admin, name)(each) for name in columns] for each in changes.result_list]
    assert ["Undone" in state for state, *_ in shown] == [False, False, False, True]
    assert [numbers for _, *numbers in shown] == [["1", "0", "1"], ["—"] * 3, ["—"] * 3, ["7", "0", "2"]]


def test_the_words_of_another_system_are_decided_where_the_columns_are(operator: Client, organization: Any) -> None:
    rows = "ana@acme.example,Cold\nbob@acme.example,Do Not Contact\neva@acme.example,Nurture\n"
    draft = draft_of(operator, organization, f"Email,Outcome\n{rows}")

    early = operator.post(step("options", draft), {"on_existing": "fill"}).content.decode()
    form = operator.get(step("map", draft)).context["form"]
    (column,) = form.marked_columns()
    answers = {name: form[name].value() for name in form.fields}
    answers[column.words[2].meaning.html_name] = "out"
    operator.post(step("map", draft), answers)
    found = checked(operator, draft).dry_run
    again = operator.get(step("map", draft)).context["form"]

    assert "may say in a column who must not be written to" in early
    assert [(each.word, each.rows, each.meaning.value()) for each in column.words] == [
        ("Cold", 1, "in"), ("Do Not Contact", 1, "out"), ("Nurture", 1, ""),
    ]  # fmt: skip
    assert [found[name] for name in ("created", "problems", "do_not_contact")] == [3, 0, 2]
    assert [each.meaning.value() for each in again.marked_columns()[0].words] == ["in", "out", "out"]

    imported(operator, draft)
    for rows in ("eva@acme.example,Do Not Contact\n", "ivo@acme.example,nurture\nuta@acme.example,Stalled\n"):
        following = draft_of(operator, organization, f"Email,Outcome\n{rows}")
        answer = operator.get(step("map", following))
        form = answer.context["form"]
        operator.post(step("map", following), {name: form[name].value() for name in form.fields})
        form = operator.get(step("map", following)).context["form"]
        imported(operator, checked(operator, following))
    assert "Columns, and what their words mean, as in <b>" in answer.content.decode()
    found = {each.word: each.meaning.value() for each in form.marked_columns()[0].words}
    assert found == {"nurture": "out", "Stalled": ""}

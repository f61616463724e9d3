"""Importing in five steps: a file, its columns, the options and the dry run."""

import csv
import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.models import OrmQ

from campaigns.tests.factories import LeadFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import member
from leads.imports.trying import run_dry_run
from leads.models import Lead, LeadImport
from leads.tests.admin.drafts import FILE, act, checked, draft_of, imported, step, upload


def test_an_uploaded_file_is_a_draft_whose_page_says_how_it_was_read(operator: Client, organization: Any) -> None:
    answer = upload(operator, organization, FILE.encode("cp1250"))

    draft = LeadImport.objects.get()
    page = operator.get(answer["Location"]).content.decode()
    assert answer["Location"] == step("upload", draft)
    assert (draft.status, draft.total_rows, draft.source) == ("draft", 2, "file")
    assert "It looks like Windows-125" in page
    assert "semicolon" in page
    assert "Ana Marin" in page
    assert not Lead.objects.exists()
    assert not OrmQ.objects.exists()


def test_pasted_rows_are_a_draft_too(operator: Client, organization: Any) -> None:
    form = {"organization": organization.pk, "text": FILE}

    operator.post(reverse("admin:leads_leadimport_add"), form)

    draft = LeadImport.objects.get()
    assert (draft.status, draft.total_rows, draft.source) == ("draft", 2, "paste")


@pytest.mark.parametrize("text", ["", FILE])
def test_neither_a_file_nor_rows_or_both_is_refused(operator: Client, organization: Any, text: str) -> None:
    form: dict[str, Any] = {"organization": organization.pk, "text": text}
    if text:
        form["file"] = SimpleUploadedFile("leads.csv", FILE.encode())

    answer = operator.post(reverse("admin:leads_leadimport_add"), form)

    assert "Choose a file, or paste rows: one of both." in answer.content.decode()
    assert not LeadImport.objects.exists()


@pytest.mark.parametrize(
    ("content", "name"), [(b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "picture.csv"), (b"E-mail;Name\n", "empty.csv")]
)
def test_a_file_that_cannot_be_imported_is_refused_with_the_reason_and_nothing_is_kept(
    operator: Client, organization: Any, content: bytes, name: str
) -> None:
    answer = upload(operator, organization, content, name)

    assert answer.status_code == 200
    assert name in answer.content.decode()
    assert not LeadImport.objects.exists()


def test_a_file_read_wrongly_is_read_again_as_somebody_says(operator: Client, organization: Any) -> None:
    draft = draft_of(operator, organization, "E-mail;Name\nana@acme.example;Ján\n".encode("cp1250"))

    operator.post(step("upload", draft), {"encoding": "latin-1", "delimiter": ";"})

    draft.refresh_from_db()
    assert (draft.encoding, draft.delimiter) == ("iso8859-1", ";")


def test_columns_are_shown_with_cells_of_the_file_and_what_they_were_taken_for(
    operator: Client, organization: Any
) -> None:
    draft = draft_of(operator, organization)

    table = operator.get(step("map", draft)).context["form"].table()

    assert [(line.header, line.samples, line.target.initial) for line in table] == [
        ("E-mail", ("ana@acme.example", "not an address"), "email"),
        ("Name", ("Ana Marin", "Bo"), "full_name"),
        ("Firma", ("Acme",), "company"),
        ("Größe", ("39", "40"), "custom"),
    ]


def test_columns_become_what_somebody_chose(operator: Client, organization: Any) -> None:
    draft = draft_of(operator, organization)
    chosen = {
        "target_0": "email",
        "target_1": "ignore",
        "target_2": "custom",
        "name_2": "Die Firma",
        "target_3": "phone",
    }

    answer = operator.post(step("map", draft), chosen)

    draft.refresh_from_db()
    assert answer["Location"] == step("options", draft)
    assert draft.options["targets"] == ["email", None, "custom.die_firma", "phone"]
    assert AuditLog.objects.filter(action="import.reread").exists()


@pytest.mark.parametrize(
    ("targets", "refusal"),
    [
        (["ignore", "full_name", "company", "ignore"], "No column becomes the e-mail address"),
        (["email", "company", "company", "ignore"], "“Name” becomes this already."),
        (["email", "ignore", "ignore", "custom"], "Give the field a name of letters and digits."),
    ],
)
def test_columns_that_cannot_be_chosen_so_are_refused_at_their_place(
    operator: Client, organization: Any, targets: list[str], refusal: str
) -> None:
    draft = draft_of(operator, organization)

    answer = operator.post(step("map", draft), {f"target_{at}": target for at, target in enumerate(targets)})

    assert refusal in answer.content.decode()
    draft.refresh_from_db()
    assert draft.options["targets"] == ["email", "full_name", "company", "custom.große"]


def test_a_file_in_which_no_column_is_known_to_be_the_address_is_mapped_by_hand(
    operator: Client, organization: Any
) -> None:
    draft = draft_of(operator, organization, "Xyz;Name\nana@acme.example;Ana\nask;Bo\nask;Cy\n")

    too_early = operator.post(step("dry-run", draft), follow=True).content.decode()
    no_list = operator.get(act("problems", draft), follow=True).content.decode()
    operator.post(step("map", draft), {"target_0": "email", "target_1": "ignore"})
    done = checked(operator, draft)

    assert "No column of leads.csv is known to hold the e-mail address" in too_early
    assert "No column of leads.csv is known to hold the e-mail address" in no_list
    assert done.dry_run["created"] == 1


def test_options_are_kept_and_the_dry_run_begins(
    operator: Client, organization: Any, django_capture_on_commit_callbacks: Any
) -> None:
    draft = draft_of(operator, organization)
    chosen = {"on_existing": "overwrite", "tags": "fair, vip", "legal_basis": "Met at the fair."}

    with django_capture_on_commit_callbacks(execute=True):
        answer = operator.post(step("options", draft), chosen)

    draft.refresh_from_db()
    assert answer["Location"] == step("dry-run", draft)
    assert [draft.options[name] for name in ("on_existing", "tags", "legal_basis")] == [
        "overwrite", ["fair", "vip"], "Met at the fair.",
    ]  # fmt: skip
    assert (draft.dry_run_status, OrmQ.objects.count()) == ("queued", 1)
    assert not Lead.objects.exists()


def test_the_dry_run_shows_sums_problems_by_kind_and_what_would_change(operator: Client, organization: Any) -> None:
    LeadFactory(organization=organization, email="ana@acme.example", email_normalized="ana@acme.example", company="")
    draft = checked(operator, draft_of(operator, organization))

    answer = operator.get(step("dry-run", draft))

    page, report = answer.content.decode(), answer.context["report"]
    assert "An import would bring 0 new, 1 updated and 0 unchanged leads, and 1 problem." in page
    assert [(kind.label, kind.numbers) for kind in report["problems"]] == [("Invalid address", "3")]
    assert {(each["row"], each["field"], each["before"], each["after"]) for each in report["samples"]} >= {
        (2, "company", "", "Acme")
    }
    assert "Import 1 lead" in page
    assert Lead.objects.get().company == ""


def test_the_page_of_the_dry_run_follows_it_to_its_end(operator: Client, organization: Any) -> None:
    draft = draft_of(operator, organization)
    operator.post(step("options", draft), {"on_existing": "fill"})
    version = operator.get(step("dry-run", draft)).context["pulse"].version

    same = operator.get(step("dry-run-live", draft), {"v": version})
    run_dry_run(lead_import_id=draft.pk)
    done = operator.get(step("dry-run-live", draft), {"v": version})

    assert (same.status_code, done.status_code) == (204, 286)
    assert "hx-trigger" not in done.content.decode()
    head = re.search(r'<span id="import-state"( hx-swap-oob="true")?>(.*?)</span>\n', done.content.decode(), re.DOTALL)
    assert head is not None
    assert head[1], head[2]
    assert "Needs review" in head[2]
    assert head[2] in operator.get(step("dry-run", draft)).content.decode()


def test_problems_of_a_draft_are_a_file_to_correct(operator: Client, organization: Any) -> None:
    draft = checked(operator, draft_of(operator, organization))

    answer = operator.get(act("problems", draft))

    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig"))))
    assert rows[0] == ["E-mail", "Name", "Firma", "Größe", "_row", "_problem_code", "_problem", "_extra"]
    assert rows[1][:6] == ["not an address", "Bo", "Acme", "40", "3", "invalid_email"]


def test_a_row_with_a_problem_is_corrected_and_imported_as_corrected(operator: Client, organization: Any) -> None:
    draft = checked(operator, draft_of(operator, organization))
    form = operator.get(step("fix", draft)).context["form"]
    typed = {name: field.initial for name, field in form.fields.items()} | {"cell_3_0": "bo@acme.example"}

    answer = operator.post(step("fix", draft), typed)
    found = run_dry_run(lead_import_id=draft.pk).dry_run
    imported(operator, draft)

    assert list(form.lines()[0].message.split()[:2]) == ["“not", "an"]
    assert answer["Location"] == step("dry-run", draft)
    assert (found["created"], found["problems"]) == (2, 0)
    assert Lead.objects.get(email="bo@acme.example").first_name == "Bo"
    assert AuditLog.objects.get(action="import.fixed").after == {"rows": [3]}


def test_cells_without_a_column_are_shown_and_a_corrected_row_is_taken_for_right(
    operator: Client, organization: Any
) -> None:
    listed = "email,company,_problem_code,_extra\nana@acme.example,Acme,too_many_columns,Inc.\nbo@a.example,B,,,X,y\n"
    draft = checked(operator, draft_of(operator, organization, listed))

    page = operator.get(step("fix", draft)).content.decode()
    left_alone = {"cell_3_0": "bo@a.example", "cell_3_1": "B"}
    operator.post(step("fix", draft), {"cell_2_0": "ana@acme.example", "cell_2_1": "Acme, Inc.", **left_alone})
    found = run_dry_run(lead_import_id=draft.pk).dry_run

    assert "Inc." in page
    assert "X,y" in page
    assert (found["created"], found["problem_codes"]) == (1, {"too_many_columns": 1})


def test_a_correction_that_changes_nothing_is_refused(operator: Client, organization: Any) -> None:
    draft = checked(operator, draft_of(operator, organization))
    form = operator.get(step("fix", draft)).context["form"]

    answer = operator.post(step("fix", draft), {name: field.initial for name, field in form.fields.items()})

    assert "Nothing was corrected" in answer.content.decode()


def test_a_draft_opens_at_the_step_it_waits_at(operator: Client, organization: Any) -> None:
    new, seen = draft_of(operator, organization), checked(operator, draft_of(operator, organization, FILE + "\n"))

    assert operator.get(act("change", new))["Location"] == step("upload", new)
    assert operator.get(act("change", seen))["Location"] == step("dry-run", seen)


def test_a_draft_in_which_nobody_would_become_a_lead_cannot_be_imported(operator: Client, organization: Any) -> None:
    draft = checked(operator, draft_of(operator, organization, "email\nnobody\n"))

    page = operator.get(step("dry-run", draft)).content.decode()

    assert "No row would become a lead" in page
    assert act("commit", draft) not in page


def test_a_viewer_can_neither_upload_nor_go_on_with_a_draft(operator: Client, organization: Any) -> None:
    draft, viewer = draft_of(operator, organization), member(organization, Role.VIEWER)

    answers = {viewer.get(step(name, draft)).status_code for name in ("upload", "map", "options", "dry-run", "fix")}

    assert upload(viewer, organization).status_code == 403
    assert answers == {403}
    assert viewer.get(act("change", draft)).status_code == 200
    assert LeadImport.objects.count() == 1


def test_pages_of_the_steps_cost_the_same_for_three_rows_as_for_one(operator: Client, organization: Any) -> None:
    rest = "".join(f"p{number}@acme.example;B;C;{number}\n" for number in range(9))
    small = checked(operator, draft_of(operator, organization, FILE + rest))
    wide = "".join(f"wrong {number};B;C;{number}\n" for number in range(3))
    large = checked(operator, draft_of(operator, organization, FILE + wide + rest))

    costs = {name: (queries(operator, step(name, small)), queries(operator, step(name, large)))
             for name in ("upload", "map", "options", "dry-run", "fix")}  # fmt: skip

    assert {name: cost for name, cost in costs.items() if cost[0] != cost[1]} == {}


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


@pytest.mark.parametrize(("is_demo", "counts"), [(False, (2, 0)), (True, (17, 3))])
def test_the_sample_file_imports_as_it_is_and_that_of_the_demo_has_rows_to_correct(
    operator: Client, organization: Any, is_demo: bool, counts: tuple[int, int]
) -> None:
    Organization.objects.filter(pk=organization.pk).update(is_demo=is_demo)
    sample = operator.get(reverse("admin:leads_leadimport_sample")).content

    found = checked(operator, draft_of(operator, organization, sample)).dry_run

    assert (found["created"], found["problems"]) == counts

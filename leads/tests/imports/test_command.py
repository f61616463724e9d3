import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from leads.imports.options import ImportOptions
from leads.imports.receiving import receive
from leads.models import Lead, LeadImport, Suppression
from leads.tests.imports.foreign import write_foreign

SAMPLE = Path(__file__).parents[3] / "samples" / "leads.csv"


def run(file: object, *flags: str, organization: str = "harbor") -> tuple[int, str]:
    """The command's exit code and what it says: on standard output, or as its error."""
    out = io.StringIO()
    try:
        call_command("import_leads", str(file), "--organization", organization, *flags, stdout=out, stderr=out)
    except CommandError as error:
        return error.returncode, str(error)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.fixture
def file_of(tmp_path: Path) -> Any:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "people.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_sample_imports_with_its_six_broken_rows(organization: Organization, tmp_path: Path):
    code, said = run(SAMPLE, "--errors", str(tmp_path / "errors.csv"))

    assert code == 5
    assert "leads.csv: UTF-8, comma, 206 rows" in said
    assert "200 new, 0 updated, 0 unchanged, 6 with problems" in said
    assert "row 191  invalid_link" in said
    assert Lead.objects.for_organization(organization).count() == 200
    assert len((tmp_path / "errors.csv").read_text(encoding="utf-8-sig").splitlines()) == 7


def test_foreign_file_imports_without_a_word_of_help(organization: Organization, tmp_path: Path):
    code, said = run(write_foreign(tmp_path / "foreign.csv", rows=500), "--unknown-columns", "custom")

    assert code == 0
    assert "UTF-8 with a byte order mark, comma, 500 rows" in said
    assert "Correo electrónico  → email" in said
    assert Lead.objects.filter(custom__almacen="Alimentación, bebidas").count() == 250


def test_report_is_one_json_object(organization: Organization, file_of: Any):
    code, said = run(file_of("E-Mail;Vorname\nana@acme.example;Ana\nbad;\n"), "--json")

    report = json.loads(said)
    assert code == 5
    assert report["columns"] == {"E-Mail": "email", "Vorname": "first_name"}
    assert [report[name] for name in ("rows", "created", "updated", "unchanged", "problems")] == [2, 1, 0, 0, 1]
    assert (report["encoding"], report["delimiter"], report["status"]) == ("utf-8", ";", "succeeded")
    assert report["problem_codes"] == {"invalid_email": 1}
    assert report["import_id"] == LeadImport.objects.get().pk


def test_dry_run_writes_nothing_but_the_errors(organization: Organization, file_of: Any, tmp_path: Path):
    errors = tmp_path / "errors.csv"

    code, said = run(file_of("email\nana@acme.example\nbad\n"), "--dry-run", "--errors", str(errors))

    assert code == 5
    assert "Would import: 1 new, 0 updated, 0 unchanged, 1 with problems" in said
    assert "bad,3,invalid_email" in errors.read_text(encoding="utf-8")
    assert not Lead.objects.exists()
    assert not LeadImport.objects.exists()


def test_options_reach_the_import(organization: Organization, file_of: Any):
    file = file_of("Post;Sector;Mail\nana@acme.example;Ships;x\n".encode("utf-16"))

    code, _ = run(
        file, "--map", "Post=email", "--map", "Mail=ignore", "--map", "Sector=custom.industry", "--tag", "a",
        "--tag", "b", "--encoding", "utf-16", "--delimiter", ";",
    )  # fmt: skip

    lead = Lead.objects.get()
    assert code == 0
    assert lead.custom == {"industry": "Ships"}
    assert sorted(lead.lead_tags.values_list("tag__name", flat=True)) == ["a", "b"]


def test_standard_input_is_read(organization: Organization, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"email\nana@acme.example\n")))

    code, said = run("-")

    assert (code, said.splitlines()[0]) == (0, "standard input: UTF-8, comma, 1 row")


def test_same_file_again_is_noted(organization: Organization, file_of: Any):
    file = file_of("email\nana@acme.example\n")
    run(file)

    _, said = run(file)

    assert f"(import {LeadImport.objects.earliest('pk').pk})" in said


def test_unknown_organization_is_told_which_exist(organization: Organization, file_of: Any):
    assert run(file_of("email\n"), organization="harbour") == (
        3,
        "There is no organization “harbour”. These exist: harbor.",
    )


@pytest.mark.parametrize(
    ("content", "flags", "words"),
    [
        (b"", (), "people.csv is empty."),
        (b"email\n", (), "not one row below it"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", (), "it looks like a PNG picture. Choose a CSV file or a workbook (.xlsx)."),
        (b"email,email\na@acme.example,b\n", (), "uses a name twice: columns 1 and 2 (“email (2)”)"),
        (b"email,color\na@acme.example,b\n", (), "“color”. Keep them as custom fields (--unknown-columns custom)"),
        (b"email\na@acme.example\n", ("--encoding", "klingon"), "“klingon” is not a text encoding."),
        (b"email\na@acme.example\n", ("--encoding", "idna"), "“idna” is not a text encoding."),
        (
            b"email\na@acme.example\n",
            ("--encoding", "utf-16"),
            "people.csv cannot be read as UTF-16. Name the",
        ),
        (b"email\n" * 50_000 + b"+2", ("--encoding", "utf-7"), "people.csv cannot be read as UTF-7."),
        (b"email\na@acme.example\n", ("--map", "email"), "does not name a field of a lead"),
        (b"email\na@acme.example\n", ("--errors", "/nowhere/errors.csv"), "/nowhere/errors.csv cannot be written"),
    ],
)
def test_file_or_option_that_cannot_be_used_is_refused_and_changes_nothing(
    organization: Organization, file_of: Any, content: bytes, flags: tuple[str, ...], words: str
):
    code, said = run(file_of(content), *flags)

    assert code == 2
    assert words in said
    assert not LeadImport.objects.exists()


def test_file_that_is_not_there_is_refused(organization: Organization, tmp_path: Path):
    code, said = run(tmp_path / "nothing.csv")

    assert (code, said.endswith("nothing.csv cannot be read: No such file or directory.")) == (2, True)


def test_the_very_same_file_is_refused_until_the_repeat_is_confirmed(organization: Organization, file_of: Any):
    file = file_of("email\nana@acme.example\n")
    run(file)

    refused, said = run(file)
    confirmed, told = run(file, "--confirm-repeat")

    assert (refused, "was imported before, byte for byte" in said) == (4, True)
    assert (confirmed, "0 new, 0 updated, 1 unchanged" in told) == (0, True)


def test_an_import_is_undone_when_it_is_meant(organization: Organization, file_of: Any):
    run(file_of("email\nana@acme.example\n"))
    number = str(LeadImport.objects.get().pk)

    counted, would = undo(number, "--dry-run")
    unconfirmed, asked = undo(number)
    kept = Lead.objects.count()
    done, said = undo(number, "--yes")
    again, _ = undo(number, "--yes")

    assert (counted, would) == (0, "Would remove 1 lead; would stay: none. Nothing was changed.\n")
    assert (unconfirmed, "Add --yes to confirm" in asked, kept) == (7, True, 1)
    assert (done, said, Lead.objects.count()) == (0, "Removed 1 lead; these stay: none.\n", 0)
    assert again == 4


def test_whoever_must_not_be_written_to_is_said_before_afterwards_and_at_the_undo(
    organization: Organization, file_of: Any
):
    file = file_of("email,Unsubscribed\nana@acme.example,true\nbob@acme.example,\n")

    _, before = run(file, "--dry-run")
    _, after = run(file)
    _, undone = undo(str(LeadImport.objects.get().pk), "--yes")

    assert "  Unsubscribed  → do_not_contact\n" in before
    assert "Must not be written to: 1 row, to be suppressed (1 unsubscribed)\n" in before
    assert "Must not be written to: 1 row, suppressed\n" in after
    assert undone == ("Removed 2 leads; these stay: none. Whom it suppressed stays suppressed: out means out.\n")
    assert Suppression.objects.get().address == "ana@acme.example"


def test_an_import_that_is_not_there_is_neither_undone_nor_resumed(organization: Organization):
    assert undo("987")[0] == 3
    assert called("--resume", "987")[0] == 3


def test_an_import_whose_worker_never_came_is_gone_on_with(organization: Organization):
    waiting = receive(
        organization=organization, stream=io.BytesIO(b"email\nbo@acme.example\n"), file_name="waiting.csv",
        options=ImportOptions(), actor=SYSTEM, now=timezone.now(), in_background=False,
    )  # fmt: skip

    code, said = called("--resume", str(waiting.pk))

    assert (code, "1 new, 0 updated" in said) == (0, True)
    assert Lead.objects.get().email == "bo@acme.example"


def test_an_import_is_not_gone_on_with_where_a_trial_was_asked_for(received: Callable[..., LeadImport]):
    code, said = called("--resume", str(received("email\nbo@acme.example\n").pk), "--dry-run")

    assert (code, "has no dry run" in said) == (2, True)
    assert not Lead.objects.exists()


def test_an_undo_is_told_to_programs_as_one_object(imported: Callable[..., LeadImport]):
    number = imported("email\nana@acme.example\nbo@acme.example\n").pk

    would, done = (json.loads(undo(str(number), flag, "--json")[1]) for flag in ("--dry-run", "--yes"))

    numbers = {"undo": number, "removable": 2, "kept": {}, "looked_at": 2, "is_all": True, "do_not_contact": 0}
    assert would == {"schema": "fairlead.import_leads/1", "dry_run": True, "removed": None, **numbers}
    assert done == {"schema": "fairlead.import_leads/1", "dry_run": False, "removed": 2, **numbers}


def test_a_file_and_an_import_at_once_are_refused(organization: Organization, file_of: Any):
    assert run(file_of("email\nana@acme.example\n"), "--undo", "1")[0] == 2
    assert called()[0] == 2


def undo(number: str, *flags: str) -> tuple[int, str]:
    return called("--undo", number, *flags)


def called(*flags: str) -> tuple[int, str]:
    """The command without a file."""
    out = io.StringIO()
    try:
        call_command("import_leads", "--organization", "harbor", *flags, stdout=out, stderr=io.StringIO())
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()

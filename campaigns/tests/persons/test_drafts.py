"""Drafts of imports when a person is erased: those that name the person go, all others keep their file."""

import io
from datetime import UTC, datetime

import pytest
from openpyxl import Workbook

from campaigns.persons import erase_person, preview_person
from campaigns.tests.factories import LeadFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from leads.imports.options import ImportOptions
from leads.imports.receiving import commit_import, fix_rows, receive
from leads.imports.running import run_import
from leads.models import LeadImport

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ADDRESS = "ana@gone.example"


@pytest.fixture
def lead():
    return LeadFactory(email=ADDRESS, first_name="Ana", last_name="Gone")


def draft(lead, content, file_name="people.csv"):
    return receive(
        organization=lead.organization,
        stream=io.BytesIO(content),
        file_name=file_name,
        options=ImportOptions(unknown_columns="custom"),
        actor=SYSTEM,
        now=NOW,
        in_background=False,
        as_draft=True,
    )


def erase(lead):
    return erase_person(lead=lead, confirm_name=ADDRESS, reason="letter", actor=SYSTEM, now=NOW)


def workbook():
    book, out = Workbook(), io.BytesIO()
    book.active.append(["email"])
    book.active.append(["bob@acme.example"])
    book.create_sheet("Others").append(["Ana", "Ana@Gone.example"])
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "file_name"),
    [
        (b"email,name\nANA@gone.example,Ana\n", "people.csv"),
        (b'email,note\nbob@acme.example,"Team:\nana@gone.example"\n', "people.csv"),
        ("email\tname\nana@gone.example\tAna\n".encode("utf-16"), "people.csv"),
        (workbook(), "people.xlsx"),
    ],
)
def test_a_draft_that_names_the_person_is_discarded_and_counted_before(lead, content, file_name):
    named = draft(lead, content, file_name)

    told = preview_person(lead=lead, now=NOW)
    removed = erase(lead)

    named.refresh_from_db()
    assert (told.removed["drafts_discarded"], told.is_blocked, removed["drafts_discarded"]) == (1, False, 1)
    assert (named.status, named.dry_run, named.parts.exists()) == ("canceled", {}, False)
    assert AuditLog.objects.filter(action="import.canceled", entity_id=str(named.pk)).exists()


def test_a_draft_that_names_the_person_in_a_corrected_row_alone_is_discarded(lead):
    named = draft(lead, b"email,name\nnope,Ana\n")
    fix_rows(lead_import=named, rows={2: [ADDRESS, "Ana"]}, actor=SYSTEM)

    erase(lead)

    named.refresh_from_db()
    assert (named.status, "fixes" in named.options) == ("canceled", False)


def test_a_draft_that_does_not_name_the_person_is_imported_afterwards(lead):
    other = draft(lead, b"email\nbob@acme.example\njoana@gone.example\nana@gone.example.org\n")

    told = preview_person(lead=lead, now=NOW)
    erase(lead)
    commit_import(lead_import=other, actor=SYSTEM, now=NOW, in_background=False)
    done = run_import(lead_import_id=other.pk, now=NOW)

    assert told.removed["drafts_discarded"] == 0
    assert (done.status, done.created_count) == ("succeeded", 3)


def test_drafts_of_others_are_left_alone(lead):
    elsewhere = draft(LeadFactory(), b"email\nana@gone.example\n")

    erase(lead)

    assert LeadImport.objects.get(pk=elsewhere.pk).status == "draft"

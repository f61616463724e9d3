from collections.abc import Callable
from typing import Any

import pytest

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import Refused
from leads.imports import records
from leads.imports.options import ImportOptions
from leads.imports.records import receive_rows
from leads.imports.running import run_import
from leads.models import Lead, LeadImport, RawLead, StagedLead
from leads.tests.imports.conftest import NOON

Rows = Callable[..., LeadImport]


@pytest.fixture
def sent(organization: Organization) -> Rows:
    def receive(rows: Any, **options: Any) -> LeadImport:
        return receive_rows(
            organization=organization,
            rows=rows,
            options=ImportOptions(unknown_columns="custom", **options),
            actor=SYSTEM,
            now=NOON,
            in_background=False,
        )

    return receive


def test_records_become_leads_and_the_first_of_them_is_row_1(sent: Rows):
    made = sent(
        [
            {"email": "ana@acme.example", "first_name": 'Ana;\n"A"', "visits": 3},
            {"email": "bad"},
            {"email": "bob@acme.example", "company": None, "vip": True},
        ]
    )

    done = run_import(lead_import_id=made.pk, now=NOON)

    assert (done.source, done.created_count, done.problem_count) == ("api", 2, 1)
    assert list(Lead.objects.order_by("email").values_list("first_name", "custom")) == [
        ('Ana; "A"', {"visits": "3"}),
        ("", {"vip": "true"}),
    ]
    assert list(RawLead.objects.order_by("row_number").values_list("row_number", flat=True)) == [1, 2, 3]
    assert StagedLead.objects.get(problem_code="invalid_email").row_number == 2


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"email": "a@acme.example"}, "x"], "Row 2 is no object."),
        ([{"email": "a@acme.example", "tags": ["a"]}], "Row 1, “tags”: a list fits no field."),
        ([{"email": "a@acme.example"}] * 4, "4 rows in one request; 3 is the limit."),
    ],
)
def test_records_that_are_none_are_refused(sent: Rows, monkeypatch: pytest.MonkeyPatch, rows: Any, words: str):
    monkeypatch.setattr(records, "MOST_ROWS", 3)

    with pytest.raises(Refused) as refused:
        sent(rows)

    assert (refused.value.code, refused.value.message) == ("bad_rows", words)
    assert not LeadImport.objects.exists()


def test_no_records_are_refused_as_an_empty_file_is(sent: Rows):
    with pytest.raises(Refused) as refused:
        sent([])

    assert refused.value.code == "empty_file"


def test_a_record_with_half_a_character_is_a_problem_of_its_row(sent: Rows):
    made = sent(
        [{"email": "ana@acme.example", "first_name": "A\ud800"}, {"email": "bob@acme.example", "first_name": "B"}]
    )

    done = run_import(lead_import_id=made.pk, now=NOON)

    assert (done.created_count, done.problem_count) == (1, 1)
    assert StagedLead.objects.get(row_number=1).problem_code == "damaged_text"

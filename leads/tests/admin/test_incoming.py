"""What came in, as a list to look things up in."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.tests.factories import LeadFactory, LeadImportFactory, RawLeadFactory, StagedLeadFactory


@pytest.mark.parametrize(
    ("page", "asked", "rows"),
    [
        ("rawlead", "", [1, 2, 3]),
        ("rawlead", "{raw}", [1]),
        ("rawlead", "apollo-2", [2]),
        ("rawlead", "apollo", []),
        ("stagedlead", "", [1, 2, 3]),
        ("stagedlead", "{staged}", [1]),
        ("stagedlead", " ANA@acme.example ", [1]),
        ("stagedlead", "missing_email", [3]),
        ("stagedlead", "ana", []),
    ],
)
def test_what_came_in_is_found_by_what_an_index_knows(
    operator: Client, organization: Any, page: str, asked: str, rows: list[int]
) -> None:
    came = LeadImportFactory(organization=organization, source="apollo", status="running")
    raw = [RawLeadFactory(lead_import=came, row_number=n, external_id=f"apollo-{n}") for n in (1, 2, 3)]
    ana = LeadFactory(organization=organization, email="ana@acme.example")
    outcomes: list[dict[str, Any]] = [
        {"status": "promoted", "lead": ana}, {}, {"status": "problem", "problem_code": "missing_email"},
    ]  # fmt: skip
    staged = [StagedLeadFactory(raw_lead=each, **outcome) for each, outcome in zip(raw, outcomes, strict=True)]
    term = asked.format(raw=raw[0].pk, staged=staged[0].pk)

    shown = operator.get(reverse(f"admin:leads_{page}_changelist"), {"q": term} if term else {}).context["cl"]

    assert sorted(each.row_number for each in shown.result_list) == rows

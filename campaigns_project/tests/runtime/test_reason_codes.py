"""The page of reason codes says what the code says."""

import pytest

from campaigns.errors import StartCode
from campaigns_project.runtime.reason_codes.page import FILE, page
from campaigns_project.runtime.reason_codes.refusals import refusals, row_problems
from campaigns_project.runtime.reason_codes.subjects import SUBJECTS, meaning


@pytest.fixture(scope="module")
def told():
    """The page; every module is read for it."""
    return page()


@pytest.fixture(scope="module")
def listed():
    """Every refusal."""
    return refusals()


def test_the_page_is_what_the_code_gives(told):
    written = FILE.read_text(encoding="utf-8")

    assert written == told, "Bring it up to date: python -m campaigns_project.runtime.reason_codes"


def test_every_code_has_words():
    wordless = [code for subject in SUBJECTS for code in subject.codes if not meaning(code).strip()]

    assert wordless == []


def test_a_refusal_is_listed_with_its_status_and_its_sentence_whatever_is_filled_in(listed):
    found = {each.code: (each.status, each.sentence) for each in listed}

    assert found["empty_file"] == (400, "… is empty.")
    assert found["campaign_not_found"] == (404, "There is no campaign “…”.")
    assert found["step_in_use"] == (409, "Step … cannot be removed: the campaign has been started.")


def test_a_refusal_that_is_a_class_of_its_own_is_listed_with_what_the_class_says(listed):
    said = {each.sentence for each in listed if each.code == "state_conflict"}

    assert "The campaign's state does not allow the verb." in said


def test_a_sentence_that_was_put_together_before_is_found():
    found = {each.code: each.sentence for each in row_problems()}

    assert found["several_emails"] == "“…” is more than one address: one row per person."


def test_start_codes_are_on_the_page_with_their_labels(told):
    lines = [f"| `{code.value}` | {code.label} |" for code in StartCode]

    assert [line for line in lines if line not in told] == []

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns_project.errors import Refused
from leads.imports.inspecting import inspect
from leads.imports.opt_outs import judging
from leads.imports.options import ImportOptions, read_words
from leads.imports.reading import Row
from leads.imports.validating import RowValidator
from leads.models import Lead, LeadImport, StagedLead, Suppression

STAGES = "Email,Outcome\nana@acme.example,Cold\nbob@acme.example,Do Not Contact\neva@acme.example,Nurture\n"
NAMES = st.sampled_from(["Status", "Stage", "Outcome", "Kategorie", "Unsubscribed", "x"])
WORDS = st.sampled_from(["", "Cold", "New", "Nurture", "disabled", "Unsubscribed", "do not contact", "Blocklisted"])
NUMBERS = st.sampled_from(["1", "-1", "0", "+1"])
SURE = {"Unsubscribed", "do not contact", "Blocklisted"}


def suppressed() -> list[str]:
    return list(Suppression.objects.order_by("address").values_list("address", flat=True))


@settings(max_examples=40)
@given(NAMES, st.lists(WORDS, min_size=1, max_size=70), st.sampled_from(["custom", "ignore"]))
def test_whoever_a_sure_word_names_is_shut_out_or_the_file_is_refused(name: str, words: list[str], unknown: str):
    rows = [[f"p{number}@acme.example", word] for number, word in enumerate(words)]
    text = "\n".join([f"Email,{name}", *map(",".join, rows)]).encode()
    options = ImportOptions(unknown_columns=unknown)

    try:
        columns = inspect(io.BytesIO(text), file_name="people.csv", options=options).columns
    except Refused as refused:
        assert refused.code == "undecided_marks"
        assert SURE & set(words)
        return

    validator = RowValidator(columns)
    out = {row[1] for number, row in enumerate(rows) if validator.opted_out(Row(number, row))}
    assert out == SURE & set(words)


@settings(max_examples=40)
@given(st.dictionaries(WORDS.filter(bool) | NUMBERS | st.just("*"), st.sampled_from(["out", "in"])), WORDS | NUMBERS)
def test_what_was_decided_of_a_word_goes_before_what_is_known_and_the_rest_after(decided: dict[str, str], cell: str):
    means = {"out": True, "in": False}
    known = judging("Status", {})(cell)
    expected = means.get(decided.get("*", "")) if known is None else known

    if cell in decided:
        expected = means[decided[cell]]

    assert judging("Status", decided)(cell) is expected
    assert judging("Status", decided)(cell.upper()) is judging("Status", decided)(cell)


def test_a_reason_is_empty_but_where_somebody_is_out(imported: Callable[..., LeadImport]):
    imported("Email,Email hard bounce reason\nana@acme.example,UNKNOWN_USER\nbob@acme.example,\n")

    assert suppressed() == ["ana@acme.example"]


def test_a_word_late_in_the_file_counts_as_one_of_the_first_rows(imported: Callable[..., LeadImport]):
    rows = "".join(f"p{number}@acme.example,enabled\n" for number in range(60))

    imported(f"email,status\n{rows}out@acme.example,blocklisted\n", unknown_columns="custom")

    assert suppressed() == ["out@acme.example"]


def test_a_file_is_refused_until_somebody_says_what_a_column_of_marks_is(imported: Callable[..., LeadImport]):
    with pytest.raises(Refused) as refused:
        imported(STAGES, unknown_columns="ignore")

    assert (refused.value.code, refused.value.details) == (
        "undecided_marks",
        {"columns": [{"column": "Outcome", "words": ["Do Not Contact"]}]},
    )
    assert not LeadImport.objects.exists()

    imported(STAGES, mapping={"Outcome": "custom.outcome"})
    assert (suppressed(), Lead.objects.count()) == ([], 3)


def test_words_that_were_decided_are_no_problems(imported: Callable[..., LeadImport]):
    imported(STAGES, mapping={"Outcome": "do_not_contact"}, words={"NURTURE": "in"})
    assert (suppressed(), StagedLead.objects.filter(status="problem").count()) == (["bob@acme.example"], 0)

    imported(STAGES, mapping={"Outcome": "do_not_contact"}, words={"Cold": "out", "*": "out"})
    assert suppressed() == ["ana@acme.example", "bob@acme.example", "eva@acme.example"]


def test_words_are_written_with_what_they_say():
    assert read_words(["Do = not=out", " * = in "]) == {"Do = not": "out", "*": "in"}
    for wrong in ("Cold", "=out", "Cold=maybe"):
        with pytest.raises(Refused) as refused:
            read_words([wrong])
        assert refused.value.code == "bad_word"

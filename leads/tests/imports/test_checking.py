"""Rows made ready to be written: most need no escape and are made by less work, to the same bytes."""

from hypothesis import given
from hypothesis import strategies as st

from leads.imports.checking import AS_LEAD, ready
from leads.imports.fields import LEAD_FIELDS
from leads.imports.lines import texts
from leads.imports.validating import CleanRow

PLAIN = st.text(st.sampled_from("aZ09 %{}',;:@řł東/-"), max_size=8)
NAMES = st.sampled_from(["signal", "n2", "größe"])
ROWS = st.builds(
    CleanRow,
    st.integers(2, 10**6),
    st.sampled_from(["ana@acme.example", "info@acme.example", "x@mailinator.com", "josé@müller.example"]),
    st.tuples(*[PLAIN] * (len(LEAD_FIELDS) - 1), st.sampled_from(["", "51"])),
    st.dictionaries(NAMES, PLAIN.filter(bool), max_size=2),
)


@given(ROWS)
def test_a_plain_row_is_made_ready_as_any_other(row: CleanRow):
    assert ready(row, key=b"7", came=b"line", is_plain=True) == ready(row, key=b"7", came=b"line")


@given(ROWS, st.booleans())
def test_lines_tell_what_they_were_made_of_and_a_row_can_mean_another_lead(row: CleanRow, is_plain: bool):
    found = ready(row, key=b"7", is_plain=is_plain).meaning("kept@acme.example")

    given_values = dict(zip(AS_LEAD, texts(found.lead), strict=True))
    assert (found.key, given_values["email_normalized"]) == (b"7", "kept@acme.example")
    assert [given_values[name] for name in LEAD_FIELDS[:-1]] == list(row.values[:-1])
    assert found.fields == {
        **{name: value for name, value in zip(LEAD_FIELDS, row.values, strict=True) if value},
        **{f"custom.{name}": value for name, value in row.custom.items()},
    }

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from leads.imports.dialects import BACKSLASH, DOUBLE, SINGLE, Quoting, detect_quoting

TELLING = st.text(st.sampled_from("\\\"', ab\n,"), max_size=8)


@given(st.lists(st.lists(TELLING, min_size=3, max_size=3), min_size=1, max_size=4))
@example([['  \\", ', "a\\", ","], ["b'", "'a\"", "\\'"]])  # read with escapes it is as even
@example([["", "", "''"], ["", '\\\\",a\n\\,', '"\n\n\\ a\n"'], ["", "", ""]])
def test_what_csv_quotes_by_doubling_is_never_taken_for_anything_else(rows: list[list[str]]):
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["Email", "Name", "Note"], *rows])

    assert detect_quoting(out.getvalue(), delimiter=",") == Quoting()


@pytest.mark.parametrize(
    ("text", "quote", "escape"),
    [
        ('Email,Note\na@x.example,"so \\"called\\" best"\n', DOUBLE, BACKSLASH),
        ('Email,Note\na@x.example,"so called \\"best\\""\n', DOUBLE, BACKSLASH),
        ("Email,Note\na@x.example,Acme\\, Inc.\n", DOUBLE, BACKSLASH),
        ('Email,Path\na@x.example,"C:\\"\nb@x.example,"C:\\new"\n', DOUBLE, ""),
        ("Email,Path\na@x.example,C:\\new\n", DOUBLE, ""),
        ("'Email','Note'\n'a@x.example','Acme, Inc.'\n", SINGLE, ""),
        ("'Email','Note'\n'a@x.example','Ana''s'\n", SINGLE, ""),
        ("Email,Note\na@x.example,'=1+1\nb@x.example,O'Brien\n", DOUBLE, ""),
        ("Email,Note\na@x.example,'quoted'\nb@x.example,\"x\"\n", DOUBLE, ""),
    ],
)
def test_quoting_is_told_by_its_traces(text: str, quote: str, escape: str):
    assert detect_quoting(text, delimiter=",") == Quoting(quote, escape)

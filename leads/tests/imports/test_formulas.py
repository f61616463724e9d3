import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns_project.formulas import guard, unguard

CELLS = st.text(st.sampled_from("=+-@'\t\r\nab\uff1d\uff0b\uff0d\uff20"), max_size=6)


@given(CELLS)
def test_what_is_disarmed_comes_back_as_it_was(cell: str):
    assert unguard(guard(cell)) == cell


@given(CELLS)
def test_no_cell_that_is_written_starts_a_formula(cell: str):
    assert not guard(cell).startswith(("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"))


@pytest.mark.parametrize("cell", ["=cmd|'/c calc'!A0", '=HYPERLINK("http://evil.example")', "@SUM(1)", "-2+3"])
def test_formulas_survive_a_csv_disarmed(cell: str):
    out = io.StringIO(newline="")
    csv.writer(out).writerow([guard(cell)])

    (read,) = next(csv.reader(io.StringIO(out.getvalue(), newline="")))

    assert (read, unguard(read)) == (f"'{cell}", cell)

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from leads.imports.lines import NOTHING, copy_lines, line, texts

TEXTS = st.lists(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])), min_size=2, max_size=4)
TRICKY = st.lists(st.text(st.sampled_from("\\\t\n\rtnrN.ař\"'")), min_size=2, max_size=4)


@given(TEXTS | TRICKY)
def test_a_line_tells_the_texts_it_was_made_of(values: list[str]):
    assert texts(line(values)) == values


@pytest.mark.django_db
def test_database_reads_of_lines_what_they_were_made_of():
    rows = [["\\", "a\tb"], ["\\N", "\\."], ["x\r\ny", "\\\\t"], ["Říhová", '{"a": "say \\"hi\\""}'], ["", " "]]
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE came (one text, two text) ON COMMIT DROP")

        copy_lines(cursor, "COPY came FROM STDIN", [*map(line, rows), b"%b\t%b" % (NOTHING, NOTHING)])

        cursor.execute("SELECT one, two FROM came")
        assert [list(row) for row in cursor.fetchall()] == [*rows, [None, None]]

import io
import tracemalloc

import pytest

from campaigns_project.errors import Refused
from leads.imports.layouts import detect_layout
from leads.imports.reading import Table
from leads.tests.imports.collection import SAMPLES, Sample

IS_RIGHT = [sample for sample in SAMPLES if sample.table is not None]
IS_REFUSED = [sample for sample in SAMPLES if sample.code]


def read(content: bytes) -> tuple[list[list[str]], tuple[int, ...]]:
    """The header and the rows, and their numbers."""
    stream = io.BytesIO(content)
    table = Table(stream, layout=detect_layout(stream, file_name="people.csv"), file_name="people.csv")
    rows = list(table)
    table.close()
    return [table.header, *(row.cells for row in rows)], tuple(row.number for row in rows)


def test_the_collection_is_large_and_each_of_it_is_told_apart():
    assert len(SAMPLES) >= 80
    assert len({sample.name for sample in SAMPLES}) == len(SAMPLES)
    assert len(IS_RIGHT) + len(IS_REFUSED) == len(SAMPLES)


@pytest.mark.parametrize("sample", IS_RIGHT, ids=lambda sample: sample.name)
def test_a_table_is_read_as_it_was_meant(sample: Sample):
    assert sample.table is not None
    numbers = sample.numbers or tuple(range(2, len(sample.table) + 1))

    assert read(sample.content) == (sample.table, numbers)


@pytest.mark.parametrize("sample", IS_REFUSED, ids=lambda sample: sample.name)
def test_what_is_no_table_is_refused_by_its_place_in_little_memory(sample: Sample):
    tracemalloc.start()

    with pytest.raises(Refused) as refused:
        read(sample.content)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.code == sample.code
    assert sample.place in refused.value.message
    assert refused.value.hint
    assert peak < 40_000_000

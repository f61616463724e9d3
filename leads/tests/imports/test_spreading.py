import csv
import io
import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.imports.inspecting import inspect
from leads.imports.options import ImportOptions
from leads.imports.reading import Row
from leads.imports.spreading import Inner, Keys, unfolded
from leads.imports.validating import CleanRow, RowValidator
from leads.models import Lead, LeadImport, StagedLead, Suppression

KEYS = st.sampled_from(["plan", "city", "jobTitle", "Größe", "visits", "company", "a b"])
VALUES = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=8)
LISTMONK = """uuid,email,name,attributes,status
1,ana@acme.example,Ana Ruiz,"{""city"": ""Praha"", ""plan"": ""pro"", ""tags"": [""a"", 2, null], ""since"": {""year"": 2024}}",enabled
2,bob@acme.example,Bob,{},enabled
3,eva@acme.example,Eva,"{""plan"": true, ""name"": ""other"", ""none"": null}",blocklisted
"""  # noqa: E501 - as listmonk writes it


def as_csv(header: list[str], rows: list[list[str]]) -> io.BytesIO:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return io.BytesIO(out.getvalue().encode())


def judged(header: list[str], rows: list[list[str]]) -> list[tuple[tuple[str, ...], dict[str, str]]]:
    """The values of each row of a file, by the names of their fields."""
    columns = inspect(
        as_csv(header, rows), file_name="people.csv", options=ImportOptions(unknown_columns="custom")
    ).columns
    found = [RowValidator(columns).check(Row(number, cells)) for number, cells in enumerate(rows)]
    return [(each.values, each.custom) for each in found if isinstance(each, CleanRow)]


@settings(max_examples=25)
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=5), min_size=1, max_size=6))
def test_the_keys_of_objects_become_what_columns_of_the_same_names_become(people: list[dict[str, str]]):
    names = list(dict.fromkeys(key for person in people for key in person))
    addresses = [f"p{number}@acme.example" for number in range(len(people))]

    nested = judged(["email", "attributes"], [[a, json.dumps(p)] for a, p in zip(addresses, people, strict=True)])
    flat = judged(
        ["email", *names], [[a, *(p.get(n, "") for n in names)] for a, p in zip(addresses, people, strict=True)]
    )

    assert nested == flat


@settings(max_examples=40)
@given(
    st.dictionaries(st.text(st.characters(codec="utf-8", exclude_characters="\0")), st.text() | st.integers()),
    st.text("ab.é"),
)
def test_an_object_is_its_values_as_texts_by_the_paths_to_them(value: dict[str, str | int], key: str):
    texts = {path: str(each) for path, each in value.items()}

    assert unfolded(json.dumps(value)) == texts
    assert unfolded(json.dumps({key: value})) == {f"{key}.{path}": each for path, each in texts.items()}


@pytest.mark.parametrize("cell", ["[1]", "x", '"a"', "{", "{" * 60_000, '{"a":' * 60_000 + "1" + "}" * 60_000])
def test_a_cell_that_is_no_object_is_a_value_error_however_deep(cell: str):
    with pytest.raises(ValueError, match="no object"):
        unfolded(cell)


def test_columns_inside_others_have_names_of_their_own():
    keys = Keys([1, 2])
    keys.look(["x", '{"Email": "a", "plan": "b", "PLAN": "c", "": "d"}', '{"name": "e"}'])

    inner = keys.columns(["email", "attributes", "company"])

    assert inner == (
        Inner("attributes.Email", 1, "Email"),
        Inner("plan", 1, "plan"),
        Inner("attributes.PLAN", 1, "PLAN"),
        Inner("attributes. 2", 1, ""),
        Inner("company.name", 2, "name"),
    )


def test_a_list_of_listmonk_comes_as_it_is(imported: Callable[..., LeadImport]):
    done = imported(LISTMONK, unknown_columns="custom", mapping={"uuid": "ignore"})

    assert list(Lead.objects.order_by("email").values_list("email", "first_name", "city", "custom")) == [
        (
            "ana@acme.example",
            "Ana",
            "Praha",
            {"plan": "pro", "tags": "a, 2", "since_year": "2024"},
        ),
        ("bob@acme.example", "Bob", "", {}),
        ("eva@acme.example", "Eva", "", {"plan": "true", "attributes_name": "other"}),
    ]
    assert list(Suppression.objects.values_list("address", flat=True)) == ["eva@acme.example"]
    assert (done.mapping["attributes"], done.mapping["plan"]) == (None, "custom.plan")


def test_a_cell_that_is_no_object_among_objects_is_a_problem_of_its_row(imported: Callable[..., LeadImport]):
    rows = "".join(f'p{number}@acme.example,"{{""plan"": ""pro""}}"\n' for number in range(50))

    done = imported(f"email,attributes\n{rows}last@acme.example,pro\nnone@acme.example,\n", unknown_columns="custom")

    problem = StagedLead.objects.get(status="problem")
    assert (problem.row_number, problem.problem_code, problem.problem_column) == (52, "invalid_json", "attributes")
    assert done.created_count == 51


def test_keys_without_end_are_no_columns(imported: Callable[..., LeadImport]):
    rows = "".join(f'p{number}@acme.example,"{{""{number}"": ""x""}}"\n' for number in range(201))

    imported(f"email,days\n{rows}", unknown_columns="custom")

    assert Lead.objects.get(email="p7@acme.example").custom == {"days": '{"7": "x"}'}

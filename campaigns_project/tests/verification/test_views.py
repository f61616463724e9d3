"""Views: the migrations make none so far, so two real databases are compared, one of which lost its view."""

import pytest
from django.db import connections

from campaigns_project.tests.verification.databases import run
from campaigns_project.verification.catalogue import Catalogue, read_catalogue
from campaigns_project.verification.comparing import compare

VIEW = "CREATE VIEW names AS SELECT id, name FROM campaigns"


def catalogue_of(alias: str) -> Catalogue:
    with connections[alias].cursor() as cursor:
        return read_catalogue(cursor)


@pytest.mark.parametrize(
    ("change", "id"),
    [
        ("CREATE OR REPLACE VIEW names AS SELECT id, name FROM campaigns WHERE id > 7", "view_changed"),
        ("DROP VIEW names; CREATE MATERIALIZED VIEW names AS SELECT id, name FROM campaigns", "view_changed"),
        ("DROP VIEW names", "view_missing"),
    ],
)
def test_a_view_that_is_missing_or_shows_something_else_is_found_and_mended(copy: str, change: str, id: str):  # noqa: A002
    run(copy, VIEW)
    expected = catalogue_of(copy)
    run(copy, change)

    (finding,) = compare(expected, catalogue_of(copy))
    run(copy, finding.fix_sql)

    assert (finding.id, finding.where) == (id, "names")
    assert list(compare(expected, catalogue_of(copy))) == []

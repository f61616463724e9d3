"""What models and their fields are called on pages; where none was given, it is made of a name in the code."""

import re
from copy import copy

from django.apps import apps
from django.db.models import Model

from campaigns_project.tests.tenancy.world import World

SPOKEN_BY_LETTER = frozenset(
    {"api", "csv", "dkim", "dns", "esp", "html", "http", "id", "imap", "ip", "smtp", "uid", "url"}
)
NO_ENGLISH = re.compile(r"timezone|pid|is .*")
NUMBER = 987_654_321
WRONG_PLURAL = re.compile(r".*([^aeiou]y|s|x|ch|sh)s")
OURS = [
    model for model in apps.get_models() if model.__module__.startswith(("campaigns", "leads", "tracking"))
]  # and not those of packages


def test_models_have_an_english_plural():
    plurals = [str(model._meta.verbose_name_plural) for model in OURS]

    assert [plural for plural in plurals if WRONG_PLURAL.fullmatch(plural)] == []


def test_fields_have_an_english_name():
    named = [(field.verbose_name, str(field)) for model in OURS for field in model._meta.fields]

    assert [(name, field) for name, field in named if _is_odd(str(name))] == []


def test_a_row_is_called_by_what_people_know_and_not_by_numbers_of_rows(db: None):
    rows = World("quay").rows.values()

    numbered = [type(row).__name__ for row in rows if str(NUMBER) in _called(row)]

    assert numbered == ["LeadImport", "Job"]  # which commands and the API name by their number


def _called(row: Model) -> str:
    """What `row` would be called if it had NUMBER, and pointed at rows of NUMBER."""
    str(row)  # whatever it is named after is read by now
    row = copy(row)
    for field in row._meta.concrete_fields:
        if field.primary_key or field.is_relation:
            row.__dict__[field.attname] = NUMBER
    return str(row)


def _is_odd(name: str) -> bool:
    words = [word.removesuffix("s") for word in name.split()]
    return bool(NO_ENGLISH.fullmatch(name)) or any(word in SPOKEN_BY_LETTER for word in words)

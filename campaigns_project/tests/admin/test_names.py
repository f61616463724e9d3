"""What models and their fields are called on pages; where none was given, it is made of a name in the code."""

import re

from django.apps import apps

SPOKEN_BY_LETTER = frozenset(
    {"api", "csv", "dkim", "dns", "esp", "html", "http", "id", "imap", "ip", "smtp", "uid", "url"}
)
NO_ENGLISH = re.compile(r"timezone|pid|is .*")
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


def _is_odd(name: str) -> bool:
    words = [word.removesuffix("s") for word in name.split()]
    return bool(NO_ENGLISH.fullmatch(name)) or any(word in SPOKEN_BY_LETTER for word in words)

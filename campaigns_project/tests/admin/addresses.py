"""Every address of the admin, found in the admin itself, so that no page is forgotten."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.urls import URLPattern, reverse

SITE_PAGES = (
    "index",
    "login",
    "password_change",
    "password_change_done",
    "second_factor",
    "jsi18n",
    "search",
    "system_health",
    "support_bundle",
    "going_live",
    "home_running",
)


def of_the_site() -> Iterator[str]:
    """Pages that belong to no model."""
    for name in SITE_PAGES:
        yield reverse(f"admin:{name}")
    for label in sorted({model._meta.app_label for model in admin.site._registry}):
        yield reverse("admin:app_list", args=[label])


def of_model(model: type[Any]) -> Iterator[str]:
    """The pages of a model that need no row: its list, its form for a new one, its acts on the list."""
    for pattern in _patterns(model):
        if not pattern.pattern.converters and pattern.name:
            yield reverse(f"admin:{pattern.name}")


def of_row(row: Any) -> Iterator[str]:
    """The pages of one row, dialogs and fragments among them."""
    for pattern in _patterns(type(row)):
        if pattern.pattern.converters and pattern.name:
            yield reverse(f"admin:{pattern.name}", args=[row.pk])


def _patterns(model: type[Any]) -> Iterator[URLPattern]:
    yield from (found for found in admin.site._registry[model].get_urls() if isinstance(found, URLPattern))

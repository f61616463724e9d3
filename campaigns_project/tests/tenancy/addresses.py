"""Every address of the web process, read from the resolver, with the places in it that name a row."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.admindocs.views import simplify_regex
from django.db.models import Model
from django.urls import URLPattern, URLResolver, get_resolver

from campaigns.models import Campaign, DeEnrollmentRun, EmailTemplate, Step

METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_PLACE = re.compile(r"<(?:[a-z]+:)?(\w+)>")
# Parts of nested addresses that lead to a row of another model than the view's own.
_BY_NAME: dict[str, type[Model]] = {
    "campaign": Campaign,
    "step": Step,
    "run": DeEnrollmentRun,
    "template": EmailTemplate,
}


@dataclass(frozen=True)
class Address:
    """One URL pattern. `route` is like /api/v1/campaigns/<campaign>/steps/<id>."""

    route: str
    callback: Callable[..., Any]
    name: str

    @property
    def places(self) -> list[str]:
        return _PLACE.findall(self.route)

    def filled(self, **values: Any) -> str:
        """A path, with a value for every place."""
        return _PLACE.sub(lambda found: str(values[found[1]]), self.route)

    def model_of(self, place: str) -> type[Model]:
        """Which model's key stands in `place`; fails for one the walk has not been taught."""
        if place in _BY_NAME:
            return _BY_NAME[place]
        view = getattr(self.callback, "cls", None)
        assert place == "id" and view is not None, f"{self.route}: teach the walk which rows <{place}> names."
        return view.queryset.model


def all_addresses() -> list[Address]:
    """In the order in which the resolver tries them."""
    return list(_below(get_resolver(), "/"))


def _below(resolver: URLResolver, prefix: str) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        part = _readable(str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from _below(entry, prefix + part)
        elif isinstance(entry, URLPattern):
            yield Address(prefix + part, entry.callback, entry.name or "")


def _readable(pattern: str) -> str:
    """`^campaigns/(?P<id>[0-9]+)$` as `campaigns/<id>`; what `path()` was given stays as it is."""
    return simplify_regex(pattern).removeprefix("/") if re.search(r"[\^$(]", pattern) else pattern

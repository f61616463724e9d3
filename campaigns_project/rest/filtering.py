"""Filters that refuse what they do not know."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django_filters import rest_framework as filters
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from campaigns_project.rest.problems import UnknownParameter

PAGING = frozenset({"cursor", "page_size"})


def refuse_unknown(request: Request, known: Iterable[str]) -> None:
    """UnknownParameter when the query string names anything that is not in `known`."""
    allowed = frozenset(known)
    for name in request.query_params:
        if name not in allowed:
            raise UnknownParameter(name, allowed, in_query=True)


class StrictFilterBackend(DjangoFilterBackend):
    """Like its base, but an unknown query parameter is an error: a misspelled filter must never mean "all"."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        filterset_class = self.get_filterset_class(view, queryset)
        refuse_unknown(request, PAGING | _known(request, filterset_class))
        try:
            return super().filter_queryset(request, queryset, view)
        except ValidationError as error:
            raise ValidationError({f"?{name}": said for name, said in error.detail.items()}) from None  # type: ignore[union-attr]


def _known(request: Request, filterset_class: Any) -> set[str]:
    """The filters by name, and those whose name goes on after a prefix that is known: `custom.NAME`."""
    if filterset_class is None:
        return set()
    prefix = getattr(filterset_class, "open_prefix", None)
    open_ones = {name for name in request.query_params if prefix and name.startswith(prefix)}
    told = {f"{prefix}NAME"} if prefix else set()  # so that a refusal can name it
    return open_ones | told | set(filterset_class.base_filters)


class IdFilter(filters.NumberFilter):
    """A row by its number; the base would take 1.5 for 1."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, min_value=1, **kwargs)


class _TrueOrFalseField(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        if value not in ("true", "false"):
            raise forms.ValidationError("Write true or false.")
        return value == "true"


class TrueOrFalse(filters.BooleanFilter):
    """`true` or `false`; the base would take anything else for no question at all."""

    field_class = _TrueOrFalseField

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, widget=forms.TextInput, **kwargs)


class Words(filters.BaseInFilter, filters.CharFilter):
    """One or more texts, separated by commas: `tag=vip,new`."""


class AnyOf(filters.BaseInFilter, filters.ChoiceFilter):
    """One or more of the choices, separated by commas: `status=running,paused`."""


class CreatedFilters(filters.FilterSet):
    """When a row was made: from `created_at__gte` on, before `created_at__lt`."""

    created_at__gte = filters.IsoDateTimeFilter("created_at", "gte", label="Made at this time or later (RFC 3339).")
    created_at__lt = filters.IsoDateTimeFilter("created_at", "lt", label="Made before this time (RFC 3339).")

"""Filters that refuse what they do not know."""

from collections.abc import Collection, Iterable
from typing import Any

from django import forms
from django_filters import rest_framework as filters
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from campaigns_project.rest.problems import UnknownParameter

PAGING = frozenset({"cursor", "page_size"})
MAY_BE_EMPTY = frozenset({"q"})  # a search box sends it before anything was typed


def check_query(request: Request, known: Iterable[str], lists: Collection[str] = ()) -> None:
    """Refuse a query string that would be answered as if a part of it were not there.

    That is a name that is not in `known` (UnknownParameter), a name that stands there twice, of which the last alone
    would count, and an empty value. `lists` are the names that take several values, separated by commas.
    """
    allowed = frozenset(known)
    for name, values in request.query_params.lists():
        if name not in allowed:
            raise UnknownParameter(name, allowed, in_query=True)
        if len(values) > 1:
            raise _repeated(name, len(values), is_list=name in lists)
        # A verb says itself which of its parameters is missing, and for what.
        if request.method in SAFE_METHODS and name not in MAY_BE_EMPTY and _is_empty(values[0], name in lists):
            raise _refusal(name, f"“{name[:100]}” is empty. Write a value, or leave it out.", "blank")


def of_the_query(error: ValidationError) -> ValidationError:
    """The same refusal, pointing to parameters of the query instead of fields of a body."""
    return ValidationError({f"?{name}": said for name, said in error.detail.items()})  # type: ignore[union-attr]


def _repeated(name: str, times: int, *, is_list: bool) -> ValidationError:
    way = f"Separate its values by commas: {name}=one,two." if is_list else "It takes one value: give it once."
    return _refusal(name, f"“{name[:100]}” is given {times} times. {way}", "repeated")


def _is_empty(text: str, is_list: bool) -> bool:
    return not (text.replace(",", "") if is_list else text).strip()


def _refusal(name: str, sentence: str, code: str) -> ValidationError:
    return ValidationError({f"?{name[:100]}": [ErrorDetail(sentence, code)]})


class StrictFilterBackend(DjangoFilterBackend):
    """Like its base, but an unknown query parameter is an error: a misspelled filter must never mean "all"."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        filterset_class = self.get_filterset_class(view, queryset)
        check_query(request, PAGING | _known(request, filterset_class), _lists(filterset_class))
        try:
            return super().filter_queryset(request, queryset, view)
        except ValidationError as error:
            raise of_the_query(error) from None


def _known(request: Request, filterset_class: Any) -> set[str]:
    """The filters by name, and those whose name goes on after a prefix that is known: `custom.NAME`."""
    if filterset_class is None:
        return set()
    prefix = getattr(filterset_class, "open_prefix", None)
    open_ones = {name for name in request.query_params if prefix and name.startswith(prefix)}
    told = {f"{prefix}NAME"} if prefix else set()  # so that a refusal can name it
    return open_ones | told | set(filterset_class.base_filters)


def _lists(filterset_class: Any) -> set[str]:
    known = getattr(filterset_class, "base_filters", {})
    return {name for name, each in known.items() if isinstance(each, filters.BaseInFilter)}


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
            raise forms.ValidationError("Write true or false.", "invalid")
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

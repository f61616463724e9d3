"""Filters that refuse what they do not know."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from campaigns_project.rest.parts import PARTS
from campaigns_project.rest.problems import UnknownParameter

PAGING = frozenset({"cursor", "page_size", "include"})
LARGEST_ID = 2**63 - 1  # bigint
MAY_BE_EMPTY = frozenset({"q"})  # a search box sends it before anything was typed


def check_query(request: Request, known: Iterable[str], lists: Collection[str] = ()) -> None:
    """Refuse a query string that would be answered as if a part of it were not there.

    That is a name that is not in `known` (UnknownParameter), a name that stands there twice, of which the last alone
    would count, and an empty value; all of the latter two are told at once. `lists` are the names that take several
    values, separated by commas.
    """
    allowed, refused = frozenset(known), {}
    for name, values in request.query_params.lists():
        if name not in allowed:
            raise UnknownParameter(name, allowed, in_query=True)
        if len(values) > 1:
            refused[name] = _repeated(name, len(values), is_list=name in lists)
        # A verb says itself which of its parameters is missing, and for what.
        elif request.method in SAFE_METHODS and name not in MAY_BE_EMPTY and _is_empty(values[0], name in lists):
            refused[name] = ErrorDetail(f"“{name[:100]}” is empty. Write a value, or leave it out.", "blank")
    if refused:
        raise ValidationError({f"?{name[:100]}": [said] for name, said in refused.items()})


def of_the_query(error: ValidationError) -> ValidationError:
    """The same refusal, pointing to parameters of the query instead of fields of a body."""
    return ValidationError({f"?{name}": said for name, said in error.detail.items()})  # type: ignore[union-attr]


def _repeated(name: str, times: int, *, is_list: bool) -> ErrorDetail:
    way = f"Separate its values by commas: {name}=one,two." if is_list else "It takes one value: give it once."
    return ErrorDetail(f"“{name[:100]}” is given {times} times. {way}", "repeated")


def _is_empty(text: str, is_list: bool) -> bool:
    return not (text.replace(",", "") if is_list else text).strip()


class StrictFilterBackend(DjangoFilterBackend):
    """Like its base, but an unknown query parameter is an error: a misspelled filter must never mean "all"."""

    def filter_queryset(self, request: Any, queryset: Any, view: Any) -> Any:
        filterset_class = self.get_filterset_class(view, queryset)
        known = PAGING | view.part_parameters | _known(request, filterset_class)
        check_query(request, known, PARTS | _lists(filterset_class))
        try:
            return super().filter_queryset(request, queryset, view)
        except ValidationError as error:
            raise of_the_query(error) from None


class StrictFilterBackendScheme(DjangoFilterExtension):
    """How the schema describes its filters: the base takes numbers of rows for any numbers."""

    target_class: Any = StrictFilterBackend
    priority = 1  # before that of the base

    def resolve_filter_field(
        self, auto_schema: Any, model: Any, filterset_class: Any, field_name: str, filter_field: Any
    ) -> list[dict[str, Any]]:
        parameters = super().resolve_filter_field(auto_schema, model, filterset_class, field_name, filter_field)
        for parameter in parameters if isinstance(filter_field, IdFilter) else ():
            parameter["schema"] = {"type": "integer", "format": "int64", "minimum": 1}
        return parameters


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
    """A row by its number; the base would take 1.5 for 1, and one that no row can have for an empty list."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, min_value=1, max_value=LARGEST_ID, **kwargs)


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


class _MomentField(IsoDateTimeField):
    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "Write a time as RFC 3339 has it: 2026-11-23T09:00:00Z. In an address, the + of +01:00 is %%2B."
    }

    def to_python(self, value: Any) -> datetime | None:
        moment = super().to_python(value)
        try:
            # Postgres knows no offset of 16 hours and more, which RFC 3339 does.
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError(self.error_messages["invalid"], "invalid") from None


class Moment(filters.IsoDateTimeFilter):
    """A time; one without an offset is of UTC."""

    field_class = _MomentField


class _DayField(forms.DateField):
    input_formats = ("%Y-%m-%d",)
    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "Write a date as year, month and day: 2026-11-23."}


class Day(filters.DateFilter):
    """A date; the base would take 11/12/2026 for one in November."""

    field_class = _DayField


class CreatedFilters(filters.FilterSet):
    """When a row was made: from `created_at__gte` on, before `created_at__lt`."""

    created_at__gte = Moment("created_at", "gte", label="Made at this time or later (RFC 3339).")
    created_at__lt = Moment("created_at", "lt", label="Made before this time (RFC 3339).")

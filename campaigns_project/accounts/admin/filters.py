"""List filters that offer only what the user may see."""

from datetime import datetime
from typing import Any, ClassVar

from django.http import Http404, HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter, RangeDateTimeFilter, RelatedDropdownFilter
from unfold.utils import parse_datetime_str

from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.tenancy import living
from campaigns_project.keys import key_of

CHOICES_SHOWN = 200  # a longer select is no help; the search box and links from other pages take over


def titled(kind: Any, title: str) -> Any:
    """The same `kind` of filter, called `title` where the name of its field says too little to somebody who filters."""

    class Titled(kind):
        def __init__(self, *args: Any, **kwargs: Any):
            super().__init__(*args, **kwargs)
            self.title = title

    return Titled


class ScopedRelatedFilter(RelatedDropdownFilter):
    """Choices of a foreign key, from the user's organizations; hidden where there is nothing to choose."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        rows = held_roles(request).scope(living(field.remote_field.model.objects.all()))
        return [(row.pk, str(row)) for row in rows[:CHOICES_SHOWN]]

    def has_output(self) -> bool:
        return len(self.lookup_choices) > 1


class MomentsFilter(RangeDateTimeFilter):
    """From a time to a time by the clock of the page; its base asks the database for times of no zone at all, and
    looks over a day that stands without a time. Here that is the whole of it."""

    of_a_day: ClassVar[dict[str, str]] = {"from": "00:00:00", "to": "23:59:59.999999"}

    def __init__(self, field: Any, *args: Any, **kwargs: Any):
        super().__init__(field, *args, **kwargs)
        self.title = f"when {str(field.verbose_name).removesuffix(' at')}"

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        ends = {"gte": self._moment("from"), "lte": self._moment("to")}
        return queryset.filter(**{f"{self.parameter_name}__{end}": at for end, at in ends.items() if at})

    def _moment(self, end: str) -> datetime | None:
        day, time = (self.used_parameters.get(f"{self.parameter_name}_{end}_{part}") for part in (0, 1))
        at = parse_datetime_str(f"{day} {time or self.of_a_day[end]}") if day else None
        return timezone.make_aware(at) if at else None


class ByParameter(DropdownFilter):
    """`?name=key` narrows a list to what hangs on one row, found by `path`; a row one may not see is a 404."""

    path: str
    parameter_name: str

    def rows(self, request: HttpRequest) -> Any:
        """All rows one may choose from."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        newest = list(self.rows(request)[:CHOICES_SHOWN])
        chosen = self.used_parameters.get(self.parameter_name)
        if chosen and chosen not in {str(row.pk) for row in newest}:
            newest.extend(self.rows(request).filter(pk=key_of(chosen)))
        return [(str(row.pk), str(row)) for row in newest]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if not self.value():
            return queryset
        if self.value() not in {key for key, _ in self.lookup_choices}:
            raise Http404(f"There is no {self.title} {self.value()}.")
        return queryset.filter(**{self.path: self.value()})

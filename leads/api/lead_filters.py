"""What the list of leads can be narrowed by. Each filter is one that an index, or the order of the list, serves."""

from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from rest_framework.exceptions import ValidationError

from campaigns_project.accounts.api import organization_of_request
from campaigns_project.accounts.models import Organization
from campaigns_project.rest.filtering import AnyOf, CreatedFilters, Day, IdFilter, Moment, TrueOrFalse, Words
from leads.models import Lead, LeadStatus, Segment, Verification
from leads.segments.asking import Asking
from leads.segments.errors import RuleRefused
from leads.segments.fields import CUSTOM, find_field
from leads.segments.members import members_among
from leads.tagging import tags_by_name


class LeadFilters(CreatedFilters):
    """`custom.NAME=text` asks for a further field of exactly this text."""

    open_prefix: ClassVar[str] = CUSTOM

    q = filters.CharFilter(method="matching", label="The start of the address, of a name or of the company; any words.")
    status = AnyOf(choices=LeadStatus.choices)
    verification = AnyOf(choices=Verification.choices)
    tag = Words(method="tagged", label="Carries one of these tags, by name.")
    tag__all = Words(method="tagged", label="Carries each of these tags.")
    tag__not = Words(method="tagged", label="Carries none of these tags.")
    suppressed = TrueOrFalse(
        method="suppressed_or_not", label="true: never to be written to, by address or domain; false: everybody else."
    )
    email = filters.CharFilter(method="text", label="The whole address, in any case.")
    domain = filters.CharFilter(method="text", label="The domain of the address.")
    company = filters.CharFilter(method="text", label="The whole name of the company, in any case.")
    country = filters.CharFilter(method="text", label="The whole name of the country, in any case.")
    segment = IdFilter(method="in_segment", label="The number of a segment.")
    import_id = IdFilter("lead_import", label="The number of the import that made it.")
    in_campaign = IdFilter(method="enrolled", label="Is or was in this campaign, by its number.")
    not_in_campaign = IdFilter(method="enrolled", label="Never was in this campaign.")
    updated_at__gte = Moment("updated_at", "gte", label="Changed at this time or later (RFC 3339).")
    updated_at__lt = Moment("updated_at", "lt", label="Changed before this time (RFC 3339).")
    last_contacted__gte = Day(method="contacted", label="Got a mail on this date or later (UTC).")
    last_contacted__lt = Day(method="contacted", label="Got a mail, but none on this date or later.")
    not_contacted_since = Day(method="contacted", label="Got no mail on this date or later, or never.")

    class Meta:
        model = Lead
        fields: list[str] = []

    def filter_queryset(self, queryset: Any) -> Any:
        leads = super().filter_queryset(queryset)
        for name, value in self.data.items():
            if name.startswith(CUSTOM):
                leads = self._asked(leads, name, "is", value, name)
        return leads

    def matching(self, leads: Any, _name: str, words: str) -> QuerySet[Lead]:
        return leads.matching(words)

    def tagged(self, leads: Any, name: str, names: list[str]) -> QuerySet[Lead]:
        """A tag that does not exist is carried by nobody."""
        wanted = {each.strip() for each in names if each.strip()}
        tags = [tag.pk for tag in tags_by_name(self._organization, wanted)]
        match name:
            case "tag":
                return leads.tagged_any(tags)
            case "tag__all":
                return leads.tagged_all(tags) if len(tags) == len(wanted) else leads.none()
            case _:
                return leads.tagged_none(tags)

    def text(self, leads: Any, name: str, value: str) -> QuerySet[Lead]:
        return self._asked(leads, name, "is", value, name)

    def suppressed_or_not(self, leads: Any, name: str, is_suppressed: bool) -> QuerySet[Lead]:
        return self._asked(leads, name, "is" if is_suppressed else "is_not", None, name)

    def in_segment(self, leads: Any, _name: str, number: int) -> QuerySet[Lead]:
        segment = Segment.objects.for_organization(self._organization).filter(pk=number).first()
        if segment is None:
            return leads.none()
        return members_among(leads, segment, now=timezone.now())

    def enrolled(self, leads: Any, name: str, number: int) -> QuerySet[Lead]:
        return self._asked(leads, "campaign", "in" if name == "in_campaign" else "not_in", number, name)

    def contacted(self, leads: Any, name: str, on: Any) -> QuerySet[Lead]:
        if name == "not_contacted_since":
            return leads.filter(~self._condition("last_contacted", "on_or_after", on.isoformat(), name))
        operator = "on_or_after" if name == "last_contacted__gte" else "before"
        return self._asked(leads, "last_contacted", operator, on.isoformat(), name)

    def _asked(self, leads: Any, field: str, operator: str, value: Any, name: str) -> QuerySet[Lead]:
        return leads.filter(self._condition(field, operator, value, name))

    def _condition(self, field: str, operator: str, value: Any, name: str) -> Q:
        """What a segment would ask."""
        try:
            found = find_field(field, "")
            asking = Asking(self._organization.pk, timezone.now())
            return found.condition(operator, found.read(operator, value, ""), asking)
        except RuleRefused as refused:
            raise ValidationError({name: [str(refused)]}, refused.code) from None

    @property
    def _organization(self) -> Organization:
        return organization_of_request(self.request)

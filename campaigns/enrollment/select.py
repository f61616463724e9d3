"""Which leads are meant: by ids, by tag, by filter, or everyone."""

from collections.abc import Mapping
from dataclasses import dataclass

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused
from leads.models import Lead, LeadQuerySet, LeadStatus, Tag

# What a filter may ask, and how the answer is looked up.
FILTERS = {
    "company": "company__iexact",
    "country": "country__iexact",
    "city": "city__iexact",
    "title": "title__icontains",
    "status": "status",
    "email_domain": "email_normalized__iendswith",
    "q": "",
}


@dataclass(frozen=True)
class Selection:
    """Exactly one way to say who: `lead_ids`, a `tag` by name, a `filter` (see FILTERS), or `everyone`."""

    lead_ids: tuple[int, ...] | None = None
    tag: str | None = None
    filter: Mapping[str, str] | None = None
    everyone: bool = False

    def leads(self, organization: Organization) -> LeadQuerySet:
        """The leads of `organization` that are meant; Refused when the selection says nothing or too much."""
        self._check()
        everyone = Lead.objects.for_organization(organization)
        if self.lead_ids is not None:
            return everyone.filter(pk__in=self.lead_ids)
        if self.tag is not None:
            return everyone.tagged(_tag(organization, self.tag))
        if self.filter is not None:
            return _filtered(everyone, self.filter)
        return everyone

    def _check(self) -> None:
        ways = [self.lead_ids is not None, self.tag is not None, self.filter is not None, self.everyone]
        if sum(ways) != 1:
            raise Refused(
                "selection_unclear",
                "Say in exactly one way who is to be enrolled.",
                "Give one of: lead_ids, tag, filter, everyone.",
            )


def _tag(organization: Organization, name: str) -> Tag:
    tag = Tag.objects.for_organization(organization).filter(name__iexact=name.strip()).first()
    if tag is None:
        raise Refused("unknown_tag", f"There is no tag “{name}”.", "Make the tag first, or choose an existing one.")
    return tag


def _filtered(leads: LeadQuerySet, asked: Mapping[str, str]) -> LeadQuerySet:
    unknown = sorted(set(asked) - set(FILTERS))
    if unknown:
        raise Refused("unknown_filter", f"Unknown filter “{unknown[0]}”.", f"Known: {', '.join(sorted(FILTERS))}.")
    given = {name: str(value).strip() for name, value in asked.items() if str(value).strip()}
    if not given:
        raise Refused("empty_filter", "The filter asks for nothing.", "Fill in a field, or choose everyone.")
    if given.get("status", LeadStatus.OK) not in LeadStatus.values:
        raise Refused(
            "unknown_status", f"There is no lead status “{given['status']}”.", f"Known: {', '.join(LeadStatus.values)}."
        )
    for name, value in given.items():
        if name == "q":
            leads = leads.matching(value)
        else:
            leads = leads.filter(**{FILTERS[name]: f"@{value.lstrip('@')}" if name == "email_domain" else value})
    return leads

"""Which leads are meant: by ids, by tag, by filter, by segment, or everyone; without some of them; the best of them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db.models import Exists, OuterRef

from campaigns.models import Campaign, LeadRanking, Recipient
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import NotFound, Refused
from leads.addresses import kept_form
from leads.models import Lead, LeadQuerySet, LeadStatus, Segment, StagedLead, Tag
from leads.segments.members import members

# What a filter may ask, and how the answer is looked up.
FILTERS = {
    "company": "company__iexact",
    "country": "country__iexact",
    "city": "city__iexact",
    "title": "title__icontains",
    "status": "status",
    "email_domain": "domain",
    "q": "",
}


@dataclass(frozen=True)
class Selection:
    """Exactly one way to say who: `lead_ids`, a `tag` by name, a `filter` (see FILTERS), a `segment` by its number, or
    `everyone`. Of these nobody with `exclude_tag` or in `exclude_segment`, and with `top` only so many: the best by the
    campaign's ranking of those who are not in the campaign yet. With `most`, so many of those who can be enrolled are.
    """

    is_standing: ClassVar[bool] = False  # asked again and again by workers: see `campaigns.automatic`
    lead_ids: tuple[int, ...] | None = None
    tag: str | None = None
    filter: Mapping[str, str] | None = None
    segment: int | None = None
    everyone: bool = False
    exclude_tag: str | None = None
    exclude_segment: int | None = None
    top: int | None = None
    most: int | None = None

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Self:
        """The selection that `as_json` gave."""
        ids = stored.get("lead_ids")
        return cls(**{**stored, "lead_ids": None if ids is None else tuple(ids)})

    def as_json(self) -> dict[str, Any]:
        """What is said of it, to be stored with a job."""
        return {name: value for name, value in asdict(self).items() if value not in (None, False)}

    def leads(self, organization: Organization, *, now: datetime) -> LeadQuerySet:
        """The leads of `organization` that are meant, `top` left aside; Refused when it says nothing or too much."""
        self._check()
        leads = self._chosen(organization, now)
        if self.exclude_tag is not None:
            leads = leads.tagged_none([_tag(organization, self.exclude_tag)])
        if self.exclude_segment is not None:
            unwanted = members(_segment(organization, self.exclude_segment), now=now)
            # Not by NOT IN, which is read anew for each lead once its members are too many to be kept in memory.
            leads = leads.filter(~Exists(unwanted.order_by().filter(pk=OuterRef("pk"))))
        return leads

    def leads_for(self, campaign: Campaign, *, now: datetime) -> LeadQuerySet:
        """The leads that are meant for `campaign`: with `top` the best by its ranking, as far as they are ranked."""
        leads = self.leads(campaign.organization, now=now)
        if self.top is None:
            return leads
        inside = Recipient.objects.filter(campaign=campaign.pk, lead=OuterRef("lead"))
        ranked = LeadRanking.objects.filter(campaign=campaign.pk, lead__in=leads.order_by().values("pk"))
        best = ranked.filter(~Exists(inside)).order_by("rank").values("lead")[: self.top]
        return Lead.objects.for_organization(campaign.organization).filter(pk__in=best)

    def _chosen(self, organization: Organization, now: datetime) -> LeadQuerySet:
        everyone = Lead.objects.for_organization(organization)
        if self.lead_ids is not None:
            return everyone.filter(pk__in=self.lead_ids)
        if self.tag is not None:
            return everyone.tagged(_tag(organization, self.tag))
        if self.filter is not None:
            return _filtered(everyone, self.filter)
        if self.segment is not None:
            return members(_segment(organization, self.segment), now=now)
        return everyone

    def _check(self) -> None:
        ways = [getattr(self, name) is not None for name in ("lead_ids", "tag", "filter", "segment")]
        if sum([*ways, self.everyone]) != 1:
            raise Refused(
                "selection_unclear",
                "Say in exactly one way who is to be enrolled.",
                "Give one of: lead_ids, tag, filter, segment, everyone.",
            )
        if self.top is not None and self.top < 1:
            raise Refused("top_too_small", f"The best {self.top} is nobody.", "Give a number from 1 on.")


@dataclass(frozen=True)
class OfImport(Selection):
    """Everybody whom an import made or met."""

    lead_import_id: int = 0

    def leads(self, organization: Organization, *, now: datetime) -> LeadQuerySet:
        staged = StagedLead.objects.filter(lead_import_id=self.lead_import_id, lead__isnull=False)
        return Lead.objects.for_organization(organization).filter(pk__in=staged.values("lead"))


def _tag(organization: Organization, name: str) -> Tag:
    tag = Tag.objects.for_organization(organization).filter(name__iexact=name.strip()).first()
    if tag is None:
        raise Refused("unknown_tag", f"There is no tag “{name}”.", "Make the tag first, or choose an existing one.")
    return tag


def _segment(organization: Organization, number: int) -> Segment:
    segment = Segment.objects.for_organization(organization).filter(pk=number).first()
    if segment is None:
        raise NotFound("segment_not_found", f"There is no segment {number}.", "GET /segments lists them.")
    return segment


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
            leads = leads.filter(**{FILTERS[name]: kept_form(value.lstrip("@")) if name == "email_domain" else value})
    return leads

"""Where a campaign's people come from: set and shown by people, kept with the campaign."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from campaigns.errors import StateConflict
from campaigns.fetching.opened import open_fetch
from campaigns.models import Campaign, CampaignStatus
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused, StateRefused
from leads.enrichment.profiles import active_profiles
from leads.imports.options import ImportOptions
from leads.models import Provider
from leads.providers.registry import provider_class, provider_for
from leads.providers.sources import read_source
from leads.providers.values import Found, LeadSource
from leads.tagging import check_tag_names


@dataclass(frozen=True)
class CampaignSource:
    """Whom to fetch, what is done with them on the way, and what it may cost.

    `named` are the filters that were given by name, besides or in place of an address; `search` has all of them.
    `enrichment` is the number of a profile, `credit_limit` the most credits one fetch spends; both None for none.
    """

    search: LeadSource
    named: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    enrichment: int | None = None
    credit_limit: int | None = None

    @property
    def label(self) -> str:
        """The provider's name for people."""
        return provider_class(self.search.provider).label

    @property
    def about_credits(self) -> int:
        """The most that a fetch costs, as far as can be said without asking: a credit a person."""
        return min(self.search.count, self.search.count if self.credit_limit is None else self.credit_limit)

    def as_json(self) -> dict[str, Any]:
        on_the_way = {"tags": list(self.tags), "enrichment": self.enrichment, "credit_limit": self.credit_limit}
        return {**self.search.as_json(), "named": dict(self.named), **on_the_way}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "CampaignSource":
        """The source that `as_json` made this of."""
        return cls(
            LeadSource.from_json(kept), kept["named"], tuple(kept["tags"]), kept["enrichment"], kept["credit_limit"]
        )


def source_of(campaign: Campaign) -> CampaignSource | None:
    """The campaign's lead source; None where it has none."""
    return CampaignSource.from_json(campaign.lead_source) if campaign.lead_source else None


def read_filters(lines: Iterable[str]) -> dict[str, Any]:
    """`name=value` lines as filters; a name that comes again gets a list. Refused with `bad_filter_line`."""
    filters: dict[str, Any] = {}
    for line in filter(None, map(str.strip, lines)):
        name, separator, value = (part.strip() for part in line.partition("="))
        if not (separator and name and value):
            hint = "Write name=value, such as person_titles=head of growth."
            raise Refused("bad_filter_line", f"“{line[:80]}” is no filter.", hint, {"field": "filters"})
        before = filters.get(name)
        filters[name] = value if before is None else [*(before if isinstance(before, list) else [before]), value]
    return filters


@transaction.atomic
def set_lead_source(
    *,
    campaign: Campaign,
    provider: str = Provider.APOLLO,
    url: str = "",
    filters: Mapping[str, Any] | None = None,
    count: int,
    acknowledged: Collection[str] = (),
    tags: Collection[str] = (),
    enrichment: int | None = None,
    credit_limit: int | None = None,
    actor: Actor,
    now: datetime,
) -> Campaign:
    """Have the campaign's people fetched by the address of a search page, or by filters.

    Asks nobody and costs nothing. Refused as `read_source` refuses (unmapped_not_acknowledged for one), for a tag or
    profile that cannot be, and while a fetch is under way.
    """
    search = read_source(
        provider=provider, url=url, filters=filters, count=count, acknowledged=acknowledged, today=now.date()
    )
    if credit_limit is not None and credit_limit < 1:
        message = f"{credit_limit} is no number of credits a fetch may spend."
        raise Refused("bad_credit_limit", message, "Give 1 or more, or leave it out.", {"field": "credit_limit"})
    ImportOptions(tags=tuple(tags))  # refuses a tag that cannot be one
    check_tag_names(campaign.organization, tags)
    _check_profile(campaign.organization, enrichment)
    source = CampaignSource(search, filters or {}, tuple(tags), enrichment, credit_limit)
    told = {
        "provider": search.provider,
        "count": search.count,
        "filters": sorted(search.filters),  # their names alone: a search may name a person
        "acknowledged": len(search.unmapped),
        "enrichment": enrichment,
        "credit_limit": credit_limit,
    }
    kept = {"lead_source": source.as_json(), "url": url, "file_name": "", "total_records": None}
    return _write(campaign, "lead_source_set", kept, told, actor=actor, now=now)


@transaction.atomic
def clear_lead_source(*, campaign: Campaign, actor: Actor, now: datetime) -> Campaign:
    """Take the source away; people who were fetched stay. Refused while a fetch is under way."""
    return _write(campaign, "lead_source_cleared", {"lead_source": {}, "url": ""}, {}, actor=actor, now=now)


def preview_source(
    *,
    organization: Organization,
    provider: str = Provider.APOLLO,
    url: str = "",
    filters: Mapping[str, Any] | None = None,
    count: int,
    credit_limit: int | None = None,
    now: datetime,
) -> Found:
    """How many people the provider finds and what they would cost, with every part of the address that will not count.

    Asks the provider and costs nothing. SourceRefused for what cannot be asked, ProviderRefused when it says no.
    """
    search = read_source(provider=provider, url=url, filters=filters, count=count, acknowledged=None, today=now.date())
    return provider_for(organization=organization, name=provider, credit_limit=credit_limit).preview(search)


def _check_profile(organization: Organization, profile: int | None) -> None:
    if profile is not None and not active_profiles(organization).filter(pk=profile).exists():
        message = f"There is no enrichment profile {profile} that is in use."
        raise Refused("unknown_profile", message, "Choose one of the list, or none.", {"field": "enrichment"})


def _write(
    campaign: Campaign, act: str, kept: dict[str, Any], told: dict[str, Any], *, actor: Actor, now: datetime
) -> Campaign:
    rows = Campaign.objects.living().filter(pk=campaign.pk)
    current = rows.select_for_update(no_key=True).first()
    if current is None:
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    if current.status not in CampaignStatus.editable:
        raise StateConflict("edit", current.status)
    job = open_fetch(current)
    if job is not None:
        raise fetch_under_way(job.pk)
    rows.update(**kept, updated_at=now)
    record(action=f"campaign.{act}", entity=current, organization_id=current.organization_id, actor=actor, after=told)
    return Campaign.objects.select_related("organization").get(pk=campaign.pk)


def fetch_under_way(job_id: int) -> StateRefused:
    """Only one fetch at a time fills a campaign."""
    message = f"Leads are being fetched for this campaign (job {job_id})."
    return StateRefused("fetch_under_way", message, "Wait for its end, or cancel it.", {"job": job_id})

"""Whom an automatic campaign enrolls: everybody of some segments, but nobody of others and nobody with some tags."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from django.db.models import Exists, OuterRef, Q

from campaigns.enrollment import Selection
from campaigns.models import Campaign, Recipient
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import NotFound, Refused
from leads.models import Lead, LeadQuerySet, Segment, Tag
from leads.segments.members import members

MOST_NAMED = 20  # segments or tags of one kind: a segment may ask for others, so that nobody needs more
MOST_AT_ONCE = 100_000
USUAL = 10_000  # people a look enrolls at most: a rule that was widened by mistake is seen before everybody is in


@dataclass(frozen=True)
class StandingAudience:
    """By their numbers. `at_most` bounds what one look enrolls; with `before_start` a draft enrolls too."""

    segments: tuple[int, ...]
    exclude_segments: tuple[int, ...] = ()
    exclude_tags: tuple[int, ...] = ()
    at_most: int = USUAL
    before_start: bool = False

    @classmethod
    def of_json(cls, stored: Mapping[str, Any]) -> Self:
        """The audience that `as_json` gave."""
        kept: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in stored.items()
        }
        return cls(**kept)

    def as_json(self) -> dict[str, Any]:
        """As the campaign keeps it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    def check(self, organization: Organization) -> None:
        """Refused where it names nobody, too many, or what `organization` does not have."""
        if not self.segments:
            message = "A standing audience needs a segment: whoever is in it is enrolled."
            raise Refused("segment_missing", message, "Choose at least one.", {"field": "segments"})
        if not 1 <= self.at_most <= MOST_AT_ONCE:
            message = f"A look enrolls 1 to {MOST_AT_ONCE:,} people, not {self.at_most:,}."
            raise Refused("bad_at_most", message, "", {"field": "at_most"})
        for name, numbers in (("segments", self.segments), ("exclude_segments", self.exclude_segments)):
            _require(Segment, numbers, organization, field=name)
        _require(Tag, self.exclude_tags, organization, field="exclude_tags")


@dataclass(frozen=True)
class OfAudience(Selection):
    """Everybody of a standing audience who was never in the campaign."""

    is_standing: ClassVar[bool] = True
    audience: StandingAudience = StandingAudience(())

    def leads(self, organization: Organization, *, now: datetime) -> LeadQuerySet:
        """NotFound where a segment is gone: what it was to leave out must not come in for that."""
        named = {*self.audience.segments, *self.audience.exclude_segments}
        found = Segment.objects.for_organization(organization).in_bulk(named)
        gone = sorted(named - set(found))
        if gone:
            raise NotFound("segment_not_found", f"There is no segment {gone[0]} any more.", "Choose the audience anew.")
        inside: list[Any] = [_in(members(found[number], now=now)) for number in self.audience.segments]
        leads = Lead.objects.for_organization(organization).filter(Q.create(inside, connector=Q.OR))
        for number in self.audience.exclude_segments:
            leads = leads.filter(~_in(members(found[number], now=now)))
        return leads.tagged_none(self.audience.exclude_tags) if self.audience.exclude_tags else leads

    def leads_for(self, campaign: Campaign, *, now: datetime) -> LeadQuerySet:
        before = Recipient.objects.filter(campaign=campaign.pk, lead=OuterRef("pk"))
        return self.leads(campaign.organization, now=now).filter(~Exists(before))


def audience_of(campaign: Campaign) -> StandingAudience | None:
    """The standing audience of an automatic campaign; None for any other."""
    return StandingAudience.of_json(campaign.standing_audience) if campaign.is_automatic else None


def selection_of(audience: StandingAudience) -> OfAudience:
    """Whom a look means."""
    return OfAudience(audience=audience, most=audience.at_most)


def audience_in_words(campaign: Campaign) -> str:
    """“everybody of “A” or “B”, but nobody of “C” or with the tag “D””; empty for a campaign that is not automatic."""
    audience = audience_of(campaign)
    if audience is None:
        return ""
    segments = Segment.objects.filter(organization=campaign.organization_id).in_bulk(
        {*audience.segments, *audience.exclude_segments}
    )
    tags = Tag.objects.filter(organization=campaign.organization_id).in_bulk(audience.exclude_tags)
    words = f"everybody of {_names(audience.segments, segments)}"
    if audience.exclude_segments:
        words += f", but nobody of {_names(audience.exclude_segments, segments)}"
    if audience.exclude_tags:
        nobody = "or" if audience.exclude_segments else "but nobody"
        words += f", {nobody} with the tag {_names(audience.exclude_tags, tags)}"
    return words


def _in(leads: LeadQuerySet) -> Q:
    # Not by IN, which is read anew for each lead once its members are too many to be kept in memory.
    return Q(Exists(leads.order_by().filter(pk=OuterRef("pk"))))


def _names(numbers: Sequence[int], rows: Mapping[int, Segment | Tag]) -> str:
    return " or ".join(
        f"“{rows[number].name}”" if number in rows else f"number {number}, which is gone" for number in numbers
    )


def _require(
    model: type[Segment] | type[Tag], numbers: Sequence[int], organization: Organization, *, field: str
) -> None:
    noun = model._meta.model_name
    if len(numbers) > MOST_NAMED:
        message = f"At most {MOST_NAMED} {noun}s; these are {len(numbers)}."
        raise Refused("too_many_named", message, "Make a segment that asks for them.", {"field": field})
    there = set(model._default_manager.filter(organization=organization, pk__in=numbers).values_list("pk", flat=True))
    gone = [number for number in numbers if number not in there]
    if gone:
        raise NotFound(f"{noun}_not_found", f"There is no {noun} {gone[0]}.", "", {"field": field})

"""What standing audiences ask for: a segment or a tag does not go away under them."""

from campaigns.automatic.audience import StandingAudience
from campaigns.models import Campaign, CampaignStatus
from leads.models import Segment, Tag
from leads.segments.uses import Use


def campaigns_enrolling_by_segment(segment: Segment) -> list[Use]:
    """The automatic campaigns whose audience names `segment`. One that has ended enrolls nobody, and keeps nothing."""
    numbers = [
        (campaign, {*audience.segments, *audience.exclude_segments}) for campaign, audience in _automatic(segment)
    ]
    return [Use("campaign", campaign.pk, campaign.name, keeps=True) for campaign, own in numbers if segment.pk in own]


def campaigns_leaving_out_tag(tag: Tag) -> list[Use]:
    """The same for a `tag` that is to stay out."""
    found = [campaign for campaign, audience in _automatic(tag) if tag.pk in audience.exclude_tags]
    return [Use("campaign", campaign.pk, campaign.name, keeps=True) for campaign in found]


def leave_out_other_tag(tag: Tag, into: Tag) -> None:
    """Have audiences leave out `into` that left out `tag`."""
    for campaign, audience in _automatic(tag, with_ended=True):
        if tag.pk in audience.exclude_tags:
            tags = dict.fromkeys(into.pk if number == tag.pk else number for number in audience.exclude_tags)
            kept = {**audience.as_json(), "exclude_tags": list(tags)}
            Campaign.objects.filter(pk=campaign.pk).update(standing_audience=kept)


def _automatic(row: Segment | Tag, *, with_ended: bool = False) -> list[tuple[Campaign, StandingAudience]]:
    """Automatic campaigns are few: they are read, rather than searched as texts."""
    own = Campaign.objects.living().filter(organization=row.organization_id, is_automatic=True).order_by("pk")
    own = own if with_ended else own.filter(status__in=CampaignStatus.editable)
    return [(campaign, StandingAudience.of_json(campaign.standing_audience)) for campaign in own]

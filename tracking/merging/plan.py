"""What merging two leads would do: read only, and the same for a preview as for the act itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Q

from campaigns.models import Message, MessageStatus, Recipient, RecipientStatus
from campaigns.why.words import counted
from campaigns_project.errors import Refused, StateRefused
from leads.addresses import domain_of
from leads.models import Lead, Suppression, SuppressionReason
from tracking.merging.choosing import FieldChoice, choose
from tracking.merging.pairs import Pair, pair_up
from tracking.merging.rows import ROW_WORDS, counts_of


class FateCode(models.TextChoices):
    """What becomes of an enrollment of the lead that goes."""

    MOVES = "moves", "it goes on as it is, with the lead that stays"
    ENDS = "ends", "it moves and ends there: the lead that stays is active elsewhere"
    FOLDS = "folds", "both were in this campaign: of the two one recipient is made"


@dataclass(frozen=True)
class Fate:
    """An enrollment of the lead that goes, and what becomes of it. `sentence` is for people."""

    code: FateCode
    recipient: Recipient
    sentence: str
    pair: Pair | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "campaign": self.recipient.campaign_id,
            "recipient": self.recipient.pk,
            "code": self.code.value,
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class MergePlan:
    """All of it. `carried` are suppressions of either address that hold for the person; `refusal` is why it cannot be.

    `counts` says how many rows of each kind go over to the lead that stays.
    """

    keep: Lead
    other: Lead
    fields: list[FieldChoice]
    tags: list[str]
    fates: list[Fate]
    carried: list[Suppression]
    counts: Mapping[str, int] = field(default_factory=dict)
    refusal: Refused | None = None

    @property
    def moving(self) -> str:
        """What goes over, for people: `1 note, 2 changes`."""
        return ", ".join(counted(number, *ROW_WORDS[name]) for name, number in self.counts.items() if number)

    def as_dict(self) -> dict[str, Any]:
        return {
            "keep": self.keep.pk,
            "other": self.other.pk,
            "fields": [each.as_dict() for each in self.fields],
            "tags_added": self.tags,
            "campaigns": [each.as_dict() for each in self.fates],
            "suppressions": [
                {"address": each.address, "reason": each.reason, "campaign": each.campaign_id} for each in self.carried
            ],
            "moved": dict(self.counts),
        }


def plan_merge(*, keep: Lead, other: Lead, choices: Mapping[str, str], now: datetime) -> MergePlan:
    """What `merge_leads` would do now. Refused for choices that make no sense; all else stands in `refusal`."""
    fates = _fates(keep, other)
    missing = set(tags_of(other)) - set(tags_of(keep))
    return MergePlan(
        keep=keep,
        other=other,
        fields=choose(keep, other, choices),
        tags=sorted(missing),
        fates=fates,
        carried=_carried(keep, other, now),
        counts=counts_of(other),
        refusal=_refusal(keep, other, fates),
    )


def tags_of(lead: Lead) -> list[str]:
    """The names of its tags."""
    return list(lead.lead_tags.values_list("tag__name", flat=True))


def _fates(keep: Lead, other: Lead) -> list[Fate]:
    everywhere = Recipient.objects.filter(lead__in=[keep, other]).select_related("campaign").order_by("pk")
    ours = {each.campaign_id: each for each in everywhere if each.lead_id == keep.pk}
    theirs = [each for each in everywhere if each.lead_id == other.pk]
    is_busy = any(each.occupies for each in ours.values())
    pairs = pair_up([(ours[each.campaign_id], each) for each in theirs if each.campaign_id in ours])
    return [_fate(each, pairs.get(each.campaign_id), is_busy=is_busy) for each in theirs]


def _fate(recipient: Recipient, pair: Pair | None, *, is_busy: bool) -> Fate:
    campaign = f"“{recipient.campaign}”"
    if pair is not None:
        return Fate(FateCode.FOLDS, recipient, pair.sentence, pair)
    if recipient.occupies and is_busy:
        sentence = f"{campaign}: its sequence ends, since the lead that stays is active in another campaign."
        return Fate(FateCode.ENDS, recipient, sentence)
    is_in = recipient.status in RecipientStatus.IN
    return Fate(FateCode.MOVES, recipient, f"{campaign}: {'goes on' if is_in else 'what happened there moves'}.")


def _carried(keep: Lead, other: Lead, now: datetime) -> list[Suppression]:
    """What forbids writing to either, but for dead addresses: those say nothing of the person's other one."""
    addresses = {keep.email_normalized, other.email_normalized}
    targets = addresses | {domain_of(other.email_normalized)}
    unexpired = Q(expires_at=None) | Q(expires_at__gt=now)
    # The index is made for addresses that are not empty, and serves nobody who does not say so.
    own = Suppression.objects.living().for_organization(keep.organization).exclude(address="")
    own = own.filter(unexpired, address__in=targets)
    return list(own.exclude(reason=SuppressionReason.HARD_BOUNCE).order_by("pk"))


def _refusal(keep: Lead, other: Lead, fates: list[Fate]) -> Refused | None:
    going = next((fate for fate in fates if fate.pair and fate.recipient.campaign.deleting_at), None)
    if going is not None:
        message = f"Both are in campaign {going.recipient.campaign_id}, which is being deleted."
        return StateRefused("campaign_being_deleted", message, "Merge them when it is gone.")
    theirs = Message.objects.filter(recipient__lead__in=[keep, other])
    if theirs.filter(status__in=MessageStatus.IN_FLIGHT).exists():
        message = "A mail to one of the two is with a worker at this moment."
        return StateRefused("mail_in_flight", message, "Try again in a minute.")
    shared = [recipient.pk for fate in fates if fate.pair for recipient in fate.pair.both]
    undecided = Message.objects.filter(recipient__in=shared, status=MessageStatus.UNCERTAIN).first()
    if undecided is not None:
        message = f"Message {undecided.pk}, in a campaign that both are in, may have arrived, and nobody has decided."
        return StateRefused("mail_undecided", message, "Decide about it first.", {"message": undecided.pk})
    return None

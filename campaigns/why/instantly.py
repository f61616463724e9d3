"""Why a campaign that Instantly delivers sends, or does not: what Instantly has been told so far."""

from typing import Any

from campaigns.models import HandedLead, HandedStatus, Recipient, Told
from campaigns.providers.instantly.standing import COUNTED_UP_TO, Delivery
from campaigns.why.codes import GateCode, WhyCode
from campaigns.why.facts import Facts
from campaigns.why.standing import Gate
from campaigns.why.words import counted, moment


def delivery(facts: Facts) -> Gate:
    """What Instantly knows of the campaign; shut, since nobody here sends its mails."""
    found = facts.delivery
    if facts.campaign.auto_discovered:
        sentence = "Made at Instantly: its figures are kept here, and nothing of it is controlled from here."
        return Gate(GateCode.DELIVERY, sentence, WhyCode.DISCOVERED)
    if found is None:
        return Gate(GateCode.DELIVERY, "It is to be delivered by Instantly.", WhyCode.HANDED_OVER)
    numbers: dict[str, Any] = {name: getattr(found, name) for name in _SHOWN}
    sentence = " ".join(filter(None, (_told(found, facts), _people(found), _to_remove(found, facts), _error(found))))
    return Gate(GateCode.DELIVERY, sentence, WhyCode.HANDED_OVER, is_in_order=not found.error, numbers=numbers)


def person(recipient: Recipient, facts: Facts) -> Gate:
    """Where the recipient stands at Instantly."""
    handed = HandedLead.objects.filter(recipient=recipient).first()
    if handed is None:
        return Gate(GateCode.DELIVERY, "Not handed over to Instantly yet.", WhyCode.HANDED_OVER)
    sentence = _OF_PERSON[HandedStatus(handed.status)]
    if handed.wanted_out_at and handed.status in HandedStatus.OPEN:
        since = moment(handed.wanted_out_at, zone=facts.campaign.timezone, now=facts.now)
        sentence = f"Out here since {since}, and not yet removed at Instantly."
    elif handed.removed_at:
        at = moment(handed.removed_at, zone=facts.campaign.timezone, now=facts.now)
        sentence = f"{sentence} That was {at}."
    numbers: dict[str, Any] = {"at_instantly": handed.status, "wanted_out_at": handed.wanted_out_at}
    return Gate(GateCode.DELIVERY, sentence, WhyCode.HANDED_OVER, numbers=numbers)


_OF_PERSON = {
    HandedStatus.ASKED: "Handed over to Instantly, which has not answered yet.",
    HandedStatus.HELD: "Instantly has this person, and writes when its turn comes.",
    HandedStatus.REFUSED: "Instantly did not take this person.",
    HandedStatus.REMOVED: "Removed at Instantly.",
}
_SHOWN = ("told", "told_at", "held", "asked", "refused", "removed", "to_remove", "oldest_removal_at", "polled_at")
_WORDS = {
    Told.NOTHING: "Delivered by Instantly, which was told nothing yet.",
    Told.CREATING: "Delivered by Instantly, where it is being created.",
    Told.DRAFT: "Delivered by Instantly, where it is created and does not send yet.",
    Told.STARTING: "Delivered by Instantly, where it is being started.",
    Told.ACTIVE: "Delivered by Instantly, which sends it",
    Told.PAUSED: "Delivered by Instantly, where it is paused",
}


def _told(found: Delivery, facts: Facts) -> str:
    words = _WORDS[Told(found.told)]
    if words.endswith(".") or found.told_at is None:
        return words
    return f"{words} since {moment(found.told_at, zone=facts.campaign.timezone, now=facts.now)}."


def _people(found: Delivery) -> str:
    if not (found.held or found.asked or found.refused):
        return ""
    held = counted(found.held, "person", "people") if found.held <= COUNTED_UP_TO else f"{_many(found.held)} people"
    parts = [f"It has {held}"]
    parts += [f"{_many(found.asked)} without an answer yet"] if found.asked else []
    parts += [f"{_many(found.refused)} not taken"] if found.refused else []
    return f"{', '.join(parts)}."


def _many(number: int) -> str:
    return f"{number:,}" if number <= COUNTED_UP_TO else f"more than {COUNTED_UP_TO:,}"


def _to_remove(found: Delivery, facts: Facts) -> str:
    """The lag: who is out here, and may still be written to there."""
    if not found.to_remove:
        return ""
    who = counted(found.to_remove, "person who is", "people who are")
    at = found.oldest_removal_at
    since = f", the first since {moment(at, zone=facts.campaign.timezone, now=facts.now)}" if at else ""
    return f"{who} out here and not yet removed there{since}."


def _error(found: Delivery) -> str:
    return f"Last trouble: {found.error}" if found.error else ""

"""Every mail of a campaign made once, by the code that makes them for sending, and thrown away."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from campaigns.content.message_id import message_id
from campaigns.errors import AdviceCode, StartCode
from campaigns.models import Campaign, Message, MessageStatus, Recipient, RecipientStatus, Sender, Variant
from campaigns.preflight.problems import BLOCK, WARN, Problem, people, place_of
from campaigns.sending.claim import Claim, Wordings
from campaigns.sending.prepare import Stores, Unmade, prepare
from campaigns.sending.threads import Thread

CHUNK = 500  # recipients at once: their mails are in memory together
MOST_KINDS = 50  # of trouble told apart; a list with more has one trouble, which is the list
EXAMPLES = 3
STAND_IN = Sender(pk=0, name="Sender", email="sender@example.com")  # for a campaign that has none yet


@dataclass
class Finding:
    """One kind of trouble with one wording: whom it concerns."""

    place: str
    code: str
    message: str
    merge_field: str
    count: int = 0
    leads: list[int] = field(default_factory=list)


@dataclass
class Findings:
    """What came of making mails so far. Goes into a job and out of it as JSON."""

    kinds: list[Finding] = field(default_factory=list)
    others: int = 0  # mails in trouble beyond MOST_KINDS

    def add(self, place: str, failure: Unmade, lead: int) -> None:
        """Count a mail that cannot be made."""
        new = _finding(place, failure)
        found = next((one for one in self.kinds if (one.place, one.message) == (place, new.message)), None)
        if found is None and len(self.kinds) == MOST_KINDS:
            self.others += 1
            return
        if found is None:
            found = new
            self.kinds.append(found)
        found.count += 1
        if len(found.leads) < EXAMPLES:
            found.leads.append(lead)

    def as_dict(self) -> dict[str, Any]:
        return {"kinds": [asdict(one) for one in self.kinds], "others": self.others}

    @classmethod
    def of_dict(cls, values: dict[str, Any]) -> "Findings":
        """The findings `as_dict` made `values` of."""
        return cls([Finding(**one) for one in values["kinds"]], values["others"])


def _finding(place: str, failure: Unmade) -> Finding:
    if failure.code == "invalid_address" or failure.field == "To":
        # Without the address, so that all of them are one kind.
        return Finding(place, AdviceCode.ADDRESS_UNUSABLE.value, "Those mails alone will fail.", "")
    return Finding(place, failure.code, failure.message, failure.field)


def count_mails(campaign: Campaign) -> int:
    """How many mails a full check looks at: of everybody who is in, each step that has a wording."""
    inside = Recipient.objects.filter(campaign=campaign, status__in=RecipientStatus.IN).count()
    return inside * campaign.steps.filter(variants__is_active=True).distinct().count()


def render_after(campaign: Campaign, last: int, findings: Findings, *, now: datetime) -> tuple[int, int] | None:
    """Make the mails of the next CHUNK recipients behind the id `last`: the last one's id, and how many were looked at.

    None when there is nobody behind `last`. What was sent or settled already is not made again. Writes nothing.
    """
    inside = Recipient.objects.filter(campaign=campaign, status__in=RecipientStatus.IN, pk__gt=last)
    leads = dict(inside.order_by("pk").values_list("pk", "lead_id")[:CHUNK])
    if not leads:
        return None
    wordings, senders = Wordings.of(campaign), _senders(campaign)
    usable = [step for step, variants in wordings.variants.items() if variants]
    settled = Message.objects.filter(recipient__in=leads, status__in=MessageStatus.SETTLED)
    done = set(settled.values_list("recipient", "step"))
    pairs = [(recipient, step) for recipient in leads for step in usable if (recipient, step) not in done]
    claims = [_claim(recipient, wordings.choose(step, recipient), senders) for recipient, step in pairs]
    places = _places(wordings)
    for failure in prepare(campaign, claims, wordings=wordings, senders=senders, now=now, stores=IMAGINED).unmade:
        findings.add(places[failure.claim.variant], failure, leads[failure.claim.recipient])
    return max(leads), len(leads) * len(usable)


def problems_of(findings: Findings, *, known: Iterable[Problem] = ()) -> Iterator[Problem]:
    """The findings as problems, without the missing values that `known` names already."""
    said = {(problem.place, problem.field) for problem in known if problem.field}
    for one in findings.kinds:
        if one.code != StartCode.MERGE_VALUE_MISSING or (one.place, one.merge_field) not in said:
            yield _problem(one)
    if findings.others:
        message = f"{findings.others:,} more mails cannot be made, for further reasons."
        yield Problem(StartCode.MAIL_IMPOSSIBLE, message, "Mend those above first, and check again.", BLOCK)


def _problem(one: Finding) -> Problem:
    whom = f"{people(one.count)} (lead {one.leads[0]}, for one)"
    common: dict[str, Any] = {
        "count": one.count,
        "leads": tuple(one.leads),
        "place": one.place,
        "field": one.merge_field,
    }
    if one.code == AdviceCode.ADDRESS_UNUSABLE:
        message = f"{one.place}: {whom} cannot be written to. {one.message}"
        return Problem(one.code, message, "Correct the address, or take them out.", WARN, **common)
    is_missing = one.code == StartCode.MERGE_VALUE_MISSING
    code = StartCode.MERGE_VALUE_MISSING if is_missing else StartCode.MAIL_IMPOSSIBLE
    message = f"{one.place}: it cannot be made for {whom}. {one.message}"
    return Problem(code, message, "Correct the template there, or their values.", **common)


def _senders(campaign: Campaign) -> dict[int, Sender]:
    return Sender.objects.filter(campaign_senders__campaign=campaign).in_bulk() or {STAND_IN.pk: STAND_IN}


def _claim(recipient: int, variant: Variant, senders: dict[int, Sender]) -> Claim:
    """As sending would claim it; message 0 is nobody's."""
    return Claim(
        message=0,
        fence=0,
        recipient=recipient,
        step=variant.step_id,
        variant=variant.pk,
        sender=sorted(senders)[recipient % len(senders)],
        message_id=message_id(recipient_id=recipient, step_id=variant.step_id, domain="preflight.invalid"),
        lease=0,
    )


def _places(wordings: Wordings) -> dict[int, str]:
    return {
        variant.pk: place_of(wordings.steps[step], variant)
        for step, variants in wordings.variants.items()
        for variant in variants
    }


def _links(_campaign: Campaign, urls: Iterable[str]) -> dict[str, int]:
    return dict.fromkeys(urls, 1)


def _threads(positions: dict[int, int]) -> dict[int, Thread]:
    """As if everybody had got the mail that a follow-up answers; whether that one can be made is found with it."""
    return dict.fromkeys(positions, Thread("The first mail", ("<first@preflight.invalid>",)))


# Nothing is stored by a check.
IMAGINED = Stores(links=_links, versions=list, threads=_threads)

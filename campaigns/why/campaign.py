"""Why a campaign sends, or does not."""

from datetime import datetime

from campaigns.models import Campaign, CampaignStatus, DeliveredBy
from campaigns.scheduling import next_opening
from campaigns.why import gates
from campaigns.why.codes import GateCode, WhyCode
from campaigns.why.facts import Facts, facts_of
from campaigns.why.instantly import delivery
from campaigns.why.standing import Gate, Standing

# Shut, but not what the next mail waits for: they say who it is not for.
_OTHERS_GO_ON = frozenset({WhyCode.NO_VARIANT})


def why_campaign(campaign: Campaign, *, now: datetime) -> Standing:
    """Every gate of `campaign` at `now`, and when the next mail leaves. A fixed number of queries."""
    facts = facts_of(campaign, now=now)
    if campaign.delivered_by == DeliveredBy.INSTANTLY:
        return Standing(_by_instantly(facts), "Instantly sends it.", None)
    judged = [
        gates.state(facts),
        gates.halt(facts),
        *gates.fetching(facts),
        gates.content(facts),
        gates.decisions(facts),
        gates.recipients(facts),
        gates.hold(facts),
        gates.window(facts),
        *gates.limits(facts, first_mails_only=not facts.follow_ups_due),
        gates.senders(facts),
        gates.workers(facts),
    ]
    return Standing(judged, _open_sentence(facts), _next_send_at(facts, judged))


def _by_instantly(facts: Facts) -> list[Gate]:
    """Window, limits and senders are Instantly's to look at; of blackout days it knows nothing."""
    common = [gates.state(facts), gates.halt(facts), *gates.fetching(facts)]
    if facts.campaign.auto_discovered:
        return [delivery(facts)]
    paced = [*gates.newcomers(facts), gates.hold(facts), *gates.blackout(facts)]
    return [*common, *paced, delivery(facts), gates.workers(facts)]


def _open_sentence(facts: Facts) -> str:
    if facts.in_flight:
        return f"Sending: {facts.in_flight:,} with the workers now."
    return "Mail is due and leaves now."


def _next_send_at(facts: Facts, judged: list[Gate]) -> datetime | None:
    """When the last of the shut gates opens and the window is open; None where one of them does not by itself."""
    shut = [gate for gate in judged if not gate.ok and gate.why not in _OTHERS_GO_ON]
    if facts.campaign.status == CampaignStatus.SCHEDULED:
        shut = [gate for gate in shut if gate.code == GateCode.STATE]  # the others are asked when it starts
    opens = [gate.until for gate in shut if gate.until]
    if len(opens) < len(shut):
        return None
    return next_opening(facts.campaign, max([facts.now, *opens]))

"""The gates that a campaign's mails have in common, each judged by the facts."""

from collections.abc import Iterator
from datetime import date, datetime
from operator import attrgetter
from typing import Any

from campaigns.enrollment.take_in import SkipReason
from campaigns.models import Campaign, CampaignStatus, Sender, SenderStatus, WindowZone
from campaigns.scheduling import next_opening
from campaigns.sending.limits import Gauge, LimitCode
from campaigns.sending.reasons import in_words
from campaigns.why.codes import GateCode, WhyCode
from campaigns.why.facts import MOST_COUNTED, Facts
from campaigns.why.standing import Gate
from campaigns.why.words import age, counted, moment
from campaigns_project.accounts import timezones
from campaigns_project.accounts.timezones import zone_of
from campaigns_project.workers.models import WorkerKind

DEAD_AFTER = 60.0  # seconds without a sign of life; the same as for handing out work

_LIMITS = {
    LimitCode.CAMPAIGN_DAY: GateCode.CAMPAIGN_DAILY_LIMIT,
    LimitCode.CAMPAIGN_NEW_LEADS: GateCode.NEW_LEADS_LIMIT,
}
_AT_REST = {
    CampaignStatus.DRAFT: (WhyCode.NOT_STARTED, "Not started yet."),
    CampaignStatus.COMPLETED: (WhyCode.COMPLETED, "Completed: everybody has had the sequence or has left it."),
    CampaignStatus.STOPPED: (WhyCode.STOPPED, "Stopped for good."),
    CampaignStatus.ARCHIVED: (WhyCode.ARCHIVED, "In the archive."),
}

# Of those that failed and were put into the archive while that still forgot the reason.
WHY_NOT_KEPT = (
    "It failed before it was archived, and the reason was not kept. Resume tries again, and says what is wrong."
)


def state(facts: Facts) -> Gate:
    """Only a running campaign sends."""
    campaign = facts.campaign
    if campaign.deleting_at is not None:
        return Gate(GateCode.STATE, "It is being deleted.", WhyCode.DELETING)
    if campaign.status == CampaignStatus.RUNNING:
        return Gate(GateCode.STATE, "The campaign is running.")
    if campaign.status == CampaignStatus.SCHEDULED and campaign.scheduled_at:
        return _scheduled(campaign.scheduled_at, facts)
    if campaign.status == CampaignStatus.PAUSED:
        return _paused(campaign)
    if campaign.status == CampaignStatus.FAILED:
        return Gate(GateCode.STATE, campaign.status_message or WHY_NOT_KEPT, WhyCode.FAILED, is_in_order=False)
    why, sentence = _AT_REST[CampaignStatus(campaign.status)]
    return Gate(GateCode.STATE, sentence, why)


def _scheduled(at: datetime, facts: Facts) -> Gate:
    """A worker starts a campaign whose hour has come within seconds; where none is alive, that is why it waits."""
    if at > facts.now:
        words = moment(at, zone=facts.campaign.timezone, now=facts.now)
        return Gate(GateCode.STATE, f"Starts by itself {words}.", WhyCode.SCHEDULED, until=at)
    working = workers(facts)
    sentence = "Its hour has come; a worker checks it and starts it." if working.ok else working.sentence
    until = facts.now if working.ok else None
    return Gate(GateCode.STATE, sentence, working.why or WhyCode.SCHEDULED, working.is_in_order, until)


def _paused(campaign: Campaign) -> Gate:
    sentence = campaign.status_message or "Paused: no mail leaves."
    numbers: dict[str, Any] = {"paused_at": campaign.paused_at}
    if campaign.status_code:
        numbers = {**numbers, "pause_code": campaign.status_code}
        return Gate(GateCode.STATE, sentence, WhyCode.PAUSED_BY_SYSTEM, is_in_order=False, numbers=numbers)
    return Gate(GateCode.STATE, sentence, WhyCode.PAUSED_BY_USER, numbers=numbers)


def halt(facts: Facts) -> Gate:
    """An emergency stop of the organization or of everything."""
    if not facts.halts:
        return Gate(GateCode.HALT, "No emergency stop is in force.")
    one = facts.halts[0]
    whose = "of the whole system" if one.organization_id is None else "of the organization"
    who = f" by {one.halted_by}" if one.organization_id else ""  # see SendingHalt.told_of
    sentence = f"All sending {whose} was stopped{who}: {one.reason}"
    return Gate(GateCode.HALT, sentence, WhyCode.HALTED, is_in_order=False, numbers={"halted_at": one.halted_at})


def hold(facts: Facts) -> Gate:
    """Time to think again after the start."""
    until = facts.campaign.hold_until
    if until is None or until <= facts.now:
        return Gate(GateCode.HOLD, "The hold before the first mail is over." if until else "There is no hold.")
    words = moment(until, zone=facts.campaign.timezone, now=facts.now)
    return Gate(GateCode.HOLD, f"The first mail leaves {words}. Pause to stop it.", WhyCode.ON_HOLD, until=until)


def fetching(facts: Facts) -> Iterator[Gate]:
    """A campaign that was started and waits for its people; no gate at all for one without a lead source."""
    if not facts.campaign.lead_source:
        return
    job = facts.fetch
    if job is None:
        yield Gate(GateCode.FETCHING, "No leads are being fetched that the start waits for.")
        return
    so_far = counted(job.done, "lead")
    numbers: dict[str, Any] = {"job": job.pk, "fetched": job.done, "wanted": job.total}
    at = job.state.get("retry_at")
    if at:
        until = datetime.fromisoformat(at)
        words = moment(until, zone=facts.campaign.timezone, now=facts.now)
        sentence = f"Fetching leads: {so_far} of up to {job.total:,} so far. {job.error_message} It goes on {words}."
        numbers["retry_at"] = until
    else:
        sentence = f"Fetching leads: {so_far} of up to {job.total:,} so far. Mail leaves when they are in and checked."
    yield Gate(GateCode.FETCHING, sentence, WhyCode.FETCHING_LEADS, numbers=numbers)


def content(facts: Facts) -> Gate:
    """Whoever comes to a step without a wording waits there."""
    if not facts.wordless_steps:
        return Gate(GateCode.CONTENT, "Every step has an active wording.")
    steps = ", ".join(str(position) for position in facts.wordless_steps)
    sentence = f"Step {steps} has no active wording: whoever comes to it waits. Switch one on."
    numbers = {"steps": facts.wordless_steps}
    return Gate(GateCode.CONTENT, sentence, WhyCode.NO_VARIANT, is_in_order=False, numbers=numbers)


def decisions(facts: Facts) -> Gate:
    """Uncertain mails hold back their own people; the gate is shut only when nobody else is left to send to."""
    numbers = {"uncertain": facts.uncertain}
    if not facts.uncertain:
        return Gate(GateCode.DECISIONS, "No mail waits for a decision.", numbers=numbers)
    mails = counted(facts.uncertain, "uncertain mail")
    if facts.first_due_at or facts.in_flight:
        return Gate(GateCode.DECISIONS, f"{mails} to be decided about; the others go on.", numbers=numbers)
    sentence = f"Waiting for a decision about {mails}."
    return Gate(GateCode.DECISIONS, sentence, WhyCode.UNDECIDED, is_in_order=False, numbers=numbers)


def recipients(facts: Facts) -> Gate:
    """Is somebody due, or with a worker now?"""
    inside, due = facts.campaign.active_leads_count, facts.first_due_at
    numbers = {"inside": inside, "due": facts.due, "in_flight": facts.in_flight, "first_due_at": due}
    if facts.in_flight or facts.due:
        more = " or more" if facts.due == MOST_COUNTED else ""
        sentence = f"{facts.due:,}{more} due now, {facts.in_flight:,} with the workers."
        return Gate(GateCode.RECIPIENTS, sentence, numbers=numbers)
    if due is not None:
        sentence = f"Waiting: the next mail is due {moment(due, zone=facts.campaign.timezone, now=facts.now)}."
        return Gate(GateCode.RECIPIENTS, sentence, WhyCode.WAITING_FOR_DELAY, until=due, numbers=numbers)
    if facts.campaign.total_recipients == 0 or (inside == 0 and _waits_for_leads(facts)):
        return _empty(facts, numbers)
    if facts.campaign.status in {CampaignStatus.DRAFT, CampaignStatus.SCHEDULED}:
        return Gate(GateCode.RECIPIENTS, f"{counted(inside, 'person', 'people')} enrolled.", numbers=numbers)
    if inside == 0:
        ended = facts.campaign.status in CampaignStatus.ended
        sentence = "Nobody is left in it." if ended else "Nobody is left in it; it completes by itself."
        return Gate(GateCode.RECIPIENTS, sentence, WhyCode.NOBODY_LEFT, numbers=numbers)
    sentence = f"Nobody is due: {counted(inside, 'person', 'people')} wait for something other than time."
    return Gate(GateCode.RECIPIENTS, sentence, WhyCode.NOBODY_DUE, numbers=numbers)


def newcomers(facts: Facts) -> Iterator[Gate]:
    """An automatic campaign in which nobody is, whoever delivers it; no gate at all for any other."""
    if facts.campaign.active_leads_count == 0 and _waits_for_leads(facts):
        yield _waiting_for_leads(facts, {"inside": 0})


def _waits_for_leads(facts: Facts) -> bool:
    is_over = facts.campaign.status in CampaignStatus.ended
    return facts.campaign.enrolls_by_itself and not is_over and not facts.fetch


def _waiting_for_leads(facts: Facts, numbers: dict[str, Any]) -> Gate:
    refused = facts.campaign.last_look.get("refused")
    if refused:
        sentence = f"It cannot look for new leads: {refused}"
        return Gate(GateCode.RECIPIENTS, sentence, WhyCode.LOOK_REFUSED, is_in_order=False, numbers=numbers)
    some_came = facts.campaign.total_recipients
    so_far = "Everybody so far has had the sequence or left" if some_came else "Nobody was enrolled so far"
    left_out = facts.campaign.last_look.get("skipped", {})
    sentence = f"{so_far}. It is automatic, and waits for new leads."
    if left_out:
        # The label's first words: what stands behind its colon explains it.
        each = (f"{count:,} {SkipReason(code).label.partition(':')[0]}" for code, count in sorted(left_out.items()))
        sentence += f" Left out for now: {'; '.join(each)}."
    if put_off := facts.campaign.last_look.get("put_off"):
        sentence += f" The next look waits. {put_off}"
    return Gate(GateCode.RECIPIENTS, sentence, WhyCode.WAITING_FOR_LEADS, numbers={**numbers, "left_out": left_out})


def _empty(facts: Facts, numbers: dict[str, Any]) -> Gate:
    if _waits_for_leads(facts):
        return _waiting_for_leads(facts, numbers)
    if facts.fetch:
        return Gate(GateCode.RECIPIENTS, "Its people are being fetched.", WhyCode.FETCHING_LEADS, numbers=numbers)
    sentence = "Nobody is enrolled in it."
    return Gate(GateCode.RECIPIENTS, sentence, WhyCode.NO_RECIPIENTS, is_in_order=False, numbers=numbers)


def window(facts: Facts) -> Gate:
    """The sending window, by the campaign's clock, or by that of the first of its people."""
    campaign, now = facts.campaign, facts.now
    is_by_leads = campaign.window_zone == WindowZone.LEAD and timezones.is_known(campaign.timezone)
    if is_by_leads and next_opening(campaign, now) <= now:
        return Gate(GateCode.WINDOW, "The window is open for some: it follows each person's own clock.")
    return window_gate(campaign, next_opening(campaign, now), zone=campaign.timezone, now=now)


def without_clock(campaign: Campaign) -> Gate:
    """Nobody here can tell what time it is for it, so nothing leaves."""
    sentence = f"Nothing leaves: {timezones.unknown(campaign.timezone)} {timezones.MEND}"
    numbers = {"timezone": campaign.timezone}
    return Gate(GateCode.WINDOW, sentence, WhyCode.TIMEZONE_UNKNOWN, is_in_order=False, numbers=numbers)


def blackout(facts: Facts) -> list[Gate]:
    """What keeps Instantly, where the window is looked at, from sending today. No gate on any other day."""
    campaign, now = facts.campaign, facts.now
    if not timezones.is_known(campaign.timezone):
        return [without_clock(campaign)]
    if now.astimezone(zone_of(campaign.timezone)).date() not in campaign.blackout_days:
        return []
    return [window_gate(campaign, next_opening(campaign, now), zone=campaign.timezone, now=now)]


def window_gate(campaign: Campaign, opens_at: datetime, *, zone: str, now: datetime) -> Gate:
    """The window that opens next at `opens_at` by the clock of `zone`."""
    if not timezones.is_known(campaign.timezone):
        return without_clock(campaign)
    if opens_at <= now:
        return Gate(GateCode.WINDOW, f"The sending window is open ({zone}).", numbers={"timezone": zone})
    why, cause = _why_shut(campaign, now.astimezone(zone_of(zone)).date())
    sentence = f"Waiting: {cause}. It opens {moment(opens_at, zone=zone, now=now)}."
    return Gate(GateCode.WINDOW, sentence, why, until=opens_at, numbers={"opens_at": opens_at, "timezone": zone})


def _why_shut(campaign: Campaign, today: date) -> tuple[WhyCode, str]:
    if today in campaign.blackout_days:
        return WhyCode.BLACKOUT, "today is a blackout day of the organization"
    if today in campaign.holidays:
        return WhyCode.HOLIDAY, "today is a holiday"
    return WhyCode.OUTSIDE_WINDOW, "outside the sending window"


def senders(facts: Facts) -> Gate:
    """At least one sender that is not paused and does not rest."""
    blocked = [shut for sender in facts.senders if (shut := sender_shut(sender, facts))]
    able, total = len(facts.senders) - len(blocked), len(facts.senders)
    numbers = {"able": able, "total": total, "blocked": blocked}
    if able:
        return Gate(GateCode.SENDERS, f"{able} of {counted(total, 'sender')} can be used.", numbers=numbers)
    if not total:
        sentence = "The campaign has no sender. Choose one."
        return Gate(GateCode.SENDERS, sentence, WhyCode.NO_SENDER, is_in_order=False, numbers=numbers)
    opens = [one["until"] for one in blocked if one["until"]]
    if not opens:
        sentence = f"All senders are paused ({blocked[0]['sender']}: {blocked[0]['sentence']}). Mend and resume one."
        return Gate(GateCode.SENDERS, sentence, WhyCode.SENDERS_PAUSED, is_in_order=False, numbers=numbers)
    words = moment(min(opens), zone=facts.campaign.timezone, now=facts.now)
    sentence = f"Waiting for a sender: the first can be used again {words}."
    return Gate(GateCode.SENDERS, sentence, WhyCode.SENDERS_WAIT, until=min(opens), numbers=numbers)


def sender_shut(sender: Sender, facts: Facts) -> dict[str, Any] | None:
    """Why a sender cannot be used now, as the API shows it; None for one that can."""
    full = [gauge for gauge in facts.gauges if gauge.sender == sender.pk and gauge.is_full and gauge.is_of_sender_alone]
    if sender.status == SenderStatus.PAUSED:
        why, until, sentence = WhyCode.SENDER_PAUSED, None, in_words(sender.status_reason) or "paused by a person"
    elif sender.backs_off_until is not None and sender.backs_off_until > facts.now:
        why, until = WhyCode.SENDER_BACKS_OFF, sender.backs_off_until
        sentence = in_words(sender.status_reason) or why.label
    elif full:
        last = max(full, key=attrgetter("free_at"))
        why, until, sentence = WhyCode(last.code), last.free_at, f"{last.code.label} ({last.used:,} of {last.limit:,})"
    else:
        return None
    return {"id": sender.pk, "sender": sender.email, "why": why.value, "sentence": sentence, "until": until}


def workers(facts: Facts) -> Gate:
    """A task cluster that works, and a tick that hands out work."""
    seen = [facts.workers.get(kind) for kind in (WorkerKind.QCLUSTER, WorkerKind.TICK)]
    known = [seconds for seconds in seen if seconds is not None]
    if len(known) < len(seen):
        sentence = "No worker is running. Start one: manage.py run_worker."
        return Gate(GateCode.WORKERS, sentence, WhyCode.WORKER_DOWN, is_in_order=False)
    oldest = max(known)
    numbers = {"heartbeat_age_s": round(oldest, 1)}
    if oldest > DEAD_AFTER:
        sentence = f"The last sign of life of a worker was {age(oldest)}. Look at run_worker and its log."
        return Gate(GateCode.WORKERS, sentence, WhyCode.WORKER_DOWN, is_in_order=False, numbers=numbers)
    return Gate(GateCode.WORKERS, f"Workers are alive; last seen {age(oldest)}.", numbers=numbers)


def limits(facts: Facts, *, first_mails_only: bool) -> Iterator[Gate]:
    """What the campaign may send today. The limit of new leads shuts nothing while it is not only for first mails."""
    for code, gate in _LIMITS.items():
        gauge = next((one for one in facts.gauges if one.code == code and one.sender is None), None)
        if gauge is None:
            yield Gate(gate, "No limit is set.")
        elif code == LimitCode.CAMPAIGN_NEW_LEADS and gauge.is_full and not first_mails_only:
            yield Gate(gate, f"All {gauge.limit:,} first mails of today are out; follow-ups go on.")
        else:
            yield limit(gate, gauge, facts)


def limit(gate: GateCode, gauge: Gauge, facts: Facts) -> Gate:
    """One limit, as full as it is."""
    numbers = {"used": gauge.used, "limit": gauge.limit, "free_at": gauge.free_at}
    if not gauge.is_full:
        return Gate(gate, f"{gauge.used:,} of {gauge.limit:,} used today.", numbers=numbers)
    when = moment(gauge.free_at, zone=facts.campaign.timezone, now=facts.now)
    sentence = f"Waiting: {gauge.code.label} ({gauge.used:,} of {gauge.limit:,}). Sending continues {when}."
    return Gate(gate, sentence, WhyCode(gauge.code), until=gauge.free_at, numbers=numbers)

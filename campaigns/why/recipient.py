"""Why one recipient gets a mail, or does not."""

from datetime import datetime
from operator import attrgetter
from zoneinfo import ZoneInfo

from campaigns.models import (
    DeliveredBy,
    ExitReason,
    Message,
    MessageStatus,
    Recipient,
    RecipientStatus,
    Sender,
    SenderStatus,
)
from campaigns.scheduling import next_opening, zone_for
from campaigns.sending.limits import LimitCode
from campaigns.why import gates
from campaigns.why.codes import GateCode, WhyCode
from campaigns.why.facts import Facts, facts_of
from campaigns.why.instantly import person
from campaigns.why.standing import Gate, Standing
from campaigns.why.words import moment
from leads.addresses import domain_of, stored_form
from leads.models import Suppression

_OPEN = (*MessageStatus.IN_FLIGHT, *MessageStatus.WAITING, MessageStatus.UNCERTAIN)


def why_recipient(recipient: Recipient, *, now: datetime) -> Standing:
    """Every gate of `recipient` at `now`, and when its next mail leaves. A fixed number of queries."""
    facts = facts_of(recipient.campaign, now=now, domain=domain_of(_enrolled(recipient)))
    if recipient.campaign.delivered_by == DeliveredBy.INSTANTLY:
        return Standing(_by_instantly(recipient, facts), "Instantly writes to this person.", None)
    zone = zone_for(recipient.campaign, recipient.lead.timezone)
    message = Message.objects.filter(recipient=recipient, status__in=_OPEN).order_by("-pk").first()
    due, domain = _due(recipient, message, facts), _domain(recipient, facts)
    # One that found its domain full is due when that has room again: the limit is why, and not the time.
    is_made_due_by_it = message is not None and message.reason == LimitCode.DOMAIN_DAY and not domain.ok
    judged = [
        _membership(recipient, facts),
        _suppression(recipient, facts),
        gates.state(facts),
        gates.halt(facts),
        _message(recipient, message, facts),
        _content(recipient, facts),
        *([domain, due] if is_made_due_by_it else [due]),
        gates.hold(facts),
        gates.window_gate(facts.campaign, next_opening(facts.campaign, now, zone), zone=zone.key, now=now),
        *gates.limits(facts, first_mails_only=recipient.sent_at is None),
        *([] if is_made_due_by_it else [domain]),
        _sender(recipient, facts),
        gates.workers(facts),
    ]
    is_in_flight = message is not None and message.status in MessageStatus.IN_FLIGHT
    sentence = "With a worker now." if is_in_flight else "The mail is due and leaves now."
    return Standing(judged, sentence, _next_send_at(facts, judged, zone))


def _by_instantly(recipient: Recipient, facts: Facts) -> list[Gate]:
    common = [_membership(recipient, facts), _suppression(recipient, facts), gates.state(facts), gates.halt(facts)]
    return [*common, gates.hold(facts), *gates.blackout(facts), person(recipient, facts), gates.workers(facts)]


def _enrolled(recipient: Recipient) -> str:
    """The address enrolled, in the form in which limits are counted and suppressions are kept."""
    return stored_form(recipient.email_address)


def _membership(recipient: Recipient, facts: Facts) -> Gate:
    if not recipient.exit_reason:
        return Gate(GateCode.MEMBERSHIP, "In the campaign.")
    reason = ExitReason(recipient.exit_reason)
    zone = facts.campaign.timezone
    left = f"Left {moment(recipient.exited_at, zone=zone, now=facts.now)}." if recipient.exited_at else ""
    sentence = " ".join(filter(None, (f"Out: {reason.label}.", recipient.error_message, left)))
    numbers = {"exit_reason": reason.value, "exited_at": recipient.exited_at}
    return Gate(GateCode.MEMBERSHIP, sentence, WhyCode.LEFT, numbers=numbers)


def _suppression(recipient: Recipient, facts: Facts) -> Gate:
    """By the address enrolled or the lead's present one, or by the domain of either: as the gate of sending asks."""
    addresses = {_enrolled(recipient), recipient.lead.email_normalized}
    targets = addresses | {domain_of(address) for address in addresses}
    own = Suppression.objects.filter(organization=recipient.campaign.organization_id, address__in=targets)
    found = own.in_force(facts.now, campaign_id=recipient.campaign_id).order_by("-pk").first()
    if found is None:
        return Gate(GateCode.SUPPRESSION, "Neither the address nor its domain is suppressed.")
    what = "address" if "@" in found.address else "domain"
    where = "" if found.campaign_id is None else " for this campaign"
    until = moment(found.expires_at, zone=facts.campaign.timezone, now=facts.now) if found.expires_at else ""
    why = f"{found.get_reason_display()}{f'; over {until}' if until else ''}"
    sentence = f"The {what} is suppressed{where} ({why}): nothing is written to it."
    numbers = {"reason": found.reason, "campaign_id": found.campaign_id, "expires_at": found.expires_at}
    given = {name: value for name, value in numbers.items() if value is not None}
    return Gate(GateCode.SUPPRESSION, sentence, WhyCode.SUPPRESSED, numbers=given)


def _message(recipient: Recipient, message: Message | None, facts: Facts) -> Gate:
    """What is open about the mail itself."""
    if message is not None and message.status == MessageStatus.UNCERTAIN:
        sentence = "A mail may have arrived, and nobody can know: it waits for a decision or a sign of the recipient."
        numbers = {"message": message.pk}
        return Gate(GateCode.MESSAGE, sentence, WhyCode.UNDECIDED, is_in_order=False, numbers=numbers)
    if recipient.status == RecipientStatus.PAUSED:
        note = recipient.error_message or "Paused."
        return Gate(GateCode.MESSAGE, note, WhyCode.RECIPIENT_PAUSED, is_in_order=False)
    if message is not None and _is_ahead(recipient, facts) and (told := _last_try(message)):
        why, sentence = told
        when = moment(recipient.next_send_at, zone=facts.campaign.timezone, now=facts.now)  # type: ignore[arg-type]
        sentence = f"{sentence} ({message.smtp_reply[:120]}); it is tried again {when}."
        numbers = {"message": message.pk, "attempts": message.attempts}
        return Gate(GateCode.MESSAGE, sentence, why, until=recipient.next_send_at, numbers=numbers)
    return Gate(GateCode.MESSAGE, "Nothing is open about an earlier mail.")


def _last_try(message: Message) -> tuple[WhyCode, str] | None:
    """What came of it where the mail is tried again; None where nobody was asked to take it."""
    if message.status == MessageStatus.DEFERRED:
        return WhyCode.DEFERRED, "The mail server put it off"
    if message.status == MessageStatus.PENDING and message.attempts and message.smtp_reply:
        return WhyCode.BROKEN_OFF, "The last try broke off before the mail was handed over"
    return None


def _content(recipient: Recipient, facts: Facts) -> Gate:
    step = recipient.next_step
    if step is None or step.position not in facts.wordless_steps:
        return Gate(GateCode.CONTENT, "The next step has an active wording." if step else "No step is planned.")
    sentence = f"Step {step.position} has no active wording. Switch one on."
    return Gate(GateCode.CONTENT, sentence, WhyCode.NO_VARIANT, is_in_order=False, numbers={"step": step.position})


def _due(recipient: Recipient, message: Message | None, facts: Facts) -> Gate:
    step, due = recipient.next_step, recipient.next_send_at
    if message is not None and message.status in MessageStatus.IN_FLIGHT:
        return Gate(GateCode.RECIPIENTS, "With a worker now.")
    if recipient.exit_reason:
        return Gate(GateCode.RECIPIENTS, "No further step is planned.")
    if due is None or step is None:
        sentence = "In; the time of the next step is not set yet."
        return Gate(GateCode.RECIPIENTS, sentence, WhyCode.NOBODY_DUE)
    numbers = {"step": step.position, "due_at": due}
    if due <= facts.now:
        return Gate(GateCode.RECIPIENTS, f"Step {step.position} is due.", numbers=numbers)
    when = moment(due, zone=facts.campaign.timezone, now=facts.now)
    sentence = f"Step {step.position} is next, not before its time {when}."
    return Gate(GateCode.RECIPIENTS, sentence, WhyCode.WAITING_FOR_DELAY, until=due, numbers=numbers)


def _is_ahead(recipient: Recipient, facts: Facts) -> bool:
    return recipient.next_send_at is not None and recipient.next_send_at > facts.now


def _sender(recipient: Recipient, facts: Facts) -> Gate:
    """Its own sender for the whole sequence; another where that one is paused or not the campaign's any more."""
    own = next((sender for sender in facts.senders if sender.pk == recipient.sender_id), None)
    shut = gates.sender_shut(own, facts) if own else None
    if own is None or shut is None or shut["until"] is None:
        return gates.senders(facts) if own is None or shut else _able(own)
    when = moment(shut["until"], zone=facts.campaign.timezone, now=facts.now)
    sentence = f"Its sender {own.email} waits, {shut['sentence']}; it continues {when}."
    why, numbers = WhyCode(shut["why"]), {"blocked": [shut]}
    return Gate(GateCode.SENDERS, sentence, why, until=shut["until"], numbers=numbers)


def _domain(recipient: Recipient, facts: Facts) -> Gate:
    """What its sender, or any where it has none that can be used, may still send to its domain today."""
    domain = domain_of(_enrolled(recipient))
    towards = [gauge for gauge in facts.gauges if gauge.domain == domain]
    able = {sender.pk for sender in facts.senders if sender.status == SenderStatus.ACTIVE}
    may_send = {recipient.sender_id} & able or able
    mine = [gauge for gauge in towards if gauge.sender in may_send]
    if not mine or len(mine) < len(may_send):
        return Gate(GateCode.DOMAIN_LIMIT, "No limit is set for its domain.")
    return gates.limit(GateCode.DOMAIN_LIMIT, min(mine, key=attrgetter("is_full", "free_at")), facts)


def _able(sender: Sender) -> Gate:
    return Gate(GateCode.SENDERS, f"Its sender {sender.email} can be used.")


def _next_send_at(facts: Facts, judged: list[Gate], zone: ZoneInfo) -> datetime | None:
    shut = [gate for gate in judged if not gate.ok]
    opens = [gate.until for gate in shut if gate.until]
    if len(opens) < len(shut):
        return None
    return next_opening(facts.campaign, max([facts.now, *opens]), zone)

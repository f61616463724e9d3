"""Test mails: a wording as one lead would get it, to an address of one's own. Not tracked, not counted, no row."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.db.models import QuerySet

from campaigns.content import message as mime
from campaigns.content.mailbox import Mailbox, wire_address, wire_domain
from campaigns.delivery.base import Envelope
from campaigns.delivery.outcomes import Accepted, Deferred, NotSent, Outcome, SenderFault, Uncertain
from campaigns.delivery.outcomes import Refused as MailRefused
from campaigns.halts import halts_over
from campaigns.locks import hold_audience
from campaigns.models import Campaign, Sender, Variant
from campaigns.sending.connections import Connections, Routes
from campaigns.sending.links import unsubscribe_url
from campaigns.sending.prepare import lead_to_show, preview
from campaigns.tokens import TEST_MESSAGE
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.models import AuditLog
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused, StateRefused
from leads.addresses import normalize_address
from leads.models import Lead
from leads.suppression import find_suppression

MOST_ADDRESSES = 5
MOST_AN_HOUR = 20  # of one campaign: enough to work on a wording, too few to write to anybody with it
# Of all campaigns of an organization: whoever may write a draft could else test one after the other, and mail a list
# from its mailboxes without anybody having started a campaign.
MOST_AN_HOUR_IN_ALL = 60
ACTION = "campaign.test_sent"
MARK = "[Test] "  # before the subject: a test must never be taken for the mail itself
# Somebody waits for the answer; a test that is uncertain harms nobody.
CONNECT_SECONDS, TRANSACTION_SECONDS = 10.0, 15.0


class TrialCode(models.TextChoices):
    """Why a test mail was not sent."""

    TOO_MANY_ADDRESSES = "too_many_addresses", f"more than {MOST_ADDRESSES} addresses at once, or none"
    TOO_MANY_TESTS = (
        "too_many_tests",
        f"more than {MOST_AN_HOUR} test sends of a campaign, or {MOST_AN_HOUR_IN_ALL} of all, within an hour",
    )
    TEST_SUPPRESSED = "test_suppressed", "the address is suppressed, and a test is no exception"
    NO_LEAD = "no_lead", "there is no lead to write the mail as"
    NO_TEST_SENDER = "no_test_sender", "the campaign has no sender to send it from"
    HALTED = "sending_halted", "an emergency stop is in force, and a test is no exception"


@dataclass(frozen=True)
class TrialResult:
    """What came of one test mail, in a sentence; `seconds` is how long the mail server took."""

    address: str
    is_sent: bool
    sentence: str
    seconds: float


@dataclass(frozen=True)
class _Trial:
    campaign: Campaign
    variant: Variant
    lead: Lead
    sender: Sender


def send_test(
    *,
    variant: Variant,
    lead: Lead | None,
    sender: Sender | None,
    to: Sequence[str],
    actor: Actor,
    now: datetime,
    routes: Routes | None = None,
) -> list[TrialResult]:
    """Send `variant` as `lead` would get it from `sender` to each address of `to`, and say what the server answered.

    The same mail as the real one but for three things: the subject begins with MARK, nothing is tracked, and opting
    out leads to a page that says it was a test. Without a lead or sender the campaign's first ones are taken. Refused
    with a TrialCode, for a wording that cannot be made for this lead, and for an address that is none.
    """
    campaign = variant.step.campaign
    _require_unhalted(campaign)
    addresses = _addresses(campaign, to)
    sender = sender or _sender(campaign)
    trial = _Trial(campaign, variant, lead or _lead(campaign), sender)
    mails = [_mail(trial, address, now) for address in addresses]
    _record(trial, mails=len(mails), actor=actor, now=now)
    if routes is not None:
        return [_sent(mail, sender, routes) for mail in mails]
    with Connections(connect_seconds=CONNECT_SECONDS, transaction_seconds=TRANSACTION_SECONDS) as connections:
        return [_sent(mail, sender, connections) for mail in mails]


def find_wording(campaign: Campaign, *, position: int, label: str = "") -> Variant:
    """The variant `label` of the step at `position`, or its first active one; NotFound where there is none."""
    variants = Variant.objects.filter(step__campaign=campaign, step__position=position)
    variants = variants.select_related("step__campaign__organization").order_by("-is_active", "label")
    found = variants.filter(label=label).first() if label else variants.first()
    if found is None:
        what = f"variant {label} of step {position}" if label else f"step {position} with a wording"
        raise NotFound("wording_not_found", f"The campaign has no {what}.", "Its steps are numbered from 1.")
    return found


def _require_unhalted(campaign: Campaign) -> None:
    halt = halts_over([campaign.organization_id]).first()
    if halt is not None:
        raise StateRefused(
            TrialCode.HALTED,
            f"All sending is stopped, tests too: {halt.reason}",
            "Lift the emergency stop first.",
        )


def _addresses(campaign: Campaign, to: Sequence[str]) -> list[str]:
    addresses = list(dict.fromkeys(normalize_address(address) for address in to))
    if not 0 < len(addresses) <= MOST_ADDRESSES:
        raise Refused(
            TrialCode.TOO_MANY_ADDRESSES,
            f"A test goes to one to {MOST_ADDRESSES} addresses, not to {len(addresses)}.",
            details={"field": "to"},
        )
    for address in addresses:
        if find_suppression(campaign.organization, address, campaign_id=campaign.pk):
            raise StateRefused(
                TrialCode.TEST_SUPPRESSED,
                f"{address} is suppressed: nothing is sent to it, tests neither.",
                "Choose another address.",
                {"field": "to"},
            )
    return addresses


def _lead(campaign: Campaign) -> Lead:
    lead = lead_to_show(campaign)
    if lead is None:
        raise StateRefused(TrialCode.NO_LEAD, "There is no lead to write the mail as.", "Import or add one first.")
    return lead


def _sender(campaign: Campaign) -> Sender:
    senders = Sender.objects.filter(campaign_senders__campaign=campaign).order_by("pk")
    sender = senders.able().first() or senders.first()
    if sender is None:
        raise StateRefused(
            TrialCode.NO_TEST_SENDER, "The campaign has no sender.", "Choose one for it, or name one for the test."
        )
    return sender


def _mail(trial: _Trial, address: str, now: datetime) -> Envelope:
    sender, lead = trial.sender, trial.lead
    way_out = unsubscribe_url(TEST_MESSAGE)
    rendered = preview(variant=trial.variant, lead=lead, sender=sender, way_out=way_out)
    data = mime.build(
        sender=Mailbox(sender.email, sender.name),
        recipient=Mailbox(address, lead.full_name),
        subject=f"{MARK}{rendered.subject}",
        message_id=f"<test.{secrets.token_hex(16)}@{wire_domain(sender.email)}>",
        date=now,
        html=rendered.html,
        text=rendered.text,
        reply_to=Mailbox(sender.reply_to) if sender.reply_to else None,
        unsubscribe_url=way_out,
    )
    return Envelope(
        mail_from=wire_address(sender.email, field="From"), rcpt_to=wire_address(address, field="To"), data=data
    )


@transaction.atomic
def _record(trial: _Trial, *, mails: int, actor: Actor, now: datetime) -> None:
    """The audit row, which is what is counted too. Without the addresses: it can never be erased."""
    campaign, variant = trial.campaign, trial.variant
    hold_audience(campaign.organization_id)  # two at once must not both be the last one allowed
    own = AuditLog.objects.for_organization(campaign.organization)
    since = own.filter(action=ACTION, created_at__gt=now - timedelta(hours=1))
    _require_few(since.about(campaign), MOST_AN_HOUR, "this campaign")
    _require_few(since, MOST_AN_HOUR_IN_ALL, "the organization's campaigns")
    told = {"step": variant.step.position, "variant": variant.label, "lead": trial.lead.pk}
    record(
        action=ACTION,
        entity=campaign,
        organization_id=campaign.organization_id,
        actor=actor,
        after={**told, "sender": trial.sender.pk, "mails": mails},
    )


def _require_few(tests: QuerySet[AuditLog], most: int, whose: str) -> None:
    if tests.count() >= most:
        raise StateRefused(
            TrialCode.TOO_MANY_TESTS,
            f"{most} tests of {whose} were sent within the last hour.",
            "Wait a while, or look at the preview.",
        )


def _sent(mail: Envelope, sender: Sender, routes: Routes) -> TrialResult:
    began = time.monotonic()
    outcome = routes.to(sender).deliver(mail)
    seconds = round(time.monotonic() - began, 1)
    is_sent = isinstance(outcome, Accepted)
    return TrialResult(mail.rcpt_to, is_sent, _said(outcome, sender, seconds), seconds)


def _said(outcome: Outcome, sender: Sender, seconds: float) -> str:
    match outcome:
        case Accepted():
            return f"Sent by {sender.email} {f'in {seconds} s' if seconds else 'at once'}."
        case Deferred() | MailRefused():
            return f"The mail server refused it: {outcome.code} {outcome.reply[:200]}"
        case SenderFault():
            return f"{sender.email} cannot send: {outcome.reason} {outcome.reply[:200]}".strip()
        case NotSent():
            return f"The connection broke off before the mail was out ({outcome.reason}). Try again."
        case Uncertain():
            return "The server did not answer after the last byte: it may have arrived. Look into the mailbox."

"""Whatever is done in whatever order: counters equal a recount, the sum rule holds, nothing waits for who is out."""

from random import Random

import pytest
from django.db.models import Count, Q
from django.utils import timezone

from campaigns import lifecycle
from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Accepted, Deferred, Kind, NotSent, Refused, SenderFault, Stage, Uncertain
from campaigns.enrollment import Selection, de_enroll, enroll
from campaigns.ledger import ledger
from campaigns.models import Campaign, Message, MessageStatus, Recipient, RecipientStatus, Sender
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.deliver import deliver
from campaigns.sending.journal import Journal
from campaigns.sending.prepare import prepare
from campaigns.sending.recover import recover
from campaigns.sending.work import able_senders, send_chunk
from campaigns.tests.factories import (
    CampaignFactory,
    CampaignSenderFactory,
    LeadFactory,
    OrganizationFactory,
    StepFactory,
    VariantFactory,
)
from campaigns.tests.sending.leases import age_leases
from campaigns.tests.sending.sending import Road
from campaigns_project import errors
from campaigns_project.audit.actors import SYSTEM
from leads.models import Lead, Suppression, SuppressionReason
from leads.suppression import suppress, unsuppress
from tracking.consequences import record_event, unsubscribe
from tracking.ingest import drain
from tracking.models import EventType, RawEvent

pytestmark = pytest.mark.django_db

ACTS_OF_A_PLAY = 50
PEOPLE = 24
ANSWERS = [
    *[Accepted(250, "ok")] * 8,
    Deferred(451, "4.7.1 later"),
    Refused(550, "5.1.1 no such user", Stage.RCPT, Kind.ADDRESS_DEAD),
    Refused(552, "5.2.2 full", Stage.RCPT, Kind.MAILBOX_FULL),
    Refused(550, "5.7.1 blocked", Stage.RCPT, Kind.POLICY),
    NotSent("dropped"),
    SenderFault("connection_refused"),
    *[Uncertain("timeout")] * 2,
]
OFTEN = {"enroll": 2, "resume": 3, "make_due": 3, "claim_some": 3, "deliver_claimed": 4, "open_or_click": 2}
RARELY = {"stop": 0.1}
WHILE_SENDING = ("unsubscribe", "reply", "suppress", "pause", "de_enroll")


class Play:
    """Two campaigns of one organization, and everything that may happen to them, in an order drawn by `seed`."""

    def __init__(self, seed: int):
        self.random = Random(seed)
        self.organization = OrganizationFactory(allows_overlap=seed % 2 == 0)
        self.claimed = []
        self.acts = []
        LeadFactory.create_batch(PEOPLE, organization=self.organization)
        for _ in range(2):
            self._open(self._make())

    def step(self):
        """One act drawn from all; a refusal is an answer like any other."""
        acts = [name for name in vars(Play) if not name.startswith("_") and name not in {"step", "do"}]
        weights = [OFTEN.get(name, 1) * RARELY.get(name, 1) for name in acts]
        self.do(self.random.choices(acts, weights)[0])

    def do(self, name):
        self.acts.append(name)
        try:
            getattr(self, name)()
        except errors.Refused as refused:
            self.acts.append(f"({refused.code})")

    def enroll(self, number=8):
        leads = self.random.sample(sorted(Lead.objects.values_list("pk", flat=True)), number)
        selection = Selection(lead_ids=tuple(leads))
        enroll(campaign=self._campaign(), selection=selection, actor=SYSTEM, now=timezone.now())

    def pause(self):
        lifecycle.pause(campaign=self._campaign(), actor=SYSTEM, now=timezone.now())

    def resume(self):
        Sender.objects.update(status="active", backs_off_until=None)
        lifecycle.resume(campaign=self._campaign(), actor=SYSTEM, now=timezone.now())

    def stop(self):
        lifecycle.stop(campaign=self._campaign(), actor=SYSTEM, now=timezone.now())

    def complete(self):
        lifecycle.complete_finished(now=timezone.now())

    def make_due(self):
        Recipient.objects.filter(next_send_at__isnull=False).update(next_send_at=timezone.now())
        Sender.objects.update(backs_off_until=None)

    def send(self):
        campaign = self._campaign()
        if campaign.status == "running":
            send_chunk(campaign, connections=self._road())

    def claim_some(self):
        campaign, now = self._campaign(), timezone.now()
        senders = able_senders(campaign, now=now)
        wordings = Wordings.of(campaign)
        claims = claim(campaign=campaign, wordings=wordings, senders=list(senders.values()), limit=5, now=now)
        self.claimed.append(
            (
                campaign,
                prepare(campaign, claims, wordings=Wordings.of(campaign), senders=senders, now=now).prepared,
                senders,
            )
        )

    def deliver_claimed(self):
        """What was claimed a while ago, by whichever worker; more happens while it is at the server."""
        if not self.claimed:
            return
        campaign, mails, senders = self.claimed.pop(self.random.randrange(len(self.claimed)))
        road = self._road(meanwhile=WHILE_SENDING)
        for pk, sender in senders.items():
            own = [mail for mail in mails if mail.claim.sender == pk]
            deliver(campaign, own, sender=sender, connections=road, journal=Journal())

    def lose_workers(self):
        age_leases()
        recover(now=timezone.now())

    def unsubscribe(self):
        if message := self._message(self._recipient()):
            unsubscribe(message_id=message.pk, source="test", now=timezone.now())

    def reply(self):
        self._report(EventType.REPLY)

    def bounce(self):
        self._report(EventType.BOUNCE, data={"kind": self.random.choice(["hard", "soft"])})

    def complain(self):
        self._report(EventType.COMPLAIN)

    def suppress(self):
        lead = self.random.choice(Lead.objects.order_by("pk"))
        reason = self.random.choice(list(SuppressionReason))
        suppress(organization=self.organization, address=lead.email, reason=reason)

    def unsuppress(self):
        if suppression := Suppression.objects.first():
            unsuppress(suppression=suppression, actor=SYSTEM, reason="asked by phone")

    def de_enroll(self):
        de_enroll(recipient=self._recipient(), actor=SYSTEM, now=timezone.now())

    def open_or_click(self):
        if message := self._message(self._recipient()):
            kind = self.random.choice(["open", "click"])
            RawEvent.objects.create(event_type=kind, message_ref=message.pk, user_agent="Thunderbird", source="test")
            drain(now=timezone.now())

    def _make(self):
        campaign = CampaignFactory(organization=self.organization)
        CampaignSenderFactory.create_batch(2, campaign=campaign)
        for position in (1, 2):
            VariantFactory(step=StepFactory(campaign=campaign, position=position))
        return campaign

    def _open(self, campaign):
        everyone = sorted(Lead.objects.values_list("pk", flat=True))
        selection = Selection(lead_ids=tuple(self.random.sample(everyone, PEOPLE // 2)))
        enroll(campaign=campaign, selection=selection, actor=SYSTEM, now=timezone.now())
        lifecycle.start(campaign=campaign, actor=SYSTEM, now=timezone.now())

    def _campaign(self):
        return self.random.choice(Campaign.objects.select_related("organization").order_by("pk"))

    def _recipient(self):
        return self.random.choice(Recipient.objects.select_related("lead", "campaign__organization").order_by("pk"))

    def _message(self, recipient):
        messages = list(recipient.messages.order_by("pk"))
        return self.random.choice(messages) if messages else None

    def _report(self, event_type, **given):
        recipient = self._recipient()
        message = self._message(recipient)
        now = timezone.now()
        record_event(recipient=recipient, event_type=event_type, at=now, source="test", message=message, **given)

    def _road(self, meanwhile=()):
        return Road(MemoryBackend(answers=self._answers(meanwhile)))

    def _answers(self, meanwhile):
        while True:
            if meanwhile and self.random.random() < 0.3:
                self.do(self.random.choice(meanwhile))
            yield self.random.choice(ANSWERS)


def recount(campaign):
    """What every counter of `campaign` has to be."""
    counters = campaign.recipients.aggregate(
        total_recipients=Count("pk"),
        recipients_reached=Count("sent_at"),
        emails_opened=Count("opened_at"),
        emails_clicked=Count("clicked_at"),
        emails_replied=Count("replied_at"),
        emails_bounced=Count("bounced_at"),
        booked_count=Count("booked_at"),
        active_leads_count=Count("pk", filter=Q(status__in=RecipientStatus.IN)),
        completed_leads_count=Count("pk", filter=Q(status="completed")),
        opted_out_count=Count("pk", filter=Q(exit_reason__in=["unsubscribed", "complained"])),
    )
    return {**counters, "emails_sent": Message.objects.filter(recipient__campaign=campaign, status="sent").count()}


def contradictions(campaign):
    """What must never be so, by name: each should be empty."""
    people = campaign.recipients
    messages = Message.objects.filter(recipient__campaign=campaign)
    uncertain = messages.filter(status="uncertain").values("recipient")
    found = {
        "waits for somebody who left": messages.filter(status__in=MessageStatus.WAITING).exclude(
            recipient__exit_reason=""
        ),
        # Asked in one, since it is asked a thousand times.
        "waits for nothing, is paused without a doubt, or is out and still busy": people.filter(
            Q(status__in=RecipientStatus.DUE, next_step=None)
            | Q(Q(status="paused"), ~Q(pk__in=uncertain))
            | Q(status__in=RecipientStatus.OUT, occupies=True)
        ),
    }
    return {name: those for name, rows in found.items() if (those := list(rows))}


@pytest.mark.parametrize("seed", range(10))
def test_counters_and_states_agree_after_every_act(seed):
    play = Play(seed)

    for _ in range(ACTS_OF_A_PLAY):
        play.step()

        for campaign in Campaign.objects.all():
            expected = recount(campaign)
            assert {name: getattr(campaign, name) for name in expected} == expected, play.acts
            assert ledger(campaign).adds_up, play.acts
            assert contradictions(campaign) == {}, play.acts

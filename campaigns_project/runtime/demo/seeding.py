"""Demo data of a first start: an organization, a login, leads, and campaigns in several states."""

import random
import secrets
from collections import defaultdict
from datetime import datetime, timedelta
from email.message import EmailMessage
from io import BytesIO
from itertools import cycle
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F

from campaigns import automatic, lifecycle
from campaigns.deletion import preview, request_deletion
from campaigns.delivery.memory import ACCEPTED, MemoryBackend
from campaigns.delivery.outcomes import Kind, Refused, Stage
from campaigns.enrollment import Selection, enroll
from campaigns.fetching.source import set_lead_source
from campaigns.models import Campaign, EmailTemplate, Link, Message, MessageStatus, Sender, WaitUnit
from campaigns.ranking import ask_ranking, set_ranking_rules
from campaigns.sending.work import send_chunk
from campaigns_project.accounts.models import Membership, Organization, User
from campaigns_project.accounts.retention import keep_for
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.record import record
from campaigns_project.errors import StateRefused
from campaigns_project.runtime.demo.campaign import demo_organization, demo_sender, make_campaign
from campaigns_project.runtime.demo.connections import add_connections
from campaigns_project.runtime.demo.content import (
    ANSWERS,
    AUTOMATIC,
    INTRODUCTION,
    NOT_ASKED,
    SEARCH,
    VISITORS,
    wording,
)
from campaigns_project.runtime.demo.operations import add_operations
from leads.imports.options import ImportOptions
from leads.imports.receiving import receive
from leads.imports.running import run_import
from leads.imports.trying import run_dry_run, start_dry_run
from leads.models import Lead, LeadTag, Provider, ProviderAccount, Segment, Tag
from leads.segments.keeping import make_segment
from tracking.days import renew_days
from tracking.inbox.take import take
from tracking.ingest import drain
from tracking.models import EventType, RawEvent

LOGIN_FILE = "demo_login"
EMAIL = "demo@harbor.example"
PAST = timedelta(days=9)  # how long ago the finished campaign ran
KEPT_DAYS = {"values_kept_days": 365, "details_kept_days": 180}  # more than the demo has of the past
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


TOO_MUCH = Refused(554, "554 5.7.0 Rejected: looks like bulk mail", Stage.DOT, Kind.CONTENT)


class _Nowhere:
    """History needs mails that were sent, and nobody needs to get them; those of one sender find little favor."""

    def __init__(self, disliked: Sender):
        liked, mixed = MemoryBackend(), MemoryBackend(answers=cycle([*[ACCEPTED] * 8, TOO_MUCH]))
        self._backends = defaultdict(lambda: liked, {disliked.pk: mixed})

    def to(self, sender: Sender) -> MemoryBackend:
        return self._backends[sender.pk]


DECIDERS = ["Chief", "CEO", "CTO", "COO", "Director", "Head", "Owner", "Founder"]
DECIDERS_WHO_READ = "Deciders who read us"
RANKING_RULES = [
    {"field": "title", "operator": "has_any_word", "value": DECIDERS, "points": 30},
    {"field": "replied", "operator": "in", "value": None, "points": 20},
    {"field": "is_role", "operator": "is", "value": None, "points": -10},
]


def seed(*, now: datetime) -> dict[str, int]:
    """Make the demo data; answers how much of what. Refused where people work already, or mail could really leave."""
    if not settings.SANDBOX:
        raise StateRefused("not_a_sandbox", "Demo data is made only while SANDBOX is on.", "Set SANDBOX=on.")
    if User.objects.exists():
        raise StateRefused("not_empty", "There are users already: this is not a first start.", "Use another database.")
    with transaction.atomic():
        organization = demo_organization("harbor-demo", "Harbor Demo")
        _login(organization)
        keep_for(organization=organization, days=KEPT_DAYS, actor=SYSTEM)
    _leads(organization, now)
    _file_to_review(organization, now)
    sender = demo_sender(organization)
    _warming_up(organization, now)
    EmailTemplate.objects.create(organization=organization, name="Introduction", **wording(INTRODUCTION))
    finished = _finished(organization, sender, now)
    draft = _draft(organization, sender, now)
    _to_be_fetched(organization, sender, now)
    _automatic(organization, sender, now)
    _given_up(organization, sender, now)
    add_operations(organization, [finished, draft], now)
    add_connections(organization, now)
    renew_days(now=now)
    return {
        "leads": Lead.objects.for_organization(organization).count(),
        "campaigns": Campaign.objects.for_organization(organization).count(),
        "recipients": finished.total_recipients + draft.total_recipients,
    }


def login_file() -> Path:
    """Where the demo login is kept, as "e-mail / password" in one line."""
    return settings.VAR_DIR / LOGIN_FILE


def _login(organization: Organization) -> None:
    password = "-".join(secrets.token_hex(2) for _ in range(3))
    user = User.objects.create_superuser(EMAIL, password, name="Demo Owner")
    membership = Membership.objects.create(user=user, organization=organization, role=Role.OWNER)
    for made in (organization, user, membership):
        action = f"{made._meta.model_name}.created"
        record(action=action, entity=made, organization_id=organization.pk, actor=SYSTEM, reason="demo data")
    login_file().parent.mkdir(parents=True, exist_ok=True)
    login_file().touch(mode=0o600)
    login_file().write_text(f"{EMAIL} / {password}\n")


def _leads(organization: Organization, now: datetime) -> None:
    sample = settings.BASE_DIR / "samples" / "leads.csv"
    with sample.open("rb") as stream:
        found = receive(
            organization=organization,
            stream=stream,
            file_name=sample.name,
            options=ImportOptions(tags=("Autumn fair",)),
            actor=SYSTEM,
            now=now,
            in_background=False,
        )
    run_import(lead_import_id=found.pk, now=now)
    newsletter = Tag.objects.create(organization=organization, name="Newsletter", color="#0f766e")
    for lead in Lead.objects.for_organization(organization).order_by("pk")[:80]:
        LeadTag.objects.create(lead=lead, tag=newsletter)
    decides = {"field": "title", "operator": "has_any_word", "value": DECIDERS}
    reads = {"field": "tag", "operator": "any_of", "value": [newsletter.pk]}
    make_segment(
        organization=organization,
        name=DECIDERS_WHO_READ,
        rules={"groups": [{"rules": [decides, reads]}]},
        actor=SYSTEM,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE leads")  # fresh tables have no statistics, and the first plans would be poor


def _file_to_review(organization: Organization, now: datetime) -> None:
    """An import at its fourth step: checked, with rows to correct, and not yet decided on."""
    draft = receive(
        organization=organization,
        stream=BytesIO(VISITORS.encode("cp1252")),
        file_name="messe-besucher.csv",
        options=ImportOptions(unknown_columns="custom", tags=("Messe",), legal_basis="Left their card at our stand."),
        actor=SYSTEM,
        now=now,
        as_draft=True,
    )
    start_dry_run(lead_import=draft, actor=SYSTEM, now=now, in_background=False)
    run_dry_run(lead_import_id=draft.pk)


def _warming_up(organization: Organization, now: datetime) -> None:
    """A mailbox of last week: few mails a day, some more each day, and never two at once."""
    jan = demo_sender(organization, name="Jan Mole", email="jan@harbor.example")
    Sender.objects.filter(pk=jan.pk).update(
        timezone="Europe/Prague",
        hourly_limit=10,
        domain_daily_limit=20,
        gap_seconds=40,
        gap_jitter_seconds=50,
        ramp_start=10,
        ramp_increase=4,
        ramp_started_on=now - timedelta(days=5),
        ramp_ceiling=60,
    )


def _finished(organization: Organization, sender: Sender, now: datetime) -> Campaign:
    nils = demo_sender(organization, name="Nils Ferry", email="nils@ferry.example")
    campaign = make_campaign(
        organization=organization,
        name="Summer introduction",
        senders=[sender, nils],
        wait=(0, WaitUnit.DAYS),
        actor=SYSTEM,
    )
    enroll(campaign=campaign, selection=Selection(tag="Newsletter"), actor=SYSTEM, now=now - PAST)
    campaign = lifecycle.start(campaign=campaign, actor=SYSTEM, now=now - PAST)
    nowhere = _Nowhere(disliked=nils)
    while send_chunk(campaign, connections=nowhere):
        pass
    lifecycle.complete_finished(now=now)
    _move_to_the_past(campaign)
    _live_a_little(campaign, now)
    campaign.refresh_from_db()
    return campaign


def _draft(organization: Organization, sender: Sender, now: datetime) -> Campaign:
    campaign = make_campaign(
        organization=organization,
        name="Autumn fair follow-up",
        senders=[sender],
        wait=(3, WaitUnit.DAYS),
        actor=SYSTEM,
    )
    enroll(campaign=campaign, selection=Selection(tag="Autumn fair"), actor=SYSTEM, now=now)
    set_ranking_rules(campaign=campaign, rules=RANKING_RULES, actor=SYSTEM)
    campaign.refresh_from_db()
    ask_ranking(campaign=campaign, selection=Selection(everyone=True), actor=SYSTEM, now=now)
    return campaign


def _to_be_fetched(organization: Organization, sender: Sender, now: datetime) -> None:
    """A draft without people, and the search that its start would fetch them by, had the demo a real key."""
    ProviderAccount.objects.create(
        organization=organization,
        provider=Provider.APOLLO,
        api_key="example-of-the-demo",
        checked_at=now,
        last_error="The demo has an example in the place of a key.",
    )
    campaign = make_campaign(
        organization=organization, name="Ports in Germany", senders=[sender], wait=(4, WaitUnit.DAYS), actor=SYSTEM
    )
    set_lead_source(
        campaign=campaign,
        url=SEARCH,
        count=200,
        acknowledged=[NOT_ASKED],
        tags=["Apollo"],
        credit_limit=150,
        actor=SYSTEM,
        now=now,
    )


def _automatic(organization: Organization, sender: Sender, now: datetime) -> None:
    """One that runs and waits: whoever decides and reads us, and is busy nowhere else, comes in by itself."""
    campaign = make_campaign(
        organization=organization, name="Welcome, new deciders", senders=[sender], wait=(5, WaitUnit.DAYS), actor=SYSTEM
    )
    segment = Segment.objects.get(organization=organization, name=DECIDERS_WHO_READ)
    audience = automatic.StandingAudience(segments=(segment.pk,), at_most=100)
    campaign = automatic.set_audience(campaign=campaign, audience=audience, actor=SYSTEM, now=now)
    lifecycle.start(campaign=campaign, actor=SYSTEM, now=now)
    automatic.look(campaign_id=campaign.pk, now=now)


def _given_up(organization: Organization, sender: Sender, now: datetime) -> None:
    """A draft that was deleted, so that there is a tombstone to look at."""
    campaign = make_campaign(
        organization=organization, name="Spring fair", senders=[sender], wait=(3, WaitUnit.DAYS), actor=SYSTEM
    )
    request_deletion(
        campaign=campaign,
        confirm_name=campaign.name,
        token=preview(campaign=campaign, now=now).token,
        reason="The fair was called off.",
        actor=SYSTEM,
        now=now,
    )


def _move_to_the_past(campaign: Campaign) -> None:
    """The first mails nine days ago, the follow-ups three days later, each a little after the one before."""
    with connection.cursor() as cursor:
        cursor.execute(_BACKDATE, {"campaign": campaign.pk, "past": f"{PAST.days} days"})
    last = Message.objects.latest("sent_at").sent_at
    campaign.steps.filter(position=2).update(wait_amount=3)
    made = F("created_at") - PAST - timedelta(hours=1)
    Campaign.objects.filter(pk=campaign.pk).update(created_at=made, completed_at=last)


_BACKDATE = """
WITH placed AS (
    SELECT message.id, message.recipient_id, message.status, message.attempted_at - %(past)s::interval
        + (step.position - 1) * interval '3 days'
        + row_number() OVER (ORDER BY message.id) * interval '97 seconds' AS at
    FROM campaign_messages message JOIN campaign_steps step ON step.id = message.step_id
    WHERE step.campaign_id = %(campaign)s AND message.status IN ('sent', 'failed')
), moved AS (
    UPDATE campaign_messages message SET
        sent_at = CASE WHEN message.status = 'sent' THEN placed.at END,
        attempted_at = placed.at, claimed_at = placed.at,
        created_at = placed.at
    FROM placed WHERE placed.id = message.id
)
UPDATE campaign_recipients recipient SET sent_at = story.first_at, exited_at = story.last_at
FROM (
    SELECT recipient_id, min(at) FILTER (WHERE status = 'sent') AS first_at, max(at) AS last_at
    FROM placed GROUP BY recipient_id
) story
WHERE story.recipient_id = recipient.id
"""


def _live_a_little(campaign: Campaign, now: datetime) -> None:
    """Opens, clicks and a few replies, the same on every first start, by the way real ones come in."""
    chance = random.Random(42)  # noqa: S311 - made-up history, not a secret
    link = Link.objects.filter(campaign=campaign).order_by("pk").first()
    sent = Message.objects.filter(recipient__campaign=campaign, status=MessageStatus.SENT).select_related("recipient")
    events: list[RawEvent] = []
    for message in sent.order_by("pk"):
        later = (message.sent_at or now) + timedelta(minutes=chance.randint(3, 900))
        if chance.random() < 0.24:
            events.append(_raw(message, EventType.OPEN, later))
        if chance.random() < 0.07 and link is not None:
            events.append(_raw(message, EventType.CLICK, later + timedelta(minutes=2), link.pk))
        if chance.random() < 0.06:
            raw = _answer(message, chance.choice(ANSWERS))
            take(raw, organization=campaign.organization, received_at=later, now=now)
    RawEvent.objects.bulk_create(events)
    while drain(now=now):
        pass


def _answer(message: Message, words: str) -> bytes:
    """A mail as it would come in, automatic where it says so."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = message.recipient.email_address, f"Re: {message.subject.removeprefix('Re: ')}"
    mail["In-Reply-To"] = mail["References"] = message.message_id
    mail["Message-ID"] = f"<{message.pk}@answers.example>"
    if words in AUTOMATIC:
        mail["Auto-Submitted"] = "auto-replied"
    mail.set_content(words)
    return mail.as_bytes()


def _raw(message: Message, event_type: EventType, at: datetime, link: int | None = None) -> RawEvent:
    return RawEvent(
        message_ref=message.pk,
        event_type=event_type,
        link_ref=link,
        user_agent=BROWSER,
        ip_address="203.0.113.7",
        source="demo",
        created_at=at,
    )

"""The main job without a browser: a file becomes leads, a campaign, mails, opens, clicks, and numbers that agree."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from django.utils import timezone

from campaigns import lifecycle
from campaigns.enrollment import EnrollmentResult, Selection, enroll
from campaigns.ledger import Ledger, ledger
from campaigns.models import Campaign, CampaignStatus, Message, MessageStatus, WaitUnit
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import StateRefused
from campaigns_project.runtime.demo.campaign import demo_organization, demo_sender, make_campaign, started_name
from campaigns_project.runtime.demo.people import Visits, received, visit
from leads.imports.options import ImportOptions
from leads.imports.receiving import receive
from leads.imports.running import run_import
from leads.models import LeadImport

WAIT = (1, WaitUnit.MINUTES)  # of the second step: time to read, click and unsubscribe before it comes
STUCK_AFTER = timedelta(seconds=90)  # without a single mail settled
FOLLOWS_WITHIN = 15.0  # seconds for completion and counters to follow; promised are 5
ACTOR = Actor.of_command("demo")


class Shown(Protocol):
    """Where progress is shown."""

    def stage(self, name: str, total: int | None) -> Callable[[int], None]:
        """Begin a stage of `total` steps; the answer is called with how many are done."""
        ...

    def say(self, text: str) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """All that the table at the end shows, and whether it agrees."""

    lead_import: LeadImport
    enrollment: EnrollmentResult
    campaign: Campaign
    ledger: Ledger
    visits: Visits
    in_mailbox: int
    recipients_in_mailbox: int
    disagreements: list[str]


def run(*, file: Path, shown: Shown) -> Outcome:
    """Everything once through, with real parts; what does not agree at the end is in `disagreements`."""
    organization = demo_organization("demo-run", "Demo run")
    lead_import = _import(organization, file, shown)
    campaign, enrollment = _prepare(organization, lead_import)
    campaign = lifecycle.start(campaign=campaign, actor=ACTOR, now=timezone.now())
    people = enrollment.enrolled
    _wait_until_settled(campaign, people, shown.stage("Sending the first mail", people))
    readers = _one_each(_mails_of(campaign))
    advance = shown.stage("Recipients open and click", None)
    visits = visit(readers, on_progress=lambda: advance(1))
    _wait_until_settled(campaign, 2 * people, shown.stage("A minute later, the follow-up", 2 * people))
    campaign = _wait_until(campaign, lambda now: now.status == CampaignStatus.COMPLETED)
    campaign = _wait_until(campaign, lambda now: _counted(now) == (len(visits.opened), len(visits.clicked)))
    return _compare(lead_import, enrollment, campaign, visits, _mails_of(campaign))


def _import(organization: Organization, file: Path, shown: Shown) -> LeadImport:
    now = timezone.now()
    tag = f"demo {now:%Y-%m-%d %H:%M:%S.%f}"
    with file.open("rb") as stream:
        queued = receive(
            organization=organization,
            stream=stream,
            file_name=file.name,
            options=ImportOptions(unknown_columns="custom", tags=(tag,)),
            actor=ACTOR,
            now=now,
            in_background=False,
            confirm_repeat=True,
        )
    advance = shown.stage("Importing leads", queued.total_rows)
    done = run_import(lead_import_id=queued.pk, now=now, on_progress=lambda row: advance(row.rows_done))
    if done.status != "succeeded":
        raise StateRefused("import_failed", done.error_message)
    return done


def _prepare(organization: Organization, lead_import: LeadImport) -> tuple[Campaign, EnrollmentResult]:
    now = timezone.now()
    campaign = make_campaign(
        organization=organization,
        name=started_name("Demo", now),
        senders=[demo_sender(organization)],
        wait=WAIT,
        actor=ACTOR,
        now=now,
    )
    tag = lead_import.options["tags"][0]
    return campaign, enroll(campaign=campaign, selection=Selection(tag=tag), actor=ACTOR, now=now)


def _wait_until_settled(campaign: Campaign, mails: int, advance: Callable[[int], None]) -> None:
    moved_at, settled = time.monotonic(), -1
    while settled < mails:
        counts = ledger(campaign)
        advance(counts.settled)
        if not counts.adds_up:
            raise StateRefused("ledger_broken", f"The ledger does not add up in mid-send: {counts}.")
        if counts.settled > settled:
            moved_at, settled = time.monotonic(), counts.settled
        if time.monotonic() - moved_at > STUCK_AFTER.total_seconds():
            message = f"No mail for {STUCK_AFTER.seconds} s: {counts}."
            raise StateRefused("stuck", message, "manage.py doctor may say why.")
        time.sleep(0.5)


def _wait_until(campaign: Campaign, holds: Callable[[Campaign], bool]) -> Campaign:
    """The campaign once `holds` does, or as it is when the time is over: the comparison then says what is missing."""
    until = time.monotonic() + FOLLOWS_WITHIN
    campaign.refresh_from_db()
    while not holds(campaign) and time.monotonic() < until:
        time.sleep(0.25)
        campaign.refresh_from_db()
    return campaign


def _counted(campaign: Campaign) -> tuple[int, int]:
    return campaign.emails_opened, campaign.emails_clicked


def _mails_of(campaign: Campaign) -> list[tuple[str, EmailMessage]]:
    written = Message.objects.filter(recipient__campaign=campaign, message_id__isnull=False)
    ids = {str(one) for one in written.values_list("message_id", flat=True)}
    return list(received(ids, since=campaign.created_at))


def _one_each(mails: Sequence[tuple[str, EmailMessage]]) -> list[tuple[str, EmailMessage]]:
    return list(dict(mails).items())


def _compare(
    lead_import: LeadImport,
    enrollment: EnrollmentResult,
    campaign: Campaign,
    visits: Visits,
    mails: Sequence[tuple[str, EmailMessage]],
) -> Outcome:
    counts = ledger(campaign)
    unsubscribed = campaign.recipients.filter(events__event_type="unsubscribe").distinct().count()
    pairs = [
        ("planned mails and what became of them", counts.planned, counts.planned if counts.adds_up else -1),
        ("mails sent and mails in the mailbox", counts.sent, len(mails)),
        ("mails sent and the campaign's counter", counts.sent, campaign.emails_sent),
        ("mails in the mailbox and different Message-IDs", len(mails), len({mail["Message-ID"] for _, mail in mails})),
        ("people who opened and the campaign's counter", len(visits.opened), campaign.emails_opened),
        ("people who clicked and the campaign's counter", len(visits.clicked), campaign.emails_clicked),
        ("people who unsubscribed and those on record", len(visits.unsubscribed), unsubscribed),
        ("the campaign's state and completed", campaign.status, CampaignStatus.COMPLETED),
        ("uncertain mails and none", counts.uncertain, 0),
        ("mails still open and none", counts.waiting + counts.in_flight, 0),
    ]
    failed = Message.objects.filter(recipient__campaign=campaign, status=MessageStatus.FAILED)
    problems = [f"{what}: {left} and {right}" for what, left, right in pairs if left != right]
    problems += [f"a mail failed: {message.reason} {message.smtp_reply}" for message in failed[:3]]
    return Outcome(
        lead_import=lead_import,
        enrollment=enrollment,
        campaign=campaign,
        ledger=counts,
        visits=visits,
        in_mailbox=len(mails),
        recipients_in_mailbox=len(_one_each(mails)),
        disagreements=problems + visits.refused[:5],
    )

"""A campaign deleted while all of us are at work: on this campaign, on others of its organization and on another's."""

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from django.utils import timezone

from bench.delete import probed
from campaigns import lifecycle
from campaigns.deletion import preview, request_deletion
from campaigns.deletion.errors import DeletionBlocked, StalePreview
from campaigns.models import Campaign, CampaignTombstone, Job, Message
from campaigns.tests.factories import CampaignFactory, EventFactory, MessageFactory, RecipientFactory, VariantFactory
from campaigns.tests.torture.campaign import big_campaign
from campaigns.tests.torture.deletion.crowd import Crowd
from campaigns.tests.torture.deletion.leftovers import orphans, strays
from campaigns.tests.torture.deletion.stage import run
from campaigns.tests.torture.relay import Relay
from campaigns.tests.torture.sampling import Sampler
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.processes import environment, started, wait_until
from tracking.ingest import drain

TURN = "0.5"  # seconds; short, so that there are many
A_MAIL = 0.01  # seconds: a relay that passes 100 mails in one, so that sending goes on for long enough
PATIENCE = 60.0  # seconds


@dataclass(frozen=True)
class Plan:
    """How much is deleted, and beside how much."""

    people: int = 300
    events_each: int = 20
    campaigns: int = 1
    lanes: int = 2
    seed: int = 1


@dataclass
class Figures:
    """What came of it; `violations` are sentences, and there must be none."""

    removed: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)
    waits: dict[str, dict[str, float]] = field(default_factory=dict)
    deadlocks: int = 0
    mails: int = 0
    samples: int = 0
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        did = ", ".join(f"{count} x {what}" for what, count in sorted(self.did.items()))
        longest = max((waits["longest"] for waits in self.waits.values()), default=0.0) * 1000
        writes = sum(waits["writes"] for waits in self.waits.values())
        lines = [
            f"{len(self.seconds)} campaigns with {self.removed.total()} rows deleted, "
            f"in {max(self.seconds, default=0):.1f} s at most",
            f"meanwhile: {did}; {self.mails} mails sent",
            f"{writes:.0f} writes to another campaign, the longest {longest:.0f} ms; {self.deadlocks} deadlocks",
            *(["VIOLATED:", *self.violations] if self.violations else ["no error, and nothing left"]),
        ]
        return "\n".join(lines)


def delete_under_fire(plan: Plan, *, folder: Path, tell: Callable[[str], None] = lambda words: None) -> Figures:
    """Delete one campaign after the other; the fire goes on from before the first until after the last."""
    figures = Figures()
    for number in range(plan.campaigns):
        place = folder / f"fire-{number + 1}"
        place.mkdir()
        _Fire(plan, figures, random.Random(plan.seed + number), place).burn()
        tell(f"fire {number + 1}: {figures.removed.total()} rows deleted")
        if figures.violations:
            break
    return figures


@dataclass
class _Fire:
    plan: Plan
    figures: Figures
    chance: random.Random
    folder: Path

    def burn(self) -> None:
        self.doomed = big_campaign(people=self.plan.people, steps=2, name="doomed")
        self.other = big_campaign(people=self.plan.people, steps=2, name="other")
        self.bystander = _bystander(self.doomed.organization)
        log = self.folder / "lanes.log"
        deadlocks = _deadlocks()
        with ExitStack() as stack:
            relay = stack.enter_context(Relay(self.folder, seconds=A_MAIL))
            probe = stack.enter_context(probed(self.bystander.pk, environment()))
            more = {"MAILBOX_PORT": str(relay.port), "VAR_DIR": str(self.folder), "STREAMS": "2"}
            stack.enter_context(started("-m", "campaigns.tests.torture.lanes", str(self.plan.lanes), log=log, **more))
            wait_until(self._is_under_way, "some of it is sent", log)
            self._load_events()
            sampler = stack.enter_context(Sampler(self.other))
            with Crowd([self.doomed, self.other], self.chance.randrange(10**6)) as crowd:
                lifecycle.stop(campaign=self.doomed, actor=SYSTEM, now=timezone.now())
                self._delete(self._request())
                done = crowd.did.total()
                wait_until(lambda: crowd.did.total() > done + 100 or crowd.errors, "the crowd went on", log)
            waits = probe.stop()
            taken = [mail.id for mail in relay.taken()]
            self._expect(len(set(taken)) == len(taken), "a mail left twice")
            self.figures.mails += len(taken)
        self._look_back(crowd, waits, sampler, log.read_text(), _deadlocks() - deadlocks)

    def _load_events(self) -> None:
        """So that it takes many batches."""
        run(_EVENTS, self.plan.events_each, self.doomed.pk)

    def _request(self) -> int:
        """As a person would: what has to end is waited for, and numbers that moved are looked at again."""
        self.pk = self.doomed.pk
        ends = time.monotonic() + PATIENCE
        while True:
            try:
                impact = preview(campaign=self.doomed, now=timezone.now())
                return request_deletion(
                    campaign=self.doomed,
                    confirm_name=self.doomed.name,
                    token=impact.token,
                    reason="torture",
                    actor=SYSTEM,
                    now=timezone.now(),
                    by_worker=False,
                ).pk
            except (DeletionBlocked, StalePreview) as refusal:
                self.figures.did[f"deletion {refusal.code}"] += 1
                if time.monotonic() > ends:
                    raise

    def _delete(self, pk: int) -> None:
        log = self.folder / "worker.log"
        began = time.monotonic()
        with started("-m", "campaigns.tests.torture.deletion.worker", str(pk), TURN, log=log) as worker:
            code = worker.wait(timeout=PATIENCE)
        self.figures.seconds.append(time.monotonic() - began)
        self._expect(code == 0, f"the worker that deletes ended with {code}: {log.read_text()[-2000:]}")
        job = Job.objects.get(pk=pk)
        self._expect(job.status == "succeeded" and not job.failed, f"the deletion ended {job.status}: {job.result}")
        tombstone = CampaignTombstone.objects.filter(pk=self.pk).first()
        self.figures.removed += Counter(tombstone.counts if tombstone else {})

    def _look_back(
        self, crowd: Crowd, waits: dict[str, dict[str, float]], sampler: Sampler, log: str, deadlocks: int
    ) -> None:
        while drain(now=timezone.now()):
            pass
        self.figures.did += crowd.did
        self.figures.waits = waits
        self.figures.deadlocks += deadlocks
        self.figures.samples += sampler.samples
        for words in sampler.wrong[:5]:
            self._expect(False, f"the sum rule is broken: {words}")
        for error in crowd.errors:
            self._expect(False, f"somebody else met an error: {error}")
        self._expect(not re.search("Traceback|without database", log), f"a worker met an error: {log[-2000:]}")
        self._expect(not deadlocks, f"{deadlocks} deadlocks")
        locked = {kind: each["locked"] for kind, each in waits.items() if each["locked"]}
        self._expect(not locked, f"writers of another campaign waited 100 ms for a lock: {locked}")
        for stray in [*strays(self.pk), *orphans()]:
            self._expect(False, f"left: {stray}")
        wrong = [key for key in crowd.did if re.search(r" 5\d\d$", key)]
        self._expect(not wrong, f"a page answered {wrong}")

    def _is_under_way(self) -> bool:
        return Message.objects.filter(recipient__campaign=self.doomed, status="sent").count() > self.plan.people // 5

    def _expect(self, holds: bool, violation: str) -> None:
        if not holds:
            self.figures.violations.append(violation)


def _bystander(organization: Organization) -> Campaign:
    """A campaign that was sent, with a few people whose rows the probe alone writes, again and again."""
    campaign = CampaignFactory(organization=organization, name="bystander")
    variant = VariantFactory(step__campaign=campaign)
    for number in range(20):
        recipient = RecipientFactory(
            campaign=campaign, status="completed", exit_reason="completed", exited_at=timezone.now()
        )
        message_id = f"<{campaign.pk}.{number}@bystander.example>"
        EventFactory(
            message=MessageFactory(recipient=recipient, step=variant.step, variant=variant, message_id=message_id)
        )
    return campaign


def _deadlocks() -> int:
    ((number,),) = run("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(number)


_EVENTS = """
INSERT INTO email_tracking (campaign_recipient_id, message_id, event_type, event_data, user_agent, is_machine,
    machine_reason, source, created_at)
SELECT m.recipient_id, m.id, 'open', '{}', '', false, '', 'torture', now()
FROM campaign_messages m JOIN campaign_recipients r ON r.id = m.recipient_id, generate_series(1, %s)
WHERE r.campaign_id = %s AND m.status = 'sent'
"""

"""A large deletion whose worker is killed again and again: it ends, with the counts of the start."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import psutil
from django.utils import timezone

from bench.large import seed
from campaigns.deletion import preview, request_deletion
from campaigns.models import Campaign, CampaignTombstone, Job
from campaigns.tests.torture.deletion.leftovers import orphans, strays
from campaigns.tests.torture.deletion.stage import run
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.processes import started
from leads.models import Lead

TURN = "5"  # seconds
A_BATCH = 0.1  # seconds that one takes, about: a kill falls anywhere within the next
CUT_OFF = 0.2  # of the kills
TOO_SOON = 0.002  # of the looks at a deletion that has not moved since the last kill
PATIENCE = 120.0  # seconds for one deletion


@dataclass(frozen=True)
class Plan:
    """How large a campaign, and how many kills; as many campaigns as that takes."""

    recipients: int = 20_000
    kills: int = 300
    seconds: float = 540.0
    seed: int = 1


@dataclass
class Figures:
    """What came of it; `violations` are sentences, and there must be none."""

    campaigns: int = 0
    rows: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    halfway: int = 0
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kills = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kills.items()))
        return "\n".join(
            [
                f"{self.campaigns} campaigns with {self.rows} rows deleted; their workers were killed "
                f"{self.kills.total()} times ({kills}), {self.halfway} times with some rows gone and some not",
                *(["VIOLATED:", *self.violations] if self.violations else ["all ended, with the counts of the start"]),
            ]
        )


def kill_in_mid_deletion(plan: Plan, *, folder: Path, tell: Callable[[str], None] = lambda words: None) -> Figures:
    """Delete one campaign after the other until the kills are done or the time is up."""
    figures = Figures()
    chance = random.Random(plan.seed)
    ends = time.monotonic() + plan.seconds
    while not figures.campaigns or (figures.kills.total() < plan.kills and time.monotonic() < ends):
        _Death(plan, figures, chance, folder / f"worker-{figures.campaigns}.log").die()
        tell(f"campaign {figures.campaigns}: {figures.kills.total()} kills, {figures.rows} rows")
        if figures.violations:
            break
    return figures


@dataclass
class _Death:
    plan: Plan
    figures: Figures
    chance: random.Random
    log: Path
    done: int = 0

    def die(self) -> None:
        self.campaign = seed(recipients=self.plan.recipients, events=2 * self.plan.recipients)
        self.people = Lead.objects.filter(organization=self.campaign.organization).count()
        self.impact = preview(campaign=self.campaign, now=timezone.now())
        self.job = request_deletion(
            campaign=self.campaign,
            confirm_name=self.campaign.name,
            token=self.impact.token,
            reason="torture",
            actor=SYSTEM,
            now=timezone.now(),
            by_worker=False,
        )
        ends = time.monotonic() + PATIENCE
        with started("-m", "campaigns.tests.torture.deletion.worker", str(self.job.pk), TURN, log=self.log) as nursery:
            while nursery.poll() is None and time.monotonic() < ends:
                if self.figures.kills.total() < self.plan.kills and self._has_moved():
                    time.sleep(self.chance.uniform(0.0, A_BATCH))
                    self._kill(nursery)
            self._expect(nursery.poll() == 0, f"it did not come to its end: {self.log.read_text()[-2000:]}")
        self.figures.campaigns += 1
        self.figures.rows += self.impact.total
        self._compare()

    def _has_moved(self) -> bool:
        """Whether there are batches that were not there at the last kill; now and then it is killed before."""
        done = Job.objects.values_list("done", flat=True).get(pk=self.job.pk)
        moved = done > self.done or self.chance.random() < TOO_SOON
        self.done = max(self.done, done)
        return moved

    def _kill(self, nursery: Popen[bytes]) -> None:
        """The worker, by SIGKILL, or its session in Postgres."""
        if self.chance.random() < CUT_OFF:
            kind, number = "cut off from the database", len(run(_CUT))
        else:
            workers = psutil.Process(nursery.pid).children()
            for worker in workers:
                os.kill(worker.pid, signal.SIGKILL)
            kind, number = "kill -9", len(workers)
        if number:
            self.figures.kills[kind] += 1
            self.figures.halfway += 0 < self.done < self.impact.total

    def _compare(self) -> None:
        """Everybody who keeps the counts has those of the beginning, and of the rest nothing is there any more."""
        wanted = Counter(self.impact.removed)
        job = Job.objects.get(pk=self.job.pk)
        tombstones = CampaignTombstone.objects.filter(pk=self.campaign.pk)
        entries = AuditLog.objects.filter(action="campaign.deleted", entity_id=str(self.campaign.pk))
        kept = {
            "job": [job.result.get("removed", {})],
            "tombstone": [tombstone.counts for tombstone in tombstones],
            "audit": [entry.after["removed"] for entry in entries],
        }
        for place, counts in kept.items():
            self._expect([Counter(each) for each in counts] == [wanted], f"{place}: {counts}, and not {dict(wanted)}")
        self._expect(job.status == "succeeded" and not job.failed, f"the job ended {job.status}: {job.result}")
        self._expect(not Campaign.objects.filter(pk=self.campaign.pk).exists(), "the campaign is still there")
        people = Lead.objects.filter(organization=self.campaign.organization).count()
        self._expect(people == self.people, f"{people} of {self.people} leads are left")
        for stray in [*strays(self.campaign.pk), *orphans()]:
            self._expect(False, f"left: {stray}")

    def _expect(self, holds: bool, violation: str) -> None:
        if not holds:
            self.figures.violations.append(violation)


# Whoever else is connected is the nursery or its worker.
_CUT = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""

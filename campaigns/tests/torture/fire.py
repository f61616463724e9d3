"""A campaign sent while its workers are killed, and what the mail server says of it afterwards."""

import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from django.db import Error, connection
from django.utils import timezone

from campaigns.models import Campaign, Message, MessageStatus, Recipient
from campaigns.sending.decide import send_again, treat_as_sent
from campaigns.sending.reasons import MessageReason
from campaigns.tests.torture.campaign import big_campaign, step_of
from campaigns.tests.torture.relay import Relay, Taken
from campaigns.tests.torture.sampling import Sampler
from campaigns.tests.torture.victims import Killer
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.processes import started

UNCERTAIN_PER_CONNECTION = 2  # at most, for each kill and each restart
# Leases end sooner than in earnest, where a kill between claim and journal would cost two and a half minutes.
LEASE_SECONDS = 8
LONGEST_GAP = 0.6  # seconds between two kills
DRAIN_SECONDS = 240.0


@dataclass(frozen=True)
class Plan:
    """How much of what. `restart` restarts Postgres, which must be ours alone; `restarts` of them in a round."""

    people: int = 2_000
    steps: int = 2
    kills: int = 300
    seconds: float = 540.0
    seed: int = 1
    lanes: int = 3
    clusters: int = 0  # real `run_worker`s in the place of lanes
    streams: int = 2
    pause: float = 0.004
    restarts: int = 0
    restart: Callable[[], None] | None = None


@dataclass
class Figures:
    """What came of it; `violations` are sentences, and there must be none."""

    rounds: int = 0
    mails: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    connections: int = 0
    uncertain: int = 0
    arrived: int = 0
    proven: int = 0
    set_aside: int = 0
    samples: int = 0
    seconds: float = 0.0
    violations: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        kills = ", ".join(f"{count} {moment}" for moment, count in sorted(self.kills.items()))
        lines = [
            f"{self.rounds} campaigns, {self.mails} mails taken by the server, {self.seconds:.0f} s",
            f"{self.kills.total()} workers killed ({kills}) with {self.connections} open connections; "
            f"Postgres restarted {self.restarts} times",
            f"{self.uncertain} mails uncertain, {self.arrived} of them had arrived; "
            f"{self.proven} proven sent by a journal; {self.set_aside} set aside after three workers",
            f"sum rule held in {self.samples} samples" if not self.violations else "VIOLATED:",
            *self.violations,
        ]
        return "\n".join(lines)


def torture(plan: Plan, *, folder: Path, tell: Callable[[str], None] = lambda words: None) -> Figures:
    """One campaign after the other until the kills are done or the time is up."""
    figures = Figures()
    chance = random.Random(plan.seed)
    begun = time.monotonic()
    ends = begun + plan.seconds
    while not figures.rounds or (figures.kills.total() < plan.kills and time.monotonic() < ends):
        place = folder / f"round-{figures.rounds + 1}"
        place.mkdir()
        _Round(plan, figures, chance, place, ends).fight()
        tell(f"round {figures.rounds}: {figures.kills.total()} kills, {figures.mails} mails")
        if figures.violations:
            break
    figures.seconds = time.monotonic() - begun
    return figures


@dataclass
class _Round:
    plan: Plan
    figures: Figures
    chance: random.Random
    folder: Path
    ends: float

    def fight(self) -> None:
        self.figures.rounds += 1
        self.campaign = big_campaign(people=self.plan.people, steps=self.plan.steps)
        planned = self.plan.people * self.plan.steps
        log = self.folder / "lanes.log"
        with Relay(self.folder, seconds=self.plan.pause) as relay, Sampler(self.campaign, planned=planned) as sampler:
            more = {"MAILBOX_PORT": str(relay.port), "VAR_DIR": str(self.folder), "STREAMS": str(self.plan.streams)}
            with ExitStack() as stack:
                parents = [
                    psutil.Process(stack.enter_context(started(*command, log=log, **more)).pid)
                    for command in self._commands()
                ]
                self.killer = Killer(parents, relay, self.chance)
                self._fire()
                self._drain(log)
                self._compare(relay.taken())
                self._decide({mail.id for mail in relay.taken()})
                self._drain(log)
                self._reckon(relay.taken())
        self.figures.samples += sampler.samples
        self.figures.violations += [f"the sum rule is broken: {words}" for words in sampler.wrong[:5]]

    def _commands(self) -> list[tuple[str, ...]]:
        """What keeps workers going: each starts another for one that died."""
        if self.plan.clusters:
            return [("manage.py", "run_worker")] * self.plan.clusters
        return [("-m", "campaigns.tests.torture.lanes", str(self.plan.lanes))]

    def _fire(self) -> None:
        """Kill until enough are dead, the time is up, or there is nothing left to send."""
        restarts = self._restarts()
        while (self._wants_kills() or restarts) and time.monotonic() < self.ends:
            try:
                if not self._is_busy():
                    break
                if restarts and self._progress() >= restarts[0]:
                    restarts.pop(0)
                    self.killer.count_connections()
                    self.plan.restart()
                    self.figures.restarts += 1
                if self._wants_kills():
                    self.killer.kill()
                cut_leases()
            except Error:
                connection.close()  # to the Postgres before the restart
            time.sleep(self.chance.uniform(0.05, LONGEST_GAP) if self._wants_kills() else 0.05)
        self.figures.kills += self.killer.kills
        self.figures.connections += self.killer.connections

    def _wants_kills(self) -> bool:
        return self.figures.kills.total() + self.killer.kills.total() < self.plan.kills

    def _restarts(self) -> list[float]:
        """The shares of the mails that are sent when Postgres is restarted."""
        return sorted(self.chance.uniform(0.05, 0.7) for _ in range(self.plan.restarts)) if self.plan.restart else []

    def _progress(self) -> float:
        return self._messages().filter(status="sent").count() / (self.plan.people * self.plan.steps)

    def _is_busy(self) -> bool:
        return Recipient.objects.filter(campaign=self.campaign, status__in=["pending", "sent"]).exists()

    def _messages(self):
        return Message.objects.filter(recipient__campaign=self.campaign)

    def _drain(self, log: Path) -> None:
        """Until everybody has had all, is out, or waits for a decision."""
        until = time.monotonic() + DRAIN_SECONDS
        while self._is_busy():
            if time.monotonic() > until:
                counts = Counter(self._messages().values_list("status", flat=True))
                raise AssertionError(f"it does not come to an end: {dict(counts)}\n{log.read_text()[-4000:]}")
            cut_leases()
            time.sleep(0.2)

    def _compare(self, taken: list[Taken]) -> None:
        """Before anybody decided: sent are those that were taken, but for the uncertain ones."""
        ids = {mail.id for mail in taken}
        by_status = {
            status: set(self._messages().filter(status=status).values_list("message_id", flat=True))
            for status in MessageStatus.values
        }
        uncertain = by_status["uncertain"]
        self._expect(not by_status["sent"] - ids, f"sent, but the server has not got: {by_status['sent'] - ids}")
        astray = ids - by_status["sent"] - uncertain
        self._expect(not astray, f"the server has them, but they are neither sent nor uncertain: {astray}")
        allowed = UNCERTAIN_PER_CONNECTION * self.killer.connections
        self._expect(len(uncertain) <= allowed, f"{len(uncertain)} are uncertain, {allowed} at most may be")
        self.figures.uncertain += len(uncertain)
        self.figures.arrived += len(uncertain & ids)
        # The journal keeps the code and not the words.
        self.figures.proven += self._messages().filter(status="sent", smtp_reply="").count()

    def _decide(self, taken: set[str]) -> None:
        """As somebody would who can ask the mail server."""
        for message in self._messages().filter(status="uncertain").select_related("recipient__campaign"):
            decide = treat_as_sent if message.message_id in taken else send_again
            decide(message=message, actor=SYSTEM, now=timezone.now())

    def _reckon(self, taken: list[Taken]) -> None:
        """In the end everybody had every step once; what was set aside surely never went out."""
        mails = Counter((mail.to, step_of(mail.subject)) for mail in taken)
        twice = [which for which, count in mails.items() if count > 1]
        self._expect(not twice, f"sent twice: {twice}")
        self._expect(len({mail.id for mail in taken}) == len(taken), "a Message-ID was used twice")
        aside = self._messages().filter(status="failed", reason=MessageReason.POISON)
        lost = dict(aside.values_list("recipient__email_address", "step__position"))
        for address in Recipient.objects.filter(campaign=self.campaign).values_list("email_address", flat=True):
            steps = range(1, lost.get(address, self.plan.steps + 1))
            wanted = {(address, step) for step in steps}
            had = {(address, step) for step in range(1, self.plan.steps + 1) if (address, step) in mails}
            self._expect(had == wanted, f"{address} had {sorted(had)}, not {sorted(wanted)}")
        campaign = Campaign.objects.get(pk=self.campaign.pk)
        self._expect(campaign.emails_sent == len(taken), f"emails_sent is {campaign.emails_sent}, not {len(taken)}")
        self.figures.set_aside += len(lost)
        self.figures.mails += len(taken)

    def _expect(self, holds: bool, violation: str) -> None:
        if not holds:
            self.figures.violations.append(f"round {self.figures.rounds}: {violation[:500]}")


def cut_leases() -> None:
    """Let no lease last longer than LEASE_SECONDS from now; who works renews its own."""
    with connection.cursor() as cursor:
        cursor.execute(_CUT, {"seconds": LEASE_SECONDS})


_CUT = """
UPDATE sending_leases SET until = clock_timestamp() + %(seconds)s * interval '1 second'
WHERE id IN (
    SELECT id FROM sending_leases WHERE until > clock_timestamp() + %(seconds)s * interval '1 second'
    FOR UPDATE SKIP LOCKED
)
"""

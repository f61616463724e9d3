"""One lane of sending: chunk after chunk of whatever is due, for a bounded time."""

import logging
import math
import random
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from campaigns.content.message_id import check_sender_address
from campaigns.delivery.outcomes import SenderFault
from campaigns.errors import PauseCode
from campaigns.halts import unhalted
from campaigns.lifecycle import pause_by_system
from campaigns.locks import Lock, let_go, take_for_session
from campaigns.models import Campaign, Recipient, Sender
from campaigns.scheduling import next_opening
from campaigns.sending import leases
from campaigns.sending.allowance import allowance, with_room
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.clocks import set_back_closed, zones_of
from campaigns.sending.connections import Connections, Routes
from campaigns.sending.deliver import deliver
from campaigns.sending.draining import drained
from campaigns.sending.inherit import inherit
from campaigns.sending.journal import Journal
from campaigns.sending.limits import LIMITED_SENDER, is_limited
from campaigns.sending.prepare import prepare
from campaigns.sending.reasons import in_words
from campaigns.sending.record import record
from campaigns.sending.settle import blame_sender, unmade
from campaigns.sending.sizing import MOST_CLAIMED, Share, Speed
from campaigns.sending.slots import Slots
from campaigns.sending.streams import Processors, Turn, in_streams
from campaigns_project.accounts import timezones
from campaigns_project.errors import Refused
from campaigns_project.faults import is_of_the_database
from campaigns_project.workers.stopping import is_stopping

logger = logging.getLogger(__name__)

# What tells one server from another.
type Server = tuple[str, str, int, str]

ROUND = 1.0  # seconds before it is asked anew which campaigns are due: the longest of all that is asked
TURN = timedelta(seconds=10)  # how long a lane works before it asks to be called again, so that stopping is quick


@dataclass
class Stream:
    """What one stream of mail holds on to from chunk to chunk. A journal that was not entered keeps nothing."""

    connections: Routes
    journal: Journal = field(default_factory=Journal)
    may_use: Callable[[Sender], bool] = lambda sender: True
    step_back: Callable[[Sender], bool] = lambda sender: False
    call_for_help: Callable[[], None] = lambda: None
    processors: Processors = field(default_factory=Processors)
    expected: Speed = field(default_factory=Speed)
    turn: Turn = field(default_factory=partial(Turn, 0.0))
    _of_sender: dict[int, Speed] = field(default_factory=dict)
    _of_server: dict[Server, Speed] = field(default_factory=dict)

    def speed(self, sender: Sender) -> Speed:
        """What was learned of `sender`; of one that is new, what was learned last of another with the same server."""
        server = _server_of(sender)
        if sender.pk not in self._of_sender:
            self._of_sender[sender.pk] = self._of_server.get(server, self.expected).for_another()
        self._of_server[server] = self._of_sender[sender.pk]
        return self._of_sender[sender.pk]


def _server_of(sender: Sender) -> Server:
    return sender.kind, sender.host, sender.port, sender.esp


def work(*, lane: int, turn: timedelta = TURN) -> int:
    """Send what is due until nothing is or the turn is over; returns how many mails were settled.

    While a mail waits for a server that does not answer, others go on beyond the end of the turn, until that one has
    its answer or is given up. Does nothing when another worker holds the lane. Before, what dead workers of this
    machine left is settled.
    """
    ours = Turn(turn.total_seconds())
    with _lane(lane) as is_ours, drained():
        if not is_ours:
            return 0
        inherit(now=timezone.now())
        return in_streams(partial(_send_in, ours), most=settings.STREAMS, turn=ours)


def _send_in(turn: Turn, call_for_help: Callable[[], None]) -> int:
    """One stream: chunk after chunk over connections of its own until nothing is due or the turn is over."""
    settled = 0
    with Slots() as slots, Connections() as connections, Journal() as journal:
        may_use = partial(_may_use, turn, slots)
        stream = Stream(connections, journal, may_use, slots.step_back, call_for_help, Processors(), turn=turn)
        while not _is_over(turn.ends()):
            sent = send_round(due_campaigns(now=timezone.now()), stream, turn.ends())
            settled += sent
            if not sent and not turn.lingers():
                break
    return settled


def _may_use(turn: Turn, slots: Slots, sender: Sender) -> bool:
    """Whether a stream may use the sender: one that has a connection to its server need not mind who waits there."""
    server = _server_of(sender)
    return turn.may_begin_with(server, anew=not slots.has(sender)) and slots.take(sender)


def send_round(campaigns: Sequence[Campaign], stream: Stream, ends: float) -> int:
    """Chunks of `campaigns` in turn for ROUND seconds, of each as long as it runs and has any.

    Returns how many were settled.
    """
    began, settled = time.monotonic(), 0
    while campaigns and time.monotonic() - began < ROUND:
        had_some = set()
        for campaign in campaigns:
            if _is_over(ends):
                return settled
            if sent := _contained(campaign, stream, until=ends):
                settled += sent
                had_some.add(campaign.pk)
        running = unhalted(Campaign.objects.running()).filter(pk__in=had_some)
        still = set(running.values_list("pk", flat=True))
        campaigns = [campaign for campaign in campaigns if campaign.pk in still]
    return settled


def _is_over(until: float) -> bool:
    """True when no further mail is to be begun: the turn is over, or this worker was asked to stop."""
    return time.monotonic() >= until or is_stopping()


def due_campaigns(*, now: datetime) -> list[Campaign]:
    """Running campaigns that may send now, the most urgent first.

    Somebody is due, the window is open, the limits leave room and no emergency stop is in force.
    """
    # As a value, so that each campaign's own are looked up, the longest due first: a condition may be turned into a
    # search through all recipients for each campaign, as long as statistics know of few.
    waiting = Recipient.objects.due(now).filter(campaign=OuterRef("pk")).order_by("next_send_at", "pk").values("pk")
    of_sender = Exists(Sender.objects.filter(LIMITED_SENDER, campaign_senders__campaign=OuterRef("pk")))
    unheld = Q(hold_until=None) | Q(hold_until__lte=now)
    campaigns = (
        unhalted(Campaign.objects.running().delivered_here())
        .alias(first_due=Subquery(waiting[:1]))
        .filter(unheld, first_due__isnull=False)
        .annotate(has_limited_sender=of_sender)
    )
    due = list(campaigns.select_related("organization").order_by("-priority", "pk"))
    limited = frozenset(campaign.pk for campaign in due if campaign.has_limited_sender or is_limited(campaign))
    try:
        return _able_to_send(due, limited, now)
    except Exception as error:
        if is_of_the_database(error):
            raise
    return [campaign for campaign in due if _is_able_to_send(campaign, limited, now)]


def _able_to_send(due: Sequence[Campaign], limited: Collection[int], now: datetime) -> list[Campaign]:
    """Those whose window is open, and of the `limited` ones, by id, those with room."""
    opened = [campaign for campaign in due if next_opening(campaign, now) <= now]
    asked = [campaign for campaign in opened if campaign.pk in limited]
    full = set(asked) - set(with_room(asked, now=now))
    return [campaign for campaign in opened if campaign not in full]


def _is_able_to_send(campaign: Campaign, limited: Collection[int], now: datetime) -> bool:
    """The same of one campaign alone. One that it cannot be said of is: whoever sends it finds out and pauses it."""
    try:
        return bool(_able_to_send([campaign], limited, now))
    except Exception as error:
        if is_of_the_database(error):
            raise
        return True


def _contained(campaign: Campaign, stream: Stream, *, until: float) -> int:
    """A chunk; what is wrong with one campaign must not keep the others from sending."""
    try:
        return _send_chunk(campaign, stream, until=until)
    except Exception as error:
        if is_of_the_database(error):
            raise  # nobody's fault here: the whole turn ends, and the queue tries again
        if isinstance(error, Sender.DoesNotExist):
            logger.info("a sender was deleted before its mails left", extra={"campaign": campaign.pk})
        else:
            _pause_broken(campaign, error)
        # What was in hand is settled by what is known of it: the next chunk would wipe that from the journal.
        stream.journal.leave_behind()
        inherit(now=timezone.now())
        return 0


def _pause_broken(campaign: Campaign, error: Exception) -> None:
    logger.exception("campaign %s cannot be sent", campaign.pk)
    message = "Sending broke off by a fault of the system; its log says more. Resume to try again."
    pause_by_system(
        campaign_id=campaign.pk,
        code=PauseCode.SENDING_ERROR,
        message=message,
        now=timezone.now(),
        error=type(error).__name__,
    )


def _pause_without_clock(campaign: Campaign) -> None:
    """Nobody can tell when its window is open, nor which day its limits are of."""
    message = f"Nothing leaves: {timezones.unknown(campaign.timezone)} {timezones.MEND} Then resume the campaign."
    pause_by_system(campaign_id=campaign.pk, code=PauseCode.TIMEZONE_UNKNOWN, message=message, now=timezone.now())


def send_chunk(campaign: Campaign, *, connections: Routes, until: float = math.inf) -> int:
    """Claim, prepare and deliver one chunk of `campaign` for each sender; returns how many messages were settled.

    What is not at the mail server by `until` (monotonic seconds) goes back to waiting.
    """
    stream = Stream(connections, expected=Speed(Share(MOST_CLAIMED)))
    return _send_chunk(campaign, stream, until=until)


def _send_chunk(campaign: Campaign, stream: Stream, *, until: float) -> int:
    if not timezones.is_known(campaign.timezone):
        _pause_without_clock(campaign)
        return 0
    able = able_senders(campaign, now=timezone.now())
    if not able:
        _hold_without_sender(campaign, timezone.now())
        return 0
    set_back_closed(campaign, now=timezone.now())
    wordings = Wordings.of(campaign)
    settled = 0
    # By chance: streams that begin at the same moment should not all wait for the first sender.
    for sender in random.sample(list(able.values()), len(able)):
        if not _is_over(until) and stream.may_use(sender):
            settled += _send_for(campaign, sender, stream, able=list(able.values()), wordings=wordings, until=until)
    return settled


def _send_for(
    campaign: Campaign, sender: Sender, stream: Stream, *, able: Sequence[Sender], wordings: Wordings, until: float
) -> int:
    """A chunk of those who fall to `sender`; when there is no other work, one mail whose last worker was lost."""
    began, now = time.monotonic(), timezone.now()
    speed, journal = stream.speed(sender), stream.journal
    room = allowance(campaign, able, at_most=speed.share.size, now=now)
    most = room.for_sender(sender)
    others = [each for each in able if each.pk in room.by_sender]
    take = partial(claim, campaign=campaign, wordings=wordings, senders=others, sender=sender, now=now)
    take = partial(take, first_mails=room.first_mails)
    claims = most and (take(limit=most) or take(limit=1, suspects=True))
    if not claims:
        return 0
    journal.claimed(claims)
    with journal.making():
        batch = prepare(campaign, claims, wordings=wordings, senders={sender.pk: sender}, now=now)
    settled = record(campaign=campaign, verdicts=[unmade(one) for one in batch.unmade], at=now) if batch.unmade else 0
    before = speed.pace.seconds
    with stream.turn.at(_server_of(sender)) as stirs:
        settled += deliver(
            campaign,
            batch.prepared,
            sender=sender,
            connections=stream.connections,
            journal=journal,
            pace=speed.pace,
            until=until,
            claimed_at=began,
            zones=zones_of(campaign, [one.recipient for one in claims]),
            step_back=stream.step_back,
            stirs=stirs,
        )
    if settled == len(claims):
        journal.settled()
        leases.drop(claims[0].lease)
    else:
        # Some are in other hands by now, or were in them: this machine slept, and its worker was taken for dead. Its
        # journal says of them what it would say of a dead one's; the lease is left to who looks after ended ones.
        journal.leave_behind()
        inherit(now=timezone.now())
    seconds = time.monotonic() - began
    # Another stream is of use where this one mostly waits for the server; where it works, they would share its time.
    waited = speed.pace.seconds - before
    if speed.share.learn(len(claims), seconds) and waited > seconds / 2 and stream.processors.have_room():
        stream.call_for_help()
    return settled


def able_senders(campaign: Campaign, *, now: datetime) -> dict[int, Sender]:
    """The campaign's senders that may be used at this moment, by id."""
    rested = Q(backs_off_until=None) | Q(backs_off_until__lte=now)
    found = _active(campaign).filter(rested).defer(*Sender.SECRETS).in_bulk()
    return {pk: sender for pk, sender in found.items() if _is_usable(sender, now)}


def _is_usable(sender: Sender, now: datetime) -> bool:
    """False, and the sender paused, when its own address cannot stand in a mail, or its limits are of nobody's day."""
    if is_limited(sender) and not timezones.is_known(sender.timezone):
        blame_sender(sender, SenderFault("timezone_unknown", reply=sender.timezone, permanent=True), now=now)
        return False
    try:
        check_sender_address(sender.email)
    except Refused as refused:
        blame_sender(sender, SenderFault("invalid_address", reply=refused.message, permanent=True), now=now)
        return False
    return True


def _active(campaign: Campaign) -> QuerySet[Sender]:
    return Sender.objects.filter(campaign_senders__campaign=campaign).able()


def _hold_without_sender(campaign: Campaign, now: datetime) -> None:
    """One that only rests is waited for; when none is left, a person has to look."""
    if not _active(campaign).exists():
        senders = Sender.objects.filter(campaign_senders__campaign=campaign)
        error = "; ".join(
            f"{sender.email}: {in_words(sender.status_reason)}" for sender in senders if sender.status_reason
        )
        why = "all of them are paused. Mend one" if senders else "the campaign has none. Choose one"
        message = f"No sender can be used: {why} and resume the campaign."
        pause_by_system(campaign_id=campaign.pk, code=PauseCode.NO_SENDER, message=message, now=now, error=error)


@contextmanager
def _lane(number: int) -> Iterator[bool]:
    """Hold a lane for this session; a dead worker's lane is free at once, since the lock dies with its connection."""
    is_ours = take_for_session(Lock.LANE, number)
    try:
        yield is_ours
    finally:
        if is_ours:
            let_go(Lock.LANE, number)

"""Mails over one SMTP connection that is kept open between them and opened again when it has gone."""

import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import Self

from campaigns.delivery import pipeline, transaction
from campaigns.delivery.base import Envelope, Gate, GateAt
from campaigns.delivery.classify import SERVICE_CLOSING
from campaigns.delivery.outcomes import Accepted, Deferred, NotSent, Outcome, Outcomes, Stage
from campaigns.delivery.server import SmtpServer
from campaigns.delivery.session import Session, SessionError, open_session
from campaigns.delivery.wire import WireError

CONNECT_SECONDS = 30.0
TRANSACTION_SECONDS = 300.0  # an impatient end after the dot makes mails uncertain; a lease must be longer
QUIT_SECONDS = 2.0
MAX_MAILS = 100  # on one connection; some servers count, and a balancer behind one name gets its share
# One after the other on one connection. Servers answer slower and slower to whoever is refused again and again, and
# hang up in the end; each refusal counts twice there where RCPT and DATA went out together.
MAX_REFUSED = 5
SLOW_SECONDS = 0.5  # for opening a session; half of what a gate's answer holds for
MAX_IDLE_SECONDS = 60.0  # servers close after minutes of silence; a new connection is cheaper than finding out
ENVELOPE_STAGES = frozenset({Stage.MAIL, Stage.RCPT, Stage.DATA})
OF_THE_LINE = frozenset({"dropped", "timeout", "garbage"})  # as a WireError has it


class SmtpConnection:
    """A sender's connection to its server; opened by the first deliver(), closed by close() or `with`.

    For one thread at a time. `connect_seconds` bounds opening a session with TLS and login, `transaction_seconds` one
    mail from MAIL to the answer after the dot; both by the wall clock. `pipelined` is whether deliver_many() may use
    RFC 2920 where the server offers it, and `not_pipelined` is called when it turned out to get on badly with that.
    """

    def __init__(
        self,
        server: SmtpServer,
        *,
        context: ssl.SSLContext | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        transaction_seconds: float = TRANSACTION_SECONDS,
        max_mails: int = MAX_MAILS,
        max_idle_seconds: float = MAX_IDLE_SECONDS,
        pipelined: bool = True,
        not_pipelined: Callable[[], None] = lambda: None,
    ):
        self.server = server
        self._context = context
        self._connect_seconds = connect_seconds
        self._transaction_seconds = transaction_seconds
        self._max_mails = max_mails
        self._max_idle_seconds = max_idle_seconds
        self._is_pipelined = pipelined
        self._not_pipelined = not_pipelined
        self._may_send_ahead = True
        self._session: Session | None = None
        self._used_at = 0.0

    def deliver(self, envelope: Envelope, *, before_data: Gate | None = None) -> Outcome:
        """Hand one mail over; see `campaigns.delivery.outcomes` for what can come of it.

        A connection the server gave up while it was idle is replaced once, before anything was said on it or with the
        first command refused for that: nothing can have been sent then.
        """
        return self._deliver(envelope, before_data=before_data)

    def deliver_many(self, envelopes: Iterable[Envelope], *, before_data: GateAt | None = None) -> Outcomes:
        """Hand mails over one after the other; what came of each, in their order and as deliver() would say it.

        Where the server offers PIPELINING a mail takes one round trip: the commands of the next go out with the
        content of the one at hand. `before_data` is asked with the mail's place (from 0), always after the outcome of
        the mail before was handed out and last right before the first byte of content; so at any time the fate of one
        mail at most is open. A no then costs the connection. `envelopes` is read one ahead, before that gate.
        A mail without an outcome when the iteration is ended early, and whose gate was not asked, was surely not sent.
        """
        try:
            for place, (envelope, following) in enumerate(_with_next(envelopes)):
                gate = partial(before_data, place) if before_data else None
                yield self._deliver(envelope, before_data=gate, following=following, pipelined=self._is_pipelined)
        finally:
            if self._session is not None and self._session.ahead is not None:
                self._drop()

    def close(self) -> None:
        """Say goodbye and hang up; a later deliver() connects again."""
        session, self._session = self._session, None
        if session is None:
            return
        if session.ahead is not None:
            session.wire.close()  # in mid-transaction, where QUIT might be content
            return
        try:
            session.wire.command("QUIT", deadline=time.monotonic() + QUIT_SECONDS)
        except WireError:
            pass  # whatever the server makes of our goodbye, the connection is over
        finally:
            session.wire.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _deliver(
        self,
        envelope: Envelope,
        *,
        before_data: Gate | None,
        following: Envelope | None = None,
        pipelined: bool = False,
    ) -> Outcome:
        kept = self._session if self._is_ahead(envelope) or self._may_be_used_again() else None
        outcome = self._deliver_once(envelope, before_data, following, pipelined=pipelined)
        is_out_of_step = pipelined and _is_out_of_step(outcome)
        is_stale = kept is not None and not kept.wire.is_hung_up and _is_stale_connection(outcome)
        if pipelined and _is_broken_off_in_envelope(outcome) and not is_stale:
            # Its answers to several commands at once are not to be relied on, or it reads but the first of them.
            self._is_pipelined = False
            self._not_pipelined()
        if _is_left_over(outcome):
            # It has to be told to forget a mail that it refused, and what is sent ahead comes before that.
            self._may_send_ahead = False
        elif not (is_out_of_step or is_stale):
            return outcome
        return self._deliver_once(envelope, before_data, None, pipelined=False)

    def _deliver_once(
        self, envelope: Envelope, before_data: Gate | None, following: Envelope | None, *, pipelined: bool
    ) -> Outcome:
        try:
            session = self._session_for(envelope)
        except SessionError as refused:
            return refused.fault
        deadline = time.monotonic() + self._transaction_seconds
        try:
            if pipelined and pipeline.is_offered(session):
                ahead = following if self._takes_ahead(session) else None
                ended = pipeline.run(session, envelope, following=ahead, deadline=deadline, before_data=before_data)
            else:
                ended = transaction.run(session, envelope, deadline=deadline, before_data=before_data)
        except BaseException:
            self._drop()  # the gate raised, or the process is being stopped: the session is in mid-transaction
            raise
        session.mails += 1
        session.refused = 0 if isinstance(ended.outcome, Accepted) else session.refused + 1
        self._used_at = time.monotonic()
        if not ended.is_clean or (ended.needs_reset and not self._reset(session)):
            self._drop()
        elif session.mails > 1 and _is_of_the_connection(ended.outcome):
            self.close()
        return ended.outcome

    def _session_for(self, envelope: Envelope) -> Session:
        if self._session is not None and self._is_ahead(envelope):
            return self._session
        if self._session is not None and not self._may_be_used_again():
            self.close()
        if self._session is None:
            began = time.monotonic()
            deadline = began + self._connect_seconds
            self._session = open_session(self.server, context=self._context, deadline=deadline)
            self._session.was_slow = time.monotonic() - began > SLOW_SECONDS
        return self._session

    def _is_ahead(self, envelope: Envelope) -> bool:
        return self._session is not None and self._session.ahead is envelope

    def _may_be_used_again(self) -> bool:
        session = self._session
        if session is None or session.ahead is not None or not self._has_room(session):
            return False
        is_fresh = time.monotonic() - self._used_at <= self._max_idle_seconds
        return is_fresh and not session.wire.has_input()

    def _has_room(self, session: Session, *, for_mails: int = 1) -> bool:
        """Whether so many more mails may go over it, be they all refused."""
        return session.mails + for_mails <= self._max_mails and session.refused + for_mails <= MAX_REFUSED

    def _takes_ahead(self, session: Session) -> bool:
        """Whether the commands of another mail may go out behind the one at hand.

        Not right after a server took its time to greet: the other's gate may have closed meanwhile, and its no would
        cost the connection and one more such greeting.
        """
        is_late = session.was_slow and not session.mails
        return self._may_send_ahead and not is_late and self._has_room(session, for_mails=2)

    def _reset(self, session: Session) -> bool:
        """Forget the refused transaction on the server's side; False when the session is not to be used again."""
        try:
            deadline = time.monotonic() + self._connect_seconds
            return session.wire.command("RSET", deadline=deadline).is_positive
        except WireError:
            return False

    def _drop(self) -> None:
        if self._session is not None:
            self._session.wire.close()
            self._session = None


def _with_next(envelopes: Iterable[Envelope]) -> Iterator[tuple[Envelope, Envelope | None]]:
    source = iter(envelopes)
    envelope = next(source, None)
    while envelope is not None:
        following = next(source, None)
        yield envelope, following
        envelope = following


def _is_broken_off_in_envelope(outcome: Outcome) -> bool:
    return isinstance(outcome, NotSent) and outcome.stage in ENVELOPE_STAGES and outcome.reason in OF_THE_LINE


def _is_out_of_step(outcome: Outcome) -> bool:
    return isinstance(outcome, NotSent) and outcome.reason == "garbage" and outcome.stage in ENVELOPE_STAGES


def _is_left_over(outcome: Outcome) -> bool:
    return isinstance(outcome, NotSent) and outcome.reason == transaction.LEFT_OVER


def _is_stale_connection(outcome: Outcome) -> bool:
    if isinstance(outcome, NotSent):
        return outcome.stage is Stage.MAIL and outcome.reason == "dropped"
    return isinstance(outcome, Deferred) and outcome.stage is Stage.MAIL and outcome.code == SERVICE_CLOSING


def _is_of_the_connection(outcome: Outcome) -> bool:
    """Whether the server may have had enough mails on this connection: it says "later" before it knows to whom."""
    return isinstance(outcome, Deferred) and outcome.stage is Stage.MAIL

"""One mail over an open session: MAIL, RCPT, DATA, content, dot.

The stage decides what a broken line means (RFC 1047): up to the last byte of the dot the server cannot have taken the
mail, after it nobody can know. The dot is therefore a write of its own.
"""

import re
from typing import NamedTuple

from campaigns.delivery.base import Envelope, Gate, WireForm
from campaigns.delivery.classify import SERVICE_CLOSING, kind_of
from campaigns.delivery.outcomes import (
    GATE_EXPIRED,
    Accepted,
    Deferred,
    Kind,
    NotSent,
    Outcome,
    Refused,
    SenderFault,
    Stage,
    Uncertain,
)
from campaigns.delivery.session import Session, fault_of_login
from campaigns.delivery.wire import Reply, Wire, WireError

# Codes that say the login is wrong or missing, at whatever stage (RFC 4954 6).
AUTH_CODES = frozenset({530, 534, 535, 538})
OUT_OF_ORDER = 503
LEFT_OVER = "left_over"  # the reason of a NotSent whose server was not done with the mail before
DOT = b".\r\n"
# What commands() are for, with the first digit of the answer that goes on.
STEPS = ((Stage.MAIL, 2), (Stage.RCPT, 2), (Stage.DATA, 3))
_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class Ended(NamedTuple):
    """How a transaction ended: what came of it, and whether the session may carry another one as it stands."""

    outcome: Outcome
    is_clean: bool
    needs_reset: bool = False


def run(session: Session, envelope: Envelope, *, deadline: float, before_data: Gate | None) -> Ended:
    """Hand `envelope` over within `deadline`; never raises for what the server does.

    `before_data` is asked before DATA and again before the first byte of content.
    """
    refused = beyond(session, envelope)
    if refused:
        return Ended(refused, is_clean=True)
    ended = _envelope_part(session, envelope, deadline=deadline, before_data=before_data)
    return ended or _content_part(session.wire, envelope.data, deadline=deadline, before_data=before_data)


def on_the_wire(data: bytes) -> bytes:
    """The content as DATA wants it, up to and with the line end before the dot (RFC 5321 4.5.2).

    Bare line ends become CRLF: some servers read LF . LF as the end and what follows as commands.
    """
    if isinstance(data, WireForm):
        return data
    # Counting is thirty times as fast as the search, and a mail of ours has no bare line end.
    if not data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n"):
        data = _BARE_LINE_END.sub(b"\r\n", data)
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    data = data.replace(b"\n.", b"\n..")
    return b"." + data if data.startswith(b".") else data


def beyond(session: Session, envelope: Envelope) -> Refused | None:
    """What this server could only refuse, said without asking it."""
    if session.max_size and len(envelope.data) > session.max_size:
        reply = f"552 5.3.4 the mail has {len(envelope.data)} bytes, the server takes {session.max_size}"
        return Refused(552, reply, Stage.MAIL, Kind.CONTENT)
    if envelope.needs_smtputf8 and "SMTPUTF8" not in session.features:
        reply = "553 5.6.7 the address is not ASCII and the server does not offer SMTPUTF8"
        return Refused(553, reply, Stage.MAIL, Kind.OTHER)
    return None


def _envelope_part(session: Session, envelope: Envelope, *, deadline: float, before_data: Gate | None) -> Ended | None:
    """MAIL, RCPT and DATA; None when the server waits for the content."""
    for (stage, wanted), line in zip(STEPS, commands(session, envelope), strict=True):
        if stage is Stage.DATA and before_data and not before_data():
            return Ended(NotSent(GATE_EXPIRED, stage), is_clean=True, needs_reset=True)
        try:
            reply = session.wire.command(line, deadline=deadline)
        except WireError as error:
            return Ended(NotSent(error.reason, stage), is_clean=False)
        if is_left_over(session, reply, stage):
            return Ended(NotSent(LEFT_OVER, stage), is_clean=False)
        if reply.code // 100 != wanted:
            outcome = negative(reply, stage)
            is_clean = reply.code >= 400 and reply.code != SERVICE_CLOSING
            return Ended(outcome, is_clean=is_clean, needs_reset=stage is not Stage.MAIL)
    return None


def commands(session: Session, envelope: Envelope) -> tuple[str, str, str]:
    """The lines of MAIL, RCPT and DATA."""
    parameters = ""
    if "SIZE" in session.features:
        parameters += f" SIZE={len(envelope.data)}"
    if "8BITMIME" in session.features and not envelope.data.isascii():
        parameters += " BODY=8BITMIME"
    if envelope.needs_smtputf8:
        parameters += " SMTPUTF8"
    return f"MAIL FROM:<{envelope.mail_from}>{parameters}", f"RCPT TO:<{envelope.rcpt_to}>", "DATA"


def _content_part(wire: Wire, data: bytes, *, deadline: float, before_data: Gate | None) -> Ended:
    # After 354 there is no way back but hanging up: whatever is sent now is content.
    if before_data and not before_data():
        return Ended(NotSent(GATE_EXPIRED, Stage.CONTENT), is_clean=False)
    try:
        wire.send(on_the_wire(data), deadline=deadline)
        if wire.has_input():
            return Ended(answered_early(wire, deadline=deadline), is_clean=False)
        wire.send(DOT, deadline=deadline)
    except WireError as error:
        return Ended(broken_off(wire, error, deadline=deadline), is_clean=False)
    return after_dot(wire, deadline=deadline)


def after_dot(wire: Wire, *, deadline: float) -> Ended:
    """What the answer to the dot says; once the dot is out, anything but an answer leaves it uncertain."""
    try:
        reply = wire.read_reply(deadline=deadline)
    except WireError as error:
        return Ended(Uncertain(error.reason), is_clean=False)
    if reply.is_positive:
        return Ended(Accepted(reply.code, reply.text), is_clean=True)
    if reply.code < 400:
        return Ended(Uncertain("garbage"), is_clean=False)
    # RFC 5321 4.1.1.4 has the mail forgotten then, which not all servers do: to the next MAIL they say 503.
    return Ended(negative(reply, Stage.DOT), is_clean=reply.code != SERVICE_CLOSING, needs_reset=True)


def is_left_over(session: Session, reply: Reply, stage: Stage) -> bool:
    """Whether MAIL is refused as out of order: for what went before on this session, and not for this mail."""
    return stage is Stage.MAIL and reply.code == OUT_OF_ORDER and session.mails > 0


def answered_early(wire: Wire, *, deadline: float) -> Outcome:
    """The server spoke, or hung up, before the dot: it has not taken the mail, and gets no dot."""
    try:
        return negative(wire.read_reply(deadline=deadline), Stage.CONTENT)
    except WireError as error:
        return NotSent(error.reason, Stage.CONTENT)


def broken_off(wire: Wire, error: WireError, *, deadline: float) -> Outcome:
    """The content could not go out, and no dot has: for the reason the server gave, where it gave one."""
    return answered_early(wire, deadline=deadline) if wire.has_input() else NotSent(error.reason, Stage.CONTENT)


def negative(reply: Reply, stage: Stage) -> Outcome:
    """The outcome of an answer to `stage` that is not the one to go on with."""
    if reply.code < 400:
        return NotSent("garbage", stage)
    if reply.code in AUTH_CODES and stage is not Stage.DOT:
        return SenderFault(fault_of_login(reply), reply.code, reply.text, permanent=True, stage=stage)
    if reply.code < 500:
        return Deferred(reply.code, reply.text, stage=stage)
    return Refused(reply.code, reply.text, stage, kind_of(reply.code, reply.text, stage=stage))

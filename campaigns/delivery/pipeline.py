"""One mail over an open session in a single round trip (RFC 2920), for servers that offer PIPELINING.

MAIL, RCPT and DATA go out in one write, together with the content and the dot of the mail before. What was sent ahead
binds nobody: without its content a mail cannot be taken, and no content goes out before 354 and the mail's own gate.
"""

from collections.abc import Sequence

from campaigns.delivery.base import Envelope, Gate
from campaigns.delivery.classify import SERVICE_CLOSING
from campaigns.delivery.outcomes import GATE_EXPIRED, NotSent, Stage
from campaigns.delivery.session import Session
from campaigns.delivery.transaction import (
    DOT,
    LEFT_OVER,
    STEPS,
    Ended,
    after_dot,
    answered_early,
    beyond,
    broken_off,
    commands,
    is_left_over,
    negative,
    on_the_wire,
)
from campaigns.delivery.wire import Reply, Wire, WireError

# A longer content goes out first and its dot only when the server has not spoken up against it meanwhile.
ONE_WRITE = 65_536  # bytes
RESET = b"RSET\r\n"
_GO_ON = [wanted for _, wanted in STEPS]


def is_offered(session: Session) -> bool:
    """Whether the server takes several commands at once."""
    return "PIPELINING" in session.features


def run(
    session: Session, envelope: Envelope, *, following: Envelope | None, deadline: float, before_data: Gate | None
) -> Ended:
    """Hand `envelope` over within `deadline`; never raises for what the server does.

    The commands of `following` go out behind it and `session.ahead` says so; the next run() must be for that mail.
    `before_data` is asked once, between 354 and the first byte of content.
    """
    # Of a mail that was sent ahead it was asked then.
    refused = None if session.ahead is envelope else beyond(session, envelope)
    if refused:
        return Ended(refused, is_clean=True)
    replies, broken = _answers(session, envelope, deadline=deadline)
    if following is not None and beyond(session, following):
        following = None
    if [reply.code // 100 for reply in replies] == _GO_ON:
        return _content(session, envelope, following, deadline=deadline, before_data=before_data)
    return _after_refusal(session, _refusal(session, replies, broken), replies, following, deadline=deadline)


def _answers(session: Session, envelope: Envelope, *, deadline: float) -> tuple[list[Reply], str]:
    """The answers to MAIL, RCPT and DATA, as many as came before the line broke, and why it did if so."""
    replies: list[Reply] = []
    is_ahead, session.ahead = session.ahead is envelope, None
    try:
        if not is_ahead:
            session.wire.ask(_commands(session, envelope), deadline=deadline)
        for _ in STEPS:
            replies.append(session.wire.read_reply(deadline=deadline))
    except WireError as error:
        return replies, error.reason
    return replies, ""


def _commands(session: Session, envelope: Envelope | None) -> bytes:
    return "\r\n".join((*commands(session, envelope), "")).encode() if envelope else b""


def _refusal(session: Session, replies: Sequence[Reply], broken: str) -> Ended:
    """What stands against sending the content.

    The first answer that is not the wanted one decides. An answer behind it that could only follow a yes shows that
    the answers are out of step with the commands; then none of them is believed.
    """
    pairs = list(zip(replies, STEPS, strict=False))
    place = next((place for place, (reply, (_, wanted)) in enumerate(pairs) if reply.code // 100 != wanted), None)
    if place is None:
        return Ended(NotSent(broken, STEPS[len(replies)][0]), is_clean=False)
    reply, (stage, _) = pairs[place]
    if is_left_over(session, reply, stage):
        return Ended(NotSent(LEFT_OVER, stage), is_clean=False)
    later = [other.code // 100 for other in replies[place + 1 :]]
    if 2 in later or (stage is Stage.MAIL and 3 in later):
        return Ended(NotSent("garbage", stage), is_clean=False)
    is_clean = not broken and reply.code >= 400 and all(each.code != SERVICE_CLOSING for each in replies)
    return Ended(negative(reply, stage), is_clean=is_clean, needs_reset=stage is not Stage.MAIL)


def _after_refusal(
    session: Session, refusal: Ended, replies: Sequence[Reply], following: Envelope | None, *, deadline: float
) -> Ended:
    """End the refused transaction on the server's side and go on to the next mail in the same write."""
    if not refusal.is_clean:
        return refusal
    # RFC 2920 3.1: 354 though no recipient was taken. The lone dot ends a mail to nobody; RSET would be its content.
    waits_for_content = replies[-1].code // 100 == 3
    end = DOT if waits_for_content else RESET if refusal.needs_reset else b""
    try:
        session.wire.send(end + _commands(session, following), deadline=deadline)
        reply = session.wire.read_reply(deadline=deadline) if end else None
    except WireError:
        return Ended(refusal.outcome, is_clean=False)
    if reply and reply.code // 100 == 3:
        # It waits for content, so what looked like its refusal of DATA was an answer too many before that.
        return Ended(NotSent("garbage", Stage.DATA), is_clean=False)
    session.ahead = following
    is_clean = reply is None or reply.is_positive or (waits_for_content and reply.code != SERVICE_CLOSING)
    return Ended(refusal.outcome, is_clean=is_clean)


def _content(
    session: Session, envelope: Envelope, following: Envelope | None, *, deadline: float, before_data: Gate | None
) -> Ended:
    wire = session.wire
    # All of it made ready before the gate is asked: behind the gate there is nothing but the write.
    content, rest = on_the_wire(envelope.data), DOT + _commands(session, following)
    if wire.has_input():
        return Ended(answered_early(wire, deadline=deadline), is_clean=False)
    if before_data and not before_data():
        # After 354 there is no way back but hanging up: whatever is sent now is content.
        return Ended(NotSent(GATE_EXPIRED, Stage.CONTENT), is_clean=False)
    ended = _send(wire, content, rest, deadline=deadline)
    if ended is None:
        ended = after_dot(wire, deadline=deadline)
        session.ahead = following if ended.is_clean else None
        if session.ahead is not None and ended.needs_reset:
            return ended._replace(needs_reset=False)  # what was sent ahead is under way
    return ended


def _send(wire: Wire, content: bytes, rest: bytes, *, deadline: float) -> Ended | None:
    """Content, dot and what follows; None when the dot is out, so that only the server can say what became of it."""
    try:
        if len(content) > ONE_WRITE:
            wire.send(content, deadline=deadline)
            if wire.has_input():
                return Ended(answered_early(wire, deadline=deadline), is_clean=False)
            content = b""
        wire.send(content + rest, deadline=deadline)
    except WireError as error:
        # Where a long content failed, `sent` counts within it and is less than all of it.
        if error.sent < len(content) + len(DOT):
            return Ended(broken_off(wire, error, deadline=deadline), is_clean=False)
    return None

"""Bounces: what became of whom, from a report where there is one, else from what servers write to people.

Only about half of real bounces are reports. The others are told by who writes (a mail system), by the words they begin
with, and by the addresses that stand where such mails name them.
"""

import re
from dataclasses import dataclass, replace

from tracking.bounce_kind import BounceKind
from tracking.inbox.reading import automatic, original, reports
from tracking.inbox.reading.addresses import spans
from tracking.inbox.reading.html import text_of
from tracking.inbox.reading.judging import kind_of, together
from tracking.inbox.reading.mime import Part
from tracking.inbox.reading.notices import Notice
from tracking.inbox.reading.original import Original
from tracking.inbox.reading.recipients import diagnostic_in, recipients, share
from tracking.inbox.reading.reports import Told
from tracking.inbox.reading.words import DELAY, FAILURE, FAILURE_SUBJECT

MAX_TEXT = 60_000  # characters of what a bounce says itself
FAILED, DELAYED = "failed", "delayed"
# As others than RFC 3464 say it.
_FAILING = frozenset({FAILED, "failure", "expired", "undeliverable", "bounced", "error"})

# As servers answer, whatever language stands around it: 550 5.1.1, or qmail's (#5.1.1).
_ANSWER = re.compile(r"\b[45]\d\d[ -]#?[45]\.\d\.\d|\(#[45]\.\d\.\d\b")


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a bounce says. `action` is delayed, delivered or the like where nothing has failed."""

    action: str
    told: tuple[Told, ...]
    kind: BounceKind
    original: Original
    human: str
    machine: str  # the report's own part
    why: str

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.address for one in self.told if one.address))


def read(mail: Part, *, depth: int = 2) -> Bounce | None:
    """The bounce in `mail`, or the one that it passes on, at that many levels; None where it is none."""
    leaves = outside(mail)
    returned = original.of_parts(part for part in leaves if part is not mail and original.is_returned(part))
    human, copied = original.split(_human(mail, leaves))
    if not returned.headers:
        returned = copied
    machine = "\n\n".join(part.text[:MAX_TEXT] for part in leaves if _is_status(part))
    told = reports.told_in(machine or human)
    if told and (machine or _is_bounce(mail, human)):
        return _of_report(mail, told, human, machine, returned)
    if not _is_bounce(mail, human):
        return None
    inner = next((part.parts[0] for part in leaves if part is not mail and part.parts), None)
    if inner and depth and not recipients(mail, human, Original()):
        within = read(inner, depth=depth - 1)
        if within:
            return within
    return _of_text(mail, human, returned)


def kind_of_notice(notice: Notice) -> BounceKind:
    """The class of a bounce that an e-mail service tells of; what it calls passing is never hard."""
    kind = together([kind_of(one, one.diagnostic) for one in notice.told] or [BounceKind.SOFT])
    return BounceKind.SOFT if notice.is_passing and kind is BounceKind.HARD else kind


def outside(mail: Part) -> list[Part]:
    """All parts but those of mails that are inside this one, which are named themselves."""
    found = []
    waiting = [mail]
    while waiting:
        part = waiting.pop(0)
        found.append(part)
        if part is mail or not original.is_returned(part):
            waiting = [*part.parts, *waiting]
    return found


def _is_status(part: Part) -> bool:
    return part.type in ("message/delivery-status", "message/global-delivery-status")


def _human(mail: Part, leaves: list[Part]) -> str:
    own = [part for part in leaves if not part.parts and (part is mail or not original.is_returned(part))]
    texts = [part.text for part in own if part.type == "text/plain"]
    if not any(text.strip() for text in texts):
        texts = [text_of(part.text, with_quotes=True) for part in own if part.type == "text/html"]
    # A mail whose boundaries are broken has all its text before the first.
    if not any(text.strip() for text in texts):
        texts = [part.text for part in leaves if part.body and not _is_status(part) and not original.is_returned(part)]
        texts = texts or [mail.text]
    return "\n".join(texts)[:MAX_TEXT]


def _is_bounce(mail: Part, human: str) -> bool:
    """Whether a mail without a report says that another one failed: by two signs of three, or by its own header."""
    if mail.get("x-failed-recipients"):
        return True
    is_named = automatic.is_mail_system(mail)
    has_subject = bool(FAILURE_SUBJECT.match(mail.get("subject")))
    if not (is_named or has_subject) and automatic.automatic_answer(mail, ""):
        return False  # "Ada has left, her address does not exist any more": nothing has come back
    is_daemon = is_named or "<>" in mail.get("return-path")
    has_words = bool(FAILURE.search(human[:6_000]) or _ANSWER.search(human[:6_000]))
    # Subject and words alone may be a person's, who then names nobody whom a mail did not reach.
    return is_daemon + has_subject + has_words >= 2 and (is_daemon or bool(spans(human[:6_000])))


def _of_report(mail: Part, told: list[Told], human: str, machine: str, returned: Original) -> Bounce:
    failed = [one for one in told if one.action in _FAILING]
    if not failed:
        action = told[0].action
        why = f"a delivery report (RFC 3464) says {action}"
        return Bounce(action, tuple(told), BounceKind.SOFT, returned, human, machine, why)
    alone = len(failed) == 1
    if alone and not failed[0].address:
        failed = [replace(failed[0], address=address) for address in recipients(mail, human, returned)[:1]] or failed
    full = [_with_words(one, human, alone=alone) for one in failed]
    kind = together([kind_of(one, share(human, one.address, alone=alone)) for one in full])
    status = f", {full[0].status}" if full[0].status else ""
    why = f"a delivery report (RFC 3464) says failed{status}"
    return Bounce(FAILED, tuple(full), kind, returned, human, machine, why)


def _with_words(one: Told, human: str, *, alone: bool) -> Told:
    """What the report says of a recipient; where that is no answer of a server's, as the text tells it."""
    if len(one.diagnostic) > 12 and re.search(r"[^\W\d_]{3}", one.diagnostic):
        return one
    said = share(human, one.address, alone=alone)
    diagnostic = diagnostic_in(said) or one.diagnostic
    return replace(
        one,
        diagnostic=diagnostic,
        code=one.code or reports.code_in(diagnostic),
        status=one.status or reports.status_in(said),
    )


def _of_text(mail: Part, human: str, returned: Original) -> Bounce:
    addresses = recipients(mail, human, returned)
    told, kinds = [], []
    for address in addresses or [""]:
        said = share(human, address, alone=len(addresses) < 2)
        diagnostic = diagnostic_in(said)
        code, status = reports.code_in(diagnostic), reports.status_in(diagnostic)
        told.append(Told(address=address, status=status, code=code, diagnostic=diagnostic))
        kinds.append(kind_of(told[-1], said))
    if _is_delay(mail, human):
        return Bounce(
            DELAYED, tuple(told), BounceKind.SOFT, returned, human, "", "it says that delivery is only delayed"
        )
    kind = together(kinds)
    why = "a mail system writes that a mail could not be delivered"
    return Bounce(FAILED, tuple(told), kind, returned, human, "", why)


def _is_delay(mail: Part, human: str) -> bool:
    return bool(DELAY.search(mail.get("subject")) or DELAY.search(human[:3_000]))

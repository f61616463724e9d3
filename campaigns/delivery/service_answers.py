"""What an e-mail service's answer over HTTP means (docs/faults.md, rows 1, 2, 8 and 21)."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from campaigns.delivery.classify import kind_of
from campaigns.delivery.outcomes import Deferred, Kind, Outcome, Refused, SenderFault, Stage, Uncertain
from campaigns_project.retry_after import retry_after

LONGEST_WAIT = timedelta(days=1)  # a Retry-After beyond it is taken for a mistake
_BUSY = frozenset({408, 425, 429, 503})
_KEYS = frozenset({401, 403})
_SETUP = frozenset({402, 404, 405})
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_ADDRESS = re.compile(r"\S{0,320}@\S{0,320}")
# A 4xx that is about the account and its domains, and not about this mail.
_ABOUT_SENDER = re.compile(
    r"sender signature|sender identity|from address|'from'|\bfrom\b[^.]{0,40}\b(?:invalid|not (?:allowed|valid))"
    r"|not (?:been )?(?:verified|confirmed)|unverified|verify (?:your|the) (?:domain|sender)|pending approval"
    r"|domain [^.]{0,60}not (?:found|verified|allowed)|not allowed to send|sender [^.]{0,20}not (?:valid|found)"
    r"|account [^.]{0,30}(?:suspend|disabl|pending|inactive|not active)|credits?\b",
    re.IGNORECASE,
)
_ABOUT_RECIPIENT = re.compile(
    r"recipient|'to'|\bto\b (?:parameter|address|field)|email address|valid in to", re.IGNORECASE
)


def outcome_of(status: int, headers: Mapping[str, str], body: str, *, now: datetime) -> Outcome:
    """The outcome that an answer with a status other than 2xx stands for.

    429 and 503 say that nothing was taken. Any other 5xx says that the service lost its way, and not whether the mail
    was taken before: nobody knows. A 4xx has surely taken nothing; the words say whose fault it is.
    """
    text = said(status, body)
    if status in _BUSY:
        asked = retry_after(headers.get("Retry-After", ""), now=now)
        return Deferred(status, text, retry_after=asked and min(asked, LONGEST_WAIT), stage=Stage.DOT)
    if status >= 500:
        return Uncertain(f"http_{status}")
    return _fault(status, text, body) or _refused(status, text)


def refused_recipient(status: str, body: str) -> Refused:
    """A recipient the service will not write to: `status` is anymail's invalid, rejected or failed.

    `rejected` is an entry in the service's own list of people not to write to, which may be a complaint as well as a
    dead mailbox: not enough to suppress the address here.
    """
    text = said(550, body)
    kind = kind_of(550, body, stage=Stage.RCPT) if status == "invalid" else Kind.OTHER
    return Refused(550, text, Stage.RCPT, kind if kind is Kind.ADDRESS_DEAD else Kind.OTHER)


def said(status: int, body: str) -> str:
    """Status and words as one line, as it is shown and kept."""
    return _CONTROLS.sub(" ", f"{status} {body}").strip()[:1_000]


def _fault(status: int, text: str, body: str) -> SenderFault | None:
    """What a person has to mend at the sender, if it is that."""
    if status < 400:
        return SenderFault("redirected", status, text, permanent=True)
    if status in _KEYS:
        return SenderFault("auth", status, text, permanent=True, stage=Stage.AUTH)
    if status in _SETUP or _ABOUT_SENDER.search(_ADDRESS.sub(" ", body[:4_000])):
        return SenderFault("refused_by_service", status, text, permanent=True, stage=Stage.MAIL)
    return None


def _refused(status: int, text: str) -> Refused:
    if status == 413:
        return Refused(status, text, Stage.DOT, Kind.CONTENT)
    stage = Stage.RCPT if _ABOUT_RECIPIENT.search(text) else Stage.DOT
    kind = kind_of(550, text, stage=stage)
    # What a service calls policy in a 4xx is about the mail; about the account it says 401 or 403.
    return Refused(status, text, stage, Kind.OTHER if kind is Kind.POLICY and stage is Stage.RCPT else kind)

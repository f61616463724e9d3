"""What a report means for us. The service's words go through the same judgement as the answers of mail servers.

Wrongly calling an address dead loses a person for good, so a bounce is hard only where the answer of the receiving
server says so, or says nothing that could be judged and the service says so in as many words.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from campaigns.delivery.classify import kind_of
from campaigns.delivery.outcomes import Kind, Stage
from tracking.bounce_kind import BounceKind
from tracking.models import EventType

LONGEST_REASON = 500  # characters kept of what was said
_FIRST_CODE = re.compile(r"(?<![\d.])([245])(?:\d\d(?=[ -])|\.\d{1,3}\.\d{1,3}(?![\d.]))")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What happened to the mail; `kind` of a bounce, and what was said."""

    event_type: EventType
    kind: BounceKind | None = None
    reason: str = ""


def meaning_of(service: str, part: Any, event: Any) -> Meaning | None:
    """What follows from an event; None where nothing does but that the mail went out."""
    reason = _said(event)[:LONGEST_REASON]
    if event.event_type == "complained":
        return Meaning(EventType.COMPLAIN, reason=reason)
    if event.event_type == "unsubscribed":
        return Meaning(EventType.UNSUBSCRIBE, reason=reason)
    if event.event_type not in {"bounced", "rejected", "failed"}:
        return None
    kept_back = _KEPT_BACK.get(_why_kept_back(service, part))
    if kept_back:
        return Meaning(kept_back.event_type, kept_back.kind, reason)
    if event.reject_reason == "unsubscribed":
        return Meaning(EventType.UNSUBSCRIBE, reason=reason)
    return Meaning(EventType.BOUNCE, _kind(service, part, event), reason)


# Why a service does not even try: its own list of those it writes to no more.
_KEPT_BACK: Mapping[str, Meaning] = {
    **dict.fromkeys(
        ("suppress-complaint", "spam reporting address", "spam reporter", "spamcomplaint"), Meaning(EventType.COMPLAIN)
    ),
    **dict.fromkeys(
        ("suppress-unsubscribe", "unsubscribed address", "unsub", "unsubscribe"), Meaning(EventType.UNSUBSCRIBE)
    ),
    **dict.fromkeys(("suppress-bounce", "bounced address", "hard-bounce"), Meaning(EventType.BOUNCE, BounceKind.HARD)),
}


def _why_kept_back(service: str, part: Any) -> str:
    places: dict[str, tuple[str, ...]] = {
        "mailgun": ("event-data", "reason"),
        "mailjet": ("error",),
        "mandrill": ("msg", "reject", "reason"),
        "sendgrid": ("reason",),
    }
    return str(_at(part, *places[service]) or "").lower() if service in places else ""


def _kind(service: str, part: Any, event: Any) -> BounceKind:
    words = _said(event)
    if _is(service, part, _PASSING) or _is_passing(words):
        return BounceKind.SENDER if _judged(words) is Kind.POLICY else BounceKind.SOFT
    if event.reject_reason in {"blocked", "spam"}:
        return BounceKind.SENDER
    by_words = _BY_WORDS.get(_judged(words))
    if by_words:
        return by_words
    if event.event_type == "failed":
        return BounceKind.SENDER
    is_dead = event.reject_reason == "invalid" or _is(service, part, _DEAD)
    return BounceKind.HARD if is_dead and event.reject_reason != "timed_out" else BounceKind.SOFT


_BY_WORDS: Mapping[Kind | None, BounceKind] = {
    Kind.ADDRESS_DEAD: BounceKind.HARD,
    Kind.MAILBOX_FULL: BounceKind.SOFT,
    Kind.CONTENT: BounceKind.SOFT,
    Kind.POLICY: BounceKind.SENDER,
}


def _judged(words: str) -> Kind | None:
    return kind_of(550, words, stage=Stage.RCPT) if words else None


def _is_passing(words: str) -> bool:
    found = _FIRST_CODE.search(words)
    return bool(found and found[1] == "4")


def _said(event: Any) -> str:
    """What the receiving server said, then what the service says of it."""
    texts = (event.mta_response, event.description)
    return " ".join(str(text).strip() for text in texts if text).replace("\x00", "\ufffd")


def _is(service: str, part: Any, which: Mapping[str, Callable[[Any], bool]]) -> bool:
    return service in which and which[service](part)


def _one_of(*path: str, values: set[str]) -> Callable[[Any], bool]:
    return lambda part: str(_at(part, *path)).lower() in values


def _ses(part: Any, kinds: set[str], subkinds: set[str]) -> bool:
    bounce = _at(part, "bounce")
    return str(_at(bounce, "bounceType")).lower() in kinds and str(_at(bounce, "bounceSubType")).lower() in subkinds


def _sparkpost(part: Any, classes: set[str]) -> bool:
    events = _at(part, "msys")
    return isinstance(events, dict) and any(str(_at(each, "bounce_class")) in classes for each in events.values())


def _resend(part: Any, kinds: set[str], *, is_on_a_list: bool) -> bool:
    bounce = _at(part, "data", "bounce")
    listed = "suppress" in f"{_at(bounce, 'subType')} {_at(bounce, 'message')}".lower()
    return str(_at(bounce, "type")).lower() in kinds and listed == is_on_a_list


# Where the service says in a word of its own that nobody lives there.
_DEAD: Mapping[str, Callable[[Any], bool]] = {
    "amazon_ses": lambda part: _ses(part, {"permanent"}, {"general", "noemail"}),
    "brevo": _one_of("event", values={"hard_bounce", "invalid_email"}),
    "mailersend": _one_of("data", "type", values={"hard_bounced"}),
    "mailjet": _one_of("error", values={"user unknown", "mailbox inactive", "invalid domain", "no mail host"}),
    "mandrill": _one_of("msg", "bounce_description", values={"bad_mailbox", "invalid_domain"}),
    "postmark": lambda part: "hardbounce" in {str(_at(part, name)).lower() for name in ("Type", "SuppressionReason")},
    "resend": lambda part: _resend(part, {"permanent"}, is_on_a_list=False),
    "sendgrid": _one_of("bounce_classification", values={"invalid address"}),
    "sparkpost": lambda part: _sparkpost(part, {"10", "30"}),
}
# And where it says that this may pass, or only that it is on a list of the service's.
_PASSING: Mapping[str, Callable[[Any], bool]] = {
    "amazon_ses": lambda part: (
        _ses(part, {"transient", "undetermined"}, {"general", "mailboxfull", "undetermined"})
        or _ses(part, {"permanent"}, {"suppressed", "onaccountsuppressionlist"})
    ),
    "brevo": _one_of("event", values={"soft_bounce"}),
    "mailersend": _one_of("data", "type", values={"soft_bounced"}),
    "mandrill": _one_of("event", values={"soft_bounce"}),
    "postmark": _one_of("Type", values={"softbounce", "dnserror", "transient"}),
    "resend": lambda part: (
        _resend(part, {"transient", "undetermined"}, is_on_a_list=False)
        or _resend(part, {"permanent"}, is_on_a_list=True)
    ),
    "sparkpost": lambda part: _sparkpost(part, {"20", "21", "22", "23", "24", "40", "70"}),
}


def _at(part: Any, *path: str) -> Any:
    """What stands there in a report; None where it is shaped otherwise."""
    for name in path:
        part = part.get(name) if isinstance(part, dict) else None
    return part

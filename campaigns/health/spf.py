"""The SPF record of a domain: exactly one, not too costly to evaluate, and with an end (RFC 7208)."""

import re
from dataclasses import dataclass, replace

from campaigns.health.findings import Finding, HealthCheck, HealthStatus
from campaigns.health.lookup import Lookup

MOST_LOOKUPS = 10  # RFC 7208 4.6.4: a receiver gives up beyond it, and the record counts for nothing
_VERSION = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)
_COSTS = re.compile(r"[+?~-]?(?:include:|exists:|ptr\b|a(?:[:/]|$)|mx(?:[:/]|$))|redirect=", re.IGNORECASE)
_POINTS = re.compile(r"[+?~-]?(?:include:|redirect=)([^\s/]+)", re.IGNORECASE)
_ALL = re.compile(r"([+?~-]?)all", re.IGNORECASE)
EXPECTED = "one TXT record: v=spf1 … ~all or -all"
_HINT = "Publish one that names every server that sends for the domain, e.g. “v=spf1 include:_spf.example.net ~all”."


@dataclass(frozen=True, slots=True)
class _Cost:
    lookups: int
    is_broken: str = ""  # what a receiver could not follow


def check_spf(domain: str, lookup: Lookup, *, by_service: bool = False) -> Finding:
    """What a receiver makes of the domain's SPF record.

    `by_service`: the mails' return path is the service's, whose SPF counts then; to have none is a lesser thing.
    """
    return replace(_checked(domain, lookup, by_service=by_service), where=domain)


def _checked(domain: str, lookup: Lookup, *, by_service: bool) -> Finding:
    records = [text for text in lookup.texts(domain) if _VERSION.match(text)]
    if not records:
        status = HealthStatus.WARN if by_service else HealthStatus.FAIL
        return _finding(status, f"{domain} says nowhere which servers may send for it.", "", _HINT)
    found = "\n".join(records)
    if len(records) > 1:
        message = f"{domain} has {len(records)} SPF records, and receivers then believe none."
        return _finding(HealthStatus.FAIL, message, found, "Make one of them.")
    return _judged(domain, records[0], lookup)


def _judged(domain: str, record: str, lookup: Lookup) -> Finding:
    cost = _cost(record, lookup, seen=frozenset({domain}))
    if cost.is_broken:
        message = f"It points to {cost.is_broken}, which has no SPF record: receivers then believe none of it."
        return _finding(HealthStatus.FAIL, message, record, "Correct or remove that part.")
    if cost.lookups > MOST_LOOKUPS:
        message = f"It takes {cost.lookups} DNS look-ups; receivers stop after {MOST_LOOKUPS} and believe none of it."
        return _finding(HealthStatus.FAIL, message, record, "Remove includes that are not needed any more.")
    ending = next((found[1] or "+" for term in record.split() if (found := _ALL.fullmatch(term))), "")
    if ending == "+":
        message = "It ends with “all” and so lets everybody send for the domain."
        return _finding(HealthStatus.FAIL, message, record, "End it with ~all or -all.", _ended(record))
    if ending == "?" or (not ending and "redirect=" not in record.lower()):
        message = "It does not say what to do with other servers."
        return _finding(HealthStatus.WARN, message, record, "End it with ~all or -all.", _ended(record))
    return _finding(HealthStatus.OK, f"One record, {cost.lookups} of at most {MOST_LOOKUPS} look-ups.", record)


def _cost(record: str, lookup: Lookup, *, seen: frozenset[str]) -> _Cost:
    """Look-ups of a record and of all it points to; stops counting where it is too many anyhow."""
    terms = record.split()[1:]
    lookups = sum(bool(_COSTS.match(term)) for term in terms)
    for term in terms:
        found = _POINTS.match(term)
        if not found or "%" in found[1] or lookups > MOST_LOOKUPS:
            continue  # a macro stands for something of the mail at hand
        target = found[1].rstrip(".").lower()
        below = _below(target, lookup, seen)
        if below.is_broken:
            return _Cost(lookups, below.is_broken)
        lookups += below.lookups
    return _Cost(lookups)


def _below(target: str, lookup: Lookup, seen: frozenset[str]) -> _Cost:
    if target in seen:
        return _Cost(MOST_LOOKUPS + 1)  # it goes round in circles
    records = [text for text in lookup.texts(target) if _VERSION.match(text)]
    if len(records) != 1:
        return _Cost(0, is_broken=target)
    return _cost(records[0], lookup, seen=seen | {target})


def _ended(record: str) -> str:
    """The same record with an end that says no to all others."""
    return " ".join([*(term for term in record.split() if not _ALL.fullmatch(term)), "~all"])


def _finding(status: HealthStatus, message: str, found: str, hint: str = "", publish: str = "") -> Finding:
    return Finding(HealthCheck.SPF, status, message, expected=EXPECTED, found=found, hint=hint, publish=publish)

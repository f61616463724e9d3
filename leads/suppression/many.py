"""A whole list of addresses and domains: looked at first, then suppressed in batches."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import batched, groupby
from typing import Any

from django.db import models, transaction
from django.db.models import QuerySet

from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import Subject, record
from campaigns_project.errors import Refused
from campaigns_project.webhooks.events import EventType
from leads.models import Lead, Suppression, SuppressionReason
from leads.suppression.hashes import erased_among
from leads.suppression.merged import also_theirs
from leads.suppression.reasons import weight_of
from leads.suppression.suppress import require_future, show, strengthen
from leads.suppression.targets import normalize_target, people_of, targets_in
from leads.suppression.telling import tell_outside
from leads.suppression.told import tell

BATCH = 500  # entries a transaction: whoever is told of them holds recipients as long as one lasts
# How many of these leads are active in a campaign (or in this one): upper apps know, and put their answer in here.
CountActive = Callable[[QuerySet[Lead], int | None], int]
_counts: list[CountActive] = []


class EntryState(models.TextChoices):
    """What becomes of one entry of a list."""

    NEW = "new", "to be added"
    KNOWN = "known", "suppressed already"
    TWICE = "twice", "in the list twice"
    INVALID = "invalid", "neither an address nor a domain"


@dataclass(frozen=True)
class Entry:
    """What a line of a list names: as it is written, the form it is kept in, what becomes of it; `error` in words."""

    line: int
    text: str
    target: str
    state: EntryState
    error: str = ""
    reason: SuppressionReason | None = None  # of its own, no lighter than that of the list; else that holds
    source: str = ""  # of its own; else that of the list holds


@dataclass(frozen=True)
class Outlook:
    """What suppressing a list would do: its entries, and the people it would stop."""

    entries: list[Entry]
    leads: int
    active: int

    def count(self, state: EntryState) -> int:
        """How many entries are in this state."""
        return sum(entry.state == state for entry in self.entries)

    def of(self, state: EntryState) -> list[Entry]:
        """The entries in this state."""
        return [entry for entry in self.entries if entry.state == state]

    @property
    def reasons(self) -> dict[str, int]:
        """How many of the new entries have which reason of their own."""
        return dict(Counter(entry.reason.value for entry in self.of(EntryState.NEW) if entry.reason))

    @property
    def stops(self) -> str:
        """The people the list is about, in a sentence."""
        if not self.leads:
            return "no lead of yours."
        leads = "1 lead" if self.leads == 1 else f"{self.leads:,} leads"
        if not self.active:
            return f"{leads}, nobody of whom is active in a campaign."
        return f"{leads}, of whom {self.active:,} {'is' if self.active == 1 else 'are'} active and would leave at once."


@dataclass
class Many:
    """What came of a list: how many were added, were there already, stood in it twice; and those that are none.

    `active` are the people who left a campaign by it.
    """

    added: int = 0
    known: int = 0
    twice: int = 0
    active: int = 0
    invalid: list[Entry] = field(default_factory=list)


def counts_active(count: CountActive) -> None:
    """Have `count` asked how many people a list would take out of campaigns."""
    if count not in _counts:
        _counts.append(count)


def look_at(
    *,
    organization: Organization,
    texts: Iterable[str],
    now: datetime,
    campaign_id: int | None = None,
    reason: SuppressionReason = SuppressionReason.MANUAL,
    reasons: Sequence[SuppressionReason | None] = (),
) -> Outlook:
    """What `suppress_many` would do with `texts` now, and how many people it would stop. Changes nothing."""
    entries = _read(texts, reason, reasons)
    new = [entry for entry in entries if entry.state == EntryState.NEW]
    targets = {entry.target for entry in new}
    for each, some in _by_reason(new, reason).items():
        targets |= also_theirs(organization, some, each)
    known = _known(organization, targets, campaign_id, now)
    judged = [_judged(entry, known) for entry in entries]
    stopped = _active(people_of(organization, sorted(targets)), campaign_id)
    return Outlook(judged, people_of(organization, sorted(targets - known)).count(), stopped)


def suppress_many(
    *,
    organization: Organization,
    texts: Iterable[str],
    reason: SuppressionReason,
    source: str,
    actor: Actor,
    at: datetime,
    campaign_id: int | None = None,
    expires_at: datetime | None = None,
    created_by: User | None = None,
    reasons: Sequence[SuppressionReason | None] = (),
    sources: Sequence[str] = (),
) -> Many:
    """Suppress every address and domain of `texts`, as `suppress` does one; what is neither is left out and counted.

    `reasons` has, text by text, what goes before `reason`, unless it is lighter; None, or too short a list, leaves
    that. Of an entry that stands there more than once the weightiest reason counts. So `sources` go before `source`;
    the one that counts is that of the text whose reason does.

    Counted are the entries of the list, not what else was suppressed because two people had been merged.
    In batches, each a transaction with an audit entry of its own: cut off, the same list is simply given again.
    Refused with `expiry_passed` or `expiry_too_late`.
    """
    require_future(expires_at, at)
    result = Many()
    for batch in batched(_read(texts, reason, reasons, sources), BATCH, strict=False):
        result.invalid += [entry for entry in batch if entry.state == EntryState.INVALID]
        result.twice += sum(entry.state == EntryState.TWICE for entry in batch)
        new = [entry for entry in batch if entry.state == EntryState.NEW]
        given = {"source": source[:120], "campaign_id": campaign_id, "expires_at": expires_at, "created_by": created_by}
        own = {entry.target: entry.source[:120] for entry in new if entry.source}
        for each, targets in _by_reason(new, reason).items():
            added, active = _suppress(organization, targets, {**given, "reason": each}, actor, at, sources=own)
            result.added += added
            result.known += len(targets) - added
            result.active += active
    return result


def suppress_addresses(
    *,
    organization: Organization,
    addresses: Iterable[str],
    reason: SuppressionReason,
    source: str,
    actor: Actor,
    at: datetime,
    created_by: User | None = None,
    told_as: SuppressionReason | None = None,
) -> int:
    """Suppress normalized addresses everywhere and for good, as `suppress_many` does; how many were new.

    `told_as` is for what happened elsewhere: as what people leave their campaigns, and are shown, if not by `reason`.
    They are taken whatever they look like, and it is not counted who is active: that may take longer than all the rest.
    """
    given = {
        "reason": reason,
        "source": source[:120],
        "campaign_id": None,
        "expires_at": None,
        "created_by": created_by,
    }
    return sum(
        _suppress(organization, list(batch), given, actor, at, is_counted=False, told_as=told_as)[0]
        for batch in batched(dict.fromkeys(addresses), BATCH, strict=False)
    )


def _by_reason(entries: Iterable[Entry], reason: SuppressionReason) -> dict[SuppressionReason, list[str]]:
    targets: dict[SuppressionReason, list[str]] = defaultdict(list)
    for entry in entries:
        targets[entry.reason or reason].append(entry.target)
    return targets


def _read(
    texts: Iterable[str],
    reason: SuppressionReason,
    reasons: Sequence[SuppressionReason | None],
    sources: Sequence[str] = (),
) -> list[Entry]:
    """The entries that say something, in a line mostly one; `new` as far as the list itself can tell.

    The one of a target that is new has the weightiest of the reasons that the list gives for it, and its source.
    """
    found: list[Entry] = []
    first: dict[str, int] = {}
    for line, text in enumerate(texts, start=1):
        own = reasons[line - 1] if line <= len(reasons) else None
        source = sources[line - 1] if line <= len(sources) else ""
        for written in targets_in(text):
            try:
                target = normalize_target(written)
            except Refused as refused:
                found.append(Entry(line, written[:320], "", EntryState.INVALID, str(refused)))
                continue
            place = first.setdefault(target, len(found))
            state = EntryState.TWICE if place < len(found) else EntryState.NEW
            found.append(Entry(line, written[:320], target, state, source=source))
            weightier = _weightier(found[place].reason, own, besides=reason)
            if weightier != found[place].reason:
                found[place] = replace(found[place], reason=weightier, source=source)
    return found


def _weightier(
    known: SuppressionReason | None, own: SuppressionReason | None, *, besides: SuppressionReason
) -> SuppressionReason | None:
    """The weightier of two reasons of an entry, the first of two as weighty; one lighter than `besides` is none."""
    if own is None or weight_of(own) < weight_of(besides):
        return known
    return own if known is None or weight_of(own) > weight_of(known) else known


def _judged(entry: Entry, known: set[str]) -> Entry:
    if entry.state == EntryState.NEW and entry.target in known:
        return replace(entry, state=EntryState.KNOWN)
    return entry


def _known(organization: Organization, targets: Collection[str], campaign_id: int | None, now: datetime) -> set[str]:
    own = Suppression.objects.for_organization(organization).filter(address__in=targets, campaign_id=campaign_id)
    here = set(own.in_force(now, campaign_id=campaign_id).values_list("address", flat=True))
    return here | _erased(organization, targets)


def _erased(organization: Organization, targets: Iterable[str]) -> set[str]:
    """Those of erased persons, who are suppressed for good without their address being kept."""
    return erased_among(organization.pk, [target for target in targets if "@" in target])


def _active(people: QuerySet[Lead], campaign_id: int | None) -> int:
    return sum(count(people, campaign_id) for count in _counts)


@transaction.atomic
def _suppress(
    organization: Organization,
    asked: list[str],
    given: dict[str, Any],
    actor: Actor,
    at: datetime,
    *,
    is_counted: bool = True,
    told_as: SuppressionReason | None = None,
    sources: Mapping[str, str] | None = None,
) -> tuple[int, int]:
    """One batch, in the order of locks that `suppress` keeps; how many of those asked for were new, and how many people
    left a campaign, unless it is not to be counted. `sources` has those of their own of some targets."""
    own_sources = sources or {}

    def source_of(target: str) -> str:
        return own_sources.get(target, given["source"])

    targets = [*asked, *also_theirs(organization, asked, given["reason"])]
    people = people_of(organization, targets)
    active = _active(people, given["campaign_id"]) if is_counted else 0
    news = told_as or given["reason"]
    tell(list(people.order_by("pk").values_list("pk", flat=True)), news, at, given["campaign_id"])
    own = Suppression.objects.filter(organization=organization, campaign_id=given["campaign_id"])
    known = list(own.filter(address__in=targets).order_by("address").select_for_update())
    new = sorted(set(targets) - {each.address for each in known} - _erased(organization, targets))
    Suppression.objects.bulk_create(
        [Suppression(organization=organization, address=each, **{**given, "source": source_of(each)}) for each in new],
        ignore_conflicts=True,  # somebody may add the same in this moment
    )
    wanted = {name: given[name] for name in ("reason", "expires_at")}
    changed = sum(strengthen(each, **wanted, source=source_of(each.address), at=at) for each in known)
    if given["campaign_id"] is None:
        show(people_of(organization, [each for each in targets if "@" in each]), news)
    for source, some in groupby(sorted(new, key=source_of), key=source_of):
        told = {**given, "source": source}
        tell_outside(EventType.SUPPRESSION_CREATED, list(some), organization_id=organization.pk, given=told, at=at)
    if new or changed:
        record(
            action="suppression.added_many",
            entity=Subject("suppression"),
            organization_id=organization.pk,
            actor=actor,
            after={"added": len(new), "changed": changed, "reason": given["reason"]},
        )
    return len(set(asked).intersection(new)), active

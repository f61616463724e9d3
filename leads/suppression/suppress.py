"""Never writing to somebody again, and allowing it again."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import SYSTEM, Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused
from campaigns_project.webhooks.events import EventType
from leads.addresses import stored_form
from leads.models import Lead, LeadStatus, Suppression, SuppressionReason
from leads.suppression.hashes import erased_among, hashes_of
from leads.suppression.merged import also_theirs
from leads.suppression.reasons import weight_of
from leads.suppression.targets import normalize_target, people_of
from leads.suppression.telling import tell_outside
from leads.suppression.told import tell

LONGEST = timedelta(days=36_525)
STATUS_AFTER = {
    SuppressionReason.UNSUBSCRIBED: LeadStatus.UNSUBSCRIBED,
    SuppressionReason.HARD_BOUNCE: LeadStatus.BOUNCED,
    SuppressionReason.COMPLAINT: LeadStatus.COMPLAINED,
}
# What a person asked for, or the law: only who may decide for the organization takes it back.
PROTECTED = frozenset(
    {
        SuppressionReason.UNSUBSCRIBED,
        SuppressionReason.COMPLAINT,
        SuppressionReason.LEGAL,
        SuppressionReason.ERASED,
    }
)

_BY_WEIGHT = (LeadStatus.OK, LeadStatus.BOUNCED, LeadStatus.UNSUBSCRIBED, LeadStatus.COMPLAINED)


@transaction.atomic
def suppress(
    *,
    organization: Organization,
    address: str,
    reason: SuppressionReason,
    source: str = "",
    campaign_id: int | None = None,
    expires_at: datetime | None = None,
    actor: Actor = SYSTEM,
    created_by: User | None = None,
    at: datetime | None = None,
    is_stored: bool = False,
) -> Suppression:
    """Never write to `address` (or, without an @, to the domain) again; whoever it is leaves all campaigns at once.

    The other addresses of somebody who was merged are suppressed with it, but not for a hard bounce. With a campaign it
    holds for that one alone, which the caller has looked up in the organization; with `expires_at` until then, and
    whoever left does not come back. Doing it twice does no harm: the weightier reason and the later end stand; of an
    erased person the entry is the one without the address. Refused with `invalid_address`, `invalid_domain`,
    `expiry_passed` or `expiry_too_late`; an address that `is_stored`, of a lead or recipient, is taken whatever it
    looks like.
    """
    at = at or timezone.now()
    key = stored_form(address) if is_stored else normalize_target(address)
    require_future(expires_at, at)
    targets = sorted({key, *also_theirs(organization, [key], reason)})
    people = people_of(organization, targets)
    # First: whoever is told locks recipients, and everybody takes those before suppressions and leads.
    tell(list(people.order_by("pk").values_list("pk", flat=True)), reason, at, campaign_id)
    given = {"reason": reason, "source": source[:120], "expires_at": expires_at, "created_by": created_by}
    scope = {"organization": organization, "campaign_id": campaign_id}
    erased = erased_among(organization.pk, [target for target in targets if "@" in target])
    kept, new = {}, []
    for target in targets:
        if target not in erased:
            kept[target], is_new = _keep({**scope, "address": target}, given, actor, at)
            new += [target] if is_new else []
    tell_outside(EventType.SUPPRESSION_CREATED, new, organization_id=organization.pk, given={**given, **scope}, at=at)
    if campaign_id is None and "@" in key:
        show(people, reason)
    # Whoever was erased is suppressed for good; to keep the address beside the hash would undo the erasure.
    return kept.get(key) or Suppression.objects.get(address_hash__in=hashes_of(organization.pk, key))


def _keep(target: dict[str, Any], given: dict[str, Any], actor: Actor, at: datetime) -> tuple[Suppression, bool]:
    """The entry for an address or domain in its scope, and whether it is new; one that is there is made as strong."""
    suppression, is_new = Suppression.objects.select_for_update().get_or_create(**target, defaults=given)
    wanted = {name: given[name] for name in ("reason", "source", "expires_at")}
    if is_new:
        _note("suppression.created", suppression, actor)
    elif strengthen(suppression, **wanted, at=at):
        _note("suppression.changed", suppression, actor)
    return suppression, is_new


@transaction.atomic
def unsuppress(*, suppression: Suppression, actor: Actor, reason: str) -> None:
    """Allow an address again. Nobody is put back into a campaign by it; a reason is asked for.

    Of PROTECTED reasons edges let only those remove it who decide for the organization.
    """
    if not reason.strip():
        raise Refused(
            "reason_missing", "Removing a suppression needs a reason.", "Say why this person may be written to."
        )
    record(
        action="suppression.removed",
        entity=suppression,
        organization_id=suppression.organization_id,
        actor=actor,
        before=_told(suppression),
        reason=reason.strip(),
    )
    if suppression.campaign_id is None and suppression.address:
        people = Lead.objects.filter(organization=suppression.organization, email_normalized=suppression.address)
        people.exclude(status=LeadStatus.OK).update(status=LeadStatus.OK)
        for lead in people:  # or their page would tell nothing of it: the entry itself is gone
            record(
                action="lead.allowed_again",
                entity=lead,
                organization_id=lead.organization_id,
                actor=actor,
                reason=reason.strip(),
            )
    given = {"reason": suppression.reason, "campaign_id": suppression.campaign_id, "source": suppression.source}
    tell_outside(
        EventType.SUPPRESSION_REMOVED,
        [suppression.address] if suppression.address else [],  # of an erased person there is none to tell
        organization_id=suppression.organization_id,
        given=given,
        at=timezone.now(),
    )
    suppression.delete()


def require_future(expires_at: datetime | None, now: datetime) -> None:
    """Refused when a suppression would be over before it begins, or at a time that calendars do not have."""
    if expires_at is not None and expires_at > now + LONGEST:
        raise Refused(
            "expiry_too_late",
            "The time at which it expires is more than a hundred years away.",
            "Give none: then it holds for good.",
            {"field": "expires_at"},
        )
    if expires_at is not None and expires_at <= now:
        raise Refused(
            "expiry_passed",
            "The time at which it expires has passed.",
            "Give a later one, or none.",
            {"field": "expires_at"},
        )


def strengthen(
    known: Suppression, *, reason: SuppressionReason, source: str, expires_at: datetime | None, at: datetime
) -> bool:
    """Give a known suppression the weightier reason and the later end; False when it has both already.

    One whose time has passed is as good as none: it begins anew.
    """
    changes: dict[str, object] = {}
    is_over = known.expires_at is not None and known.expires_at <= at
    if is_over or weight_of(reason) > weight_of(SuppressionReason(known.reason)):
        changes |= {"reason": reason, "source": source[:120]}
    if is_over:
        changes |= {"created_at": at}
    if known.expires_at is not None and (expires_at is None or expires_at > known.expires_at):
        changes |= {"expires_at": expires_at}
    for name, value in changes.items():
        setattr(known, name, value)
    if changes:
        known.save(update_fields=list(changes))
    return bool(changes)


def show(people: QuerySet[Lead], reason: SuppressionReason) -> None:
    """Show it on the leads, unless they show something weightier: news may come in any order."""
    status = STATUS_AFTER.get(reason)
    if status is not None:
        lighter = _BY_WEIGHT[: _BY_WEIGHT.index(status)]
        people.filter(status__in=lighter).update(status=status)


def _note(action: str, suppression: Suppression, actor: Actor) -> None:
    record(
        action=action,
        entity=suppression,
        organization_id=suppression.organization_id,
        actor=actor,
        after=_told(suppression),
    )


def _told(suppression: Suppression) -> dict[str, object]:
    """What the audit log keeps of it: not whom it is about. Scope and end only where there is one."""
    limits = {"campaign_id": suppression.campaign_id, "expires_at": suppression.expires_at}
    given = {name: value for name, value in limits.items() if value is not None}
    return {"reason": suppression.reason, "source": suppression.source, **given}

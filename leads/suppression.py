"""Who may never be written to again, and telling everybody who is about to write to them."""

import hmac
from collections.abc import Callable
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from campaigns_project.accounts.models import Organization, User
from campaigns_project.audit.actors import SYSTEM, Actor
from campaigns_project.audit.record import record
from campaigns_project.encryption import keys_for
from campaigns_project.errors import Refused
from leads.addresses import domain_of, normalize_address
from leads.models import Lead, LeadStatus, Suppression, SuppressionReason

# What has to happen at once when people may no longer be written to; upper apps put their part in here when they get
# ready, since leads know nothing of campaigns. Called with the ids of the leads, in the transaction of the news.
WhenSuppressed = Callable[[list[int], SuppressionReason, datetime], object]
_when_suppressed: list[WhenSuppressed] = []

STATUS_AFTER = {
    SuppressionReason.UNSUBSCRIBED: LeadStatus.UNSUBSCRIBED,
    SuppressionReason.HARD_BOUNCE: LeadStatus.BOUNCED,
    SuppressionReason.COMPLAINT: LeadStatus.COMPLAINED,
}

_BY_WEIGHT = (LeadStatus.OK, LeadStatus.BOUNCED, LeadStatus.UNSUBSCRIBED, LeadStatus.COMPLAINED)


def when_suppressed(act: WhenSuppressed) -> None:
    """Have `act` called, in the same transaction, whenever people become suppressed."""
    if act not in _when_suppressed:
        _when_suppressed.append(act)


@transaction.atomic
def suppress(
    *,
    organization: Organization,
    address: str,
    reason: SuppressionReason,
    source: str = "",
    actor: Actor = SYSTEM,
    created_by: User | None = None,
    at: datetime | None = None,
) -> Suppression:
    """Never write to `address` (or, without an @, to the domain) again; whoever it is leaves all campaigns at once.

    Doing it twice keeps the first reason and does no harm. Refused with `invalid_address` or `invalid_domain`.
    """
    key = normalize_target(address)
    people = _people(organization, key)
    # First: whoever is told locks recipients, and everybody takes those before suppressions and leads.
    ids = list(people.order_by("pk").values_list("pk", flat=True))
    for act in _when_suppressed:
        act(ids, reason, at or timezone.now())
    suppression, is_new = Suppression.objects.get_or_create(
        organization=organization,
        address=key,
        defaults={"reason": reason, "source": source[:120], "created_by": created_by},
    )
    _show(people, key, reason)
    if is_new:
        record(
            action="suppression.created",
            entity=suppression,
            organization_id=organization.pk,
            actor=actor,
            after={"reason": reason, "source": source},
        )
    return suppression


@transaction.atomic
def unsuppress(*, suppression: Suppression, actor: Actor, reason: str) -> None:
    """Allow an address again. Nobody is put back into a campaign by it; a reason is asked for."""
    if not reason.strip():
        raise Refused(
            "reason_missing", "Removing a suppression needs a reason.", "Say why this person may be written to."
        )
    record(
        action="suppression.removed",
        entity=suppression,
        organization_id=suppression.organization_id,
        actor=actor,
        before={"reason": suppression.reason, "source": suppression.source},
        reason=reason.strip(),
    )
    people = Lead.objects.filter(organization=suppression.organization, email_normalized=suppression.address)
    people.exclude(status=LeadStatus.OK).update(status=LeadStatus.OK)
    suppression.delete()


def find_suppression(organization: Organization, address: str) -> Suppression | None:
    """The suppression that forbids writing to the normalized `address`, by itself or by its domain."""
    targets = [address, domain_of(address)]
    return Suppression.objects.for_organization(organization).filter(address__in=targets).first()


def hash_of(organization_id: int, address: str) -> str:
    """The hash the normalized `address` is kept by in this organization, under the key in use."""
    return hashes_of(organization_id, address)[0]


def hashes_of(organization_id: int, address: str) -> list[str]:
    """All hashes the address may be kept by, one for each key there is: for look-ups, since keys are changed."""
    told = f"{organization_id}:{address}".encode()
    return [hmac.digest(key, told, sha256).hex() for key in keys_for("suppression hash")]


def normalize_target(text: str) -> str:
    """The form a suppressed address or domain is kept in. Refused when `text` is neither."""
    text = text.strip().lower()
    if "@" in text.strip("@"):
        return normalize_address(text)
    domain = text.lstrip("@")
    try:
        return normalize_address(f"someone@{domain}").partition("@")[2]
    except Refused as error:
        message = f"“{text[:100]}” is neither an e-mail address nor a domain."
        raise Refused("invalid_domain", message, "Write it as ana@example.com or example.com.") from error


def _people(organization: Organization, key: str) -> QuerySet[Lead]:
    own = Lead.objects.for_organization(organization)
    return own.filter(Q(email_normalized=key) if "@" in key else Q(email_normalized__endswith=f"@{key}"))


def _show(people: QuerySet[Lead], key: str, reason: SuppressionReason) -> None:
    """Show it on the leads, unless they show something weightier: news may come in any order."""
    status = STATUS_AFTER.get(reason)
    if status is not None and "@" in key:
        lighter = _BY_WEIGHT[: _BY_WEIGHT.index(status)]
        people.filter(status__in=lighter).update(status=status)

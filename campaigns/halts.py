"""Emergency stops: while one is in force no mail leaves, of an organization or of the whole system.

Campaigns keep their state and mails their place. Whoever sends asks the gate, and the gate asks here in SQL, so a stop
holds for what is under way too: no mail begins its content more than a second after the stop was committed.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from campaigns.models import Campaign, SendingHalt
from campaigns.models.halt import HaltQuerySet
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused, StateRefused

LONGEST_REASON = 300


def halt(*, organization: Organization | None, reason: str, actor: Actor, now: datetime) -> SendingHalt:
    """Stop all sending of `organization`, or of the whole system where it is None, until it is lifted.

    Who may do so is for the edge to ask. Refused without a reason, since everybody there reads it; StateRefused
    (`already_halted`) while such a stop is in force.
    """
    reason = reason.strip()
    check_halt(organization=organization, reason=reason)
    try:
        with transaction.atomic():
            made = SendingHalt.objects.create(
                organization=organization, reason=reason[:LONGEST_REASON], halted_by=actor.name[:254], halted_at=now
            )
            _audit(made, "sending.halted", actor, reason)
    except IntegrityError as error:
        if "one_halt_in_force" not in str(error):
            raise
        raise _already_halted(organization) from error
    return made


def check_halt(*, organization: Organization | None, reason: str) -> None:
    """Refused as `halt` would be now; changes nothing."""
    if not reason.strip():
        raise Refused(
            "reason_missing",
            "An emergency stop needs a reason.",
            "Say why in a line: everybody there reads it.",
            {"field": "reason"},
        )
    if SendingHalt.objects.in_force().filter(organization=organization).exists():
        raise _already_halted(organization)


@transaction.atomic
def lift(*, halted: SendingHalt, actor: Actor, now: datetime, reason: str = "") -> SendingHalt:
    """End an emergency stop: what came due meanwhile leaves first. StateRefused when it was lifted already.

    A stop of the whole system and one of an organization stand beside each other: mail leaves when both are lifted.
    """
    lifted = SendingHalt.objects.in_force().filter(pk=halted.pk).update(lifted_by=actor.name[:254], lifted_at=now)
    if not lifted:
        raise StateRefused("already_lifted", f"Emergency stop {halted.pk} is not in force any more.")
    _audit(halted, "sending.resumed", actor, reason)
    return SendingHalt.objects.select_related("organization").get(pk=halted.pk)


def halts_over(organizations: QuerySet[Organization] | list[int]) -> HaltQuerySet:
    """What keeps mail of these organizations from leaving now; a stop of the whole system first."""
    about = Q(organization=None) | Q(organization__in=organizations)
    found = SendingHalt.objects.in_force().filter(about).select_related("organization")
    return found.order_by("-organization_id", "pk")


def unhalted(campaigns: QuerySet[Campaign]) -> QuerySet[Campaign]:
    """Those of `campaigns` whose mail no emergency stop holds back."""
    about = Q(organization=None) | Q(organization=OuterRef("organization"))
    return campaigns.filter(~Exists(SendingHalt.objects.in_force().filter(about)))


def _audit(halted: SendingHalt, action: str, actor: Actor, reason: str) -> None:
    record(action=action, entity=halted, organization_id=halted.organization_id, actor=actor, reason=reason)


def _already_halted(organization: Organization | None) -> StateRefused:
    whose = f"All sending of “{organization}”" if organization else "All sending of the system"
    return StateRefused("already_halted", f"{whose} is stopped already.", "Lift that one to give another reason.")

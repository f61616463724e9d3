"""How long an organization keeps what tells of single people: the values of its mails, the details of its events."""

from collections.abc import Mapping

from django.db import transaction
from django.db.models.functions import Now

from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.models.organization import LEAST_KEPT_DAYS, MOST_KEPT_DAYS
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.protection import differences, values_of
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused

AGES = ("values_kept_days", "details_kept_days")


@transaction.atomic
def keep_for(*, organization: Organization, days: Mapping[str, int | None], actor: Actor) -> Organization:
    """Set those of AGES that are given, None for ever; answers the organization as it is then.

    Nothing is forgotten here: workers do so within the hour. What was forgotten does not come back with a longer age.
    """
    for name, number in days.items():
        _require_possible(name, number)
    current = Organization.objects.select_for_update(no_key=True).filter(pk=organization.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no organization {organization.pk} any more.")
    before, after = differences(values_of(current, days), dict(days))
    if not after:
        return current
    Organization.objects.filter(pk=current.pk).update(**after, updated_at=Now())
    record(
        action="organization.changed",
        entity=current,
        organization_id=current.pk,
        actor=actor,
        before=before,
        after=after,
    )
    current.refresh_from_db()
    return current


def _require_possible(name: str, number: int | None) -> None:
    if number is not None and not LEAST_KEPT_DAYS <= number <= MOST_KEPT_DAYS:
        raise Refused(
            "kept_days_impossible",
            f"Nothing can be kept for {number:,} days.",
            f"Give a number of days from {LEAST_KEPT_DAYS} to {MOST_KEPT_DAYS:,}, or none to keep it forever.",
            {"field": name},
        )

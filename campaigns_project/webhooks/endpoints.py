"""What a person does with an endpoint: make it, change its secret, try it, switch it off and on, remove it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM, Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused, StateRefused, state_of
from campaigns_project.webhooks.addresses import check_address, shown
from campaigns_project.webhooks.emit import new_event_id
from campaigns_project.webhooks.events import EventType
from campaigns_project.webhooks.models import DeliveryStatus, EndpointStatus, WebhookDelivery, WebhookEndpoint
from campaigns_project.webhooks.signing import new_secret

BOTH_SIGN_FOR = timedelta(days=1)  # after a rotation: time to bring the new secret to every receiver
MOST_ENDPOINTS = 20  # of an organization; each event is written once for each
LONGEST_REASON = 500


def prepare(endpoint: WebhookEndpoint, *, actor: Actor) -> WebhookEndpoint:
    """A new endpoint, not saved yet, with its secret. Refused for an address that is none, or where there are enough.

    The secret is on the row that is answered, to be shown this once.
    """
    settle_address(endpoint)
    _require_room(endpoint.organization_id)
    endpoint.secret = new_secret()
    endpoint.created_by_id = actor.id
    return endpoint


def settle_address(endpoint: WebhookEndpoint) -> None:
    """Check the address of a row that is about to be saved, and set what is shown of it."""
    endpoint.url = check_address(endpoint.url)
    endpoint.shown_url = shown(endpoint.url)


@transaction.atomic
def rotate_secret(*, endpoint: WebhookEndpoint, actor: Actor, now: datetime) -> WebhookEndpoint:
    """A new secret, on the row that is answered; the one before signs as well for a day. Nobody has to switch at once.

    The one before that is valid no more.
    """
    current = _held(endpoint)
    before, current.secret = current.secret, new_secret()
    current.previous_secret, current.previous_secret_until = before, now + BOTH_SIGN_FOR
    if not before:  # unreadable, for want of its key: it can sign nothing
        current.previous_secret, current.previous_secret_until = "", None
    current.save(update_fields=["secret", "previous_secret", "previous_secret_until", "updated_at"])
    _note("secret_rotated", current, actor, after={"both_valid_until": current.previous_secret_until})
    return current


@transaction.atomic
def send_test(*, endpoint: WebhookEndpoint, actor: Actor, now: datetime) -> WebhookDelivery:
    """Put a test event on its way, as any other: it is signed, tried again and shown among the deliveries."""
    current = _held(endpoint)
    if current.status != EndpointStatus.ACTIVE:
        raise _disabled(current)
    delivery = WebhookDelivery.objects.create(
        endpoint=current,
        event_id=new_event_id(),
        event_type=EventType.TEST,
        occurred_at=now,
        payload={"endpoint_id": current.pk, "asked_by": actor.name},
        next_try_at=Now(),
    )
    _note("tested", current, actor, after={"delivery": delivery.pk})
    delivery.refresh_from_db()
    return delivery


@transaction.atomic
def disable(*, endpoint: WebhookEndpoint, actor: Actor, now: datetime, reason: str = "") -> WebhookEndpoint:
    """Tell it nothing more; what waits is abandoned, and can be sent again later. Refused when it is disabled."""
    why = reason.strip()[:LONGEST_REASON] or f"Disabled by {actor.name}."
    if not _switch_off(endpoint.pk, why=why, now=now, actor=actor, is_by_system=False):
        raise _conflict(EndpointStatus.DISABLED)
    endpoint.refresh_from_db()
    return endpoint


@transaction.atomic
def disable_by_system(*, endpoint_id: int, why: str, now: datetime) -> bool:
    """The same by ourselves, with a sentence operators read; False when it was disabled already, or is gone."""
    return _switch_off(endpoint_id, why=why, now=now, actor=SYSTEM, is_by_system=True)


@transaction.atomic
def enable(*, endpoint: WebhookEndpoint, actor: Actor, now: datetime) -> WebhookEndpoint:
    """Tell it what happens from now on. Refused when it is active. What it missed is sent by `resend_webhooks`."""
    disabled = WebhookEndpoint.objects.filter(pk=endpoint.pk, status=EndpointStatus.DISABLED)
    if not disabled.update(
        status=EndpointStatus.ACTIVE,
        status_reason="",
        disabled_at=None,
        is_disabled_by_system=False,
        failing_since=None,
        updated_at=now,
    ):
        raise _conflict(EndpointStatus.ACTIVE)
    states = {"before": {"status": EndpointStatus.DISABLED}, "after": {"status": EndpointStatus.ACTIVE}}
    _note("enabled", endpoint, actor, **states)
    endpoint.refresh_from_db()
    return endpoint


@transaction.atomic
def remove(*, endpoint: WebhookEndpoint, actor: Actor) -> None:
    """Delete it with the log of its deliveries."""
    _note("deleted", endpoint, actor)
    endpoint.delete()


@transaction.atomic
def send_again(
    *, deliveries: QuerySet[WebhookDelivery], endpoint: WebhookEndpoint, actor: Actor, note: bool = True
) -> int:
    """Put deliveries of one endpoint that ended on their way once more, with the same ids; how many that were.

    Refused while the endpoint is disabled. Those that wait already are left as they are.
    """
    if _held(endpoint).status != EndpointStatus.ACTIVE:
        raise _disabled(endpoint)
    ended = deliveries.filter(endpoint=endpoint).exclude(status=DeliveryStatus.WAITING)
    number = ended.update(
        status=DeliveryStatus.WAITING, attempts=0, next_try_at=Now(), finished_at=None, error="", response_body=""
    )
    if number and note:
        _note("sent_again", endpoint, actor, after={"deliveries": number})
    return number


def resend(*, delivery: WebhookDelivery, actor: Actor) -> WebhookDelivery:
    """Put one delivery on its way once more. Refused while it waits, and while its endpoint is disabled."""
    this = WebhookDelivery.objects.filter(pk=delivery.pk)
    with transaction.atomic():
        if not send_again(deliveries=this, endpoint=delivery.endpoint, actor=actor, note=False):
            raise StateRefused(
                "delivery_waits",
                "This delivery waits to be tried already.",
                "Look again in a moment.",
                state_of(DeliveryStatus.WAITING),
            )
        record(
            action="webhookdelivery.sent_again",
            entity=delivery,
            organization_id=delivery.endpoint.organization_id,
            actor=actor,
            after={"endpoint": delivery.endpoint_id},
        )
    delivery.refresh_from_db()
    return delivery


def check_event_types(names: Collection[str]) -> list[str]:
    """`names` in the order of the list, each once; an endpoint that hears of everything has none."""
    return [each.value for each in EventType if each.value in set(names) and each != EventType.TEST]


def _held(endpoint: WebhookEndpoint) -> WebhookEndpoint:
    return WebhookEndpoint.objects.select_for_update(no_key=True).get(pk=endpoint.pk)


def _require_room(organization_id: int) -> None:
    # Of the organization's row, so that two who make the last one at once do not both get it.
    Organization.objects.select_for_update(no_key=True).get(pk=organization_id)
    if WebhookEndpoint.objects.filter(organization=organization_id).count() >= MOST_ENDPOINTS:
        raise StateRefused(
            "too_many_endpoints",
            f"There are {MOST_ENDPOINTS} endpoints already, as many as an organization may have.",
            "Delete one that is not needed any more.",
        )


def _switch_off(endpoint_id: int, *, why: str, now: datetime, actor: Actor, is_by_system: bool) -> bool:
    active = WebhookEndpoint.objects.filter(pk=endpoint_id, status=EndpointStatus.ACTIVE)
    fields: dict[str, Any] = {"status_reason": why, "disabled_at": now, "is_disabled_by_system": is_by_system}
    if not active.update(status=EndpointStatus.DISABLED, updated_at=now, **fields):
        return False
    waiting = WebhookDelivery.objects.filter(endpoint=endpoint_id, status=DeliveryStatus.WAITING)
    waiting.update(
        status=DeliveryStatus.ABANDONED, next_try_at=None, finished_at=now, error="Its endpoint was disabled."
    )
    states = {"before": {"status": EndpointStatus.ACTIVE}, "after": {"status": EndpointStatus.DISABLED}}
    endpoint = WebhookEndpoint.objects.defer(*WebhookEndpoint.SECRETS).get(pk=endpoint_id)
    _note("disabled", endpoint, actor, **states, reason=why)
    return True


def _note(act: str, endpoint: WebhookEndpoint, actor: Actor, **more: Any) -> None:
    record(
        action=f"webhookendpoint.{act}",
        entity=endpoint,
        organization_id=endpoint.organization_id,
        actor=actor,
        **more,
    )


def _conflict(status: EndpointStatus) -> Refused:
    other = "enable" if status == EndpointStatus.DISABLED else "disable"
    message = f"The endpoint is {status.label.lower()} already."
    return StateRefused("state_conflict", message, details=state_of(status, other))


def _disabled(endpoint: WebhookEndpoint) -> Refused:
    return StateRefused(
        "endpoint_disabled",
        "The endpoint is disabled, so nothing is sent to it.",
        "Enable it first.",
        state_of(endpoint.status, "enable"),
    )

"""Try again what was put aside: the mail may be known by now, or the fault mended."""

from datetime import datetime

from django.db import transaction

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import StateRefused
from tracking.inbound.settle import settle
from tracking.inbound.subscribe import confirm_subscription
from tracking.models import InboundWebhook, QuarantineCode, WebhookStatus


def retry(*, webhook: InboundWebhook, actor: Actor, now: datetime) -> InboundWebhook:
    """Try it at once; the row as it is then, which may be quarantined again. Refused for one that is not."""
    is_subscription = webhook.reason == QuarantineCode.UNCONFIRMED
    with transaction.atomic():
        aside = InboundWebhook.objects.filter(pk=webhook.pk, status=WebhookStatus.QUARANTINED)
        again = {"status": WebhookStatus.WAITING, "reason": "", "settled_at": None}
        begun = {"tries": 0, "done": 0, "put_aside": 0}
        if not (aside.update(tries=0) if is_subscription else aside.update(**again, **begun)):
            raise StateRefused("not_quarantined", f"{webhook} is not quarantined.", "There is nothing to try again.")
        record(
            action="webhook.retried",
            entity=webhook,
            organization_id=webhook.organization_id,
            actor=actor,
            before={"reason": webhook.reason},
        )
    # Outside the transaction: the tick may take it first, and does the same.
    if is_subscription:
        confirm_subscription(pk=webhook.pk, now=now)
    else:
        settle(webhook.pk, now=now)
    webhook.refresh_from_db()
    return webhook

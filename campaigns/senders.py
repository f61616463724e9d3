"""What a person does with a sender: pause it, resume it, remove it."""

from django.db import transaction

from campaigns.models import Campaign, CampaignStatus, Sender, SenderStatus
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import StateRefused

NAMED = 5  # campaigns that a refusal lists


@transaction.atomic
def pause_sender(*, sender: Sender, actor: Actor, reason: str = "") -> Sender:
    """Nothing leaves through it until it is resumed. Refused when it is paused already."""
    why = reason.strip() or f"Paused by {actor.name}."
    return _move(sender, SenderStatus.ACTIVE, SenderStatus.PAUSED, why, actor)


@transaction.atomic
def resume_sender(*, sender: Sender, actor: Actor) -> Sender:
    """Use it again, at once. Refused when it is not paused."""
    return _move(sender, SenderStatus.PAUSED, SenderStatus.ACTIVE, "", actor)


@transaction.atomic
def remove_sender(*, sender: Sender, actor: Actor) -> None:
    """Delete a sender; its mails keep their place in the counts. Refused while a campaign that may send uses it."""
    Sender.objects.select_for_update().get(pk=sender.pk)
    users = Campaign.objects.living().filter(campaign_senders__sender=sender, status__in=CampaignStatus.editable)
    ids = list(users.values_list("pk", flat=True))
    if ids:
        raise StateRefused(
            "sender_in_use",
            f"{sender.email} is a sender of {len(ids)} campaign{'s' if len(ids) > 1 else ''} that may still send: "
            f"{', '.join(map(str, ids[:NAMED]))}{' and others' if len(ids) > NAMED else ''}.",
            "Take it out of those campaigns first, or pause it.",
            {"campaigns": ids},
        )
    record(action="sender.deleted", entity=sender, organization_id=sender.organization_id, actor=actor)
    sender.delete()


def _move(sender: Sender, left: SenderStatus, to: SenderStatus, why: str, actor: Actor) -> Sender:
    rows = Sender.objects.filter(pk=sender.pk, status=left)
    if not rows.update(status=to, status_reason=why, backs_off_until=None):
        raise StateRefused(
            "state_conflict", f"{sender.email} is {to.label.lower()} already.", details={"current_status": to}
        )
    record(
        action=f"sender.{'paused' if to == SenderStatus.PAUSED else 'resumed'}",
        entity=sender,
        organization_id=sender.organization_id,
        actor=actor,
        before={"status": left},
        after={"status": to},
        reason=why,
    )
    sender.refresh_from_db()
    return sender

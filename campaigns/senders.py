"""What a person does with a sender: set up its way out, pause it, resume it, remove it."""

from collections import defaultdict
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from campaigns.content.errors import HeaderRefused
from campaigns.content.mailbox import wire_address
from campaigns.content.message_id import check_sender_address
from campaigns.delivery.hooks import check_hook
from campaigns.delivery.services import read_settings
from campaigns.hearing import service_of
from campaigns.models import Campaign, CampaignStatus, Sender, SenderKind, SenderStatus
from campaigns.oauth.connecting import check_connection_stays
from campaigns.telling import tell_of_sender
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.encryption import refuse_elsewhere
from campaigns_project.errors import Refused, StateRefused, state_of
from campaigns_project.webhooks.events import EventType
from leads.addresses import stored_form

NAMED = 5  # campaigns that a refusal lists


def check_way_out(sender: Sender) -> None:
    """Refused, naming the field, unless `sender` (saved or not) could be used as it is set up.

    Its host is not looked up: DNS may be away for a moment, and what it says may change; see `campaigns.health`.
    """
    check_sender_address(sender.email)
    if sender.kind == SenderKind.ESP:
        _check_service(sender)
    elif sender.kind == SenderKind.SMTP and not sender.host and not settings.SANDBOX:
        raise Refused("host_missing", "It has no SMTP host.", "Fill in its host.", {"field": "host"})


def check_settings(sender: Sender) -> None:
    """The same for what may not be saved at all: addresses and settings that no sandbox would make right.

    An address that is empty is not looked at.
    """
    _check_address("email", sender.email, check_sender_address)
    _check_address("reply_to", sender.reply_to, wire_address)
    if sender.kind == SenderKind.ESP:
        _check_service(sender)
    check_hook(sender.webhook_service or service_of(sender), sender.webhook_secret)


def check_address_is_free(sender: Sender) -> None:
    """Refused where another sender of its organization has the address of `sender` (saved or not), however written.

    One that stands beside another already may keep its address.
    """
    form = stored_form(sender.email)
    of_it = Sender.objects.filter(organization=sender.organization_id).exclude(pk=sender.pk).order_by("pk")
    # Those without a form stood beside another once, who may be gone or have another address by now.
    others = of_it.filter(Q(email_normalized=form) | Q(email_normalized=None)).values_list("pk", "email")
    other = next(((pk, email) for pk, email in others if stored_form(email) == form), None)
    before = Sender.objects.filter(pk=sender.pk).values_list("email", flat=True).first() if sender.pk else None
    if other is None or (before is not None and stored_form(before) == form):
        return
    pk, email = other
    raise Refused(
        "address_taken",
        f"{sender.email} is the address of sender {pk} already, written {email}.",
        "Use that one, or another address.",
        {"field": "email"},
    )


def same_address() -> list[list[str]]:
    """The senders of one organization that have one address, as each is written: from before that was refused."""
    asked = Sender.objects.filter(email_normalized=None).values_list("organization_id", "email")
    wanted = {(organization, stored_form(email)) for organization, email in asked}
    alike = defaultdict(list)
    those = Sender.objects.filter(organization__in={organization for organization, _ in wanted}).order_by("pk")
    for organization, email in those.values_list("organization_id", "email"):
        if (organization, stored_form(email)) in wanted:
            alike[organization, stored_form(email)].append(email)
    return [emails for emails in alike.values() if len(emails) > 1]


def check_login_stays(sender: Sender, *, host: str, keeps_password: bool) -> None:
    """Refused where what `sender` logs in by would from now on be sent to `host`, which it was not given for.

    Its stored password, unless another is given, and the tokens of the account that it is connected with.
    """
    check_connection_stays(sender, host=host)
    if keeps_password:
        refuse_elsewhere(sender.password, field="password", before=sender.host, after=host)


@transaction.atomic
def pause_sender(*, sender: Sender, actor: Actor, reason: str = "") -> Sender:
    """Nothing leaves through it until it is resumed. Refused when it is paused already."""
    why = reason.strip() or f"Paused by {actor.name}."
    return _move(sender, SenderStatus.ACTIVE, SenderStatus.PAUSED, why, actor)


@transaction.atomic
def resume_sender(*, sender: Sender, actor: Actor) -> Sender:
    """Use it again, at once; its bounce guard begins anew. Refused when it is not paused."""
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


def _check_address(field: str, address: str, check: Callable[[str], object]) -> None:
    try:
        if address:
            check(address)
    except HeaderRefused as refused:
        message = f"Mails cannot carry this address: {refused.reason}."
        raise Refused("invalid_address", message, refused.hint, {"field": field}) from refused


def _check_service(sender: Sender) -> None:
    url = urlsplit(read_settings(sender.esp, sender.esp_settings).get("api_url", ""))
    if url.scheme == "http" and url.hostname not in settings.OUTBOUND_ALLOW_HOSTS:
        raise Refused(
            "service_settings",
            "api_url is not https, so the keys would go over the line in the clear.",
            "Write it with https; a host inside one's own network has to stand in OUTBOUND_ALLOW_HOSTS.",
            {"field": "esp_settings"},
        )


def _move(sender: Sender, left: SenderStatus, to: SenderStatus, why: str, actor: Actor) -> Sender:
    rows = Sender.objects.filter(pk=sender.pk, status=left)
    counts = dict.fromkeys(("failed_tries", "in_vain", "refused_at_mail"), 0)
    anew = {"guard_since": Now(), **counts} if to == SenderStatus.ACTIVE else {}
    if not rows.update(status=to, status_reason=why, backs_off_until=None, updated_at=Now(), **anew):
        other = "resume" if to == SenderStatus.PAUSED else "pause"
        message = f"{sender.email} is {to.label.lower()} already."
        raise StateRefused("state_conflict", message, details=state_of(to, other))
    record(
        action=f"sender.{'paused' if to == SenderStatus.PAUSED else 'resumed'}",
        entity=sender,
        organization_id=sender.organization_id,
        actor=actor,
        before={"status": left},
        after={"status": to},
        reason=why,
    )
    told = EventType.SENDER_PAUSED if to == SenderStatus.PAUSED else EventType.SENDER_RESUMED
    tell_of_sender(told, sender, at=timezone.now(), reason=why)
    sender.refresh_from_db()
    return sender

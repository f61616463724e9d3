"""What a person does with a mailbox: set it up, pause its reading, resume it, remove it."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from campaigns.models import Mailbox, MailboxStatus, Sender
from campaigns.models.mailbox import MOST_FOLDERS
from campaigns.oauth.connecting import check_connection_stays
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.encryption import refuse_elsewhere
from campaigns_project.errors import Refused, StateRefused, state_of

NAMED = 5  # senders that a refusal lists
LONGEST_FOLDER = 200  # characters


def check_folders(folders: object) -> list[str]:
    """The names of folders as they are kept: each once. Refused where none is left, or one cannot be a folder."""
    if not isinstance(folders, list) or not all(isinstance(name, str) for name in folders):
        raise _bad("Folders are a list of names.")
    names = list(dict.fromkeys(name.strip() for name in folders if name.strip()))
    if not 1 <= len(names) <= MOST_FOLDERS:
        raise _bad(f"A mailbox has from 1 to {MOST_FOLDERS} folders that are read, not {len(names)}.")
    for name in names:
        if len(name) > LONGEST_FOLDER or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in name):
            raise _bad(f"{name[:80]!a} cannot be the name of a folder.")
    return names


def check_login_stays(mailbox: Mailbox, *, host: str, keeps_password: bool) -> None:
    """Refused where what `mailbox` logs in by, password or tokens, would go to `host`, which it was not given for."""
    check_connection_stays(mailbox, host=host)
    if keeps_password:
        refuse_elsewhere(mailbox.password, field="password", before=mailbox.host, after=host)


@transaction.atomic
def pause_mailbox(*, mailbox: Mailbox, actor: Actor, reason: str = "") -> Mailbox:
    """It is not read until it is resumed. Refused when it is paused already."""
    why = reason.strip() or f"Paused by {actor.name}."
    return _move(mailbox, MailboxStatus.ACTIVE, MailboxStatus.PAUSED, why, actor)


@transaction.atomic
def resume_mailbox(*, mailbox: Mailbox, actor: Actor) -> Mailbox:
    """Read it again, at once, from where it was left. Refused when it is not paused."""
    return _move(mailbox, MailboxStatus.PAUSED, MailboxStatus.ACTIVE, "", actor)


@transaction.atomic
def remove_mailbox(*, mailbox: Mailbox, actor: Actor) -> None:
    """Delete a mailbox; what came in by it stays. Refused while a sender's replies arrive there."""
    Mailbox.objects.select_for_update().get(pk=mailbox.pk)
    users = list(Sender.objects.filter(mailbox=mailbox).order_by("pk").values_list("pk", "email"))
    if users:
        named = ", ".join(email for _, email in users[:NAMED]) + (" and others" if len(users) > NAMED else "")
        raise StateRefused(
            "mailbox_in_use",
            f"Replies to {named} arrive in {mailbox.name}: without it nobody would read them.",
            "Choose another mailbox for them first, or pause this one.",
            {"senders": [pk for pk, _ in users]},
        )
    record(action="mailbox.deleted", entity=mailbox, organization_id=mailbox.organization_id, actor=actor)
    mailbox.delete()


def pause_by_itself(mailbox: Mailbox, *, why: str, actor: Actor, now: datetime) -> bool:
    """Stop reading it, since the server refuses the login; False when somebody had paused it before."""
    with transaction.atomic():
        rows = Mailbox.objects.able().filter(pk=mailbox.pk)
        if not rows.update(status=MailboxStatus.PAUSED, status_reason=why, updated_at=now):
            return False
        record(
            action="mailbox.paused",
            entity=mailbox,
            organization_id=mailbox.organization_id,
            actor=actor,
            before={"status": MailboxStatus.ACTIVE},
            after={"status": MailboxStatus.PAUSED},
            reason=why,
        )
    return True


def without_reader(senders: Iterable[Sender]) -> list[Sender]:
    """Those of `senders` whose replies nobody reads: without a mailbox, or with one that is paused."""
    return [each for each in senders if each.mailbox is None or each.mailbox.status != MailboxStatus.ACTIVE]


def _bad(sentence: str) -> Refused:
    return Refused("bad_folders", sentence, "Write them as the server names them, e.g. INBOX.", {"field": "folders"})


def _move(mailbox: Mailbox, left: MailboxStatus, to: MailboxStatus, why: str, actor: Actor) -> Mailbox:
    rows = Mailbox.objects.filter(pk=mailbox.pk, status=left)
    anew = {"failed_tries": 0, "next_look_at": None, "last_error": ""} if to == MailboxStatus.ACTIVE else {}
    if not rows.update(status=to, status_reason=why, updated_at=Now(), **anew):
        other = "resume" if to == MailboxStatus.PAUSED else "pause"
        message = f"{mailbox.name} is {to.label.lower()} already."
        raise StateRefused("state_conflict", message, details=state_of(to, other))
    record(
        action=f"mailbox.{'paused' if to == MailboxStatus.PAUSED else 'resumed'}",
        entity=mailbox,
        organization_id=mailbox.organization_id,
        actor=actor,
        before={"status": left},
        after={"status": to},
        reason=why,
    )
    mailbox.refresh_from_db()
    return mailbox

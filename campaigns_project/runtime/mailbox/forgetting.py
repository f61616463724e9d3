"""Mails of the sandbox to somebody who is erased."""

from django.conf import settings

from campaigns_project.runtime.mailbox.store import MailStore


def forget_mails(addresses: frozenset[str]) -> int:
    """Remove the local mailbox's mails to these addresses (in small letters); returns how many there were."""
    return MailStore(settings.MAILBOX_DIR).remove_to(addresses)

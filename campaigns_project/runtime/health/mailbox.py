"""The local mailbox, where all mail goes while SANDBOX is on."""

import smtplib
from collections.abc import Iterator

from django.conf import settings

from campaigns_project.runtime.health.check import Check, Level

SMTP_SECONDS = 3


def examine_mailbox() -> Iterator[Check]:
    """Whether it answers, where it is needed."""
    if not settings.SANDBOX:
        return
    host, port = settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT
    try:
        with smtplib.SMTP(host, port, timeout=SMTP_SECONDS) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        yield Check(
            "mailbox",
            Level.FAIL,
            f"The local mailbox does not answer on {host}:{port}: {getattr(error, 'strerror', None) or error}.",
            "Start it: manage.py run_mailbox (make run does it for you).",
            down=True,
        )
    else:
        where = f"{settings.PUBLIC_URL}/mailbox/"
        yield Check("mailbox", Level.OK, f"The local mailbox answers on {host}:{port}; see it at {where}.")

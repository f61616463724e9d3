import asyncio
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from campaigns_project.runtime.mailbox.errors import MailboxUnavailable
from campaigns_project.runtime.mailbox.server import serve


class Command(BaseCommand):
    help = "Run the local mailbox, which takes every mail of the sandbox and sends none on. See it at /mailbox/."

    requires_system_checks = []  # it takes mails even where the rest of the system is not well

    def handle(self, *args: Any, **options: Any) -> None:
        host, port = settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT
        try:
            taken = asyncio.run(serve(host=host, port=port, folder=settings.MAILBOX_DIR))
        except MailboxUnavailable as refusal:
            raise CommandError(str(refusal), returncode=8) from refusal
        self.stderr.write(f"The local mailbox stops; it took {taken} mails.")

"""A reader killed at a moment of its first mail: python -m tracking.tests.inbox.dying DATABASE MAILBOX MOMENT."""

import os
import signal
import sys
from datetime import timedelta

import django
from django.conf import settings


def main(database: str, mailbox_id: str, moment: str) -> None:
    django.setup()
    settings.DATABASES["default"]["NAME"] = database
    settings.OUTBOUND_ALLOW_HOSTS = ["localhost"]
    from campaigns.models import Mailbox
    from campaigns.tests.factories import NOON
    from tracking.inbox import read, take

    def die(*_arguments: object, **_given: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if moment == "before the commit":
        take.read_up_to = die
    else:
        taken = read.take

        def take_and_die(*arguments: object, **given: object) -> None:
            taken(*arguments, **given)
            die()

        read.take = take_and_die
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    read.read_mailbox(mailbox=mailbox, now=NOON + timedelta(hours=1))


if __name__ == "__main__":
    main(*sys.argv[1:])

import os
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.errors import Refused
from campaigns_project.runtime.ports import Port, refuse_taken
from campaigns_project.runtime.serve import web_command


class Command(FairleadCommand):
    help = (
        "Serve the web on WEB_HOST and WEB_PORT. Exit codes, before it serves: 6 a table is missing; 8 the database "
        "cannot be reached, or the port cannot be listened on."
    )

    requires_system_checks = "__all__"

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            # The server would share a taken port with whoever has it: half of the requests would go to that one.
            refuse_taken([Port("The web", settings.WEB_HOST, settings.WEB_PORT, "WEB_PORT")])
        except Refused as refused:
            raise CommandError(f"{refused.code}: {refused}", returncode=Exit.DEPENDENCY_DOWN) from None
        command = web_command()
        # In the place of this process, so that signals of a service manager reach the server.
        os.execv(command[0], command)  # noqa: S606 - our own command

import os
from typing import Any

from campaigns_project.commands import FairleadCommand
from campaigns_project.runtime.serve import web_command


class Command(FairleadCommand):
    help = (
        "Serve the web on WEB_HOST and WEB_PORT. Exit codes, before it serves: 6 a table is missing; 8 the database "
        "cannot be reached."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        command = web_command()
        # In the place of this process, so that signals of a service manager reach the server.
        os.execv(command[0], command)  # noqa: S606 - our own command

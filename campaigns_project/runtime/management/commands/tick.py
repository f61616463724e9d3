from typing import Any

from campaigns_project.commands import FairleadCommand
from campaigns_project.database.tables import require_tables
from campaigns_project.faults import DatabaseFault, SchemaFault
from campaigns_project.runtime.tick import Tick


class Command(FairleadCommand):
    help = "Do every second what is due, as the one leader over all machines. run_worker does this for you."
    needs_tables = False  # looked at below: a tick waits for a database that is down

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            require_tables()
        except SchemaFault:
            raise
        except DatabaseFault as fault:
            self.say(f"{fault} Waiting for it.")
        Tick().run()

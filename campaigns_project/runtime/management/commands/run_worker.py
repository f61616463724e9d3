from typing import Any

from django.conf import settings

from campaigns_project.commands import FairleadCommand
from campaigns_project.database import migrating
from campaigns_project.database.sessions import require_sessions
from campaigns_project.faults import SchemaFault
from campaigns_project.runtime.health.database import require_for_workers
from campaigns_project.runtime.supervisor import Supervisor
from campaigns_project.workers import keys


class Command(FairleadCommand):
    help = (
        "Work in the background: keeps a task cluster and a tick alive until it is stopped. Run it on any machine. "
        "Exit codes: 4 another worker has other keys; 6 a migration or a table is missing; 8 the database cannot be "
        "reached, takes no writes, is reached only through a pool of transactions, or its clock is a minute off ours."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        missing = migrating.pending()
        if missing:
            raise SchemaFault(
                "migrations_pending",
                f"The database lacks {len(missing)} migrations, {missing[0]} first.",
                "Run manage.py apply_migrations.",
            )
        require_for_workers()
        require_sessions()
        keys.require_readable()
        supervisor = Supervisor(folder=settings.BASE_DIR)
        supervisor.register()
        supervisor.run()

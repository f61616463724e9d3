from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import Error

from campaigns_project.database import migrating
from campaigns_project.runtime.supervisor import Supervisor


class Command(BaseCommand):
    help = "Work in the background: keeps a task cluster and a tick alive until it is stopped. Run it on any machine."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            missing = migrating.pending()
        except Error as error:
            raise CommandError(f"The database cannot be reached: {str(error).strip()}", returncode=8) from error
        if missing:
            raise CommandError(
                f"The database lacks {len(missing)} migrations, {missing[0]} first. Run manage.py migrate.",
                returncode=4,
            )
        Supervisor(folder=settings.BASE_DIR).run()

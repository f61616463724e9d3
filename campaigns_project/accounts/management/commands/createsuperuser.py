from typing import Any

from django.contrib.auth.management.commands.createsuperuser import Command as DjangoCommand
from django.db.models import Max

from campaigns_project.accounts.models import User
from campaigns_project.audit.noting import Noted


class Command(Noted, DjangoCommand):
    """As Django has it, and noted in the audit log: a system administrator sees every organization."""

    action = "user.superuser_created"

    def handle(self, *args: Any, **options: Any) -> Any:
        self.newest = User.objects.aggregate(newest=Max("pk"))["newest"] or 0
        return super().handle(*args, **options)

    def subject(self, options: dict[str, Any]) -> User | None:
        return User.objects.filter(pk__gt=self.newest).first()  # nobody where there was no terminal to ask on

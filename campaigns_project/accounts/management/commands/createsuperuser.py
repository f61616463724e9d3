from typing import Any

from django.contrib.auth.management.commands.createsuperuser import Command as DjangoCommand

from campaigns_project.accounts.models import User
from campaigns_project.audit.noting import Noted


class Command(Noted, DjangoCommand):
    """As Django has it, and noted in the audit log: a system administrator sees every organization."""

    action = "user.superuser_created"

    def subject(self, options: dict[str, Any]) -> User:
        return User.objects.latest("pk")  # the one this transaction has just made

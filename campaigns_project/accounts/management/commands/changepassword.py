import getpass
from typing import Any

from django.contrib.auth.management.commands.changepassword import Command as DjangoCommand

from campaigns_project.accounts.models import User
from campaigns_project.audit.noting import Noted


class Command(Noted, DjangoCommand):
    """As Django has it, and noted in the audit log."""

    action = "user.password_changed"

    def subject(self, options: dict[str, Any]) -> User:
        return User.objects.get_by_natural_key(options["username"] or getpass.getuser())

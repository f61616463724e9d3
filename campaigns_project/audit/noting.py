"""Commands of the packages we build on, with an entry in the audit log in the transaction of what they do."""

from typing import Any

from django.db import transaction

from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import Subject, record
from campaigns_project.commands import FairleadCommand


class Noted(FairleadCommand):
    """Mixed in before a package's command, which then fails as ours do where the database or a table is missing.

    `action` is what the entry calls it, and the options that `tells` names are kept: a command that ends in an error,
    or is broken off, changes nothing and leaves no entry.
    """

    action: str
    tells: tuple[str, ...] = ()

    def handle(self, *args: Any, **options: Any) -> Any:
        with transaction.atomic():
            answer = super().handle(*args, **options)
            if (subject := self.subject(options)) is not None:
                record(
                    action=self.action,
                    entity=subject,
                    organization_id=None,
                    actor=Actor.of_command(type(self).__module__.rpartition(".")[2]),
                    after={name: options[name] for name in self.tells} or None,
                )
        return answer

    def subject(self, options: dict[str, Any]) -> Any:
        """What it was done to, a row or a Subject; None where nothing was done. Asked afterwards."""
        return Subject(self.action.partition(".")[0])

from argparse import ArgumentParser
from typing import Any

from campaigns_project.accounts.models import User
from campaigns_project.accounts.second_factors import remove
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand
from campaigns_project.errors import NotFound


class Command(FairleadCommand):
    help = (
        "Let somebody who lost their authenticator app and recovery codes log in with the password alone. On record. "
        "Exit codes: 0 removed; 3 nobody of that address, or no second factor; 7 not confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="what the person logs in with")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"]).first()
        if user is None:
            raise NotFound("person_not_found", f"Nobody logs in as {options['email']}.")
        self.confirm(f"Let {user.email} log in with the password alone?", options)
        remove(user=user, actor=Actor.of_command("remove_second_factor"))
        self.say(f"{user.email} logs in with the password alone.")

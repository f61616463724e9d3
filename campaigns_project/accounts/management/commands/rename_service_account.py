from argparse import ArgumentParser
from typing import Any

from django.db import transaction

from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.service_accounts import rename_service_account, service_account_named
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand


class Command(FairleadCommand):
    help = (
        "Call a service account by another name; its keys go on as they are. On record. "
        "Exit codes: 0 renamed, or called so already; 2 no name; 3 no such organization or account; 4 it is taken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what it is called now")
        parser.add_argument("new_name", help="what it will be called, in the audit log as well")
        parser.add_argument("--organization", required=True, metavar="SLUG", help="whose service account")
        parser.add_argument("--dry-run", action="store_true", help="check everything and change nothing")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = find_organization(options["organization"])
        account = service_account_named(organization=organization, name=options["name"])
        new = options["new_name"].strip()
        with transaction.atomic():
            is_new = rename_service_account(account=account, name=new, actor=Actor.of_command("rename_service_account"))
            transaction.set_rollback(options["dry_run"])
        if options["json"]:
            self.print_json(
                "rename_service_account",
                organization=organization.slug,
                name=new,
                was=account.name,
                renamed=is_new,
                dry_run=options["dry_run"],
            )
        self.say(_told(account.name, new, is_new=is_new, is_dry_run=options["dry_run"]))


def _told(was: str, name: str, *, is_new: bool, is_dry_run: bool) -> str:
    if not is_new:
        return f"It is called “{name}” already. Nothing was changed."
    if is_dry_run:
        return f"“{was}” would be called “{name}”. Nothing was changed."
    return f"“{was}” is called “{name}” from now on."

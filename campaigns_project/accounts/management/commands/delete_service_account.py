from argparse import ArgumentParser
from typing import Any

from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.service_accounts import delete_service_account, keys_of, service_account_named
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand


class Command(FairleadCommand):
    help = (
        "Delete a service account with all its keys: whatever uses one is refused at once. What it made stays, and the "
        "audit log keeps what it did. On record. "
        "Exit codes: 0 deleted; 3 no such organization or service account; 7 not confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what it is called")
        parser.add_argument("--organization", required=True, metavar="SLUG", help="whose service account")
        parser.add_argument("--dry-run", action="store_true", help="say what would be deleted, and change nothing")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = find_organization(options["organization"])
        account = service_account_named(organization=organization, name=options["name"])
        number = keys_of(account).count()
        told = (
            f"the service account “{account.name}” ({account.role}) with {number:,} {'key' if number == 1 else 'keys'}"
        )
        if not options["dry_run"]:
            self.confirm(f"Delete {told}?", options)
            number = delete_service_account(account=account, actor=Actor.of_command("delete_service_account"))
        if options["json"]:
            self.print_json(
                "delete_service_account",
                organization=organization.slug,
                name=account.name,
                role=account.role,
                keys=number,
                dry_run=options["dry_run"],
            )
        self.say(f"Would delete {told}. Nothing was changed." if options["dry_run"] else f"Deleted {told}.")

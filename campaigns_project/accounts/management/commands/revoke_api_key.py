from argparse import ArgumentParser
from typing import Any

from django.db import transaction

from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.service_accounts import keys_named, revoke_api_key
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand


class Command(FairleadCommand):
    help = (
        "Take a key for the API away: whatever uses it is refused at once. The service account stays, and can get a "
        "new one. On record. Exit codes: 0 revoked; 3 no such organization or key; 7 not confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "key", help="how it begins, as the admin shows it; or the name of a service account: all keys it has"
        )
        parser.add_argument("--organization", required=True, metavar="SLUG", help="whose key")
        parser.add_argument("--dry-run", action="store_true", help="say what would be revoked, and change nothing")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = find_organization(options["organization"])
        found = keys_named(organization=organization, named=options["key"].strip())
        told = ", ".join(f"{key.token_key}… of “{account.name}” ({account.role})" for account, key in found)
        if not options["dry_run"]:
            self.confirm(f"Revoke {told}?", options)
            self._revoke(found)
        if options["json"]:
            self.print_json(
                "revoke_api_key",
                organization=organization.slug,
                dry_run=options["dry_run"],
                keys=[
                    {
                        "begins_with": key.token_key,
                        "name": account.name,
                        "role": account.role,
                        "created_at": key.created,
                        "expires_at": key.expiry,
                    }
                    for account, key in found
                ],
            )
        self.say(f"Would revoke {told}. Nothing was changed." if options["dry_run"] else f"Revoked {told}.")

    @transaction.atomic
    def _revoke(self, found: list[Any]) -> None:
        actor = Actor.of_command("revoke_api_key")
        for account, key in found:
            revoke_api_key(account=account, beginning=key.token_key, actor=actor)

from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.db import transaction

from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.service_accounts import LONGEST_NAME, MOST_DAYS, create_api_key, is_name
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand


class Command(FairleadCommand):
    help = (
        "Make a key for the API. The key is written to standard output once and cannot be shown again. "
        "Exit codes: 0 made; 2 an option cannot be used; 3 no such organization."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", required=True, metavar="SLUG", help="whose rows the key may see")
        parser.add_argument("--name", required=True, type=_name, help="what uses it, as the audit log will show it")
        parser.add_argument("--role", required=True, choices=Role.values, help="what it may do")
        parser.add_argument(
            "--expires-days", type=_days, metavar="N", help="the key ends after N days; never unless given"
        )
        parser.add_argument("--dry-run", action="store_true", help="check everything and make nothing")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = find_organization(options["organization"])
        with transaction.atomic():
            _account, key = create_api_key(
                organization=organization,
                name=options["name"],
                role=Role(options["role"]),
                actor=Actor.of_command("create_api_key"),
                expires_after=options["expires_days"],
            )
            transaction.set_rollback(options["dry_run"])
        self._tell(organization, "" if options["dry_run"] else key, options)

    def _tell(self, organization: Organization, key: str, options: dict[str, Any]) -> None:
        what = f"a key for “{options['name']}” with the role {options['role']} in {organization.slug}"
        if options["json"]:
            self.print_json(
                "create_api_key",
                key=key or None,
                name=options["name"],
                role=options["role"],
                organization=organization.slug,
                dry_run=options["dry_run"],
            )
        elif key:
            self.stdout.write(key)
        self.say(
            f"Made {what}. Keep it now: it is not shown again." if key else f"Would make {what}. Nothing was changed."
        )


def _name(text: str) -> str:
    name = text.strip()
    if not is_name(name):
        raise ArgumentTypeError(f"a name has 1 to {LONGEST_NAME} printable characters")
    return name


def _days(text: str) -> timedelta:
    if not text.isdecimal() or not 0 < int(text) <= MOST_DAYS:
        raise ArgumentTypeError(f"{text} is not a number of days from 1 to {MOST_DAYS}")
    return timedelta(days=int(text))

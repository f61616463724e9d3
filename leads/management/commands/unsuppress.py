from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns_project.accounts.finding import find_organization
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand
from campaigns_project.errors import NotFound
from leads.models import Suppression
from leads.suppression import check, normalize_target, require_scope, unsuppress


class Command(FairleadCommand):
    help = (
        "Allow an address or a domain again; nobody is put back into a campaign. That of an erased person is found by "
        "the address. Exit codes: 0 done; 2 no reason, or neither an address nor a domain; 3 there is no such entry."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("entry", metavar="ENTRY", help="the address or domain as it stands in the list")
        parser.add_argument("--organization", required=True, metavar="SLUG", help="who may write again")
        parser.add_argument("--campaign", type=int, metavar="ID", help="the entry for this campaign alone")
        parser.add_argument("--reason", required=True, help="why; kept in the audit log")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = find_organization(options["organization"])
        if options["campaign"] is not None:
            require_scope(organization, options["campaign"])
        own = Suppression.objects.for_organization(organization).filter(campaign_id=options["campaign"])
        target = options["entry"].strip().lower()
        found = own.filter(address=target).exclude(address="").first()
        if found is None:  # it may be written in another way than it stands there
            target = normalize_target(options["entry"])
            found = own.filter(address=target).first()
        if found is None and "@" in target:
            answer = check(organization=organization, addresses=[target], now=timezone.now())[0].suppression
            found = answer if answer and answer.address_hash else None
        if found is None:
            raise NotFound("not_found", f"{target} is not in the list.", "A domain has an entry of its own.")
        unsuppress(suppression=found, actor=Actor.of_command("unsuppress"), reason=options["reason"])
        self.stdout.write(f"{target} may be written to again. Nobody was put back into a campaign.")

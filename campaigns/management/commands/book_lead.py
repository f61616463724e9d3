from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns.de_enrollment.naming import leads_named
from campaigns.enrollment.booking import book, take_back_booking
from campaigns.finding import find_campaign
from campaigns_project.accounts.finding import find_organization
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import FairleadCommand
from leads.models import Lead


class Command(FairleadCommand):
    help = (
        "Note that somebody booked a meeting: they leave every campaign that stops on a booking. Exit codes: 0 done; "
        "3 no such lead, organization or campaign; 4 known already, or never in a campaign."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("lead", metavar="LEAD", help="the number or the address")
        parser.add_argument("--organization", metavar="SLUG", required=True)
        parser.add_argument("--campaign", metavar="CAMPAIGN", help="that it came of: number, campaign ID or name")
        parser.add_argument("--take-back", action="store_true", help="it was a mistake; nobody is put back")
        parser.add_argument("--reason", default="", help="what is known of it, for the audit log")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = find_organization(options["organization"])
        lead = Lead.objects.get(pk=leads_named(organization, [options["lead"]])[0])
        told: dict[str, Any] = {"actor": Actor.of_command("book_lead"), "now": timezone.now()}
        told["reason"] = options["reason"]
        if options["take_back"]:
            number = take_back_booking(lead=lead, **told)
            self._say(options, f"The booking of lead {lead.pk} counts nowhere any more.", taken_back=number)
            return
        campaign = find_campaign(options["campaign"]) if options["campaign"] is not None else None
        booked = book(lead=lead, campaign=campaign, **told)
        left = f"{len(booked.left)} campaign{'' if len(booked.left) == 1 else 's'}"
        self._say(options, f"Lead {lead.pk} booked a meeting and left {left}.", left=booked.left, counts=booked.counts)

    def _say(self, options: dict[str, Any], sentence: str, **values: Any) -> None:
        if options["json"]:
            self.print_json("book_lead", **values)
        else:
            self.stdout.write(sentence)

from argparse import ArgumentParser
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from campaigns.fetching.request import request_fetch
from campaigns.fetching.source import preview_source, read_filters, source_of
from campaigns.finding import find_campaign
from campaigns.models import Campaign
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.errors import StateRefused
from leads.models import Provider
from leads.providers.values import Found


class Command(FairleadCommand):
    help = (
        "Fetch people of a lead provider into a campaign: by its lead source, or by the address of a search or filters "
        "given here, which then are its source. A worker does it. Exit codes: 0 the job is queued (with --dry-run: it "
        "could be); 2 the search cannot be asked; 3 no such campaign; 4 its state, or the provider, does not allow it; "
        "7 it was not confirmed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("campaign", metavar="CAMPAIGN", help="its number, campaign ID or exact name")
        parser.add_argument("--provider", default=Provider.APOLLO.value, choices=Provider.values)
        parser.add_argument("--url", default="", help="the address of a search page, as the browser shows it")
        parser.add_argument(
            "--filter", action="append", default=[], metavar="NAME=VALUE", help="may be given again, for one name too"
        )
        parser.add_argument("--count", type=int, help="the most people to fetch (default: as the source has it)")
        parser.add_argument("--credit-limit", type=int, help="the most credits this fetch may spend")
        parser.add_argument(
            "--acknowledge",
            action="append",
            default=[],
            metavar="KEY=VALUE",
            help="a part of the address that will not count, as --dry-run lists it; once for each",
        )
        parser.add_argument("--dry-run", action="store_true", help="only ask how many there are, which costs nothing")
        parser.add_argument("--yes", action="store_true", help="spend the credits without asking")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        campaign = find_campaign(options["campaign"])
        search = self._search(campaign, options)
        found = preview_source(organization=campaign.organization, **search, now=timezone.now())
        self._show_found(campaign, found, options)
        if options["dry_run"]:
            return
        self.confirm(f"Fetch up to {found.count:,} people for about {found.about_credits:,} credits?", options)
        is_new = options["url"] or options["filter"] or options["count"] or options["credit_limit"]
        job = request_fetch(
            campaign=campaign,
            source=self._source(campaign, search, options) if is_new else None,
            actor=Actor.of_command("fetch_leads"),
            now=timezone.now(),
        )
        if options["json"]:
            self.print_json("fetch_leads", id=campaign.pk, job=job.pk, dry_run=False, found=found.as_json())
            return
        self.stdout.write(f"Job {job.pk} fetches up to {found.count:,} people into campaign {campaign.pk}.")
        self.say(f"See how it goes: manage.py campaign_status {campaign.pk}")

    def _search(self, campaign: Campaign, options: dict[str, Any]) -> dict[str, Any]:
        """What was given here, else the campaign's own source."""
        source = source_of(campaign)
        given = {"url": options["url"], "filters": read_filters(options["filter"])}
        if source and not (given["url"] or given["filters"]):
            given = {"url": source.search.url, "filters": dict(source.named)}
        elif not (given["url"] or given["filters"]):
            message = "The campaign has no lead source."
            raise StateRefused("no_lead_source", message, "Give --url or --filter, and --count.")
        count = options["count"] or (source.search.count if source else None)
        if count is None:
            raise CommandError("Say how many at most: --count.", returncode=Exit.USAGE)
        limit = options["credit_limit"] or (source.credit_limit if source else None)
        return {"provider": options["provider"], **given, "count": count, "credit_limit": limit}

    def _source(self, campaign: Campaign, search: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        """What becomes the campaign's source: the search, and for the rest what stood there before."""
        source = source_of(campaign)
        acknowledged = options["acknowledge"]
        if source and not acknowledged and source.search.url == search["url"]:
            acknowledged = [each.text for each in source.search.unmapped]
        more: dict[str, Any] = {"tags": source.tags, "enrichment": source.enrichment} if source else {}
        return {**search, **more, "acknowledged": acknowledged}

    def _show_found(self, campaign: Campaign, found: Found, options: dict[str, Any]) -> None:
        if options["json"]:
            if options["dry_run"]:
                self.print_json("fetch_leads", id=campaign.pk, dry_run=True, found=found.as_json())
            return
        cost = f"fetching {found.count:,} of them costs about {found.about_credits:,} credits"
        self.stdout.write(f"{found.total:,} people found; {cost}.")
        if found.capped_at:
            self.stdout.write(f"The provider shows {found.capped_at:,} of one search; narrow it to reach the others.")
        for each in found.unmapped:
            self.stdout.write(f"Will not count: {each.text} ({each.why.label.lower()})")

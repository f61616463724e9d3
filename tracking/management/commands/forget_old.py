from argparse import ArgumentParser
from typing import Any

from django.utils import timezone

from campaigns_project.accounts.finding import find_organization
from campaigns_project.commands import FairleadCommand
from tracking.forgetting import Forgotten, count_old, forget_old


class Command(FairleadCommand):
    help = (
        "Clear what organizations keep for a time alone and is older: values of mails, details of events, words of "
        "mails that came in. Workers do so every hour; this does it to the end. It may be broken off at any moment. "
        "Exit codes: 0 done, with counts; 3 no such organization; 9 a worker is at it."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="of this one alone")
        parser.add_argument(
            "--anew", action="store_true", help="look at all events once more, not only at those that became old since"
        )
        parser.add_argument("--dry-run", action="store_true", help="change nothing, only count")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        slug, is_dry_run = options["organization"], options["dry_run"]
        organization = find_organization(slug) if slug is not None else None
        act = count_old if is_dry_run else forget_old
        done = act(now=timezone.now(), organization=organization, anew=options["anew"])
        if options["json"]:
            self.print_json("forget_old", dry_run=is_dry_run, organizations=[_as_dict(each) for each in done])
            return
        for each in done:
            self.stdout.write(_told(each, "would be cleared" if is_dry_run else "cleared"))
        if not done:
            where = "Every organization" if organization is None else str(organization)
            self.stdout.write(f"{where} keeps everything forever: manage.py retention sets a time.")


def _as_dict(each: Forgotten) -> dict[str, Any]:
    counts = {"values": each.values, "details": each.details, "words": each.words}
    return {"organization": each.organization.slug, **counts}


def _told(each: Forgotten, done: str) -> str:
    return (
        f"{each.organization}: values of {each.values:,} mails, details of {each.details:,} events, words of "
        f"{each.words:,} incoming mails {done}."
    )

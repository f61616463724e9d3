from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from campaigns.models import Mailbox, MailboxStatus
from campaigns_project.accounts.finding import find_organization
from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.errors import Locked, NotFound
from campaigns_project.keys import key_of
from tracking.inbox.read import ReadResult, read_mailbox
from tracking.inbox.take import Fate

DAYS = 90


class Command(FairleadCommand):
    help = (
        "Read mailboxes for replies and bounces now; the workers do it about once a minute by themselves. Exit codes: "
        "0 all were read; 3 no such mailbox or organization; 4 the mailbox is paused; 8 one could not be read; 9 "
        "somebody else reads it at this moment."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="of this one alone")
        parser.add_argument("--mailbox", metavar="MAILBOX", help="this one alone: its number")
        parser.add_argument("--days", type=int, metavar="N", help=f"read the last N days again ({DAYS} at most)")
        parser.add_argument("--dry-run", action="store_true", help="tell what would be taken, and take nothing")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["days"] is not None and not 1 <= options["days"] <= DAYS:
            raise CommandError(f"--days takes a number from 1 to {DAYS}.", returncode=Exit.USAGE)
        found = [(mailbox, self._read(mailbox, options)) for mailbox in self._chosen(options)]
        if options["json"]:
            rows = [_as_dict(mailbox, result) for mailbox, result in found]
            self.print_json("read_mailboxes", dry_run=options["dry_run"], mailboxes=rows)
        else:
            for mailbox, result in found:
                self.stdout.write(f"{mailbox} ({mailbox.organization}): {_sentence(result, options['dry_run'])}")
            if not found:
                self.stdout.write("There is no mailbox to read.")
        if any(result is not None and result.fault for _, result in found):
            raise CommandError("Not every mailbox could be read; see above.", returncode=Exit.DEPENDENCY_DOWN)

    def _chosen(self, options: dict[str, Any]) -> list[Mailbox]:
        rows = Mailbox.objects.select_related("organization").order_by("pk")
        if options["organization"]:
            rows = rows.for_organization(find_organization(options["organization"]))
        if options["mailbox"] is None:
            return list(rows.able())
        number = key_of(options["mailbox"])
        mailbox = rows.filter(pk=number).first() if number is not None else None
        if mailbox is None:
            hint = "See the numbers in the admin under Mailboxes."
            raise NotFound("not_found", f"There is no mailbox {options['mailbox']}.", hint)
        return [mailbox]

    def _read(self, mailbox: Mailbox, options: dict[str, Any]) -> ReadResult | None:
        """None for one that is read by somebody else at this moment, unless it was asked for by name."""
        self.say(f"Reading {mailbox} …")
        try:
            return read_mailbox(
                mailbox=mailbox, now=timezone.now(), days=options["days"], is_dry_run=options["dry_run"]
            )
        except Locked:
            if options["mailbox"] is not None:
                raise
            return None


def _sentence(result: ReadResult | None, is_dry_run: bool) -> str:
    if result is None:
        return "is being read by a worker at this moment."
    taken = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(result.kinds.items()))
    told = f"{result.seen} mails looked at; {'would take' if is_dry_run else 'took'} {taken or 'none'}"
    known, nobody = result.fates[Fate.KNOWN], result.fates[Fate.NOBODY]
    told += f"; {known} known already, {nobody} concern nobody."
    if result.has_more:
        told += " There is more: run it again, or leave it to the workers."
    return f"{told} {result.fault.sentence} {result.fault.hint}".strip() if result.fault else told


def _as_dict(mailbox: Mailbox, result: ReadResult | None) -> dict[str, Any]:
    row: dict[str, Any] = {"id": mailbox.pk, "name": mailbox.name, "paused": mailbox.status == MailboxStatus.PAUSED}
    if result is None:
        return {**row, "locked": True}
    return {
        **row,
        "locked": False,
        "seen": result.seen,
        "taken": dict(result.kinds),
        "known": result.fates[Fate.KNOWN],
        "nobody": result.fates[Fate.NOBODY],
        "has_more": result.has_more,
        "fault": result.fault.fault if result.fault else "",
        "message": result.fault.sentence if result.fault else "",
    }

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from campaigns_project.commands import Exit, FairleadCommand
from campaigns_project.database import migrating
from campaigns_project.runtime.demo import parts
from campaigns_project.runtime.demo.main_job import Outcome, run
from leads.models import LeadImport


class Command(FairleadCommand):
    needs_tables = False  # it migrates first
    help = (
        "Run the main job once: import FILE, send a two-step campaign through a real worker into the local mailbox, "
        "open and click as its recipients would, and compare the numbers. Exit codes: 0 all agree; 1 they do not; "
        "2 the file cannot be used or a port is taken; "
        "4 a part cannot run."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        sample = settings.BASE_DIR / "samples" / "leads.csv"
        parser.add_argument(
            "file",
            nargs="?",
            type=Path,
            default=sample,
            metavar="FILE",
            help="a CSV of leads (default: samples/leads.csv)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path = options["file"]
        if not file.is_file():
            raise CommandError(f"There is no file {file}. Give the path of a CSV file.", returncode=Exit.USAGE)
        migrating.migrate(verbosity=0)
        console = Console(stderr=True)
        with parts.running(say=lambda text: console.print(f"  {text}", style="dim")), _Bars(console) as bars:
            outcome = run(file=file, shown=bars)
        Console(width=None if sys.stdout.isatty() else 100).print(_table(outcome))
        if outcome.disagreements:
            raise CommandError("The numbers do not agree.\n  " + "\n  ".join(outcome.disagreements))
        self.stdout.write("Every number agrees with what arrived.")


class _Bars(Progress):
    """Progress bars on a terminal; one line for each stage elsewhere."""

    def __init__(self, console: Console) -> None:
        columns = TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        super().__init__(*columns, console=console, disable=not console.is_terminal)

    def stage(self, name: str, total: int | None) -> Callable[[int], None]:
        task = self.add_task(name, total=total)
        if self.disable:
            self.say(f"{name} ..." if total is None else f"{name} ({total:,}) ...")
        # A stage with a total is told where it stands, one without how much further it got.
        if total is None:
            return lambda done: self.update(task, advance=done)
        return lambda done: self.update(task, completed=done)

    def say(self, text: str) -> None:
        self.console.print(text)


def _table(outcome: Outcome) -> Table:
    counts, done = outcome.ledger, outcome.lead_import
    table = Table(title=f"Campaign {outcome.campaign.pk}: {outcome.campaign.name}", title_justify="left")
    table.add_column("what")
    table.add_column("number", justify="right")
    table.add_column("what it means", style="dim")
    skipped = ", ".join(f"{number} {reason}" for reason, number in outcome.enrollment.skipped.items())
    rows = [
        ("rows imported", done.rows_done, _rows(done)),
        ("enrolled", outcome.enrollment.enrolled, f"not enrolled: {skipped}" if skipped else "everybody"),
        ("planned", counts.planned, "two mails to everybody"),
        ("sent", counts.sent, ""),
        ("failed", counts.failed, ""),
        ("skipped", counts.skipped, "the person had left before it was due" if counts.skipped else ""),
        ("uncertain", counts.uncertain, ""),
        ("opened", outcome.campaign.emails_opened, "people"),
        ("clicked", outcome.campaign.emails_clicked, "people"),
        ("unsubscribed", len(outcome.visits.unsubscribed), "people, by the one-click button"),
        ("mails in the mailbox", outcome.in_mailbox, f"to {outcome.recipients_in_mailbox:,} people"),
    ]  # fmt: skip
    for what, number, meaning in rows:
        table.add_row(what, f"{number:,}", meaning)
    return table


def _rows(done: LeadImport) -> str:
    return (
        f"{done.created_count:,} new, {done.updated_count:,} updated, {done.unchanged_count:,} unchanged, "
        f"{done.problem_count:,} with a problem"
    )

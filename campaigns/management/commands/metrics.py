import sys
from argparse import ArgumentParser, ArgumentTypeError
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

from django.core.management import CommandError
from django.utils import timezone

from campaigns.models import MetricDefinition
from campaigns.ops.metric_files import import_values
from campaigns.ops.metrics import Value, find_metric, read_number, record_value
from campaigns.ops.switch import require_operations
from campaigns_project.accounts.finding import find_organization
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import Actor
from campaigns_project.commands import Exit, FairleadCommand

LARGEST = 2_000_000  # bytes of a file: a thousand rows with long notes


class Command(FairleadCommand):
    help = (
        "Metrics: enter a value, or a file of them, or list them with their last value. Exit codes: 0; 2 no number, or "
        "a row of the file is wrong (nothing was entered); 3 no such organization or metric."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        ways = parser.add_subparsers(dest="way", required=True, metavar="list|record|import")
        listing = ways.add_parser("list", help="every metric, with its last value")
        recording = ways.add_parser("record", help="enter or correct the value of a day")
        recording.add_argument("metric", metavar="METRIC", help="its number or exact name")
        recording.add_argument("value", metavar="VALUE")
        recording.add_argument("--date", type=day, metavar="DAY", help="e.g. 2026-12-01; without it today")
        recording.add_argument("--note")
        loading = ways.add_parser("import", help="a CSV with the columns metric, date, value, note; - reads it here")
        loading.add_argument("file", metavar="FILE")
        for way in (listing, recording, loading):
            way.add_argument("--organization", required=True, metavar="SLUG")
            way.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        require_operations()
        organization = find_organization(options["organization"])
        getattr(self, f"_{options['way']}")(organization, options)

    def _list(self, organization: Organization, options: dict[str, Any]) -> None:
        metrics = MetricDefinition.objects.for_organization(organization).order_by("name")
        told = [(metric, metric.entries.order_by("-date").first()) for metric in metrics]
        if options["json"]:
            shown = [
                {"id": metric.pk, "name": metric.name, "unit": metric.unit, "target": metric.target,
                 "date": last and last.date, "value": last and last.value}
                for metric, last in told
            ]  # fmt: skip
            self.print_json("metrics", metrics=shown)
            return
        for metric, last in told:
            value = f"{last.value.normalize():f} {metric.unit} on {last.date}" if last else "no value yet"
            self.stdout.write(f"{metric.pk:>6}  {metric.name}: {value}")

    def _record(self, organization: Organization, options: dict[str, Any]) -> None:
        today = timezone.now().date()
        metric = find_metric(organization, options["metric"])
        entered = Value(metric, options["date"] or today, read_number(options["value"]), options["note"])
        entry, is_new = record_value(entered=entered, author=None, actor=Actor.of_command("metrics"), today=today)
        if options["json"]:
            self.print_json("metrics_record", id=entry.pk, date=entry.date, value=entry.value, is_new=is_new)
            return
        self.stdout.write(f"{metric.name} on {entry.date}: {entry.value.normalize():f} {metric.unit}".rstrip())

    def _import(self, organization: Organization, options: dict[str, Any]) -> None:
        new, there = import_values(
            organization=organization,
            stream=_opened(options["file"]),
            file_name=options["file"],
            author=None,
            actor=Actor.of_command("metrics"),
            today=timezone.now().date(),
        )
        if options["json"]:
            self.print_json("metrics_import", created=new, changed=there)
            return
        self.stdout.write(f"Values entered: {new:,}. Days that had one before: {there:,}.")


def _opened(name: str) -> BytesIO:
    try:
        content = sys.stdin.buffer.read(LARGEST + 1) if name == "-" else _read(Path(name))
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.", returncode=Exit.USAGE) from None
    if len(content) > LARGEST:
        raise CommandError(f"{name} is larger than {LARGEST:,} bytes. Send it in parts.", returncode=Exit.USAGE)
    return BytesIO(content)


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(LARGEST + 1)


def day(text: str) -> date:
    """The type of an option that takes a day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"{text} is not a day, such as 2026-12-01") from None

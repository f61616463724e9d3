import sys
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from campaigns_project.commands import Exit, FairleadCommand
from tracking.inbox.reading import Reading, read_mail
from tracking.inbox.reading.mime import MAX_BYTES

SHOWN = 400  # characters of the text, to a person


class Command(FairleadCommand):
    help = (
        "Say how mails would be read, and why: replies, automatic answers, bounces, complaints, wishes to be left "
        "alone. Stores nothing, and needs no database. Exit codes: 0 all were read; 2 a file cannot be read or holds "
        "nothing."
    )
    needs_tables = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", metavar="FILE", nargs="+", help="a mail as it came (.eml); - reads standard input")
        parser.add_argument("--json", action="store_true", help="one JSON object on standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        raws = {file: _raw(file) for file in options["files"]}
        readings = {file: read_mail(raw) for file, raw in raws.items()}
        for file, raw in raws.items():
            if len(raw) > MAX_BYTES:
                self.say(f"{file} has {len(raw):,} bytes; what comes after the first {MAX_BYTES:,} is not looked at.")
        if options["json"]:
            self.print_json("read_mail", mails=[{"file": file, **asdict(one)} for file, one in readings.items()])
            return
        for file, reading in readings.items():
            self.stdout.write(f"{file}: {_named(reading)}")
            for title, value in _lines(reading):
                self.stdout.write(f"  {title:<12} {value}")


def _raw(file: str) -> bytes:
    if file == "-":
        raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        try:
            raw = Path(file).read_bytes()
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.", returncode=Exit.USAGE) from None
    if not raw.strip():
        raise CommandError(f"{file} is empty: give a mail as it came, with its headers.", returncode=Exit.USAGE)
    return raw


def _named(reading: Reading) -> str:
    kind = reading.kind.value.replace("_", " ")
    return f"{kind} ({reading.bounce.value})" if reading.bounce else kind


def _lines(reading: Reading) -> list[tuple[str, str]]:
    """What there is to say about a mail, the reason first."""
    text = " / ".join(line for line in reading.text[:SHOWN].split("\n") if line.strip())
    told = [
        ("why", reading.why),
        ("from", reading.sender),
        ("subject", reading.subject),
        ("about", ", ".join(reading.addresses)),
        ("status", " ".join(part for part in (reading.status, str(reading.code or "")) if part)),
        ("said", reading.diagnostic),
        ("our messages", ", ".join(map(str, reading.return_path_ids))),
        ("answers", " ".join(reading.message_ids)),
        ("text", text + (" …" if len(reading.text) > SHOWN else "")),
    ]
    return [(title, value) for title, value in told if value]

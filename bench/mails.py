"""How well incoming mails are read, against public collections of them.

    python -m bench.mails --corpora DIR [--half 0|1] [--misses]

DIR holds `bounces/mails` with `bounces/expected.json`, and `replies/mails` with `replies/expected`. The references are
flufl.bounce and mail-parser-reply on the same mails, where they are installed; nothing else here needs them.
"""

import argparse
import email
import importlib
import json
import logging
import os
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import django

ANSWERS = ("bounce", "complaint", "auto_reply")
PLACEHOLDER = ".invalid"  # the domain of addresses that the collection made up for redacted ones


def main() -> None:
    """Print the shares, and the slowest mail."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--corpora", type=Path, required=True, metavar="DIR")
    options.add_argument("--half", type=int, choices=(0, 1), help="every second mail alone, to see what was overfitted")
    options.add_argument("--misses", action="store_true", help="name each mail that is read otherwise than expected")
    given = options.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns_project.settings.test")
    django.setup()
    logging.disable(logging.WARNING)  # flufl.bounce tells of each detector that it tries
    seconds = [*score_bounces(given), *score_replies(given)]
    print(f"slowest mail: {max(seconds) * 1000:.1f} ms")


def chosen(folder: Path, half: int | None) -> list[Path]:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return files if half is None else files[half::2]


def score_bounces(given: argparse.Namespace) -> list[float]:
    from tracking.inbox.reading import read_mail  # noqa: PLC0415 - after django.setup()

    expected = json.loads((given.corpora / "bounces" / "expected.json").read_text())
    counts: Counter[str] = Counter()
    seconds = []
    flufl = library("flufl.bounce")
    for path in chosen(given.corpora / "bounces" / "mails", given.half):
        raw, wanted = path.read_bytes(), expected[path.name]
        begun = time.perf_counter()
        reading = read_mail(raw)
        seconds.append(time.perf_counter() - begun)
        if flufl:
            counts["theirs"] += recipients_of(wanted) == {
                address.decode("latin-1").lower() for address in flufl.scan_message(email.message_from_bytes(raw))
            }
        wrong = [name for name, is_right in judged(reading, wanted).items() if not is_right]
        counts["mails"] += 1
        counts.update(wrong)
        if wrong and given.misses:
            told = ", ".join(f"{row['recipient']} {row['reason']}{' hard' if row['hard'] else ''}" for row in wanted)
            print(f"  {path.name}: {', '.join(wrong)}\n    wanted {told}")
            print(
                f"    read   {reading.kind} {reading.bounce} {list(reading.addresses)} {reading.status} {reading.code}"
            )
            print(f"           {reading.diagnostic[:160]!r} ({reading.why})")
    total = counts["mails"]
    print(f"bounces, complaints and automatic answers: {total} mails")
    for name in ("not recognized", "other recipients", "other class", "hard by mistake"):
        print(f"  {name:<18}{counts[name]:>4}   right {100 * (1 - counts[name] / total):5.1f} %")
    if flufl:
        print(f"  flufl.bounce      {'':>4}   right {100 * counts['theirs'] / total:5.1f} % of the recipients")
    return seconds


def library(name: str) -> Any:
    """A reference, or None where it is not installed."""
    with suppress(ImportError):
        return importlib.import_module(name)
    return None


def recipients_of(wanted: list[dict[str, Any]]) -> set[str]:
    return {(row["recipient"] or "").lower() for row in wanted} - {""}


def judged(reading: Any, wanted: list[dict[str, Any]]) -> dict[str, bool]:
    """What is right about a reading. Of a mail with several recipients, it is hard when all of them are."""
    recipients = recipients_of(wanted)
    reasons = {row["reason"] for row in wanted}
    is_hard = all(row["hard"] for row in wanted)
    reads_hard = reading.bounce == "hard"
    redacted = all(address.endswith(PLACEHOLDER) for address in recipients)
    is_delay = reading.kind == "other" and "delay" in reading.why  # "still trying" is no bounce, and is told apart
    is_delivered = reasons == {"delivered"}
    return {
        "not recognized": reading.kind in (("other",) if is_delivered or is_delay else ANSWERS),
        "other recipients": redacted or reading.kind == "auto_reply" or set(reading.addresses) == recipients,
        "other class": reads_hard == is_hard,
        "hard by mistake": is_hard or not reads_hard,
    }


def score_replies(given: argparse.Namespace) -> list[float]:
    from tracking.inbox.reading import read_mail  # noqa: PLC0415 - after django.setup()

    counts: Counter[str] = Counter()
    seconds = []
    theirs = library("mailparser_reply")
    for path in chosen(given.corpora / "replies" / "mails", given.half):
        wanted = (given.corpora / "replies" / "expected" / path.name).read_text().strip()
        raw = HEAD.encode() + path.read_bytes()
        begun = time.perf_counter()
        reading = read_mail(raw)
        seconds.append(time.perf_counter() - begun)
        if theirs:
            text = path.read_bytes().decode("utf-8", "replace")
            counts["theirs"] += (theirs.EmailReplyParser(languages=LANGUAGES).parse_reply(text) or "").strip() == wanted
        counts["mails"] += 1
        counts["exact"] += reading.text.strip() == wanted
        counts["but for white space"] += reading.text.split() == wanted.split()
        counts["nine words in ten"] += overlap(reading.text.split(), wanted.split()) >= 0.9
        if reading.text.strip() != wanted and given.misses:
            print(f"  {path.name} ({reading.kind}: {reading.why})")
            print(f"    wanted {wanted[-300:]!r}\n    read   {reading.text[-300:]!r}")
    total = counts["mails"]
    print(f"replies: {total} mails")
    for name in ("exact", "but for white space", "nine words in ten"):
        print(f"  {name:<22}{100 * counts[name] / total:5.1f} %")
    if theirs:
        print(f"  mail-parser-reply, exact {100 * counts['theirs'] / total:3.1f} %")
    return seconds


LANGUAGES = ["en", "de", "cs", "da", "es", "fr", "it", "ja", "ko", "nl", "pl", "sv", "zh"]
HEAD = (
    "From: Ada <ada@example.com>\nTo: us@example.org\nSubject: Re: A question\nMIME-Version: 1.0\n"
    "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
)


def overlap(ours: list[str], theirs: list[str]) -> float:
    """Words in common, as a share of all that either has."""
    both = Counter(ours) & Counter(theirs)
    return 1.0 if not ours and not theirs else 2 * both.total() / (len(ours) + len(theirs))


if __name__ == "__main__":
    main()

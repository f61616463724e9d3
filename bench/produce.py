"""Producing one mail: ours against Django's EmailMultiAlternatives with its templates compiled each time.

    python -m bench.produce [--mails 500]

The same mail of about 10 KB with text and HTML part, once with plain merge fields, once with conditions and a filter.
Both sides write the same headers; every mail has other values. Django's side renders Django templates, as is usual.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import django
from django.core.mail import EmailMultiAlternatives
from django.template import Context, Template

from campaigns.content.mailbox import Mailbox
from campaigns.content.production import Design, Particulars
from campaigns.content.skeleton import producer_for
from campaigns.content.templating import compile as compiled

TURNS = 5
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
SUBJECT = "A question for {{ first_name }} at {{ company }}"
LINES = [
    "Most teams we talk to spend two days a month on this, and none of them likes it.",
    "We looked at what {{ company }} does in {{ city }}, and think an hour would do instead.",
    "Here is how others went about it, what it cost them and what they would do otherwise now.",
]
GREETING = "Hello {{ first_name }},"
# In Liquid; Django's own words for it are put in for its turn.
LOGIC = '{% if title == "CEO" %}As CEO{% elsif title %}As {{ title | upcase }}{% else %}In your place{% endif %}, '
STYLE = 'style="margin:0 0 12px;font:15px/1.5 Arial,sans-serif;color:#222"'


def main() -> None:
    """Print the time of one mail both ways, and the ratio."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--mails", type=int, default=500)
    count = options.parse_args().mails
    for label, theirs, ours, reach in measure(count):
        print(f"producing one mail, {label}")
        print(f"  EmailMultiAlternatives {theirs * 1e6:9,.0f} us")
        print(f"  ours                   {ours * 1e6:9,.0f} us")
        print(f"  ratio                  {theirs / ours:9.1f}   (to reach: {reach})")


def measure(count: int) -> Iterator[tuple[str, float, float, float]]:
    """For both kinds of mail: its name, seconds for one by Django and by us, and the ratio to reach."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns_project.settings.test")
    django.setup()
    for label, logic, reach in (("plain variables", "", 50.0), ("with Liquid logic", LOGIC, 6.0)):
        html, text = _html(logic), _text(logic)
        theirs, size = _measured(_by_django(html, text), count)
        ours, our_size = _measured(_by_ours(html, text), count)
        if not 0.8 < our_size / size < 1.25:
            raise SystemExit(f"Django's mail has {size:,} bytes and ours {our_size:,}: that is no comparison")
        yield label, theirs, ours, reach


def _measured(produce: Callable[[int], bytes], count: int) -> tuple[float, int]:
    """Seconds for one mail, the median of several turns, and the size of the last."""
    size = len(produce(0))
    turns = []
    for _ in range(TURNS):
        started = time.perf_counter()
        for number in range(count):
            size = len(produce(number))
        turns.append((time.perf_counter() - started) / count)
    return statistics.median(turns), size


def _by_django(html: str, text: str) -> Callable[[int], bytes]:
    html, text = (source.replace("elsif", "elif").replace("upcase", "upper") for source in (html, text))

    def produce(number: int) -> bytes:
        context = Context(_values(number))
        mail = EmailMultiAlternatives(
            subject=Template(SUBJECT).render(context),
            body=Template(text).render(context),
            from_email="Ada Byron <ada@sender.example>",
            to=[f"Bob Builder {number} <bob{number}@example.org>"],
            headers={
                "Message-ID": f"<{number}.1.abcdefghijklmnopqrstuvwxyz@sender.example>",
                "List-Unsubscribe": f"<{_way_out(number)}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            },
        )
        mail.attach_alternative(Template(html).render(context), "text/html")
        return mail.message().as_bytes()

    return produce


def _by_ours(html: str, text: str) -> Callable[[int], bytes]:
    design = Design(
        sender=Mailbox("ada@sender.example", "Ada Byron"),
        subject=compiled(SUBJECT),
        html=compiled(html, html=True),
        text=compiled(text),
    )
    producer = producer_for(design)

    def produce(number: int) -> bytes:
        return producer.produce(
            Particulars(
                recipient=Mailbox(f"bob{number}@example.org", f"Bob Builder {number}"),
                values=_values(number),
                message_id=f"<{number}.1.abcdefghijklmnopqrstuvwxyz@sender.example>",
                date=NOW,
                unsubscribe_url=_way_out(number),
            )
        ).data

    return produce


def _values(number: int) -> dict[str, str]:
    return {
        "first_name": f"Bob{number}",
        "company": f"Build & Sons {number}",
        "city": "Zürich" if number % 3 else "Basel",
        "title": ("CEO", "Head of Tools", "")[number % 3],
        "unsubscribe_url": _way_out(number),
    }


def _way_out(number: int) -> str:
    return f"https://t.sender.example/t/AQxhY2Nlc3NfdG9rZW5fb2Zf{number:012d}/unsubscribe"


def _html(logic: str) -> str:
    paragraphs = "".join(f"<p {STYLE}>{line}</p>\n" for line in _lines(12, logic))
    way_out = '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>'
    return f"<!doctype html><html><body><p {STYLE}>{GREETING}</p>\n{paragraphs}{way_out}</body></html>"


def _text(logic: str) -> str:
    return "\n\n".join([GREETING, *_lines(5, logic), "Unsubscribe: {{ unsubscribe_url }}\n"])


def _lines(times: int, logic: str) -> list[str]:
    """The words of a body, the conditions in front of every ninth line."""
    return [line if place % 9 else logic + line for place, line in enumerate(LINES * times)]


if __name__ == "__main__":
    main()

"""Somebody else's writes, again and again, until told to stop. Prints how many, the longest, and who waited, as JSON.

    python -m bench.deletion.probe CAMPAIGN

Says `ready` when it is, works until a line comes in. What is written is what an open, a sent mail and an enrollment
write: events, messages, recipients, and the counters of the campaign. No statement may wait for a lock for longer than
LIMIT: the database itself ends one that does (lock_timeout), so that a busy machine is not taken for a lock. A second
session looks every LOOK what the first one waits for, so that a disk that hangs is told apart as well.
"""

import json
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from django.db import OperationalError, connection, transaction

LIMIT = 0.1  # seconds
PAUSE = 0.002  # between two writes: a probe, not a load
LOOK = 0.01  # seconds between two looks at what the writer waits for
PEOPLE = 2_000  # who are written about in turn
LOCK_NOT_AVAILABLE = "55P03"


@dataclass
class Waits:
    """What the writes of one kind took, in seconds; `locked_out` are those that waited LIMIT for a lock.

    Of those that took longer than LIMIT (`late`) some waited most of it for the disk; `elsewhere` is the longest
    without such waits.
    """

    writes: int = 0
    longest: float = 0.0
    locked_out: int = 0
    late: int = 0
    of_the_disk: int = 0
    elsewhere: float = 0.0
    taken: list[float] = field(default_factory=list)

    def told(self) -> dict[str, float]:
        ordered = sorted(self.taken)
        middle = ordered[len(ordered) // 2] if ordered else 0.0
        of_a_thousand = ordered[int(len(ordered) * 0.999)] if ordered else 0.0
        return {
            "writes": self.writes,
            "longest": self.longest,
            "median": middle,
            "p999": of_a_thousand,
            "locked": self.locked_out,
            "late": self.late,
            "of_the_disk": self.of_the_disk,
            "elsewhere": self.elsewhere,
        }


class Watch:
    """A session beside that looks, again and again, whether the writer's waits for the disk."""

    def __init__(self, writer: int):
        self._writer = writer
        self._looks: deque[tuple[float, bool]] = deque()
        threading.Thread(target=self._look, daemon=True).start()

    def on_the_disk(self, began: float, ended: float) -> float:
        """Of the seconds between the two those in which it waited for the disk, as far as was looked."""
        looks = []
        while self._looks and self._looks[0][0] <= ended:
            at, is_disk = self._looks.popleft()
            if at >= began:
                looks.append(is_disk)
        return (ended - began) * sum(looks) / len(looks) if looks else 0.0

    def _look(self) -> None:
        with connection.cursor() as cursor:  # of this thread
            while True:
                cursor.execute(_WAITS, [self._writer])
                found: tuple[Any, ...] | None = cursor.fetchone()
                self._looks.append((time.monotonic(), bool(found and found[0])))
                time.sleep(LOOK)


def main(campaign: str) -> None:
    """Write to the rows of this campaign's people in turn."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{LIMIT * 1000:.0f}ms"])
        cursor.execute(_PEOPLE, {"campaign": int(campaign), "people": PEOPLE})
        turns = cycle(cursor.fetchall())
        cursor.execute("SELECT pg_backend_pid()")
        watch = Watch(cursor.fetchone()[0])
    waits = {kind: Waits() for kind in _WRITES}
    print("ready", flush=True)
    while not select.select([sys.stdin], [], [], PAUSE)[0]:
        recipient, message = next(turns)
        values = {"campaign": int(campaign), "recipient": recipient, "message": message}
        for kind, statements in _WRITES.items():
            _timed(statements, values, waits[kind], watch)
    print(json.dumps({kind: each.told() for kind, each in waits.items()}), flush=True)


def _timed(statements: Sequence[str], values: dict[str, int], waits: Waits, watch: Watch) -> None:
    began = time.monotonic()
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, values)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        waits.locked_out += 1
    ended = time.monotonic()
    seconds, disk = ended - began, watch.on_the_disk(began, ended)
    waits.taken.append(seconds)
    waits.longest = max(waits.longest, seconds)
    waits.elsewhere = max(waits.elsewhere, seconds - disk)
    waits.late += seconds > LIMIT
    waits.of_the_disk += seconds > LIMIT and disk > seconds / 2
    waits.writes += 1


# Also a wait for another session's write of the log, which is that of the disk one place further.
_WAITS = """
SELECT wait_event_type = 'IO' OR wait_event IN ('WALWrite', 'WalSync') FROM pg_stat_activity WHERE pid = %s
"""
_PEOPLE = """
SELECT r.id, m.id FROM campaign_recipients r JOIN campaign_messages m ON m.recipient_id = r.id
WHERE r.campaign_id = %(campaign)s AND r.status = 'completed' AND m.status = 'sent' ORDER BY r.id LIMIT %(people)s
"""
_EVENT = """
INSERT INTO email_tracking (campaign_recipient_id, message_id, event_type, event_data, user_agent, is_machine,
    machine_reason, source, created_at)
VALUES (%(recipient)s, %(message)s, 'open', '{}', 'Thunderbird', false, '', 'probe', clock_timestamp())
"""
_RECIPIENT = "UPDATE campaign_recipients SET sent_at = clock_timestamp() WHERE id = %(recipient)s"
_MESSAGE = "UPDATE campaign_messages SET sent_at = clock_timestamp() WHERE id = %(message)s"
_COUNTERS = "UPDATE campaigns SET emails_sent = emails_sent + 1 WHERE id = %(campaign)s"
_LEAD = """
INSERT INTO leads (organization_id, email, email_normalized, first_name, last_name, company, title, phone, website,
    linkedin_url, city, country, timezone, custom, status, created_at, updated_at)
SELECT organization_id, 'probe@sender.example', 'probe@sender.example', '', '', '', '', '', '', '', '', '', '', '{}',
    'ok', now(), now()
FROM campaigns WHERE id = %(campaign)s
"""
_ENROLL = """
INSERT INTO campaign_recipients (campaign_id, lead_id, email_address, next_step_id, next_send_at)
SELECT %(campaign)s, lead.id, lead.email, step.id, now()
FROM campaigns campaign
JOIN leads lead ON lead.organization_id = campaign.organization_id AND lead.email_normalized = 'probe@sender.example'
JOIN campaign_steps step ON step.campaign_id = campaign.id
WHERE campaign.id = %(campaign)s
"""
_TAKE_OUT = """
DELETE FROM leads WHERE email_normalized = 'probe@sender.example'
    AND organization_id = (SELECT organization_id FROM campaigns WHERE id = %(campaign)s)
"""

_WRITES: dict[str, Sequence[str]] = {
    "an open": [_EVENT],
    "a sent mail": [_RECIPIENT, _MESSAGE, _COUNTERS],
    "an enrollment": [_LEAD, _ENROLL, _TAKE_OUT],
}

if __name__ == "__main__":
    main(*sys.argv[1:])

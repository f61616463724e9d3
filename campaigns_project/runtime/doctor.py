"""Examine the system: a list of findings, each with what to do, for the command and for pages alike."""

import os
import smtplib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings
from django.db import Error, connection
from django.db.models import Count, Q, Sum

from campaigns.models import Sender, SendingHalt
from campaigns_project.database import migrating
from campaigns_project.database.identity import configured
from campaigns_project.workers import heartbeat
from campaigns_project.workers.heartbeat import SILENT_AFTER
from campaigns_project.workers.models import WorkerKind
from campaigns_project.workers.queue import queue_state

OLDEST_POSTGRES = 15
SMTP_SECONDS = 3
SLOW_QUEUE, STUCK_QUEUE = timedelta(minutes=1), timedelta(minutes=10)
NAMES = {WorkerKind.SUPERVISOR: "supervisor", WorkerKind.TICK: "tick", WorkerKind.QCLUSTER: "task cluster"}


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """One finding. `down` marks a failure of something that is not ours: a database, a mail server."""

    name: str
    level: Level
    message: str
    fix: str = ""
    down: bool = False


def examine() -> list[Check]:
    """Everything there is to ask; without a database and its tables, only what needs none."""
    checks = [*_settings(), *_mailbox()]
    for stage in (_database, _migrations, _work):
        found = list(stage())
        checks += found
        if any(check.level == Level.FAIL for check in found):
            break
    return checks


def exit_code(checks: list[Check]) -> int:
    """0 when nothing failed (warnings may stand), 8 when something we depend on is down, 6 for any other failure."""
    if any(check.down for check in checks):
        return 8
    return 6 if any(check.level == Level.FAIL for check in checks) else 0


def _settings() -> Iterator[Check]:
    host = urlsplit(settings.PUBLIC_URL).hostname or ""
    if settings.SANDBOX:
        yield Check("settings", Level.OK, "SANDBOX is on: every mail goes to the local mailbox and nowhere else.")
    elif host in {"localhost", "127.0.0.1", "::1"}:
        yield Check(
            "settings",
            Level.FAIL,
            f"Mails really go out, but their links point to {settings.PUBLIC_URL}, which only this machine reaches.",
            "Set PUBLIC_URL to the address under which recipients reach this server.",
        )
    elif not settings.PUBLIC_URL.startswith("https://"):
        yield Check("settings", Level.WARN, "The links in mails are not https.", "Set PUBLIC_URL to an https address.")
    else:
        yield Check("settings", Level.OK, f"Mails really go out; their links point to {settings.PUBLIC_URL}.")
    if settings.DATABASE_URL and not (os.environ.get("SECRET_KEY") and os.environ.get("FIELD_ENCRYPTION_KEYS")):
        yield Check(
            "settings",
            Level.WARN,
            "SECRET_KEY or FIELD_ENCRYPTION_KEYS is a file of this machine: links and sender passwords work only here.",
            "Set both in the environment, the same on every machine.",
        )
    if settings.DEBUG:
        yield Check("settings", Level.WARN, "DEBUG is on: error pages show settings.", "Set DEBUG=off on a server.")


def _database() -> Iterator[Check]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            version = cursor.fetchone()[0]
    except Error as error:
        connection.close()
        yield Check(
            "database",
            Level.FAIL,
            f"The database cannot be reached ({configured()}): {str(error).strip()}",
            "Start it, or correct DATABASE_URL.",
            down=True,
        )
        return
    if int(version.split(".")[0]) < OLDEST_POSTGRES:
        fix = f"Move to Postgres {OLDEST_POSTGRES} or newer."
        yield Check("database", Level.FAIL, f"Postgres {version} is too old ({configured()}).", fix)
    else:
        yield Check("database", Level.OK, f"Postgres {version}, {configured()}.")


def _migrations() -> Iterator[Check]:
    missing = migrating.pending()
    if missing:
        message = f"{len(missing)} migrations have not been applied, first {missing[0]}."
        yield Check("migrations", Level.FAIL, message, "Run manage.py apply_migrations.")
    else:
        yield Check("migrations", Level.OK, "Every migration is applied.")


def _work() -> Iterator[Check]:
    for kind in SILENT_AFTER:
        yield _workers(kind)
    yield _queue()
    yield from _senders()
    yield from _halts()


def _workers(kind: WorkerKind) -> Check:
    found = heartbeat.alive(kind, SILENT_AFTER[kind]).aggregate(
        count=Count("pk"), hosts=Count("host", distinct=True), capacity=Sum("capacity")
    )
    age = heartbeat.newest_age(kind)
    if not found["count"]:
        seen = "none was ever seen" if age is None else f"the last sign is {_in_words(age)} old"
        return Check(
            "workers",
            Level.FAIL,
            f"No {NAMES[kind]} is alive: {seen}. Nothing is sent, imported or counted.",
            "Start one: manage.py run_worker (make run does it for you).",
        )
    who = f"{_count(found['count'], NAMES[kind])} on {_count(found['hosts'], 'machine')}"
    does = f", {_count(found['capacity'], 'task')} at a time" if kind == WorkerKind.QCLUSTER else ""
    return Check("workers", Level.OK, f"{who}{does}; the last sign is {_in_words(age)} old.")


def _queue() -> Check:
    state = queue_state()
    waits = f"{_count(state.waiting, 'task')} waiting, {state.claimed} in work"
    if state.oldest_wait <= SLOW_QUEUE:
        return Check("queue", Level.OK, f"{waits}.")
    return Check(
        "queue",
        Level.FAIL if state.oldest_wait > STUCK_QUEUE else Level.WARN,
        f"{waits}; the oldest has waited for {_in_words(state.oldest_wait)}.",
        "Give it more workers: a higher WORKERS, or manage.py run_worker on another machine.",
    )


def _senders() -> Iterator[Check]:
    counts = Sender.objects.aggregate(total=Count("pk"), able=Count("pk", filter=Q(pk__in=Sender.objects.able())))
    if not counts["total"]:
        yield Check("senders", Level.WARN, "There is no sender yet.", "Add one in the admin under Senders.")
        return
    message = f"{counts['able']} of {_count(counts['total'], 'sender')} may be used now."
    if counts["able"]:
        yield Check("senders", Level.OK, message)
    else:
        yield Check("senders", Level.WARN, message, "Each says why in the admin under Senders.")
    # What was found the last time; the checks themselves take their time: manage.py check_sender --all.
    unwell = Sender.objects.able().filter(health__status="fail").order_by("pk")
    if unwell:
        named = ", ".join(sender.email for sender in unwell[:3]) + (" and others" if len(unwell) > 3 else "")
        said = f"The last check found {_count(len(unwell), 'sender')} not well: {named}."
        yield Check("senders", Level.WARN, said, "See what to mend: manage.py check_sender --all, or its page.")


def _halts() -> Iterator[Check]:
    for halt in SendingHalt.objects.in_force().select_related("organization").order_by("pk"):
        whose = f"of {halt.organization}" if halt.organization else "of the whole system"
        option = f" --organization {halt.organization.slug}" if halt.organization else ""
        yield Check(
            "sending",
            Level.WARN,
            f"All sending {whose} was stopped by {halt.halted_by}: {halt.reason}",
            f"No mail leaves until manage.py resume_sending{option}.",
        )


def _mailbox() -> Iterator[Check]:
    if not settings.SANDBOX:
        return
    host, port = settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT
    try:
        with smtplib.SMTP(host, port, timeout=SMTP_SECONDS) as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as error:
        yield Check(
            "mailbox",
            Level.FAIL,
            f"The local mailbox does not answer on {host}:{port}: {error}.",
            "Start it: manage.py run_mailbox (make run does it for you).",
            down=True,
        )
    else:
        yield Check("mailbox", Level.OK, f"The local mailbox answers on {host}:{port}; see it at {_mailbox_url()}.")


def _mailbox_url() -> str:
    return f"{settings.PUBLIC_URL}/mailbox/"


def _in_words(age: timedelta | None) -> str:
    seconds = int(age.total_seconds()) if age else 0
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size * 2:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

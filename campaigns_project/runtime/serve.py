"""Prepare the database, then run all parts until they are stopped. Needs Django to be set up; see `run`."""

import sys
from functools import partial
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection

from campaigns_project.database import migrating
from campaigns_project.runtime import welcome
from campaigns_project.runtime.demo.login import EMAIL, login_file
from campaigns_project.runtime.together import Together

# Requests served at the same time. Most load a pixel and wait for a commit that they share with all who come meanwhile:
# the more of them, the fewer commits. Nor may they be too many, since each may come to keep one connection to the
# database, which takes a hundred unless told otherwise.
THREADS = 32


def prepare() -> None:
    """Migrate; on the very first run of a sandbox make the demo data."""
    print("Preparing the database; the first time that takes a while.", flush=True)
    applied = migrating.migrate(verbosity=0)
    if applied:
        print(f"{len(applied)} migrations applied.", flush=True)
    if settings.SANDBOX and not get_user_model().objects.exists():
        print("First run: making demo data.", flush=True)
        call_command("seed_demo")


def serve(*, folder: Path) -> int:
    """Run web, worker and, in the sandbox, the mailbox. 0 when stopped by a signal, 1 when one of them ended."""
    together = Together(folder=folder, on_start=partial(_greet, _login()))
    together.add("web", web_command())
    together.add("worker", [sys.executable, "manage.py", "run_worker"])
    if settings.SANDBOX:
        together.add("mailbox", [sys.executable, "manage.py", "run_mailbox"])
    together.loop()
    if together.ended_first:
        print(f"error: {together.ended_first} ended, so all was stopped; its lines above say why.", file=sys.stderr)
        return 1
    return 0


def web_command(*, processes: int = 1) -> list[str]:
    """How the web is started: granian with one process, or more, of a few threads each."""
    options = {
        "--interface": "wsgi",
        "--host": settings.WEB_HOST,
        "--port": settings.WEB_PORT,
        "--workers": processes,
        "--blocking-threads": THREADS,
        "--log-level": "error",  # it warns at each start of so many threads, which wait rather than work
    }
    words = [str(word) for pair in options.items() for word in pair]
    switches = ["--no-ws", "--respawn-failed-workers"]
    return [sys.executable, "-m", "granian", *words, *switches, "campaigns_project.wsgi:application"]


def _greet(login: str) -> None:
    if welcome.wait_for_web(host=settings.WEB_HOST, port=settings.WEB_PORT):
        print(welcome.boxed(welcome.lines(login=login)), flush=True)
    else:
        print("error: the web has not answered for a minute; its lines above may say why.", file=sys.stderr, flush=True)


def _login() -> str:
    """The demo's, as long as it opens anything."""
    is_open = get_user_model().objects.filter(email=EMAIL, is_active=True).exists()
    connection.close()  # what is started next forks, and a connection is of one process
    return login_file().read_text().strip() if is_open and login_file().exists() else ""

"""`make run`: web, worker and local mailbox together, from nothing to a login in one command."""

import os
import sys
from pathlib import Path

import django
from django.core.exceptions import ImproperlyConfigured

from campaigns_project.errors import Refused
from campaigns_project.runtime.ports import Port, refuse_taken
from campaigns_project.settings.environment import Environment

PROJECT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    """Check, prepare, run until stopped. 0 after a Ctrl-C, 8 for what is missing around us, 2 for a setting that
    cannot be read, 1 when a part ended."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns_project.settings.base")
    try:
        refuse_taken(_ports())
        # Reads the settings, which start the embedded Postgres: nothing before this line may import from Django.
        django.setup()
        from campaigns_project.runtime.serve import prepare, serve  # noqa: PLC0415

        prepare()
        return serve(folder=PROJECT)
    except Refused as refusal:
        print(f"error: {refusal}", file=sys.stderr)
        return 8
    except ImproperlyConfigured as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _ports() -> list[Port]:
    """The ports as the settings will have them. They are asked before the settings, which would start Postgres."""
    env = Environment(PROJECT / ".env")
    web, mailbox = (
        env.number(name, default=default, least=1, most=65_535)
        for name, default in (("WEB_PORT", 8000), ("MAILBOX_PORT", 1025))
    )
    ports = [Port("The web", env.text("WEB_HOST", default="127.0.0.1"), web, "WEB_PORT")]
    if env.switch("SANDBOX", default=True):
        ports.append(Port("The mailbox", "127.0.0.1", mailbox, "MAILBOX_PORT"))
    return ports


if __name__ == "__main__":
    sys.exit(main())

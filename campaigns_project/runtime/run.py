"""`make run`: web, worker and local mailbox together, from nothing to a login in one command."""

import os
import sys
from pathlib import Path

import django
import environ

from campaigns_project.errors import Refused
from campaigns_project.runtime.ports import Port, refuse_taken

PROJECT = Path(__file__).resolve().parent.parent.parent


def main() -> int:
    """Check, prepare, run until stopped. 0 after a Ctrl-C, 8 for what is missing around us, 1 when a part ended."""
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
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


def _ports() -> list[Port]:
    """The ports as the settings will have them. They are asked before the settings, which would start Postgres."""
    env = environ.Env()
    env.read_env(PROJECT / ".env")
    ports = [Port("The web", env.str("WEB_HOST", default="127.0.0.1"), _number(env, "WEB_PORT", 8000), "WEB_PORT")]
    if env.bool("SANDBOX", default=True):
        ports.append(Port("The mailbox", "127.0.0.1", _number(env, "MAILBOX_PORT", 1025), "MAILBOX_PORT"))
    return ports


def _number(env: environ.Env, variable: str, default: int) -> int:
    try:
        return int(env.int(variable, default=default))
    except ValueError as error:
        message = f"{variable} is {env.str(variable)!r}, which is not a number."
        raise Refused("not_a_number", message, "Correct it in the environment or in .env.") from error


if __name__ == "__main__":
    sys.exit(main())

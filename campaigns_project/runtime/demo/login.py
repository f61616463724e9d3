"""The demo's login: where it is kept, and where the login page may have it filled in already."""

import ipaddress
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest

from campaigns_project.accounts.login_form import FilledIn
from campaigns_project.accounts.models import User
from campaigns_project.client_address import client_address
from campaigns_project.runtime.health.configuration import THIS_MACHINE, is_this_machine

EMAIL = "demo@harbor.example"
LOGIN_FILE = "demo_login"
BETWEEN = " / "


def login_file() -> Path:
    """Where the demo login is kept, as "e-mail / password" in one line."""
    return settings.VAR_DIR / LOGIN_FILE


def keep_login(password: str) -> None:
    """Write it down for whoever started the demo, and nobody else on the machine."""
    login_file().parent.mkdir(parents=True, exist_ok=True)
    login_file().touch(mode=0o600)
    login_file().write_text(f"{EMAIL}{BETWEEN}{password}\n")


def filled_in(request: HttpRequest) -> FilledIn | None:
    """The demo's login for whoever sits at this machine; None as soon as anything here is not the demo alone.

    That is: mail stays here, the database is the embedded one, the web is reached from this machine only, nobody but
    the demo's owner can log in, and the password is still the one that was printed.
    """
    if not (_is_out_of_reach() and _is_local(client_address(request))):
        return None
    people = list(User.objects.people().filter(is_active=True).order_by("pk")[:2])
    if [person.email for person in people] != [EMAIL]:
        return None
    password = _kept_password()
    return FilledIn(EMAIL, password) if password and people[0].check_password(password) else None


def _is_out_of_reach() -> bool:
    is_embedded = settings.SANDBOX and not settings.DATABASE_URL
    return is_embedded and not settings.BEHIND_PROXY and settings.WEB_HOST in THIS_MACHINE and is_this_machine()


def _is_local(address: str | None) -> bool:
    return address is not None and ipaddress.ip_address(address).is_loopback


def _kept_password() -> str:
    try:
        return login_file().read_text().strip().partition(BETWEEN)[2]
    except OSError:
        return ""

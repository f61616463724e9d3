"""Django's checks for deployment, in our words and with our variables."""

from collections.abc import Iterator

from django.conf import settings
from django.core.checks import CheckMessage, Tags, run_checks

from campaigns_project.runtime.health.check import Check, Level

# All follow from one thing: PUBLIC_URL is not https. HSTS, redirect to https, cookies of sessions and of forms.
WITHOUT_HTTPS = frozenset({"security.W004", "security.W008", "security.W012", "security.W016"})
KNOWN = {
    "security.W008": (
        "Plain http is not redirected to https by us.",
        "Set SECURE_SSL_REDIRECT=on, unless the proxy in front does it.",
    ),
    "security.W009": (
        "SECRET_KEY is short or simple: sessions and links can be forged.",
        "Set a new one: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'. Keep the old one in "
        "SECRET_KEY_FALLBACKS.",
    ),
    "security.W018": ("DEBUG is on: error pages show settings.", "Set DEBUG=off."),
    "security.W020": ("ALLOWED_HOSTS is empty.", "Name the hosts under which the web is reached."),
    "security.W025": (
        "A key in SECRET_KEY_FALLBACKS is short or simple: sessions and links can be forged.",
        "Take it out once no mail signed with it is opened any more.",
    ),
}


def examine_deployment() -> Iterator[Check]:
    """What stands between this installation and the open internet."""
    found = {each.id or "": each for each in run_checks(tags=[Tags.security], include_deployment_checks=True)}
    if not settings.HTTPS:
        found = {key: each for key, each in found.items() if key not in WITHOUT_HTTPS}
        message = "PUBLIC_URL is not https: no redirect, no HSTS, and cookies travel in the clear."
        fix = "Fine on one's own machine. Before real use put a proxy with TLS in front and set an https PUBLIC_URL."
        yield Check("deploy", Level.NOTE if settings.SANDBOX else Level.WARN, message, fix)
    yield from (_in_our_words(key, each) for key, each in found.items())
    if not found and settings.HTTPS:
        yield Check("deploy", Level.OK, "Nothing is in the way: https, secure cookies, HSTS, a good key.")


def _in_our_words(key: str, found: CheckMessage) -> Check:
    message, fix = KNOWN.get(key, (f"{found.msg} ({key})", found.hint or ""))
    return Check("deploy", Level.WARN, message, fix)

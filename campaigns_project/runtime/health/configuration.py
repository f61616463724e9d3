"""Settings that decide whether mails go out and links work, and whether all machines agree."""

import os
from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings

from campaigns_project.runtime.health.check import Check, Level

THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})


def examine_settings() -> Iterator[Check]:
    """Where mails go, where their links lead, whose keys are used, and the rest as far as it may be shown."""
    yield _mail()
    if settings.DATABASE_URL and not (os.environ.get("SECRET_KEY") and os.environ.get("FIELD_ENCRYPTION_KEYS")):
        yield Check(
            "settings",
            Level.WARN,
            "SECRET_KEY or FIELD_ENCRYPTION_KEYS is a file of this machine: links and sender passwords work only here.",
            "Set both in the environment, the same on every machine.",
        )
    lines = tuple(f"{name}: {value}" for name, value in safe_settings().items())
    yield Check("settings", Level.OK, f"{len(lines)} settings; of secrets only whether they are set.", details=lines)


def safe_settings() -> dict[str, str]:
    """What may be shown to whoever runs the installation and to those who help: never a secret, nor its length."""
    return {
        "SANDBOX": _switch(settings.SANDBOX),
        "CAMPAIGN_OPS_ENABLED": _switch(settings.CAMPAIGN_OPS_ENABLED),
        "DEBUG": _switch(settings.DEBUG),
        "PUBLIC_URL": public_address(),
        "ALLOWED_HOSTS": ", ".join(settings.ALLOWED_HOSTS),
        "WEB_HOST, WEB_PORT": f"{settings.WEB_HOST}, {settings.WEB_PORT}",
        "BEHIND_PROXY": _switch(settings.BEHIND_PROXY),
        "PROXIES": str(settings.PROXIES),
        "SECURE_SSL_REDIRECT": _switch(settings.SECURE_SSL_REDIRECT),
        "Cookies over https only": _switch(settings.SESSION_COOKIE_SECURE and settings.CSRF_COOKIE_SECURE),
        "DATABASE_URL": "set" if settings.DATABASE_URL else "not set: the embedded Postgres",
        "SECRET_KEY": _origin("SECRET_KEY"),
        "SECRET_KEY_FALLBACKS": "set" if settings.SECRET_KEY_FALLBACKS else "not set",
        "FIELD_ENCRYPTION_KEYS": _origin("FIELD_ENCRYPTION_KEYS"),
        "API_REQUESTS_PER_MINUTE": str(settings.API_REQUESTS_PER_MINUTE),
        "WORKERS": str(settings.WORKERS),
        "STREAMS": str(settings.STREAMS),
        "IMPORT_ROWS_KEPT_DAYS": str(settings.IMPORT_ROWS_KEPT_DAYS),
        "MAILBOX_PORT": str(settings.SANDBOX_SMTP_PORT),
        "OUTBOUND_ALLOW_HOSTS": "set" if settings.OUTBOUND_ALLOW_HOSTS else "not set",
        "APOLLO_API_URL": urlsplit(settings.APOLLO_API_URL).hostname or "not set",
        "APOLLO_LEGACY_SEARCH": _switch(settings.APOLLO_LEGACY_SEARCH),
        "INSTANTLY_API_URL": urlsplit(settings.INSTANTLY_API_URL).hostname or "not set",
        "DNS_RESOLVER": settings.DNS_RESOLVER or "the system's",
        "LOG_FORMAT": settings.LOG_FORMAT,
        "LOG_LEVEL": settings.LOG_LEVEL,
        "TIME_ZONE": settings.TIME_ZONE,
    }


def public_address() -> str:
    """PUBLIC_URL without a login, should somebody have written one into it."""
    parts = urlsplit(settings.PUBLIC_URL)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def is_this_machine() -> bool:
    """Whether PUBLIC_URL leads to whatever machine the reader sits at."""
    return (urlsplit(settings.PUBLIC_URL).hostname or "") in THIS_MACHINE


def _mail() -> Check:
    if settings.SANDBOX:
        message = "SANDBOX is on: every mail goes to the local mailbox and nowhere else."
        return Check("settings", Level.OK, message)
    if is_this_machine():
        return Check(
            "settings",
            Level.FAIL,
            f"Mails really go out, but their links point to {public_address()}, which only this machine reaches.",
            "Set PUBLIC_URL to the address under which recipients reach this server.",
        )
    if not settings.PUBLIC_URL.startswith("https://"):
        fix = "Set PUBLIC_URL to an https address."
        return Check("settings", Level.WARN, "The links in mails are not https.", fix)
    return Check("settings", Level.OK, f"Mails really go out; their links point to {public_address()}.")


def _switch(on: object) -> str:
    return "on" if on else "off"


def _origin(variable: str) -> str:
    return "set in the environment" if os.environ.get(variable) else "set, from a file of this machine"

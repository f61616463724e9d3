"""Who acts: a person, a key, a command or the system itself; told by the edge, kept by the audit log."""

import getpass
import re
import socket
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from django.db import models

from campaigns_project.client_address import client_address

_EXTENDED = re.compile(r"utf-8'[A-Za-z0-9-]*'(.*)", re.IGNORECASE)
LONGEST_MESSAGE = 200  # characters of X-Change-Message: a sentence, not a document


class ActorKind(models.TextChoices):
    USER = "user", "Person"
    KEY = "key", "API key"
    COMMAND = "command", "Command"
    SYSTEM = "system", "System"


@dataclass(frozen=True)
class Actor:
    """One who acts. `name` is what an audit reader sees; `id` is the user's key where there is one.

    `request_id` is the same for all that one request, or one run of a command, does. `message` says why, where the
    caller told that once for everything (the header X-Change-Message).
    """

    kind: str
    name: str
    id: int | None = None
    via: str = ""
    request_id: str = ""
    ip_address: str | None = None
    message: str = ""

    @classmethod
    def of_request(cls, request: Any, *, via: str) -> "Actor":
        """The user behind an HTTP request; `via` is "admin" or "api"."""
        user = request.user
        is_key = hasattr(user, "service_account")
        return cls(
            kind=ActorKind.KEY if is_key else ActorKind.USER,
            name=user.service_account.name if is_key else user.email,
            id=user.pk,
            via=via,
            request_id=getattr(request, "request_id", ""),
            ip_address=client_address(request),
            message=change_message(request) if via == "api" else "",
        )

    @classmethod
    def of_command(cls, command: str) -> "Actor":
        """The system account that runs `manage.py command`."""
        name = f"{getpass.getuser()}@{socket.gethostname()}"
        return cls(kind=ActorKind.COMMAND, name=name, via=command, request_id=uuid.uuid4().hex)


def change_message(request: Any) -> str:
    """Why the caller does it, from the header X-Change-Message, as it is or as RFC 8187 has it (`UTF-8''gr%C3%BCn`).

    WSGI hands on its UTF-8 as Latin-1; a server may also drop what is not ASCII, and leave it empty.
    """
    said: str = request.META.get("HTTP_X_CHANGE_MESSAGE", "").strip()
    if extended := _EXTENDED.fullmatch(said):
        return unquote(extended[1], errors="replace").strip()
    try:
        return said.encode("latin-1").decode()
    except UnicodeError:
        return said  # Latin-1 it is, as HTTP once had it


SYSTEM = Actor(kind=ActorKind.SYSTEM, name="system", via="worker")

"""Who a tracking request came from, as far as a request can say; cleaned so that Postgres takes it."""

from dataclasses import dataclass

from django.http import HttpRequest

from campaigns_project.client_address import client_address

USER_AGENT_LENGTH = 500  # characters kept; the longest of a real mail program or browser is about half


@dataclass(frozen=True, slots=True)
class Visitor:
    """A user agent (never longer than USER_AGENT_LENGTH) and an address, None where it is not known."""

    user_agent: str
    ip_address: str | None


def visitor(request: HttpRequest) -> Visitor:
    """The visitor behind `request`; whatever the headers hold, the answer can be stored."""
    return Visitor(
        user_agent=_storable(request.META.get("HTTP_USER_AGENT", "")[:USER_AGENT_LENGTH]),
        ip_address=client_address(request),
    )


def _storable(text: str) -> str:
    """Without NUL, which Postgres refuses in a text, and without half characters, which UTF-8 cannot write."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")

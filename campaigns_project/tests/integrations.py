"""What tests of the whole system share: an integration with a key, and a mail server that takes everything."""

import email
from collections.abc import Iterator
from contextlib import contextmanager
from email.policy import default as mail_policy
from typing import Any

import httpx
from aiosmtpd.controller import Controller

from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.service_accounts import create_api_key
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.processes import free_port


class Kept:
    """What a mail server that takes everything was given: the address and the mail, one after the other."""

    def __init__(self) -> None:
        self.port = free_port()
        self.mails: list[tuple[str, Any]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append((envelope.rcpt_tos[0], email.message_from_bytes(envelope.content, policy=mail_policy)))
        return "250 2.0.0 taken"


@contextmanager
def taking_everything() -> Iterator[Kept]:
    """A mail server that listens on `port` of what it answers."""
    kept = Kept()
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    try:
        yield kept
    finally:
        controller.stop()


@contextmanager
def integration(*, url: str, organization: Any) -> Iterator[httpx.Client]:
    """A client of the API of the server at `url`, with a manager's key of `organization`."""
    _account, key = create_api_key(organization=organization, name="crm", role=Role.MANAGER, actor=SYSTEM)
    with httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {key}"}) as client:
        yield client

"""What a look at a sender finds, check by check."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db import models


class HealthStatus(models.TextChoices):
    """How a check ended. What could not be asked is unknown, and unknown has not failed."""

    OK = "ok", "as it should be"
    WARN = "warn", "works, but some receivers will mind"
    FAIL = "fail", "mails will be refused, or replies lost"
    UNKNOWN = "unknown", "could not be asked, or was not"


class HealthCheck(models.TextChoices):
    """What is looked at."""

    LOGIN = "login", "connection, encryption and login at the mail server, or the key of the e-mail service"
    MX = "mx", "servers that take replies and bounces for its domain"
    SPF = "spf", "which servers may send for its domain (RFC 7208)"
    DKIM = "dkim", "the key its mails are signed with (RFC 6376)"
    DMARC = "dmarc", "what receivers do with mails that are not aligned (RFC 7489)"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what should be there, what is, and what to do.

    `is_down` marks something outside that could not be reached: the network, a resolver, a mail server. `where` is the
    name in DNS that was asked, `publish` what can be put there as it stands, `log` what was said at a login.
    """

    code: HealthCheck
    status: HealthStatus
    message: str
    expected: str = ""
    found: str = ""
    hint: str = ""
    is_down: bool = False
    where: str = ""
    publish: str = ""
    log: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As it is kept in Sender.health and answered by the API."""
        return {**asdict(self), "code": str(self.code), "status": str(self.status)}


def worst(findings: Iterable[Finding]) -> HealthStatus:
    """One word for all: what failed weighs most, and what is unknown least."""
    present = {finding.status for finding in findings}
    order = (HealthStatus.FAIL, HealthStatus.WARN, HealthStatus.OK)
    return next((status for status in order if status in present), HealthStatus.UNKNOWN)

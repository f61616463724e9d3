"""One try: the event as a POST, and the answer as a value. No database here, so that many can be on their way."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus

from django.utils import timezone

from campaigns_project.encryption import UNREADABLE
from campaigns_project.errors import Refused
from campaigns_project.outbound_http import Answer, NoAnswer, exchange
from campaigns_project.retry_after import retry_after
from campaigns_project.webhooks.claim import Claim
from campaigns_project.webhooks.signing import body_of, headers_of

SECONDS = 10.0  # for a whole answer, from the connection on: a receiver says thanks first and works afterwards
MOST_BYTES = 2_000  # of the answer are kept, for people to read
LONGEST_WAIT = timedelta(days=1)  # that a receiver may ask for


@dataclass(frozen=True)
class Outcome:
    """How a try ended. `error` is a sentence, empty where the receiver took it; `status` None where none answered."""

    error: str
    status: int | None = None
    body: str = ""
    is_gone: bool = False
    wait: timedelta | None = None

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has it."""
        return not self.error


def post(claim: Claim, *, seconds: float = SECONDS) -> Outcome:
    """Try once. Whatever goes wrong is an outcome; nothing of the secret or the address is in it."""
    if not claim.url or not claim.secrets:
        return Outcome(UNREADABLE)
    now = timezone.now()
    body = body_of(event_id=claim.event_id, event_type=claim.event_type, occurred_at=claim.occurred_at, data=claim.data)
    headers = headers_of(event_id=claim.event_id, body=body, with_secrets=claim.secrets, now=now)
    try:
        answer = exchange(
            "POST", claim.url, headers=headers, content=body, seconds=seconds, most_bytes=MOST_BYTES, is_cut=True
        )
    except NoAnswer as nothing:
        return Outcome(f"No answer: {nothing.why}.")
    except Refused as refused:
        return Outcome(str(refused))
    return _read(answer, now)


def _read(answer: Answer, now: datetime) -> Outcome:
    # A NUL is no text for Postgres.
    body = answer.text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if 200 <= answer.status < 300:
        return Outcome("", answer.status, body)
    asked = retry_after(answer.headers.get("Retry-After", ""), now=now)
    wait = min(asked, LONGEST_WAIT) if asked is not None else None
    return Outcome(_sentence(answer.status), answer.status, body, answer.status == HTTPStatus.GONE, wait)


def _sentence(status: int) -> str:
    if 300 <= status < 400:
        return f"It answered {_named(status)}: redirects are not followed. Enter the address it leads to."
    if status == HTTPStatus.GONE:
        return f"It answered {_named(status)}: it wants no more events."
    return f"It answered {_named(status)}."


def _named(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)

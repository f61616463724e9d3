"""Mails by way of an e-mail service's HTTP API, spoken by django-anymail. Imported only where such a sender is used.

The service builds the mail from its parts: subject, both bodies, reply address and our headers, Message-ID and
List-Unsubscribe among them, go over as they are; Date and MIME structure are the service's. Bounces come back to the
service, which reports them; so the envelope sender is its own.
"""

import time
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as mail_policy
from functools import partial
from importlib import import_module
from itertools import zip_longest
from typing import Any

import requests
from anymail.exceptions import (
    AnymailAPIError,
    AnymailConfigurationError,
    AnymailError,
    AnymailNotSupportedWarning,
    AnymailRecipientsRefused,
)
from anymail.message import AnymailMessage

from campaigns.delivery.base import Envelope, Gate, GateAt
from campaigns.delivery.guarded_http import GateExpiredError, GuardedSession, Line, Resolve
from campaigns.delivery.hiding import without
from campaigns.delivery.outcomes import (
    GATE_EXPIRED,
    Accepted,
    Deferred,
    Kind,
    NotSent,
    Outcome,
    Outcomes,
    Refused,
    SenderFault,
    Stage,
    Uncertain,
)
from campaigns.delivery.service_answers import outcome_of, refused_recipient, said
from campaigns.delivery.services import SERVICES, secrets_of
from campaigns_project.errors import Refused as NotAllowed

REQUEST_SECONDS = 60.0  # from the first byte to the whole answer; shorter than the lease of a mail being sent
MAX_IDLE_SECONDS = 20.0  # a connection that was idle for longer may be closed just as we write to it
AT_ONCE = 0.01  # seconds: gates that all answered within are as good as asked at the same moment
ROUNDS = 4  # of asking them
BATCH = 20  # mails in one request: as many become uncertain when its answer is lost
# Made by the service itself; some refuse a request that has them.
_NOT_OURS = frozenset({"from", "to", "subject", "reply-to", "date", "mime-version"})
_PARTS = ("subject", "text", "html")
# A reported message id that is kept, with the words it stands in.
_TAKEN = "{status} by {service}, as {id}"


@dataclass(frozen=True, slots=True)
class Parts:
    """One mail taken apart again."""

    sender: str
    to: str
    address: str
    reply_to: tuple[str, ...]
    subject: str
    text: str
    html: str
    headers: Mapping[str, str]

    @property
    def message_id(self) -> str:
        return self.headers.get("Message-ID", "")

    @property
    def shared(self) -> tuple[Any, ...]:
        """What mails of one request have in common."""
        return self.sender, self.reply_to, bool(self.text), bool(self.html), tuple(sorted(self.headers))


class EspConnection:
    """A sender's way out through the service `esp`; `keys` are its settings, checked by services.read_settings.

    `resolve` gives the addresses of its host that may be connected to. For one thread at a time.
    """

    def __init__(
        self, esp: str, keys: Mapping[str, str], *, resolve: Resolve, request_seconds: float = REQUEST_SECONDS
    ):
        self.service = SERVICES[esp]
        self._line = Line(resolve, seconds=request_seconds)
        self._used_at = 0.0
        self._hide = partial(without, secrets_of(esp, keys))
        self._resting: SenderFault | Deferred | None = None
        self._rests_until = 0.0
        with warnings.catch_warnings():
            # The makers of the library have no SendGrid account to try it with any more, and say so each time.
            warnings.simplefilter("ignore", AnymailNotSupportedWarning)
            self._anymail = import_module(f"anymail.backends.{esp}").EmailBackend(alias=esp, **keys)

    def deliver(self, envelope: Envelope, *, before_data: Gate | None = None) -> Outcome:
        """Hand one mail over. `before_data` is asked once connected, right before the request."""
        return self._one(_parts(envelope), before_data)

    def deliver_many(self, envelopes: Iterable[Envelope], *, before_data: GateAt | None = None) -> Outcomes:
        """Hand mails over; what came of each, in their order.

        Where the service puts whole bodies and headers in by itself, up to BATCH go in one request. Their gates are
        then asked one after the other right before it, and it is in doubt for all of them until it is answered.
        """
        mails = [_parts(envelope) for envelope in envelopes]
        for batch in _batches(mails) if self.service.field else ([place] for place in range(len(mails))):
            chosen = [mails[place] for place in batch]
            gates = [partial(before_data, place) for place in batch] if before_data else []
            if len(chosen) == 1:
                yield self._one(chosen[0], gates[0] if gates else None)
            else:
                yield from self._together(chosen, gates)

    def close(self) -> None:
        """Let go of the connection; a later deliver() opens it again."""
        session, self._anymail.session = self._anymail.session, None
        if session is not None:
            session.close()

    def _one(self, mail: Parts, gate: Gate | None) -> Outcome:
        return self._send(self._alone(mail), [mail], [gate] if gate else [])[0]

    def _together(self, mails: Sequence[Parts], gates: Sequence[Gate]) -> Iterator[Outcome]:
        """One request for several; one by one when one bad address refused all, or they could not all leave at once."""
        interrupted: BaseException | None = None
        try:
            outcomes: Sequence[Outcome] = self._send(self._merged(mails), mails, gates)
        except BaseException as error:  # noqa: BLE001 - raised below: what was gated is in doubt and has to be said first
            outcomes, interrupted = [self._interrupted()] * len(mails), error
        is_refused = isinstance(outcomes[0], Refused) and all(each is outcomes[0] for each in outcomes)
        has_expired = all(isinstance(each, NotSent) and each.reason == GATE_EXPIRED for each in outcomes)
        if is_refused or has_expired:
            yield from (self._one(mail, gate) for mail, gate in zip_longest(mails, gates))
        else:
            yield from outcomes
        if interrupted is not None:
            raise interrupted

    def _send(self, message: AnymailMessage, mails: Sequence[Parts], gates: Sequence[Gate]) -> list[Outcome]:
        if time.monotonic() < self._rests_until and self._resting is not None:
            return [self._resting] * len(mails)
        self._line.begin(lambda: _all_hold(gates))
        self._refresh()
        try:
            self._anymail.send_messages([message])
        except AnymailRecipientsRefused:
            pass  # each recipient's own status says it
        except GateExpiredError:
            return [NotSent(GATE_EXPIRED, Stage.DATA)] * len(mails)
        except NotAllowed as refused:
            permanent = refused.code == "address_not_allowed"
            return [SenderFault(refused.code, reply=refused.message, permanent=permanent)] * len(mails)
        except AnymailError as error:
            return [self._failed(error)] * len(mails)
        except Exception:
            if self._line.stage is not Stage.DOT:
                raise  # a bug, and nothing was sent
            return [Uncertain("garbage")] * len(mails)  # an answer of a shape the library does not expect
        finally:
            self._used_at = time.monotonic()
        status = message.anymail_status
        body = self._hide(status.esp_response.text) if status.esp_response is not None else ""
        by_address = {address.lower(): one for address, one in status.recipients.items()}
        return [self._answered(by_address.get(mail.address.lower()), body) for mail in mails]

    def _interrupted(self) -> Outcome:
        if self._line.stage is Stage.CONNECT:
            return NotSent("interrupted", Stage.CONNECT)
        return Uncertain("interrupted")

    def _refresh(self) -> None:
        if time.monotonic() - self._used_at > MAX_IDLE_SECONDS:
            self.close()
        if self._anymail.session is None:
            self._anymail.session = GuardedSession(self._line)

    def _answered(self, recipient: Any, body: str) -> Outcome:
        if recipient is None or recipient.status in {None, "unknown"}:
            return Uncertain("unknown_to_service")
        if recipient.status in {"sent", "queued"}:
            taken = {"status": recipient.status, "service": self.service.label, "id": recipient.message_id}
            return Accepted(200, _TAKEN.format(**taken))
        return refused_recipient(recipient.status, body)

    def _failed(self, error: AnymailError) -> Outcome:
        """An error of the library; how far the line got says whether the mail can have been taken."""
        if isinstance(error, AnymailConfigurationError):
            return SenderFault("service_settings", reply=self._hide(str(error))[:500], permanent=True)
        response = getattr(error, "response", None)
        if response is not None:
            return self._refused(response)
        if not isinstance(error, AnymailAPIError):
            text = said(554, self._hide(str(error)))  # nothing was asked of the service
            return Refused(554, text, Stage.MAIL, Kind.CONTENT)
        return self._broken_off(error.__cause__)

    def _refused(self, response: requests.Response) -> Outcome:
        status = response.status_code
        if 200 <= status < 300:
            return Uncertain("garbage")
        text = self._hide(response.text)
        outcome = outcome_of(status, response.headers, text, now=datetime.now(UTC))
        if isinstance(outcome, Deferred) and outcome.retry_after:
            self._rest(replace(outcome, is_asked=False), outcome.retry_after.total_seconds())
        elif isinstance(outcome, Uncertain):
            # Asking a service that has lost its way again and again would leave one mail after the other in doubt.
            self._rest(SenderFault("service_trouble", status, said(status, text)), MAX_IDLE_SECONDS)
        return outcome

    def _broken_off(self, cause: BaseException | None) -> Outcome:
        is_late = self._line.is_timed_out or isinstance(cause, requests.Timeout)
        if self._line.stage is Stage.DOT:
            return Uncertain("timeout" if is_late else "dropped")
        if self._line.stage is Stage.CONTENT:
            return NotSent("timeout" if is_late else "dropped", Stage.CONTENT)
        if isinstance(cause, requests.exceptions.SSLError):
            is_certificate = "CERTIFICATE_VERIFY_FAILED" in str(cause)
            reason = "certificate" if is_certificate else "tls"
            return SenderFault(reason, reply=_last_words(cause), permanent=is_certificate, stage=Stage.TLS)
        return SenderFault("timeout" if is_late else "connect", reply=_last_words(cause))

    def _rest(self, answer: SenderFault | Deferred, seconds: float) -> None:
        """Answer this without asking the service, until then."""
        self._resting, self._rests_until = answer, time.monotonic() + seconds

    def _alone(self, mail: Parts) -> AnymailMessage:
        message = AnymailMessage(
            subject=mail.subject,
            body=mail.text,
            from_email=mail.sender,
            to=[mail.to],
            reply_to=list(mail.reply_to),
            headers=dict(mail.headers),
        )
        if mail.html:
            message.attach_alternative(mail.html, "text/html")
        if self.service.takes_metadata and mail.message_id:
            message.metadata = {"message_id": mail.message_id}
        return message

    def _merged(self, mails: Sequence[Parts]) -> AnymailMessage:
        """One message for all: a field where each has its own subject, bodies and headers."""
        first = mails[0]
        message = AnymailMessage(
            subject=self.service.field.format("subject"),
            body=self.service.field.format("text") if first.text else "",
            from_email=first.sender,
            to=[mail.to for mail in mails],
            reply_to=list(first.reply_to),
        )
        if first.html:
            message.attach_alternative(self.service.field.format("html"), "text/html")
        message.merge_data = {mail.address: {part: getattr(mail, part) for part in _PARTS} for mail in mails}
        message.merge_headers = {mail.address: dict(mail.headers) for mail in mails}
        message.merge_metadata = {mail.address: {"message_id": mail.message_id} for mail in mails}
        return message


def _parts(envelope: Envelope) -> Parts:
    mail: EmailMessage = message_from_bytes(envelope.data, policy=mail_policy)
    html, text = mail.get_body(("html",)), mail.get_body(("plain",))
    headers = {name: str(value) for name, value in mail.items() if _is_ours(name)}
    return Parts(
        sender=str(mail["From"]),
        to=str(mail["To"]),
        address=envelope.rcpt_to,
        reply_to=(str(mail["Reply-To"]),) if mail["Reply-To"] else (),
        subject=str(mail["Subject"] or ""),
        text=text.get_content() if text else "",
        html=html.get_content() if html else "",
        headers=headers,
    )


def _is_ours(name: str) -> bool:
    return name.lower() not in _NOT_OURS and not name.lower().startswith("content-")


def _batches(mails: Sequence[Parts]) -> Iterator[list[int]]:
    """Places of mails that may share a request: nobody twice, and nothing in them that reads like a field."""
    batch: list[int] = []
    for place, mail in enumerate(mails):
        fits = batch and len(batch) < BATCH and mail.shared == mails[batch[0]].shared and not _has_field(mail)
        if batch and (not fits or mail.address in {mails[one].address for one in batch} or _has_field(mails[batch[0]])):
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


def _has_field(mail: Parts) -> bool:
    return any("%recipient" in text for text in (mail.subject, mail.text, mail.html, *mail.headers.values()))


def _last_words(error: BaseException | None) -> str:
    return str(error.args[0] if error and error.args else error)[:500]


def _all_hold(gates: Sequence[Gate]) -> bool:
    """Whether all say yes at one moment.

    One whose answer is old asks the database, which takes a while: then the first have to be asked about again.
    """
    for _ in range(ROUNDS):
        began = time.monotonic()
        if not all(gate() for gate in gates):
            return False
        if time.monotonic() - began < AT_ONCE:
            return True
    return False

"""Complaints (RFC 5965): somebody pressed "this is spam", and their provider passes it on, often without their name."""

from dataclasses import dataclass

from tracking.inbox.reading import original
from tracking.inbox.reading.addresses import addressees
from tracking.inbox.reading.mime import Part, headers
from tracking.inbox.reading.original import Original

# Other types are no complaint of a person's: mails taken out of the spam folder, and failed authentication.
_COMPLAINING = frozenset(
    {"abuse", "fraud", "virus", "other", "miscategorized", "opt-out", "opt-out-list", "unsubscribe", ""}
)
_RECIPIENT = ("original-rcpt-to", "removal-recipient")
_OF_ORIGINAL = ("x-hmxmroriginalrecipient", "x-original-to", "delivered-to", "to")  # where the report names nobody
_REPORTERS = ("staff@hotmail.com", "@jmrp.", "@feedbackloop.", "@abuse.")


@dataclass(frozen=True, slots=True)
class Complaint:
    is_complaint: bool
    addresses: tuple[str, ...]
    original: Original
    feedback: str
    human: str


def read(mail: Part) -> Complaint | None:
    """The feedback report in `mail`; None where it is none."""
    parts = list(mail.walk())
    report = next((part for part in parts if part.type == "message/feedback-report"), None)
    reporter = mail.get("from").lower()
    if report is None and not any(name in reporter for name in _REPORTERS):
        return None
    returned = original.of_parts(part for part in parts if part is not mail and original.is_returned(part))
    if report is None and not returned.headers:
        return None
    fields = headers(report.text[:60_000]) if report else []
    feedback = next((value.lower().strip() for key, value in fields if key == "feedback-type"), "")
    named = addressees(value for key, value in fields if key in _RECIPIENT)
    for name in _OF_ORIGINAL:
        named = named or [address for address in addressees(returned.all(name)) if "redacted" not in address]
    human = next((part.text for part in parts if part.type == "text/plain" and not part.parts), "")
    is_complaint = feedback.split(";")[0] in _COMPLAINING
    return Complaint(is_complaint, tuple(named), returned, feedback or "no type", human)

"""The exact mail somebody got, made again from the wording and the values that were kept with it."""

from dataclasses import dataclass

from campaigns.forgetting import clearing
from campaigns.models import Message, Variant, VariantVersion
from campaigns.sending.wording import wording_kept
from campaigns_project.errors import NotFound

NOWHERE = "#unsubscribe"  # where opting out leads in a mail that is only shown


@dataclass(frozen=True)
class Content:
    """Subject and bodies of one mail, and the version of the wording they were made of."""

    subject: str
    html: str
    text: str
    version: int


def content_of(message: Message) -> Content:
    """What `message` said to its recipient. Inert: links lead where they point, nothing is tracked or counted.

    NotFound (`content_not_kept`) for a mail that was never made, or whose values were cleared for their age.
    """
    cleared = clearing(message)
    if cleared is not None:
        on, kept_for = cleared
        raise NotFound("content_not_kept", f"The values of this mail were cleared on {on} (kept for {kept_for}).")
    wording = _wording(message)
    if wording is None or message.merge_values is None:
        raise NotFound(
            "content_not_kept",
            f"The content of message {message.pk} is not there.",
            "It is kept from the moment the mail passes the gate for as long as its organization keeps values.",
        )
    # With opting out leading nowhere: the real address would work.
    bodies = wording_kept(wording).render({**message.merge_values, "unsubscribe_url": NOWHERE})
    return Content(subject=message.subject, html=bodies.html, text=bodies.text, version=message.step_version)


def _wording(message: Message) -> VariantVersion | Variant | None:
    """As it was kept; of mails older than the keeping, as it is now where it was not edited since."""
    kept = VariantVersion.objects.filter(variant=message.variant, version=message.step_version).first()
    now = message.variant
    return kept or (now if now and now.version == message.step_version else None)

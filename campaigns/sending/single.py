"""A mail made by itself: rendered, its links and pixel put into what came out. Works for every wording."""

from collections.abc import Mapping

from campaigns.content import html as html_content
from campaigns.content import message as mime
from campaigns.content.mailbox import Mailbox
from campaigns.content.production import Particulars
from campaigns.models import Campaign, Sender
from campaigns.sending.links import Addresses
from campaigns.sending.wording import Rendered


def targets(bodies: Rendered, mail: Particulars, *, campaign: Campaign) -> list[str]:
    """The links of the mail that are to be tracked: all but the way out."""
    found = html_content.links(bodies.html) if campaign.track_clicks else []
    return [url for url in found if url != mail.unsubscribe_url]


def built(
    bodies: Rendered,
    mail: Particulars,
    *,
    campaign: Campaign,
    sender: Sender,
    message: int,
    stored: Mapping[str, int],
    addresses: Addresses,
) -> bytes:
    """The mail of the message with the id `message`; `stored` are its targets' ids. HeaderRefused or BodyRefused."""
    html = bodies.html
    if campaign.track_clicks and html:
        keep = {mail.unsubscribe_url}
        html = html_content.replace_links(html, lambda url: addresses.click_url(message, stored[url]), keep=keep)
    if campaign.track_opens and html:
        html = html_content.add_pixel(html, addresses.open_url(message))
    return mime.build(
        sender=Mailbox(sender.email, sender.name),
        recipient=mail.recipient,
        subject=bodies.subject,
        message_id=mail.message_id,
        date=mail.date,
        html=html,
        text=bodies.text,
        reply_to=Mailbox(sender.reply_to) if sender.reply_to else None,
        unsubscribe_url=mail.unsubscribe_url,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
    )

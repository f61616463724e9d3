"""Make the mails of a chunk. Done before the gate, so that nothing slow stands between the last look and the socket."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.content import html as html_content
from campaigns.content import message as mime
from campaigns.content.mailbox import Mailbox, wire_address
from campaigns.delivery.base import Envelope
from campaigns.merge_values import lead_values, mail_values
from campaigns.models import Campaign, Recipient, Sender, Variant
from campaigns.sending.claim import Claim
from campaigns.sending.gate import Candidate
from campaigns.sending.links import click_url, open_url, store_links, unsubscribe_url
from campaigns.sending.wording import Rendered, wording_of
from campaigns_project.errors import Refused
from leads.addresses import normalize_address
from leads.models import Lead


@dataclass(frozen=True)
class Prepared:
    """A mail ready to go, and what the gate wants to know of it."""

    candidate: Candidate
    envelope: Envelope

    @property
    def claim(self) -> Claim:
        return self.candidate.claim


@dataclass(frozen=True)
class Unmade:
    """A mail that cannot be made: the refusal's code and sentence."""

    claim: Claim
    code: str
    message: str


@dataclass
class Batch:
    """What became of a chunk's claims."""

    prepared: list[Prepared] = field(default_factory=list)
    unmade: list[Unmade] = field(default_factory=list)


@dataclass(frozen=True)
class _Draft:
    candidate: Candidate
    recipient: Recipient
    rendered: Rendered
    links: list[str]


def prepare(campaign: Campaign, claims: Sequence[Claim], *, senders: dict[int, Sender], now: datetime) -> Batch:
    """Render and build the mails of `claims`; one that cannot be made does not keep back the others."""
    batch = Batch()
    people = Recipient.objects.select_related("lead").in_bulk([claim.recipient for claim in claims])
    variants = Variant.objects.in_bulk({claim.variant for claim in claims})
    drafts: list[_Draft] = []
    for claim in claims:
        recipient, variant = people.get(claim.recipient), variants.get(claim.variant)
        if recipient is None or variant is None:
            continue  # deleted since: the message's row went with it
        try:
            drafts.append(_draft(campaign, claim, recipient, variant, senders[claim.sender]))
        except Refused as refused:
            batch.unmade.append(Unmade(claim, refused.code, str(refused)))
    targets = store_links(campaign, [url for draft in drafts for url in draft.links])
    for draft in drafts:
        try:
            batch.prepared.append(_finish(campaign, draft, targets, senders[draft.candidate.claim.sender], now))
        except Refused as refused:
            batch.unmade.append(Unmade(draft.candidate.claim, refused.code, str(refused)))
    return batch


def preview(*, variant: Variant, lead: Lead, sender: Sender | None = None) -> Rendered:
    """What `lead` would read, by the same code as when sending. Inert: no tracking, and opting out leads nowhere.

    MergeValueMissing or TemplateInvalid where the mail could not be made.
    """
    campaign = variant.step.campaign
    sender = sender or Sender(email="sender@example.com", name="The sender")
    values = {**lead_values(lead), **mail_values(sender, campaign.organization, "#unsubscribe")}
    return wording_of(variant).render(values)


def _draft(campaign: Campaign, claim: Claim, recipient: Recipient, variant: Variant, sender: Sender) -> _Draft:
    wording = wording_of(variant)
    way_out = unsubscribe_url(claim.message)
    values = {**lead_values(recipient.lead), **mail_values(sender, campaign.organization, way_out)}
    rendered = wording.render(values)
    links = html_content.links(rendered.html) if campaign.track_clicks else []
    used = {name: values[name] for name in wording.fields & values.keys() if name != "unsubscribe_url"}
    address = normalize_address(recipient.email_address)
    candidate = Candidate(claim, address=address, version=variant.version, merge_values=used)
    return _Draft(candidate, recipient, rendered, [url for url in links if url != way_out])


def _finish(campaign: Campaign, draft: _Draft, targets: dict[str, int], sender: Sender, now: datetime) -> Prepared:
    claim = draft.candidate.claim
    message = claim.message
    way_out = unsubscribe_url(message)
    html = draft.rendered.html
    if campaign.track_clicks and html:
        html = html_content.replace_links(html, lambda url: click_url(message, targets[url]), keep={way_out})
    if campaign.track_opens and html:
        html = html_content.add_pixel(html, open_url(message))
    data = mime.build(
        sender=Mailbox(sender.email, sender.name),
        recipient=Mailbox(draft.recipient.email_address, draft.recipient.lead.full_name),
        subject=draft.rendered.subject,
        message_id=claim.message_id,
        date=now,
        html=html,
        text=draft.rendered.text,
        reply_to=Mailbox(sender.reply_to) if sender.reply_to else None,
        unsubscribe_url=way_out,
    )
    to = wire_address(draft.recipient.email_address, field="To")
    envelope = Envelope(mail_from=wire_address(sender.email, field="From"), rcpt_to=to, data=data)
    return Prepared(draft.candidate, envelope)

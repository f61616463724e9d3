"""Make the mails of a chunk. Done before the gate, so that nothing slow stands between the last look and the socket."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, cached_property, partial
from typing import NamedTuple

from django.db.models import Q

from campaigns.content.mailbox import Mailbox, wire_address
from campaigns.content.production import Made, Particulars
from campaigns.content.return_path import return_path
from campaigns.content.templating import rendered_subject
from campaigns.content.threads import reply_subject
from campaigns.delivery.base import Envelope
from campaigns.merge_values import Person, Wanted, lead_values, mail_values, people_of
from campaigns.models import Campaign, Recipient, Sender, Step, Variant
from campaigns.sending import single
from campaigns.sending.claim import Claim, Wordings
from campaigns.sending.gate import Candidate
from campaigns.sending.links import Addresses, store_links
from campaigns.sending.mailing import Mailing, mailing_of
from campaigns.sending.threads import Thread, threads_of
from campaigns.sending.versions import keep_versions
from campaigns.sending.wording import THREAD_SUBJECT, Rendered, Wording, wording_of
from campaigns_project.errors import Refused
from leads.addresses import normalize_address
from leads.models import Lead

_Store = Callable[[Iterable[str]], dict[str, int]]


class Prepared(NamedTuple):
    """A mail ready to go, and what the gate wants to know of it."""

    candidate: Candidate
    envelope: Envelope

    @property
    def claim(self) -> Claim:
        return self.candidate.claim


@dataclass(frozen=True)
class Unmade:
    """A mail that cannot be made: the refusal's code and sentence, and the field at fault where there is one."""

    claim: Claim
    code: str
    message: str
    field: str = ""


@dataclass
class Batch:
    """What became of a chunk's claims."""

    prepared: list[Prepared] = field(default_factory=list)
    unmade: list[Unmade] = field(default_factory=list)

    def refuse(self, claim: Claim, refused: Refused) -> None:
        """Keep back this claim's mail alone."""
        self.unmade.append(Unmade(claim, refused.code, str(refused), refused.details.get("field", "")))


@dataclass(frozen=True)
class Stores:
    """Where making mails keeps and finds what is not of one mail; a rehearsal imagines all of it."""

    links: Callable[[Campaign, Iterable[str]], dict[str, int]] = store_links
    versions: Callable[[Collection[Variant]], object] = keep_versions
    threads: Callable[[dict[int, int]], dict[int, Thread]] = threads_of


@dataclass(frozen=True)
class _Kind:
    """What the mails of one variant by one sender in one chunk have in common."""

    variant: Variant
    sender: Sender
    wording: Wording
    mailing: Mailing | None
    wanted: Wanted  # of each person, for the wording
    fixed: Mapping[str, str]  # of the sender and the organization

    def return_path(self, message: int) -> str:
        """Where bounces of this message go to."""
        return return_path(
            message,
            mailbox=self._mailbox,
            domain=self.sender.return_path_domain,
            takes_plus=self.sender.return_path_plus,
        )

    @cached_property
    def _mailbox(self) -> str:
        return wire_address(self.sender.email, field="From")


class _Draft(NamedTuple):
    """A mail to be made, and all that goes into it."""

    claim: Claim
    kind: _Kind
    address: str  # normalized
    kept: Mapping[str, str]  # the values that are kept with the message
    mail: Particulars


def prepare(
    campaign: Campaign,
    claims: Sequence[Claim],
    *,
    wordings: Wordings,
    senders: dict[int, Sender],
    now: datetime,
    stores: Stores = Stores(),
) -> Batch:
    """Make the mails of `claims`, from bodies prepared beforehand where the wording allows it.

    One that cannot be made does not keep back the others. Nothing is written but what `stores` do.
    """
    batch = Batch()
    people = people_of(claim.recipient for claim in claims)
    variants = wordings.with_steps({claim.variant for claim in claims})
    stores.versions(variants.values())
    threads = stores.threads(_answering(claims, variants))

    making = _Making(batch, campaign, Addresses(), partial(stores.links, campaign), now)

    @cache
    def kind(variant: int, sender: int, begins_thread: bool) -> _Kind:
        return _kind(campaign, variants[variant], senders[sender], begins_thread=begins_thread)

    drafts: list[_Draft] = []
    for claim in claims:
        person, variant = people.get(claim.recipient), variants.get(claim.variant)
        if person is None or variant is None:
            continue  # deleted since: the message's row went with it
        thread = threads.get(claim.recipient) if variant.step.is_reply else None
        try:
            # A thread without a subject was begun before subjects were kept: then the wording's own is all there is.
            of_kind = kind(claim.variant, claim.sender, thread is None or not thread.opening)
            drafts.append(making.draft(of_kind, claim, person, thread))
        except Refused as refused:
            batch.refuse(claim, refused)
    making.one_by_one(making.prepared(drafts))
    return batch


def lead_to_show(campaign: Campaign) -> Lead | None:
    """Whom a mail of the campaign is shown as where nobody is named: its first recipient, else the newest lead."""
    own = Lead.objects.for_organization(campaign.organization)
    # One that is only thought of, for a template to be looked at, has no recipients.
    enrolled = own.filter(recipients__campaign=campaign).order_by("recipients__id") if campaign.pk else own.none()
    return enrolled.first() or own.order_by("-pk").first()


def preview(*, variant: Variant, lead: Lead, sender: Sender | None = None, way_out: str = "#unsubscribe") -> Rendered:
    """What `lead` would read, by the same code as when sending. Inert: no tracking, and opting out leads to `way_out`.

    MergeValueMissing or TemplateInvalid where the mail could not be made.
    """
    campaign = variant.step.campaign
    sender = sender or Sender(email="sender@example.com", name="The sender")
    values = {**lead_values(lead), **mail_values(sender, campaign.organization, way_out)}
    if variant.step.is_reply:
        values[THREAD_SUBJECT] = _foreseen_subject(variant.step, lead, values)
    return wording_of(variant).render(values)


def _foreseen_subject(step: Step, lead: Lead, values: Mapping[str, str]) -> str:
    """What `lead` would see as the subject of a follow-up: of the thread it is in, else of the mails it is to get."""
    recipient = Recipient.objects.filter(campaign=step.campaign_id, lead=lead.pk).first()  # an imagined one has no key
    thread = threads_of({recipient.pk: step.position}).get(recipient.pk) if recipient else None
    if thread and thread.opening:
        return thread.subject
    opening = Q(position=1) | Q(in_thread=False)
    earlier = Step.objects.filter(opening, campaign=step.campaign_id, position__lt=step.position)
    variant = Variant.objects.filter(step=earlier.order_by("-position")[:1], is_active=True).order_by("label").first()
    return reply_subject(rendered_subject(wording_of(variant).subject, values)) if variant else ""


def _answering(claims: Sequence[Claim], variants: dict[int, Variant]) -> dict[int, int]:
    """The recipients whose mail answers those before it, with the position of its step."""
    steps = ((claim.recipient, variants[claim.variant].step) for claim in claims if claim.variant in variants)
    return {recipient: step.position for recipient, step in steps if step.is_reply}


def _kind(campaign: Campaign, variant: Variant, sender: Sender, *, begins_thread: bool) -> _Kind:
    wording = wording_of(variant, begins_thread=begins_thread)
    fields = wording.shown_fields - {"unsubscribe_url"}
    fixed = mail_values(sender, campaign.organization, "")
    return _Kind(
        variant=variant,
        sender=sender,
        wording=wording,
        mailing=mailing_of(wording, campaign=campaign, sender=sender),
        wanted=Wanted(fields),
        fixed={name: fixed[name] for name in fields & fixed.keys()},
    )


@dataclass(frozen=True)
class _Making:
    """Makes the mails of a chunk."""

    batch: Batch
    campaign: Campaign
    addresses: Addresses
    store: _Store
    now: datetime

    def draft(self, kind: _Kind, claim: Claim, person: Person, thread: Thread | None) -> _Draft:
        """What the mail of `claim` is made of."""
        way_out = self.addresses.unsubscribe_url(claim.message, person.lead)
        kept = {**kind.fixed, **kind.wanted.values(person)}
        values = {**kept, "unsubscribe_url": way_out}
        if thread:
            values[THREAD_SUBJECT] = thread.subject
        mail = Particulars(
            Mailbox(person.email_address, person.full_name),
            values,
            claim.message_id,
            self.now,
            unsubscribe_url=way_out,
            in_reply_to=thread.in_reply_to if thread else "",
            references=thread.references if thread else (),
        )
        is_unchanged = person.email_address == person.email
        address = person.email_normalized if is_unchanged else normalize_address(person.email_address)
        return _Draft(claim, kind, address, kept, mail)

    def prepared(self, drafts: Sequence[_Draft]) -> list[_Draft]:
        """Make the mails whose bodies were prepared beforehand; returns those that have to be made one by one."""
        fitted = [draft.kind.mailing.fitting(draft.mail.values) if draft.kind.mailing else None for draft in drafts]
        targets = self.store({url for one in fitted if one for url in one.targets})
        others: list[_Draft] = []
        for draft, one in zip(drafts, fitted, strict=True):
            made = one and one.produce(
                draft.mail, message=draft.claim.message, targets=targets, addresses=self.addresses
            )
            if made:
                self._add(draft, made)
            else:
                others.append(draft)
        return others

    def one_by_one(self, drafts: Sequence[_Draft]) -> None:
        """Render each mail and edit what came out, whatever its wording does."""
        rendered: list[tuple[_Draft, Rendered]] = []
        for draft in drafts:
            try:
                rendered.append((draft, draft.kind.wording.render(draft.mail.values)))
            except Refused as refused:
                self.batch.refuse(draft.claim, refused)
        urls = [url for draft, bodies in rendered for url in single.targets(bodies, draft.mail, campaign=self.campaign)]
        stored = self.store(urls)
        for draft, bodies in rendered:
            try:
                data = single.built(
                    bodies,
                    draft.mail,
                    campaign=self.campaign,
                    sender=draft.kind.sender,
                    message=draft.claim.message,
                    stored=stored,
                    addresses=self.addresses,
                )
            except Refused as refused:
                self.batch.refuse(draft.claim, refused)
            else:
                self._add(draft, Made(data, bodies.subject))

    def _add(self, draft: _Draft, made: Made) -> None:
        try:
            self.batch.prepared.append(_enveloped(draft, made))
        except Refused as refused:
            self.batch.refuse(draft.claim, refused)


def _enveloped(draft: _Draft, made: Made) -> Prepared:
    to = wire_address(draft.mail.recipient.address, field="To")
    candidate = Candidate(draft.claim, draft.address, draft.kind.variant.version, draft.kept, made.subject)
    return Prepared(candidate, Envelope(draft.kind.return_path(draft.claim.message), to, made.data))

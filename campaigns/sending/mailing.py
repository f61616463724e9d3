"""The mails of one wording by one sender: what they share is made once and kept."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from campaigns.content import plain_fields, templating
from campaigns.content.assembly import OPEN_URL, PREHEADER, Assembly, Parts, assemble
from campaigns.content.errors import ValueUntame
from campaigns.content.mailbox import Mailbox
from campaigns.content.production import Design, Made, Particulars, Producer
from campaigns.content.shapes import Shape, Shaper, shaper_of
from campaigns.content.skeleton import producer_for
from campaigns.content.templating import Template
from campaigns.models import Campaign, Sender
from campaigns.sending.links import Addresses
from campaigns.sending.wording import Wording
from campaigns_project.errors import Refused

# Texts that the logic of one wording may come down to, and be prepared for. Real ones have a handful; where values
# make a text of its own for everybody, preparing them would cost more than making the mails one by one.
MOST_SHAPES = 64


@dataclass(frozen=True)
class Prepared:
    """Bodies that were prepared beforehand, and how mails are made from them."""

    preheader: Template
    assembly: Assembly
    producer: Producer


class Fitted(NamedTuple):
    """The prepared bodies of one mail, and its values for them."""

    bodies: Prepared
    values: Mapping[str, str]

    @property
    def targets(self) -> Collection[str]:
        """The links of the mail that are to be tracked."""
        return self.bodies.assembly.clicks.values()

    def produce(
        self, mail: Particulars, *, message: int, targets: Mapping[str, int], addresses: Addresses
    ) -> Made | None:
        """The mail of the message with the id `message`, its links leading to the stored `targets`.

        None where it has to be made by itself, or cannot be made at all, which is said there.
        """
        assembly = self.bodies.assembly
        values = {**self.values, OPEN_URL: addresses.open_url(message)}
        for name, target in assembly.clicks.items():
            values[name] = addresses.click_url(message, targets[target])
        try:
            if assembly.has_preheader:
                values[PREHEADER] = templating.render(self.bodies.preheader, values).strip()
            return self.bodies.producer.produce(mail.with_values(values)) if assembly.fits(values) else None
        except (Refused, ValueUntame):
            return None


@dataclass(frozen=True)
class Setting:
    """All that the mails of one wording by one sender have in common."""

    wording: Wording
    sender: Mailbox
    reply_to: Mailbox | None
    postal_address: str | None  # None where the wording has a footer of its own
    track_clicks: bool
    track_opens: bool

    @property
    def templates(self) -> tuple[Template | None, ...]:
        return self.wording.subject, self.wording.html, self.wording.text

    def prepared(self, subject: Template, html: Template | None, text: Template | None) -> Prepared | None:
        """The bodies of these templates; None where each mail has to be made by itself."""
        assembly = assemble(
            Parts(
                fields=self.wording.fields,
                preheader=self.wording.preheader,
                html=html,
                text=text,
                postal_address=self.postal_address,
                track_clicks=self.track_clicks,
                track_opens=self.track_opens,
            )
        )
        if assembly is None:
            return None
        design = Design(
            sender=self.sender,
            reply_to=self.reply_to,
            subject=subject,
            html=assembly.html,
            text=assembly.text,
            tame=assembly.tame,
        )
        try:
            return Prepared(self.wording.preheader, assembly, producer_for(design))
        except Refused:
            return None


class Mailing:
    """Finds the prepared bodies for a mail."""

    def fitting(self, values: Mapping[str, str]) -> Fitted | None:
        """Those for a mail with these values; None where it has to be made by itself."""
        raise NotImplementedError


@dataclass(frozen=True)
class Plain(Mailing):
    """A wording of plain merge fields: the same bodies for everybody."""

    bodies: Prepared

    def fitting(self, values: Mapping[str, str]) -> Fitted:
        """See Mailing."""
        return Fitted(self.bodies, values)


@dataclass(frozen=True)
class Shaped(Mailing):
    """A wording with logic: bodies for each text its logic comes down to, prepared when they are first met."""

    setting: Setting
    shapers: tuple[Shaper | None, ...]  # of subject, HTML and text; None where there is no template or no logic in it
    known: dict[tuple[str, ...], Prepared | None] = field(default_factory=dict)

    def fitting(self, values: Mapping[str, str]) -> Fitted | None:
        """See Mailing."""
        shapes = [shaper.shape(values) if shaper else _ABSENT for shaper in self.shapers]
        if None in shapes:
            return None
        found = [shape for shape in shapes if shape is not None]
        key = tuple(shape.source for shape in found)
        if key not in self.known:
            if len(self.known) >= MOST_SHAPES:
                return None
            self.known[key] = self._prepared(found)
        bodies = self.known[key]
        made_up = {name: value for shape in found for name, value in shape.values.items()}
        return Fitted(bodies, {**values, **made_up}) if bodies else None

    def _prepared(self, shapes: list[Shape]) -> Prepared | None:
        """The bodies for these shapes, where they read as nothing but what they were made to be."""
        templates = list[Template | None]()
        for shaper, shape, template in zip(self.shapers, shapes, self.setting.templates, strict=True):
            if shaper is None or template is None:
                templates.append(template)
                continue
            try:
                compiled = templating.compile(shape.source, html=template.html)
            except Refused:
                return None
            if not shape.reads(compiled):
                return None
            templates.append(compiled)
        subject, html, text = templates
        return self.setting.prepared(subject, html, text) if subject else None


_ABSENT = Shape("", {}, ())


def mailing_of(wording: Wording, *, campaign: Campaign, sender: Sender) -> Mailing | None:
    """The prepared mails of `wording`; None where each of them has to be made by itself."""
    return _mailing(
        Setting(
            wording,
            Mailbox(sender.email, sender.name),
            Mailbox(sender.reply_to) if sender.reply_to else None,
            postal_address=None if wording.has_footer else campaign.organization.postal_address,
            track_clicks=campaign.track_clicks,
            track_opens=campaign.track_opens,
        )
    )


# Keyed by all that goes in, so that nothing has to be told when one of them changes.
@lru_cache(maxsize=128)
def _mailing(setting: Setting) -> Mailing | None:
    logic = [template is not None and plain_fields.pieces(template) is None for template in setting.templates]
    if not any(logic):
        bodies = setting.prepared(setting.wording.subject, setting.wording.html, setting.wording.text)
        return Plain(bodies) if bodies else None
    shapers = tuple(
        shaper_of(template, letter) if template and has_logic else None
        for template, letter, has_logic in zip(setting.templates, "sht", logic, strict=True)
    )
    is_shaped = all(shaper is not None for shaper, has_logic in zip(shapers, logic, strict=True) if has_logic)
    return Shaped(setting, shapers) if is_shaped else None

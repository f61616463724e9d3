"""What would go wrong, found before the first mail leaves. One engine behind admin, API and commands."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, Min, OuterRef

from campaigns.content import templating
from campaigns.content.errors import MergeValueMissing
from campaigns.content.fields import LEAD_FIELDS
from campaigns.content.mailbox import wire_address
from campaigns.errors import StartCode
from campaigns.merge_values import lead_values, mail_values, presence
from campaigns.models import Campaign, Message, MessageStatus, Recipient, RecipientStatus, Sender, Step, Variant
from campaigns.steps import WORDING
from campaigns_project.errors import Refused
from leads.models import Lead

MOST_PATTERNS = 500  # sets of present fields that are rendered per variant; real lists have a handful


@dataclass(frozen=True)
class Problem:
    """One finding. `blocks`: the campaign cannot start before it is mended."""

    code: str
    message: str
    hint: str
    level: str = "block"
    count: int | None = None

    @property
    def blocks(self) -> bool:
        return self.level == "block"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def check(campaign: Campaign) -> list[Problem]:
    """Everything that keeps `campaign` from starting, in the order in which one would mend it.

    Templates are rendered once for every combination of present and missing values among the recipients, so that
    somebody's missing value is found however many they are.
    """
    return [*_audience(campaign), *_sending(campaign), *_content(campaign)]


def _audience(campaign: Campaign) -> Iterator[Problem]:
    # One that was started may go on without anybody: it then completes.
    if campaign.started_at is None and not _inside(campaign).exists():
        yield Problem(
            StartCode.NO_RECIPIENTS, "nobody is enrolled in it.", "Enroll leads first: by tag, filter or ids."
        )


def _sending(campaign: Campaign) -> Iterator[Problem]:
    if not campaign.organization.postal_address.strip():
        yield Problem(
            StartCode.POSTAL_ADDRESS_MISSING,
            f"{campaign.organization.name} has no postal address, which every mail must show.",
            "Fill it in on the organization's page.",
        )
    senders = Sender.objects.filter(campaign_senders__campaign=campaign)
    if not senders.exists():
        yield Problem(StartCode.NO_SENDER, "it has no sender.", "Choose at least one sender for it.")
    elif not senders.able().exists():
        reasons = "; ".join(f"{sender.email}: {sender.status_reason or 'paused'}" for sender in senders[:3])
        yield Problem(StartCode.NO_SENDER, f"all its senders are paused ({reasons}).", "Mend and resume one of them.")
    for sender in senders.able():
        yield from _sender(sender)


def _sender(sender: Sender) -> Iterator[Problem]:
    try:
        wire_address(sender.email, field="From")
    except Refused as error:
        yield Problem(StartCode.SENDER_UNUSABLE, f"the sender {sender.pk}: {error.message}", "Correct its address.")
    if not settings.SANDBOX and not sender.host:
        message = f"the sender {sender.email} has no SMTP host."
        yield Problem(StartCode.SENDER_UNUSABLE, message, "Fill in its host, or take the sender out of the campaign.")


def _content(campaign: Campaign) -> Iterator[Problem]:
    steps = list(campaign.steps.prefetch_related("variants").order_by("position"))
    if not steps:
        yield Problem(StartCode.NO_STEPS, "it has no step.", "Add a step with a subject and a body.")
    for step in steps:
        active = [variant for variant in step.variants.all() if variant.is_active]
        if not active:
            yield Problem(StartCode.NO_VARIANT, f"step {step.position} has no active variant.", "Switch one on.")
        for variant in active:
            yield from _variant(campaign, step, variant)


def _variant(campaign: Campaign, step: Step, variant: Variant) -> Iterator[Problem]:
    place = f"step {step.position}, variant {variant.label}"
    try:
        templates = [templating.compile(getattr(variant, name), html=name == "body_html") for name in WORDING]
    except Refused as error:
        yield Problem(
            StartCode.TEMPLATE_INVALID, f"{place}: {error.message}", error.hint or "Correct the template there."
        )
        return
    unknown = [field for template in templates for field in templating.unknown_fields(template)]
    for field in unknown:
        yield Problem(
            StartCode.UNKNOWN_MERGE_FIELD, f"{place}: {field}", "Write fields of your own as {{ custom.name }}."
        )
    if not unknown:
        yield from _missing(campaign, step, place, templates)


def _missing(campaign: Campaign, step: Step, place: str, templates: list[templating.Template]) -> Iterator[Problem]:
    used = sorted(
        field
        for field in frozenset[str]().union(*(template.fields for template in templates))
        if field in LEAD_FIELDS - {"email"} or field.startswith("custom.")
    )
    if not used:
        return
    annotations = presence(used)
    settled = Message.objects.filter(recipient=OuterRef("pk"), step=step, status__in=MessageStatus.SETTLED)
    patterns = _inside(campaign).exclude(Exists(settled)).annotate(**annotations).values(*annotations)
    counted = patterns.annotate(number=Count("pk"), example=Min("lead_id")).order_by("-number")[:MOST_PATTERNS]
    found: dict[str, tuple[int, int]] = {}
    people = Lead.objects.in_bulk([row["example"] for row in counted])
    for row in counted:
        field = _first_missing(campaign, templates, people[row["example"]])
        if field:
            number, example = found.get(field, (0, row["example"]))
            found[field] = (number + row["number"], example)
    for field, (number, example) in found.items():
        who = "1 recipient has" if number == 1 else f"{number} recipients have"
        yield Problem(
            StartCode.MERGE_VALUE_MISSING,
            f"{place}: {who} no {field} (lead {example}, for one), and the template has no fallback for it.",
            f'Write {{{{ {field} | default: "…" }}}}, fill the values in, or take those recipients out.',
            count=number,
        )


def _first_missing(campaign: Campaign, templates: list[templating.Template], lead: Lead) -> str | None:
    sender = Sender(name="Sender", email="sender@example.com")
    values = {**lead_values(lead), **mail_values(sender, campaign.organization, "https://example.com/unsubscribe")}
    for template in templates:
        try:
            templating.render(template, values)
        except MergeValueMissing as missing:
            return missing.field
        except Refused:
            continue  # what one recipient's values make of a template is that message's own failure, with its reason
    return None


def _inside(campaign: Campaign):
    return Recipient.objects.filter(campaign=campaign, status__in=RecipientStatus.IN)

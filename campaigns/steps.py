"""The content of a campaign: steps, their variants, its senders. Edits reach those who have not had the mail yet."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from django.db import transaction
from django.db.models import F, Max
from django.db.models.functions import Now

from campaigns.content import templating
from campaigns.content.html import inline_css
from campaigns.content.templating import unknown_fields
from campaigns.errors import StateConflict
from campaigns.models import (
    Campaign,
    CampaignSender,
    CampaignStatus,
    DeliveredBy,
    EmailTemplate,
    Sender,
    Step,
    Variant,
)
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import NotFound, Refused, SeveralRefused, StateRefused

WORDING = ("subject", "preheader", "body_html", "body_text")
# As the forms call them.
WORDING_LABELS = {"subject": "subject", "preheader": "preheader", "body_html": "HTML body", "body_text": "text body"}
LABELS = "ABCDEFGHIJ"
MOST_TOLD = 10  # mistakes in one wording; whoever mends them is told of the rest


@transaction.atomic
def add_step(
    *,
    campaign: Campaign,
    wait_amount: int,
    wait_unit: str,
    wording: Mapping[str, str],
    actor: Actor,
    in_thread: bool = True,
    template: EmailTemplate | None = None,
) -> Step:
    """A new last step with its first variant. Refused for an ended campaign and for a wording that cannot be used.

    A follow-up `in_thread` answers the mails before it under their subject, and needs none of its own. `template` is
    what the wording was begun from: it is remembered, and read no more.
    """
    campaign = _hold(campaign)
    last = campaign.steps.aggregate(last=Max("position"))["last"] or 0
    step = Step(campaign=campaign, position=last + 1, wait_amount=wait_amount, wait_unit=wait_unit, in_thread=in_thread)
    check_wording(wording, needs_subject=not step.is_reply)
    step.save()
    Variant.objects.create(step=step, label=LABELS[0], template=template, **_wording(wording))
    _record("step.created", step, campaign, actor, {"position": step.position, **_settings(step)})
    return step


@transaction.atomic
def edit_step(*, step: Step, wait_amount: int, wait_unit: str, actor: Actor, in_thread: bool | None = None) -> Step:
    """Change a step's wait, for those whose time for it is not set yet, and whether it is `in_thread` (None: as it is).

    Refused when it is to be a conversation of its own and one of its variants has no subject.
    """
    _hold(step.campaign)
    before = _settings(Step.objects.get(pk=step.pk))
    changes = {"wait_amount": wait_amount, "wait_unit": wait_unit}
    Step.objects.filter(pk=step.pk).update(
        **changes, in_thread=step.in_thread if in_thread is None else in_thread, updated_at=Now()
    )
    step.refresh_from_db()
    _require_subjects(step)
    _record("step.changed", step, step.campaign, actor, _settings(step), before=before)
    return step


@transaction.atomic
def remove_step(*, step: Step, actor: Actor) -> None:
    """Remove a step and close the gap. Only before the campaign was ever started: people may be waiting for it.

    Refused when the step behind it would become the first mail and has no subject for that.
    """
    campaign = _hold(step.campaign)
    if campaign.started_at is not None or campaign.status not in {CampaignStatus.DRAFT, CampaignStatus.SCHEDULED}:
        raise StateRefused(
            "step_in_use",
            f"Step {step.position} cannot be removed: the campaign has been started.",
            "Switch its variants off, or stop the campaign.",
        )
    _record("step.removed", step, campaign, actor, {"position": step.position})
    position = step.position
    step.delete()
    Step.objects.filter(campaign=campaign, position__gt=position).update(position=F("position") - 1)
    for first in Step.objects.filter(campaign=campaign, position=1):
        _require_subjects(first)


@transaction.atomic
def add_variant(
    *, step: Step, wording: Mapping[str, str], weight: int, actor: Actor, template: EmailTemplate | None = None
) -> Variant:
    """Another wording of `step`, under the next free letter; `template` is what it was begun from."""
    check_wording(wording, needs_subject=not step.is_reply)
    _hold(step.campaign)
    taken = set(step.variants.values_list("label", flat=True))
    free = next((label for label in LABELS if label not in taken), None)
    if free is None:
        raise StateRefused("too_many_variants", f"Step {step.position} has {len(LABELS)} variants already.")
    variant = Variant.objects.create(step=step, label=free, weight=weight, template=template, **_wording(wording))
    _record("variant.created", variant, step.campaign, actor, {"step": step.position, "label": free})
    return variant


@transaction.atomic
def edit_variant(*, variant: Variant, changes: Mapping[str, Any], actor: Actor) -> Variant:
    """Change wording, weight or activity. New wording counts as a new version; what was sent stays as it was."""
    campaign = _hold(variant.step.campaign)
    wanted = {field: changes.get(field, getattr(variant, field)) for field in WORDING}
    check_wording(wanted, needs_subject=not variant.step.is_reply)
    if changes.get("is_active") is False and not variant.step.variants.filter(is_active=True).exclude(pk=variant.pk):
        raise StateRefused(
            "last_variant",
            f"Variant {variant.label} is the only active one of step {variant.step.position}.",
            "Add or switch on another one first.",
        )
    differs = [field for field, value in changes.items() if getattr(variant, field) != value]
    reworded = any(field in WORDING for field in differs)
    before = {field: getattr(variant, field) for field in differs}
    if differs:
        wanted = {field: changes[field] for field in differs}
        version = F("version") + (1 if reworded else 0)
        Variant.objects.filter(pk=variant.pk).update(**wanted, version=version, updated_at=Now())
    variant.refresh_from_db()
    after = {**{field: getattr(variant, field) for field in differs}, "version": variant.version}
    _record("variant.changed", variant, campaign, actor, after, before=before)
    return variant


@transaction.atomic
def remove_variant(*, variant: Variant, actor: Actor) -> None:
    """Remove a wording nobody got yet; the only one of a step stays."""
    campaign = _hold(variant.step.campaign)
    others = variant.step.variants.filter(is_active=True).exclude(pk=variant.pk)
    if not others.exists() or variant.messages.exists():
        raise StateRefused(
            "variant_in_use",
            f"Variant {variant.label} of step {variant.step.position} is in use.",
            "Switch it off instead, once another variant is active.",
        )
    _record("variant.removed", variant, campaign, actor, {"label": variant.label})
    variant.delete()


@transaction.atomic
def set_senders(*, campaign: Campaign, senders: Sequence[Sender], actor: Actor) -> None:
    """Let the campaign use exactly these senders. Recipients of one that is left out go to another."""
    _hold(campaign)
    wanted = {sender.pk for sender in senders}
    present = set(campaign.campaign_senders.values_list("sender_id", flat=True))
    CampaignSender.objects.filter(campaign=campaign, sender__in=present - wanted).delete()
    CampaignSender.objects.bulk_create([CampaignSender(campaign=campaign, sender_id=pk) for pk in wanted - present])
    after, before = {"senders": sorted(wanted)}, {"senders": sorted(present)}
    _record("campaign.senders_set", campaign, campaign, actor, after, before=before)


def check_wording(wording: Mapping[str, str], *, needs_subject: bool = True) -> None:
    """Refused, naming the field, unless subject and bodies are templates that compile and use known merge fields.

    Where several things are wrong all of them are told, as SeveralRefused.
    """
    inside = chain.from_iterable(_wrong_in(field, wording) for field in WORDING)
    wrong = list(islice(chain(_missing(wording, needs_subject), inside), MOST_TOLD))
    if wrong:
        raise wrong[0] if len(wrong) == 1 else SeveralRefused(wrong)


def _missing(wording: Mapping[str, str], needs_subject: bool) -> Iterator[Refused]:
    if needs_subject and not wording.get("subject", "").strip():
        hint = "Write one: mail without it looks like spam."
        yield Refused("subject_missing", "The subject is empty.", hint, {"field": "subject"})
    if not (wording.get("body_html", "").strip() or wording.get("body_text", "").strip()):
        message = "There is neither an HTML body nor a text body."
        yield Refused("body_missing", message, "Write at least one of them.", {"field": "body_html"})


def _wrong_in(field: str, wording: Mapping[str, str]) -> Iterator[Refused]:
    source, label = wording.get(field, ""), WORDING_LABELS[field]
    try:
        template = templating.compile(source, html=field == "body_html")
        if field == "body_html":
            inline_css(source)
    except Refused as error:
        yield Refused(error.code, f"In the {label}: {error.message}", error.hint, {**error.details, "field": field})
        return
    for unknown in unknown_fields(template):
        yield Refused(
            "unknown_merge_field",
            f"In the {label}: {unknown}",
            "Fields of your own are written {{ custom.name }}.",
            {"field": field, "merge_field": unknown.name},
        )


def _hold(campaign: Campaign) -> Campaign:
    """The campaign as it is now, its row held so that edits come one after the other and none beside a start.

    StateConflict once it has ended, NotFound when it is gone.
    """
    current = Campaign.objects.living().select_for_update(no_key=True).filter(pk=campaign.pk).first()
    if current is None:
        raise NotFound("not_found", f"There is no campaign {campaign.pk} any more.")
    if current.status not in CampaignStatus.editable:
        raise StateConflict("edit", current.status)
    if current.delivered_by == DeliveredBy.INSTANTLY and current.started_at is not None:
        message = "Instantly delivers this campaign, and was given its steps and wordings with the start."
        raise StateRefused("handed_over", message, "Duplicate the campaign to write others.")
    return current


def _require_subjects(step: Step) -> None:
    without = step.variants.filter(subject="").order_by("label").first()
    if without is not None and not step.is_reply:
        raise Refused(
            "subject_missing",
            f"Step {step.position} does not reply in a thread then, and its variant {without.label} has no subject.",
            "Write one first.",
            {"variant": without.pk},
        )


def _settings(step: Step) -> dict[str, Any]:
    return {"wait": f"{step.wait_amount} {step.wait_unit}", "in_thread": step.in_thread}


def _wording(wording: Mapping[str, str]) -> dict[str, str]:
    return {field: wording.get(field, "") for field in WORDING}


def _record(action: str, entity: Any, campaign: Campaign, actor: Actor, after: dict[str, Any], **more: Any) -> None:
    record(
        action=action,
        entity=entity,
        organization_id=campaign.organization_id,
        actor=actor,
        after={"campaign": campaign.pk, **after},
        **more,
    )

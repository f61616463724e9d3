"""A wording as one lead would read it, beside the form it is written in. Inert, and shown in a sandboxed frame."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from campaigns.content.fields import CUSTOM_PREFIX, LEAD_FIELDS, MAIL_FIELDS
from campaigns.models import Campaign, Sender, Step, Variant
from campaigns.preflight.examples import by_address, worst_case
from campaigns.sending.prepare import lead_to_show, preview
from campaigns.steps import WORDING
from campaigns_project.errors import Refused
from leads.models import Lead

LEADS_OFFERED = 20
# Nothing is fetched and nothing runs, whatever the body holds: a preview must not fire anybody's pixel.
INNER_POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
)


def preview_context(campaign: Campaign, subject: Campaign | Step | Variant) -> dict[str, Any]:
    """What the panel beside a form needs: whom one can preview as, and where to ask.

    `subject` is what is edited, or what the new one hangs on.
    """
    asked = "" if isinstance(subject, Campaign) else f"?{subject._meta.model_name}={subject.pk}"
    recipients = Lead.objects.filter(recipients__campaign=campaign).order_by("recipients__id")
    leads = list(recipients[:LEADS_OFFERED]) or list(
        Lead.objects.for_organization(campaign.organization).order_by("-pk")[:LEADS_OFFERED]
    )
    worst = worst_case(campaign)
    return {
        "preview_worst": worst if worst is not None and worst not in leads[:1] else None,
        "preview_url": reverse("admin:campaigns_campaign_preview", args=[campaign.pk]) + asked,
        "preview_leads": leads,
        "preview_fields": _fields(leads),
    }


def _fields(leads: Iterable[Lead]) -> list[str]:
    """Every merge field as it is written: a person's, further ones as far as these people have any, the mail's."""
    further = {f"{CUSTOM_PREFIX}{name}" for lead in leads for name in lead.custom or {}}
    return [f"{{{{ {name} }}}}" for name in (*sorted(LEAD_FIELDS), *sorted(further), *sorted(MAIL_FIELDS))]


def framed(html: str) -> str:
    """The document for a sandboxed frame that shows `html`; empty without one."""
    return f"<!doctype html>{INNER_POLICY}{html}" if html else ""


def preview_response(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """The wording in the request (a POST writes nothing), or a stored variant's, as the chosen lead would read it."""
    asked = {**request.GET.dict(), **request.POST.dict()}
    address = asked.get("preview_address", "").strip()
    lead = by_address(campaign, address) if address else _lead(campaign, asked.get("preview_lead", ""))
    context: dict[str, Any] = {"lead": lead}
    if lead is None and address:
        context["problem"] = f"No lead of {campaign.organization} has the address {address}."
    elif lead is None:
        context["problem"] = "There is no lead to preview as. Import or add one first."
    else:
        variant = _variant(campaign, asked)
        context |= _rendered(variant, lead, _sender(campaign))
    return render(request, "campaigns/admin/preview.html", context)


def _rendered(variant: Variant | None, lead: Lead, sender: Sender | None) -> dict[str, Any]:
    if variant is None:
        return {
            "problem": "Write a subject and a body, and they show here as this person reads them.",
            "is_quiet": True,
        }
    try:
        mail = preview(variant=variant, lead=lead, sender=sender)
    except Refused as refused:
        return {"problem": str(refused)}
    return {
        "mail": mail,
        "frame": framed(mail.html),
        "size": (len(mail.html.encode()) + len(mail.text.encode()) + 1023) // 1024,
    }


def _variant(campaign: Campaign, asked: Mapping[str, str]) -> Variant | None:
    own = Variant.objects.filter(step__campaign=campaign).select_related("step__campaign__organization")
    stored = _by_key(own, asked.get("variant", ""))
    if any(asked.get(name) for name in ("subject", "body_html", "body_text")):
        step = stored.step if stored else _step(campaign, asked)
        return Variant(step=step, **{name: asked.get(name, "") for name in WORDING})
    if "body_html" in asked:  # a form that nothing was written in yet
        return stored
    return stored or _by_key(own.filter(is_active=True).order_by("label"), asked.get("step", ""), name="step")


def _step(campaign: Campaign, asked: Mapping[str, str]) -> Step:
    """The step a new wording is written for: a stored one, or the one that would come last."""
    stored = _by_key(
        Step.objects.filter(campaign=campaign).select_related("campaign__organization"), asked.get("step", "")
    )
    last = campaign.steps.aggregate(last=Max("position"))["last"] or 0
    return stored or Step(campaign=campaign, position=last + 1, in_thread="in_thread" in asked)


def _by_key(rows: QuerySet, key: str, *, name: str = "pk") -> Any:
    return rows.filter(**{name: key}).first() if key.isascii() and key.isdigit() else None


def _lead(campaign: Campaign, key: str) -> Lead | None:
    return _by_key(Lead.objects.for_organization(campaign.organization), key) or lead_to_show(campaign)


def _sender(campaign: Campaign) -> Sender | None:
    return Sender.objects.filter(campaign_senders__campaign=campaign).order_by("pk").first()

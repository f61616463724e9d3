"""A wording as somebody would read it, beside the form it is written in. Inert, and shown in a sandboxed frame."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from campaigns.admin.writing import fields_offered
from campaigns.content.html import links
from campaigns.content.markup import tags
from campaigns.models import Campaign, EmailTemplate, Sender, Step, Variant
from campaigns.preflight.examples import LOOKED_AT, Example, by_address, looked_at, unusual, worst_case
from campaigns.preflight.one_wording import look_at
from campaigns.preflight.shares import shares
from campaigns.sending.inbox import show
from campaigns.sending.prepare import lead_to_show
from campaigns.steps import WORDING
from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused
from campaigns_project.keys import key_of
from leads.models import Lead

LEADS_OFFERED = 20
# Nothing is fetched and nothing runs, whatever the body holds: a preview must not fire anybody's pixel.
INNER_POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">"
)


def preview_context(campaign: Campaign, subject: Campaign | Step | Variant) -> dict[str, Any]:
    """What the panel beside a form of this campaign needs: whom one can preview as, what can be put in, where to ask.

    `subject` is what is edited, or what the new one hangs on.
    """
    asked = "" if isinstance(subject, Campaign) else f"?{subject._meta.model_name}={subject.pk}"
    url = reverse("admin:campaigns_campaign_preview", args=[campaign.pk]) + asked
    return {"preview_url": url, **_people(campaign.organization, campaign)}


def template_context(organization: Organization | None, template: EmailTemplate | None) -> dict[str, Any]:
    """The same for a template, which is looked at as the leads of its organization."""
    asked = f"?organization={organization.pk}" if organization else ""
    asked += f"&template={template.pk}" if template else ""
    url = reverse("admin:campaigns_emailtemplate_preview") + asked
    return {"preview_url": url, **(_people(organization) if organization else {"preview_fields": fields_offered([])})}


def _people(organization: Organization, campaign: Campaign | None = None) -> dict[str, Any]:
    own = Lead.objects.for_organization(organization)
    enrolled = list(_enrolled(campaign)[:LEADS_OFFERED]) if campaign else []
    among = looked_at(organization, campaign)
    least = worst_case(campaign) if campaign else None
    known = shares(among)
    return {
        "preview_people": enrolled or list(own.order_by("-pk")[:LEADS_OFFERED]),
        "preview_unusual": [*([Example("Least known", least)] if least else []), *unusual(among)],
        "preview_fields": fields_offered(known),
        "preview_whose": "this campaign's recipients" if enrolled else "your leads",
        "preview_most": LOOKED_AT if known[0].people == LOOKED_AT else None,
    }


def _enrolled(campaign: Campaign) -> QuerySet[Lead]:
    return Lead.objects.filter(recipients__campaign=campaign).order_by("recipients__id")


def framed(html: str) -> str:
    """The document for a sandboxed frame that shows `html`; empty without one."""
    return f"<!doctype html>{INNER_POLICY}{html}" if html else ""


def preview_response(request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """The wording in the request (a POST writes nothing), or a stored variant's, as the chosen lead would read it."""
    asked = {**request.GET.dict(), **request.POST.dict()}
    sender = Sender.objects.filter(campaign_senders__campaign=campaign).order_by("pk").first()
    return _response(request, campaign, _variant(campaign, asked), asked, sender)


def template_response(
    request: HttpRequest, organization: Organization | None, template: EmailTemplate | None
) -> HttpResponse:
    """The same for a template: as the first mail of a campaign that is not there."""
    if organization is None:
        context = {"problem": "Choose the organization, and it shows here as its leads read it.", "is_quiet": True}
        return render(request, "campaigns/admin/preview.html", context)
    asked = {**request.GET.dict(), **request.POST.dict()}
    campaign = Campaign(organization=organization)
    step = Step(campaign=campaign, position=1)
    typed = {name: asked.get(name, "") for name in WORDING}
    stored = {name: getattr(template, name) for name in WORDING} if template and "body_html" not in asked else {}
    wording = stored or typed
    variant = Variant(step=step, **wording) if any(wording.values()) else None
    sender = Sender.objects.for_organization(organization).order_by("pk").first()
    return _response(request, campaign, variant, asked, sender)


def _response(
    request: HttpRequest, campaign: Campaign, variant: Variant | None, asked: Mapping[str, str], sender: Sender | None
) -> HttpResponse:
    organization, address = campaign.organization, asked.get("preview_address", "").strip()
    lead = by_address(organization, address) if address else _lead(campaign, asked.get("preview_lead", ""))
    context: dict[str, Any] = {"problems": look_at(variant) if variant else [], "variant": variant}
    if variant is None:
        context |= {"problem": "Write a subject and a body, and they show here as people read them.", "is_quiet": True}
    elif lead is None and address:
        context["problem"] = f"No lead of {organization} has the address {address}."
    else:
        lead = lead or Lead(organization=organization, **IMAGINED)
        context |= {"lead": lead, "is_imagined": lead.pk is None, **_shown(variant, lead, sender)}
    return render(request, "campaigns/admin/preview.html", context)


# Somebody to write to while there is nobody yet.
IMAGINED = {
    "email": "ana.example@example.com", "first_name": "Ana", "last_name": "Example", "company": "Example Ltd",
    "title": "Head of sales", "city": "Prague", "country": "Czechia", "phone": "+420 555 000 111",
    "website": "https://example.com", "industry": "Shipping", "company_domain": "example.com",
}  # fmt: skip


def _shown(variant: Variant, lead: Lead, sender: Sender | None) -> dict[str, Any]:
    try:
        shown = show(variant=variant, lead=lead, sender=sender, now=timezone.now())
    except Refused as refused:
        return {"problem": str(refused)}
    html = shown.mail.html
    return {
        "shown": shown,
        "mail": shown.mail,
        "frame": framed(html),
        "size": (len(html.encode()) + len(shown.mail.text.encode()) + 1023) // 1024,
        "links": len(links(variant.body_html)),
        "pictures": sum(tag.name == "img" for tag in tags(variant.body_html)),
        "has_dark": "prefers-color-scheme" in html,
        "is_text_made": not variant.body_text.strip(),
    }


def _variant(campaign: Campaign, asked: Mapping[str, str]) -> Variant | None:
    own = Variant.objects.filter(step__campaign=campaign).select_related("step__campaign__organization")
    stored = _by_key(own, asked.get("variant", ""))
    if any(asked.get(name) for name in ("subject", "body_html", "body_text")):
        step = stored.step if stored else _step(campaign, asked)
        label = stored.label if stored else "A"
        return Variant(step=step, label=label, **{name: asked.get(name, "") for name in WORDING})
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
    number = key_of(key)
    return None if number is None else rows.filter(**{name: number}).first()


def _lead(campaign: Campaign, key: str) -> Lead | None:
    own = Lead.objects.for_organization(campaign.organization)
    return _by_key(own, key) or lead_to_show(campaign)

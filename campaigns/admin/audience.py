"""Who is in a campaign and who sends it, as dialogs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from campaigns import steps
from campaigns.enrollment import EnrollmentResult, Selection, ask_enrollment
from campaigns.enrollment.asking import AT_ONCE
from campaigns.enrollment.take_in import SkipReason, foresee
from campaigns.models import Campaign, CampaignStatus, LeadRanking, Sender
from campaigns.sending.reasons import in_words
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role
from campaigns_project.counting import count
from campaigns_project.errors import Refused
from campaigns_project.patience import TookTooLong, within
from campaigns_project.states import ProgressStatus
from leads.models import LeadStatus, Segment, Tag

WAYS = [
    ("tag", "Everybody with a tag"),
    ("segment", "Everybody of a segment"),
    ("filter", "Everybody who matches all of these fields"),
    ("ids", "These leads, by their numbers"),
    ("everyone", "Every lead of the organization"),
]
FILTER_FIELDS = ("q", "company", "title", "city", "country", "email_domain", "status")
BEST_SHOWN = 3
FORESEEN = 300  # milliseconds; some ten thousand leads
MOST_DIGITS = 18  # what a key of the database can have


def _text(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(label=label, required=False, help_text=help_text, widget=UnfoldAdminTextInputWidget)


class EditableOnly(ActDialog):
    """Offered while the campaign has not ended."""

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status in CampaignStatus.editable and super().offered(request, obj)


class Enroll(EditableOnly):
    needs = Role.OPERATOR
    label = "Enroll leads"
    icon = "group_add"
    title = "Enroll leads"
    description = (
        "Whoever is suppressed, has unsubscribed, bounced or complained, or is active in another campaign is left out "
        "and counted by reason."
    )
    submit_text = "Enroll leads"

    way = forms.ChoiceField(label="Whom", choices=WAYS, initial="tag", widget=UnfoldAdminRadioSelectWidget)
    tag = forms.ModelChoiceField(
        Tag.objects.none(), required=False, empty_label="Choose a tag", widget=UnfoldAdminSelectWidget
    )
    segment = forms.ModelChoiceField(
        Segment.objects.none(), required=False, empty_label="Choose a segment", widget=UnfoldAdminSelectWidget
    )
    q = _text("Start of a name, the company or the address")
    company = _text("Company", "Exactly, in whatever case.")
    title_holds = _text("Title", "A part of it.")
    city = _text("City")
    country = _text("Country")
    email_domain = _text("Domain of the address", "For example acme.example.")
    status = forms.ChoiceField(
        required=False, choices=[("", "Any"), *LeadStatus.choices], widget=UnfoldAdminSelectWidget
    )
    ids = forms.CharField(
        label="Numbers of leads",
        required=False,
        widget=UnfoldAdminExpandableTextareaWidget,
        help_text="Separated by commas, spaces or lines.",
    )
    exclude_tag = forms.ModelChoiceField(
        Tag.objects.none(),
        required=False,
        label="But nobody with the tag",
        empty_label="Leave nobody out",
        widget=UnfoldAdminSelectWidget,
    )
    exclude_segment = forms.ModelChoiceField(
        Segment.objects.none(),
        required=False,
        label="But nobody of the segment",
        empty_label="Leave nobody out",
        widget=UnfoldAdminSelectWidget,
    )
    top = forms.IntegerField(
        label="Only the best",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="So many by the campaign's ranking who are not in it yet. Empty: all of them.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        home = self.object.organization
        for name in ("tag", "exclude_tag"):
            self.fields[name].queryset = Tag.objects.for_organization(home)
        for name in ("segment", "exclude_segment"):
            self.fields[name].queryset = Segment.objects.for_organization(home)
        if not self.object.ranking_rules:
            del self.fields["top"]
        for name in ("tag", "segment", *FILTER_FIELDS, "ids"):
            way = name if name in {"tag", "segment", "ids"} else "filter"
            field = self.fields["title_holds" if name == "title" else name]
            field.widget.attrs["data-way"] = way  # the script shows only the fields of the way that is chosen

    @property
    def render_after_template(self) -> SafeString:
        """The line that tells, while one chooses, how many are meant and who is best."""
        url = reverse("admin:campaigns_campaign_audience", args=[self.object.pk])
        return render_to_string("campaigns/admin/audience_line.html", {"url": url})

    def act(self) -> str:
        self._result = ask_enrollment(campaign=self.object, selection=self.selection(), actor=self.actor, now=self.now)
        if self._result.job.status in ProgressStatus.ended and not self._result.enrolled:
            self.level = messages.WARNING
        return enrollment_sentence(self._result)

    def next_url(self) -> str:
        """To the job where one is under way, which says how far it is."""
        result: EnrollmentResult | None = getattr(self, "_result", None)
        if result is None or result.job.status in ProgressStatus.ended:
            return super().next_url()
        return reverse("admin:campaigns_job_change", args=[result.job.pk])

    def selection(self) -> Selection:
        """What was chosen; Refused where it says nothing."""
        asked = self.cleaned_data
        unwanted, segment = asked["exclude_tag"], asked["exclude_segment"]
        return Selection(
            **self._whom(),
            exclude_tag=unwanted.name if unwanted else None,
            exclude_segment=segment.pk if segment else None,
            top=asked.get("top"),
        )

    def _whom(self) -> dict[str, Any]:
        asked = self.cleaned_data
        match asked["way"]:
            case "tag":
                if asked["tag"] is None:
                    raise Refused("tag_missing", "No tag is chosen.", "Choose one, or another way.", {"field": "tag"})
                return {"tag": asked["tag"].name}
            case "segment":
                if asked["segment"] is None:
                    hint = "Choose one, or another way."
                    raise Refused("segment_missing", "No segment is chosen.", hint, {"field": "segment"})
                return {"segment": asked["segment"].pk}
            case "ids":
                return {"lead_ids": _numbers(asked["ids"])}
            case "filter":
                return {"filter": {name: asked["title_holds" if name == "title" else name] for name in FILTER_FIELDS}}
            case _:
                return {"everyone": True}


def audience_preview(model_admin: Any, request: HttpRequest, campaign: Campaign) -> HttpResponse:
    """How many leads the dialog means as it is filled in, and the best of them by the ranking. Writes nothing."""
    request.dialog_object, request.dialog_admin = campaign, model_admin  # type: ignore[attr-defined]
    form, now = Enroll(request, campaign.pk, request.POST), timezone.now()
    context: dict[str, Any] = {}
    if form.is_valid():
        try:
            selection = form.selection()
            leads = selection.leads_for(campaign, now=now)
        except Refused as refused:
            return render(request, "campaigns/admin/audience_preview.html", {"refused": refused.message})
        best = LeadRanking.objects.filter(campaign=campaign, lead__in=leads.order_by().values("pk"))
        context = {
            "count": count(leads),
            "best": best.select_related("lead").order_by("rank")[:BEST_SHOWN],
            **_foreseen(campaign, selection, now),
        }
    return render(request, "campaigns/admin/audience_preview.html", context)


def _foreseen(campaign: Campaign, selection: Selection, now: datetime) -> dict[str, Any]:
    """Whom the campaign would take, and whom not and why; nothing where that cannot be told while one types."""
    try:
        with within(FORESEEN):
            enrolled, skipped = foresee(campaign=campaign, selection=selection, now=now)
    except TookTooLong:
        return {}
    return {"foreseen": {"enrolled": enrolled, "skipped": _left_out(skipped)}}


class ChooseSenders(EditableOnly):
    needs = Role.MANAGER
    label = "Senders"
    icon = "outgoing_mail"
    title = "Who sends this campaign?"
    description = "Recipients are spread over the senders chosen here; each then stays with theirs."
    submit_text = "Use these senders"

    senders = forms.ModelMultipleChoiceField(
        Sender.objects.none(), required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["senders"].queryset = Sender.objects.for_organization(self.object.organization)
        self.fields["senders"].label_from_instance = _sender_label
        self.fields["senders"].initial = list(self.object.campaign_senders.values_list("sender_id", flat=True))

    def act(self) -> str:
        chosen = list(self.cleaned_data["senders"])
        steps.set_senders(campaign=self.object, senders=chosen, actor=self.actor)
        if not chosen:
            return "The campaign has no sender now: it cannot start."
        return f"The campaign is sent by {', '.join(sender.email for sender in chosen)}."


def enrollment_sentence(result: EnrollmentResult) -> str:
    """What came of an enrollment: everybody selected is in it, enrolled or under the reason why not. Or who does it."""
    if result.job.status not in ProgressStatus.ended:
        page = reverse("admin:campaigns_job_change", args=[result.job.pk])
        told = f"More than {AT_ONCE:,} leads are meant, so workers enroll them in a while."
        link = '{} <a class="text-link" href="{}">Job {}</a> says how far they are; load it again in a moment.'
        return format_html(link, told, page, result.job.pk)
    skipped = _left_out(result.skipped)
    enrolled = f"{result.enrolled:,} enrolled"
    return f"{enrolled}; left out: {skipped}." if skipped else f"{enrolled}, nobody left out."


def _left_out(skipped: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {SkipReason(reason).label}" for reason, number in sorted(skipped.items()))


def _numbers(text: str) -> tuple[int, ...]:
    words = text.replace(",", " ").replace(";", " ").split()
    wrong = next((word for word in words if not (word.isascii() and word.isdigit() and len(word) <= MOST_DIGITS)), None)
    if wrong is not None or not words:
        message = f"“{wrong[:40]}” is not the number of a lead." if wrong else "No number is given."
        raise Refused("bad_lead_ids", message, "The number stands in the address of the lead's page.", {"field": "ids"})
    return tuple(map(int, words))


def _sender_label(sender: Sender) -> str:
    why = in_words(sender.status_reason) or "by a person"
    return str(sender) if sender.status == "active" else f"{sender} (paused: {why})"

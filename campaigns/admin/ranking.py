"""The page of a campaign's ranking rules, from which leads are ranked by them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns import ranking
from campaigns.enrollment import Selection
from campaigns.models import Campaign, CampaignStatus, Job
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused
from campaigns_project.states import ProgressStatus
from leads.admin.rule_builder import Builder, stored, told_once, typed
from leads.models import Segment, Tag
from leads.segments.errors import RuleRefused

NAMES = ("builder", "most")  # of the addresses below the rules' own


class WhomForm(forms.Form):
    """Whom to rank, once the rules are saved."""

    segment = forms.ModelChoiceField(
        Segment.objects.none(),
        label="Whom to rank",
        required=False,
        empty_label="All leads",
        widget=UnfoldAdminSelectWidget,
    )
    without_tag = forms.ModelChoiceField(
        Tag.objects.none(),
        label="But nobody with the tag",
        required=False,
        empty_label="Leave nobody out",
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, campaign: Campaign, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["segment"].queryset = Segment.objects.for_organization(campaign.organization)  # type: ignore[attr-defined]
        self.fields["without_tag"].queryset = Tag.objects.for_organization(campaign.organization)  # type: ignore[attr-defined]

    def selection(self) -> Selection:
        """What was chosen."""
        segment, tag = self.cleaned_data["segment"], self.cleaned_data["without_tag"]
        return Selection(
            segment=segment.pk if segment else None,
            everyone=segment is None,
            exclude_tag=tag.name if tag else None,
        )


class RankingPages:
    """Mixed into the admin of campaigns."""

    object_or_404: Any
    frame: Any
    admin_site: Any

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        place, name = "<path:object_id>/ranking", "campaigns_campaign_ranking"
        return [
            path(f"{place}/", view(self.ranking_view), name=name),
            path(f"{place}/builder/", view(self.ranking_builder_view), name=f"{name}_builder"),
            path(f"{place}/most/", view(self.ranking_most_view), name=f"{name}_most"),
            *super().get_urls(),  # type: ignore[misc]
        ]

    def ranking_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The rules as a form; saved, and the leads ranked by them if that is asked for."""
        campaign = self.object_or_404(request, object_id, Role.OPERATOR)
        draft, refused, sentence = stored(_as_group(campaign.ranking_rules)), None, ""
        whom = WhomForm(campaign, request.POST or None)
        ranks = "_rank" in request.POST
        if request.method == "POST":
            draft = typed(request.POST)
            try:
                if not ranks or whom.is_valid():
                    return _saved(request, campaign, _points(draft.as_json()), whom.selection() if ranks else None)
            except Refused as error:
                refused = error
                sentence = told_once(error, draft, flat=True) if isinstance(error, RuleRefused) else str(error)
        is_rule = isinstance(refused, RuleRefused)
        builder = _builder(campaign).context(draft, campaign.organization, refused if is_rule else None)  # type: ignore[arg-type]
        context = {
            **self.frame(request, campaign, "Ranking"),
            "builder": builder,
            "whom": whom,
            "refused": sentence,
            "may_edit": campaign.status in CampaignStatus.editable,
        }
        return TemplateResponse(request, "campaigns/admin/ranking_rules.html", context)

    def ranking_builder_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The form after one of its own buttons. A POST for its length; writes nothing."""
        campaign = self.object_or_404(request, object_id, Role.OPERATOR)
        return _builder(campaign).respond(request) if request.method == "POST" else HttpResponseNotAllowed(["POST"])

    def ranking_most_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the rules in the form say."""
        self.object_or_404(request, object_id, Role.OPERATOR)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        try:
            rules = ranking.read_point_rules(_points(typed(request.POST).as_json()))
            most = sum(each.points for each in rules if each.points > 0)
        except Refused:
            most = None  # it is still being typed; saving says what is wrong
        return render(request, "campaigns/admin/ranking_most.html", {"most": most})


def _saved(request: HttpRequest, campaign: Campaign, rules: Any, whom: Selection | None) -> HttpResponse:
    actor = Actor.of_request(request, via="admin")
    ranking.set_ranking_rules(campaign=campaign, rules=rules, actor=actor)
    campaign.refresh_from_db(fields=["ranking_rules"])
    messages.success(request, "The rules are saved.")
    if whom is not None:
        job = ranking.ask_ranking(campaign=campaign, selection=whom, actor=actor, now=timezone.now())
        messages.success(request, _sentence(job))
    return HttpResponseRedirect(f"{reverse('admin:campaigns_leadranking_changelist')}?campaign={campaign.pk}")


def _builder(campaign: Campaign) -> Builder:
    urls = [reverse(f"admin:campaigns_campaign_ranking_{name}", args=[campaign.pk]) for name in NAMES]
    return Builder(url=urls[0], count_url=urls[1], with_points=True)


def _as_group(rules: list[dict[str, Any]]) -> dict[str, Any]:
    """As the builder draws them: one group of rules, each with its points."""
    return {"match": "any", "groups": [{"match": "any", "rules": rules}] if rules else []}


def _points(rules: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"points": None, **rule} for group in rules["groups"] for rule in group["rules"]]


def _sentence(job: Job) -> str:
    if job.status == ProgressStatus.SUCCEEDED:
        return f"{job.done:,} leads are ranked."
    page = reverse("admin:campaigns_job_change", args=[job.pk])
    return format_html('A worker ranks the leads: <a class="text-link" href="{}">job {}</a>.', page, job.pk)

"""Where a campaign's people come from, as dialogs: the source, the fetch, and its end."""

from functools import cached_property
from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from campaigns.admin.audience import EditableOnly
from campaigns.fetching.opened import open_fetch
from campaigns.fetching.request import cancel_fetch, request_fetch
from campaigns.fetching.source import (
    CampaignSource,
    clear_lead_source,
    preview_source,
    read_filters,
    set_lead_source,
    source_of,
)
from campaigns.models import Campaign
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused
from leads.enrichment.profiles import active_profiles
from leads.models import EnrichmentProfile, Provider
from leads.providers.sources import COUNT_MAX, read_source
from leads.providers.values import Unmapped

FEW = 100  # as a first count: enough to see whether the search is right


class LeadSource(EditableOnly):
    needs = Role.OPERATOR
    label = "Lead source"
    icon = "travel_explore"
    title = "Where do the leads come from?"
    description = (
        "Nothing is fetched yet, and asking how many there are costs nothing. A start fetches the leads first; "
        "“Fetch leads” does it now. Without address and filters the campaign has no source."
    )
    submit_text = "Save lead source"

    url = forms.CharField(
        label="Address of an Apollo search",
        required=False,
        max_length=2000,
        widget=UnfoldAdminTextInputWidget,
        help_text="As the browser shows it, from https://app.apollo.io/#/people on.",
    )
    filters = forms.CharField(
        label="Filters",
        required=False,
        widget=UnfoldAdminTextareaWidget({"rows": 3, "spellcheck": "false"}),
        help_text="Or besides: one a line, name=value; a name may come again. E.g. person_titles=head of growth.",
    )
    count = forms.IntegerField(
        label="Leads",
        min_value=1,
        max_value=COUNT_MAX,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=f"As many at most, {COUNT_MAX:,} of one search. Each costs about a credit.",
    )
    credit_limit = forms.IntegerField(
        label="Most credits", required=False, min_value=1, widget=UnfoldAdminIntegerFieldWidget,
        help_text="Of one fetch. Empty: what the provider's account allows.",
    )  # fmt: skip
    tags = forms.CharField(
        label="Tags", required=False, widget=UnfoldAdminTextInputWidget, help_text="With commas between them."
    )
    enrichment = forms.ModelChoiceField(
        EnrichmentProfile.objects.none(), required=False, empty_label="No enrichment", widget=UnfoldAdminSelectWidget
    )
    acknowledged = forms.MultipleChoiceField(
        label="Will not count",
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="The search will be broader than the address shows. Tick each of them, or change the search.",
    )
    asks = forms.BooleanField(label="Ask how many there are", required=False, widget=UnfoldBooleanWidget)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        source = source_of(self.object)
        self.fields["enrichment"].queryset = active_profiles(self.object.organization)
        self.fields["count"].initial = FEW
        self.fields["asks"].initial = True
        for name, value in (_as_typed(source) if source else {}).items():
            self.fields[name].initial = value
        if self.unmapped:
            self.fields["acknowledged"].choices = [
                (each.text, f"{each.text[:120]}: {each.why.label}") for each in self.unmapped
            ]
        else:
            del self.fields["acknowledged"]

    @cached_property
    def unmapped(self) -> list[Unmapped]:
        """What of the address that was typed, or is stored, cannot be asked."""
        if not self.is_bound:
            source = source_of(self.object)
            return list(source.search.unmapped) if source else []
        try:
            found = read_source(
                provider=Provider.APOLLO,
                url=self.data.get("url", "").strip(),
                filters=read_filters(self.data.get("filters", "").splitlines()),
                count=1,
                acknowledged=None,
                today=self.now.date(),
            )
        except Refused:
            return []  # said when it is saved
        return list(found.unmapped)

    def act(self) -> str:
        asked = self.cleaned_data
        search = {"url": asked["url"].strip(), "filters": read_filters(asked["filters"].splitlines())}
        if not (search["url"] or search["filters"]):
            clear_lead_source(campaign=self.object, actor=self.actor, now=self.now)
            return "The campaign has no lead source now."
        self.object = set_lead_source(
            campaign=self.object,
            **search,
            count=asked["count"],
            acknowledged=asked.get("acknowledged", []),
            tags=[tag.strip() for tag in asked["tags"].split(",") if tag.strip()],
            enrichment=asked["enrichment"].pk if asked["enrichment"] else None,
            credit_limit=asked["credit_limit"],
            actor=self.actor,
            now=self.now,
        )
        return f"The lead source is saved. {self._found(search) if asked['asks'] else ''}".strip()

    def _found(self, search: dict[str, Any]) -> str:
        asked = self.cleaned_data
        try:
            found = preview_source(
                organization=self.object.organization,
                **search,
                count=asked["count"],
                credit_limit=asked["credit_limit"],
                now=self.now,
            )
        except Refused as refused:
            return f"How many there are could not be asked. {refused}"
        cost = f"fetching {found.count:,} of them costs about {found.about_credits:,} credits"
        return f"Apollo finds {found.total:,} people; {cost}."


class FetchLeads(EditableOnly):
    needs = Role.MANAGER
    label = "Fetch leads"
    icon = "download"
    title = "Fetch leads now?"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Campaign) -> bool:
        return bool(obj.lead_source) and super().offered(request, obj) and open_fetch(obj) is None

    @property
    def description(self) -> str:
        source = source_of(self.object)
        if source is None:
            return "The campaign has no lead source any more: set one first."
        return (
            f"A worker fetches up to {source.search.count:,} leads from {source.label} for about "
            f"{source.about_credits:,} credits and enrolls them. Whoever was bought before costs nothing again."
        )

    @property
    def submit_text(self) -> str:
        source = source_of(self.object)
        return f"Fetch up to {source.search.count:,} leads" if source else "Fetch leads"

    def act(self) -> str:
        job = request_fetch(campaign=self.object, actor=self.actor, now=self.now)
        return f"Job {job.pk} fetches up to {job.total:,} leads. Its progress stands under Jobs."


class CancelFetch(EditableOnly):
    needs = Role.OPERATOR
    label = "Cancel fetch"
    icon = "cancel"
    title = "Stop fetching leads?"
    description = "Who was bought stays known and is not bought again. Nobody more is fetched or enrolled."
    submit_text = "Stop fetching"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Campaign) -> bool:
        if not obj.lead_source or not super().offered(request, obj):
            return False
        job = open_fetch(obj)
        return job is not None and not job.state.get("then_send")

    def act(self) -> str:
        job = cancel_fetch(campaign=self.object, actor=self.actor, now=self.now)
        return f"Job {job.pk} is canceled."


def _as_typed(source: CampaignSource) -> dict[str, Any]:
    """The fields of the dialog as they were filled in for this source."""
    lines = [f"{name}={value}" for name, values in source.named.items() for value in _each(values)]
    return {
        "url": source.search.url,
        "filters": "\n".join(lines),
        "count": source.search.count,
        "credit_limit": source.credit_limit,
        "tags": ", ".join(source.tags),
        "enrichment": source.enrichment,
        "acknowledged": [each.text for each in source.search.unmapped],
    }


def _each(values: Any) -> list[Any]:
    if isinstance(values, dict):
        return [f"{values.get('min', '')},{values.get('max', '')}"]
    return values if isinstance(values, list) else [values]

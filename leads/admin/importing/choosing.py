"""Step 3: what to do with the people of the file."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from campaigns_project.accounts.models import Organization
from leads.admin.importing.pages import StepPage
from leads.admin.importing.steps import DRY_RUN, MAP, OPTIONS, Step
from leads.imports.drafts import options_of
from leads.imports.options import LEGAL_BASIS_MAX
from leads.imports.receiving import reread
from leads.imports.trying import start_dry_run

ON_EXISTING = [
    ("fill", "Fill in what is empty"),
    ("overwrite", "Overwrite with what the file has"),
    ("skip", "Leave them as they are"),
]
# Where people can go afterwards, as keys and names. Upper apps put their part in here, since leads know no campaigns.
Offer = Callable[[Organization], Sequence[tuple[int, str]]]
_offers: list[Offer] = []


def offer_campaigns(offer: Offer) -> None:
    """Have what `offer` answers shown as drafts to put the people of an import into."""
    if offer not in _offers:
        _offers.append(offer)


class OptionsForm(forms.Form):
    on_existing = forms.ChoiceField(
        label="Leads that exist already",
        choices=ON_EXISTING,
        widget=UnfoldAdminRadioSelectWidget,
        help_text="An empty cell erases nothing.",
    )
    tags = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Put on every lead of the file, separated by commas. New ones are made.",
    )
    enroll_into = forms.TypedChoiceField(
        label="Put them into a campaign",
        required=False,
        coerce=int,
        empty_value=None,
        widget=UnfoldAdminSelectWidget,
        help_text="Only drafts: nothing is sent before you start it.",
    )
    legal_basis = forms.CharField(
        label="Source and legal basis",
        required=False,
        max_length=LEGAL_BASIS_MAX,
        widget=UnfoldAdminTextareaWidget({"rows": 2}),
        help_text="Where they come from and why they may be written to. Kept with the import, for whoever asks.",
    )

    def __init__(self, organization: Organization, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        offered = [choice for offer in _offers for choice in offer(organization)]
        self.fields["enroll_into"].choices = [("", "No campaign"), *offered]  # type: ignore[attr-defined]
        if not offered:
            del self.fields["enroll_into"]

    def clean_tags(self) -> tuple[str, ...]:
        return tuple(tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip())


class OptionsPage(StepPage):
    step = OPTIONS
    template = "leads/admin/importing/options.html"

    def form(self) -> forms.Form:
        asked = options_of(self.lead_import)
        return OptionsForm(
            self.lead_import.organization,
            self.request.POST or None,
            initial={
                "on_existing": asked.on_existing,
                "tags": ", ".join(asked.tags),
                "enroll_into": asked.enroll_into,
                "legal_basis": asked.legal_basis,
            },
        )

    def take(self, form: Any) -> None:
        changed = options_of(self.lead_import, **form.cleaned_data)
        self.lead_import = reread(lead_import=self.lead_import, options=changed, actor=self.actor)
        start_dry_run(lead_import=self.lead_import, actor=self.actor, now=self.now)

    def next_step(self) -> Step:
        return DRY_RUN

    def further(self) -> Mapping[str, Any]:
        return {"back_url": MAP.url(self.lead_import)}

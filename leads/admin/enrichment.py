"""The admin pages of enrichment profiles. Their keys go in and never come out."""

from typing import Any

from django import forms
from django.contrib import admin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from campaigns_project.accounts.admin.base import ScopedAdmin
from campaigns_project.accounts.admin.dialogs import ActDialog, RemovalDialog, dialog_action
from campaigns_project.accounts.admin.filters import ScopedRelatedFilter
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.list_fields import LinesField
from campaigns_project.accounts.admin.secret_fields import SecretField
from campaigns_project.accounts.roles import Role
from campaigns_project.accounts.templatetags.fairlead import chip
from campaigns_project.errors import Refused
from leads.enrichment.profiles import MOST_FIELDS, check_key_stays, check_profile
from leads.enrichment.trying import TIMEOUT, Trial, try_on
from leads.models import EnrichmentProfile, Lead

LEADS_OFFERED = 20


class NamesField(LinesField):
    """Names of fields, one a line or with commas between them, as a list."""

    def to_python(self, value: Any) -> Any:
        return str(value or "").replace(",", " ").split()

    def has_changed(self, initial: Any, data: Any) -> bool:
        return list(initial or []) != self.to_python(data)


class ProfileForm(ScopedForm):
    """Checked as the API checks it."""

    api_key = SecretField(label="API key", given_for="host", missing="Endpoints of your own may need none.")

    class Meta:
        widgets = {"prompt": UnfoldAdminTextareaWidget({"rows": 6})}
        field_classes = {"fields": NamesField}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "is_active" in self.fields:
            self.fields["is_active"].label = "In use"
        if "fields" in self.fields:
            self.fields["fields"].label = "Fields to fill"
            self.fields[
                "fields"
            ].help_text = (
                f"One a line, {MOST_FIELDS} at most, such as title or custom.icebreaker. Only where a lead has nothing."
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors:
            return cleaned
        try:
            check_profile(url=cleaned["url"], prompt=cleaned["prompt"], fields=cleaned["fields"])
            if self.instance.pk and self.keeps("api_key"):
                check_key_stays(self.instance, url=cleaned["url"])
        except Refused as refused:
            field = refused.details.get("field", "prompt")
            self.add_error(field if field in self.fields else None, str(refused))
        return cleaned


class TryOnLead(ActDialog):
    needs = Role.OPERATOR
    label = "Try on one lead"
    icon = "experiment"
    title = "Try on one lead"
    description = (
        "The endpoint gets the prompt with this lead's data, as it would in an import. Nothing is changed; the answer "
        f"is shown. It takes up to {TIMEOUT:g} seconds a try."
    )
    submit_text = "Ask the endpoint"

    lead = forms.ChoiceField(label="Lead", widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        newest = Lead.objects.for_organization(self.object.organization).order_by("-pk")[:LEADS_OFFERED]
        self.fields["lead"].choices = [(str(lead.pk), f"{lead} ({lead.email})") for lead in newest]

    def act(self) -> str:
        trial = try_on(profile=self.object, lead_id=int(self.cleaned_data["lead"]), actor=self.actor)
        return told(trial)


def told(trial: Trial) -> str:
    """What came of a trial, in a sentence."""
    outcome = trial.outcome
    if not outcome.is_good:
        return f"Nothing would be filled in for {trial.lead}. {outcome.error_message}"
    who = f"{outcome.model} answered in {outcome.seconds:.1f} s"
    if not outcome.values:
        return f"{who} that it knows none of the fields of {trial.lead}."
    values = ", ".join(f"{name} “{value}”" for name, value in outcome.values.items() if name not in trial.kept)
    kept = f" It keeps what it has in {', '.join(trial.kept)}." if trial.kept else ""
    return f"{who}. {trial.lead} would get {values or 'nothing new'}.{kept}"


class DeleteProfile(RemovalDialog):
    needs = Role.MANAGER
    label = "Delete profile"
    noun = "profile"
    title = "Delete this profile?"
    description = "What it has filled in stays. Imports and lead sources that name it go on without."
    submit_text = "Delete profile"


@admin.register(EnrichmentProfile)
class EnrichmentProfileAdmin(ScopedAdmin):
    form = ProfileForm
    roles = {"add": Role.MANAGER, "change": Role.MANAGER}
    list_display = ["name", "state", "model", "url", "filled", "organization", "updated_at"]
    list_filter = [("organization", ScopedRelatedFilter)]
    list_select_related = ["organization"]
    search_fields = ["name"]
    fieldsets = [
        (None, {"fields": ["organization", "name", "is_active"]}),
        ("Endpoint", {"fields": ["url", "model", "api_key"]}),
        ("Question", {"fields": ["prompt", "fields"]}),
    ]
    empty_text = (
        "An enrichment profile has a language model of your choice fill empty fields of leads while they are imported "
        "or fetched. Nothing is sent to anybody until you make one and choose it there."
    )
    actions_detail = ["try_on_lead", "delete_profile"]

    try_on_lead = dialog_action(TryOnLead)
    delete_profile = dialog_action(DeleteProfile)

    @display(description="Use")
    def state(self, profile: EnrichmentProfile) -> str:
        return chip("active", "In use") if profile.is_active else chip("paused", "Off")

    @display(description="Fills")
    def filled(self, profile: EnrichmentProfile) -> str:
        return ", ".join(profile.fields)

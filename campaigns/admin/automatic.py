"""Whom a campaign enrolls by itself, as dialogs, and the lines about it on its page."""

from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminIntegerFieldWidget, UnfoldBooleanWidget

from campaigns import automatic
from campaigns.admin.audience import EditableOnly
from campaigns.admin.verbs import WithReason
from campaigns.automatic import Look, StandingAudience
from campaigns.automatic.audience import MOST_AT_ONCE, USUAL
from campaigns.enrollment.take_in import SkipReason
from campaigns.models import Campaign
from campaigns_project.accounts.roles import Role
from leads.models import Segment, Tag

MINUTES = automatic.EVERY.seconds // 60


def _several(queryset: Any, label: str, help_text: str = "") -> forms.ModelMultipleChoiceField:
    return forms.ModelMultipleChoiceField(
        queryset, label=label, required=False, help_text=help_text, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )


class Audience(EditableOnly):
    needs = Role.MANAGER
    label = "Automatic enrollment"
    icon = "autorenew"
    title = "Whom should it enroll by itself?"
    description = (
        f"While the campaign runs, whoever belongs to the audience and was never in it is enrolled, every {MINUTES} "
        "minutes or so. It does not complete until that is switched off. Without a segment, people are put in by hand."
    )
    submit_text = "Save audience"

    segments = _several(Segment.objects.none(), "Everybody of", "Whoever is in one of these segments.")
    exclude_segments = _several(Segment.objects.none(), "But nobody of")
    exclude_tags = _several(Tag.objects.none(), "And nobody with the tag")
    at_most = forms.IntegerField(
        label="At most at once",
        min_value=1,
        max_value=MOST_AT_ONCE,
        initial=USUAL,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="So many people in one go; the next goes on with the others.",
    )
    before_start = forms.BooleanField(label="Enroll before the start, too", required=False, widget=UnfoldBooleanWidget)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        home, kept = self.object.organization, automatic.audience_of(self.object)
        for name, model in (("segments", Segment), ("exclude_segments", Segment), ("exclude_tags", Tag)):
            self.fields[name].queryset = model.objects.for_organization(home)
            self.fields[name].initial = list(getattr(kept, name)) if kept else []
        if kept:
            self.fields["at_most"].initial = kept.at_most
            self.fields["before_start"].initial = kept.before_start

    def act(self) -> str:
        asked = self.cleaned_data
        if not asked["segments"] and self.object.is_automatic:
            automatic.clear_audience(campaign=self.object, actor=self.actor, now=self.now)
            return f"“{self.object}” enrolls nobody by itself any more."
        audience = StandingAudience(
            **{name: _numbers(asked[name]) for name in ("segments", "exclude_segments", "exclude_tags")},
            at_most=asked["at_most"],
            before_start=asked["before_start"],
        )
        campaign = automatic.set_audience(campaign=self.object, audience=audience, actor=self.actor, now=self.now)
        return f"“{campaign}” enrolls {automatic.audience_in_words(campaign)}."


class Activate(WithReason, EditableOnly):
    needs = Role.MANAGER
    label = "Enroll automatically"
    icon = "toggle_on"
    title = "Switch automatic enrollment on?"
    submit_text = "Switch on"
    undone_by = "deactivate"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.is_automatic and not obj.is_active and super().offered(request, obj)

    @property
    def description(self) -> str:
        return f"It enrolls {automatic.audience_in_words(self.object)}, beginning at once if it runs."

    def act(self) -> str:
        automatic.activate(campaign=self.object, actor=self.actor, now=self.now, reason=self.cleaned_data["reason"])
        return f"“{self.object}” enrolls by itself again."


class Deactivate(WithReason, EditableOnly):
    needs = Role.MANAGER
    label = "Stop enrolling"
    icon = "toggle_off"
    variant = ActionVariant.WARNING
    title = "Switch automatic enrollment off?"
    description = "Who is in the campaign goes on. When nobody is left in it, it completes."
    submit_text = "Switch off"
    undone_by = "activate"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.enrolls_by_itself and super().offered(request, obj)

    def act(self) -> str:
        automatic.deactivate(campaign=self.object, actor=self.actor, now=self.now, reason=self.cleaned_data["reason"])
        return f"“{self.object}” enrolls nobody by itself any more; who is in it goes on."


def automatic_facts(campaign: Campaign) -> dict[str, Any] | None:
    """What its page says of an automatic campaign; None for any other."""
    if not campaign.is_automatic:
        return None
    last = Look.of(campaign)
    skipped = last.skipped if last else {}
    return {
        "words": automatic.audience_in_words(campaign),
        "is_on": campaign.is_active,
        "off_since": campaign.deactivated_at,
        "last": last,
        "put_off": campaign.last_look.get("put_off", ""),
        "left_out": [f"{count:,} {SkipReason(reason).label}" for reason, count in sorted(skipped.items())],
    }


def _numbers(rows: Any) -> tuple[int, ...]:
    return tuple(row.pk for row in rows)

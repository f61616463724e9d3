"""The settings of a campaign, as a form. Its state and its numbers are not among them."""

import re
from datetime import date
from typing import Any

from django import forms
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextareaWidget

from campaigns.models import CampaignTombstone
from campaigns.scheduling.window import MOST_HOLIDAYS
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.zones import ZoneField

SLUG = "Write it with letters, digits, hyphens and underscores alone, such as autumn-fair."
DAYS = [(1, "Mon"), (2, "Tue"), (3, "Wed"), (4, "Thu"), (5, "Fri"), (6, "Sat"), (7, "Sun")]


class DatesField(forms.CharField):
    """Dates, one a line, such as 2026-12-25; what is no date is named."""

    def __init__(self, **kwargs: Any):
        super().__init__(widget=UnfoldAdminTextareaWidget({"rows": 3}), required=False, **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        dates = [_date(word) for word in re.split(r"[\s,;]+", str(value or "")) if word]
        if len(dates) > MOST_HOLIDAYS:
            raise forms.ValidationError(f"At most {MOST_HOLIDAYS} dates; these are {len(dates)}.")
        return sorted(set(dates))

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return (initial or []) != self.to_python(data)
        except forms.ValidationError:
            return True


def _date(word: str) -> date:
    try:
        return date.fromisoformat(word)
    except ValueError:
        raise forms.ValidationError(f"“{word[:30]}” is not a date: write it as 2026-12-25.") from None


def named_days(shown: SafeString) -> SafeString:
    """`shown`, the numbers of weekdays, for somebody who may only read them."""
    names = dict(DAYS)
    return SafeString(", ".join(names[int(number)] for number in shown.split(",") if number.strip()) or "every day")


class CampaignForm(ScopedForm):
    sending_days = forms.TypedMultipleChoiceField(
        coerce=int,
        choices=DAYS,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Days on which mail may leave. None chosen: every day.",
    )
    timezone = ZoneField(required=False)
    holidays = DatesField(help_text="Dates on which no mail leaves, one a line, such as 2026-12-25.")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "campaign_id" in self.fields:
            self.fields["campaign_id"].required = False
            self.fields["campaign_id"].error_messages["invalid"] = SLUG
            self.fields["campaign_id"].help_text = "Empty: made from the name. It stays, and is never given out twice."
        if not self.instance.pk and "timezone" in self.fields:
            self.fields["timezone"] = ZoneField(required=False, empty_label="That of the organization")
            self.initial["timezone"] = ""

    def clean_campaign_id(self) -> str:
        slug = self.cleaned_data["campaign_id"]
        if slug.isdecimal():
            raise forms.ValidationError("A campaign ID needs a letter: digits alone read like a campaign's number.")
        if CampaignTombstone.objects.filter(campaign_slug=slug).exists():
            raise forms.ValidationError("This was the ID of a deleted campaign and is never used again.")
        return slug

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        start, end = cleaned.get("window_start"), cleaned.get("window_end")
        if (start is None) != (end is None):
            self.add_error("window_end" if start else "window_start", "Give both ends of the window, or neither.")
        elif start and end and start >= end:
            self.add_error("window_end", "The window ends before it starts.")
        if not cleaned.get("timezone"):
            organization = cleaned.get("organization") or (self.instance.organization if self.instance.pk else None)
            cleaned["timezone"] = organization.timezone if organization else "UTC"
        return cleaned

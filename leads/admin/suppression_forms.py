"""Forms of suppressions: one entry, a list of them, and the question whether somebody may be written to."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from unfold.widgets import (
    UnfoldAdminDateWidget,
    UnfoldAdminExpandableTextareaWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused
from leads.imports.lists import as_text, listed
from leads.models import GIVEN_REASONS, SuppressionReason
from leads.suppression import campaigns_of, look_at, normalize_target, require_future, require_scope, targets_in

MOST_CHECKED = 1_000  # addresses in one question
LARGEST_FILE = 2 * 1024 * 1024  # bytes, some 80,000 addresses; more goes by the command
COVERED = "A domain covers the addresses under exactly its name: with example.com, mail.example.com can be written to."
EVERYWHERE = [("", "All campaigns")]


class SuppressionForm(ScopedForm):
    """Whom not to write to: an address or a whole domain, in whatever case."""

    campaign_id = forms.TypedChoiceField(
        label="Where", required=False, coerce=int, empty_value=None, widget=UnfoldAdminSelectWidget
    )
    reason = forms.ChoiceField(choices=GIVEN_REASONS, initial=SuppressionReason.MANUAL, widget=UnfoldAdminSelectWidget)
    confirmed = forms.BooleanField(
        label="I have seen whom it stops",
        required=False,
        widget=UnfoldBooleanWidget,
        help_text="Only for a domain: you are first told how many people it is about.",
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if "address" in self.fields:
            self.fields["address"].required = True
            self.fields["address"].help_text = f"Such as ana@example.com or example.com. {COVERED}"
        if "campaign_id" in self.fields:
            self.fields["campaign_id"].choices = scopes(self.request)  # type: ignore[attr-defined]

    def clean_address(self) -> str:
        try:
            return normalize_target(self.cleaned_data["address"])
        except Refused as refused:
            raise forms.ValidationError(str(refused)) from None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        organization, address = cleaned.get("organization"), cleaned.get("address")
        if not organization or not address:
            return cleaned
        check_scope(self, organization)
        if "@" not in address and not cleaned["confirmed"] and not self.errors:
            everybody = [f"@{address}"]  # the domain as it is: a www. stayed only where it was meant
            outlook = look_at(
                organization=organization, texts=everybody, now=timezone.now(), campaign_id=cleaned["campaign_id"]
            )
            self.add_error("confirmed", f"{address} stands for everybody there: {outlook.stops} Tick to go on.")
        return cleaned


class ListForm(forms.Form):
    """A list to be suppressed, pasted or as a file; looked at before it is done."""

    organization = forms.ModelChoiceField(Organization.objects.none(), widget=UnfoldAdminSelectWidget)
    entries = forms.CharField(
        label="Addresses and domains",
        required=False,
        max_length=LARGEST_FILE,
        widget=UnfoldAdminTextareaWidget({"rows": 8, "spellcheck": "false"}),
        help_text=f"One a line, as people write them: Jane &lt;jane@example.com&gt;, a link. {COVERED}",
    )
    file = forms.FileField(
        required=False,
        widget=UnfoldAdminFileFieldWidget,
        help_text="Or a text file with one a line, or a CSV: its column of addresses is found, else that of domains; "
        "and one of reasons.",
    )
    campaign_id = forms.TypedChoiceField(
        label="Where", required=False, coerce=int, empty_value=None, widget=UnfoldAdminSelectWidget
    )
    reason = forms.ChoiceField(
        choices=GIVEN_REASONS,
        initial=SuppressionReason.IMPORT,
        widget=UnfoldAdminSelectWidget,
        help_text="Of all for which a column of the list says no other one that weighs as much.",
    )
    source = forms.CharField(
        required=False, max_length=120, widget=UnfoldAdminTextInputWidget, help_text="Where the list comes from."
    )
    expires_on = forms.DateField(
        label="Until",
        required=False,
        widget=UnfoldAdminDateWidget,
        help_text="Such as 2027-01-31: from then on it forbids nothing.",
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        homes = homes_of(request, Role.OPERATOR)
        self.fields["organization"].queryset = homes  # type: ignore[attr-defined]
        self.fields["organization"].initial = homes.first() if homes[:2].count() == 1 else None
        self.fields["campaign_id"].choices = scopes(request)  # type: ignore[attr-defined]

    def clean_file(self) -> str:
        upload = self.cleaned_data["file"]
        if upload is None:
            return ""
        if upload.size > LARGEST_FILE:
            raise forms.ValidationError("The file is larger than 2 MB: use manage.py suppress, or give it in parts.")
        try:
            text = upload.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise forms.ValidationError("The file is not UTF-8 text. Save it as CSV in UTF-8.") from None
        return text

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        found = [listed(cleaned.get(name, "")) for name in ("entries", "file")]
        lines = [line for each in found for line in each.lines]
        reasons = [reason for each in found for reason in each.reasons or [None] * len(each.lines)]
        columns = [each.column for each in found if each.column]
        if not self.errors and not any(line.strip() for line in lines):
            self.add_error("entries", "Nothing stands here: paste a list, or choose a file.")
        if cleaned.get("organization"):
            check_scope(self, cleaned["organization"])
        return {
            **cleaned, "lines": lines, "reasons": reasons, "columns": columns,
            "reason_columns": [each.reason_column for each in found if each.reason_column],
            "text": as_text(lines, reasons),
        }  # fmt: skip


class CheckForm(forms.Form):
    """Can we write to these? Taken as a list to be suppressed is: one a line, with names, or a column of a table."""

    organization = forms.ModelChoiceField(Organization.objects.none(), widget=UnfoldAdminSelectWidget)
    addresses = forms.CharField(
        label="Addresses",
        max_length=MOST_CHECKED * 320,
        widget=UnfoldAdminExpandableTextareaWidget({"spellcheck": "false"}),
        help_text=f"One, or up to {MOST_CHECKED:,} as people write them or as they stand in a table; domains too.",
    )

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        homes = homes_of(request, Role.VIEWER)
        self.fields["organization"].queryset = homes  # type: ignore[attr-defined]
        self.fields["organization"].initial = homes.first()

    def clean_addresses(self) -> list[str]:
        text = self.cleaned_data["addresses"]
        table = listed(text)
        lines = table.lines if table.column else text.splitlines()  # without a header nothing is taken for aside
        found = list(dict.fromkeys(target for line in lines for target in targets_in(line)))
        if not found:
            raise forms.ValidationError("No address and no domain stands here.")
        if len(found) > MOST_CHECKED:
            raise forms.ValidationError(f"At most {MOST_CHECKED:,} at once; these are {len(found):,}.")
        return found


def homes_of(request: HttpRequest, needed: Role) -> Any:
    """The organizations in which the user holds `needed`."""
    return held_roles(request).scope(Organization.objects.order_by("name"), needed)


def scopes(request: HttpRequest) -> list[tuple[Any, str]]:
    """What a suppression may be for: all campaigns, or one of those the user works with."""
    homes = list(homes_of(request, Role.OPERATOR)[:50])
    return [*EVERYWHERE, *((pk, name) for home in homes for pk, name in campaigns_of(home).items())]


def check_scope(form: forms.BaseForm, organization: Organization) -> None:
    """Say beside the field what is wrong with the campaign or the end that was chosen."""
    cleaned = form.cleaned_data
    try:
        if cleaned.get("campaign_id"):
            require_scope(organization, cleaned["campaign_id"])
        require_future(cleaned.get("expires_at"), timezone.now())
    except Refused as refused:
        form.add_error(refused.details["field"], str(refused))

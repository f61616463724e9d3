"""What the page of the export asks."""

from django import forms
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from campaigns_project.audit.exporting import ExportFormat


class ExportForm(forms.Form):
    file_format = forms.ChoiceField(label="Format", choices=ExportFormat.choices, widget=UnfoldAdminSelectWidget)
    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text="Optional; kept in the audit log, which notes every export.",
    )

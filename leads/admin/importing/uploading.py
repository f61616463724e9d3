"""Step 1: a file or pasted rows, and what was recognized in them."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, BinaryIO

from django import forms
from django.contrib.admin.widgets import AdminFileWidget
from django.template.defaultfilters import filesizeformat
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from campaigns_project.accounts.admin.forms import ScopedForm
from leads.admin.importing.pages import StepPage
from leads.admin.importing.steps import MAP, UPLOAD, Step
from leads.imports.delimiters import name_of
from leads.imports.dialects import DOUBLE
from leads.imports.drafts import options_of
from leads.imports.encodings import label_of
from leads.imports.inspecting import MAX_ROWS
from leads.imports.layouts import Layout
from leads.imports.options import HEADER_ROW_MAX, ImportOptions
from leads.imports.pasting import FILE_NAME, as_file
from leads.imports.receiving import reread
from leads.imports.repeats import earlier_import
from leads.imports.sampling import first_rows
from leads.imports.storing import MAX_FILE_BYTES
from leads.models import ImportSource, LeadImport

SHOWN_ROWS = 5
ACCEPTED = ".csv,.txt,.tsv,.tab,.xlsx,.xls,.xlsb,.ods,text/csv,text/plain"
DELIMITERS = [("", "Found by itself"), *((sign, name_of(sign).capitalize()) for sign in (",", ";", "\t", "|"))]
# What a draft is read with until somebody has looked at its columns: none is a reason to refuse the file.
AT_FIRST = ImportOptions(unknown_columns="custom")


class DropArea(AdminFileWidget):
    """A file input as large as the words around it, so that one can drop a file on them."""

    template_name = "leads/admin/importing/drop_area.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["limits"] = {"size": filesizeformat(MAX_FILE_BYTES), "rows": f"{MAX_ROWS:,}"}
        return context


class UploadForm(ScopedForm):
    """A file, or rows pasted from a spreadsheet."""

    file = forms.FileField(required=False, allow_empty_file=True, widget=DropArea({"accept": ACCEPTED}))
    text = forms.CharField(
        label="Or paste",
        required=False,
        strip=False,
        widget=UnfoldAdminTextareaWidget({"rows": 5, "spellcheck": "false"}),
        help_text="Rows copied from a spreadsheet, or addresses, one a line.",
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors and bool(cleaned.get("file")) == bool((cleaned.get("text") or "").strip()):
            self.add_error("file", "Choose a file, or paste rows: one of both.")
        return cleaned

    def received(self) -> tuple[BinaryIO, str, ImportSource]:
        """What came in, how it is called, and where from."""
        upload = self.cleaned_data.get("file")
        if upload:
            return upload, PurePath(upload.name).name, ImportSource.FILE
        return as_file(self.cleaned_data["text"]), FILE_NAME, ImportSource.PASTE


class ReadingForm(forms.Form):
    """How to read the file where it was not found rightly."""

    encoding = forms.CharField(
        required=False,
        max_length=40,
        widget=UnfoldAdminTextInputWidget,
        help_text="Found by itself where empty. For example windows-1250.",
    )
    delimiter = forms.ChoiceField(
        label="Columns divided by", choices=DELIMITERS, required=False, widget=UnfoldAdminSelectWidget
    )
    sheet = forms.CharField(
        required=False,
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text="The name of the sheet; where empty, the first with a column of addresses.",
    )
    header_row = forms.IntegerField(
        label="Row of the header",
        required=False,
        min_value=1,
        max_value=HEADER_ROW_MAX,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text="Found by itself where empty.",
    )

    def __init__(self, is_workbook: bool, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in ("encoding", "delimiter") if is_workbook else ("sheet",):
            del self.fields[name]


class UploadPage(StepPage):
    """What was recognized; reading it in another way is the only thing to change here."""

    step = UPLOAD
    template = "leads/admin/importing/upload.html"

    def form(self) -> forms.Form:
        asked = options_of(self.lead_import)
        initial = {name: getattr(asked, name) for name in ("encoding", "delimiter", "sheet", "header_row")}
        return ReadingForm(_layout(self.lead_import).is_workbook, self.request.POST or None, initial=initial)

    def take(self, form: Any) -> None:
        anew = {"mapping": {}, "unknown_columns": AT_FIRST.unknown_columns}
        changed = options_of(self.lead_import, **form.cleaned_data, **anew)
        self.lead_import = reread(lead_import=self.lead_import, options=changed, actor=self.actor)

    def next_step(self) -> Step:
        return UPLOAD

    def further(self) -> Mapping[str, Any]:
        draft = self.lead_import
        return {
            "header": draft.options["header"],
            "rows": first_rows(draft, SHOWN_ROWS),
            "facts": reading_facts(draft),
            "converted": _converted_from(draft),
            "earlier": repeat_sentence(draft),
            "next_url": MAP.url(draft),
        }


def reading_facts(lead_import: LeadImport) -> list[tuple[str, str]]:
    """How the bytes were understood, as pairs of words."""
    facts = [("Size", filesizeformat(lead_import.file_size))] if lead_import.file_size else []
    layout = _layout(lead_import)
    if layout.is_workbook:
        facts.append(("Sheet", layout.sheet))
    elif layout.encoding:
        facts += [("Encoding", label_of(layout.encoding)), ("Columns divided by", name_of(layout.delimiter))]
    if layout.quote != DOUBLE:
        facts.append(("Quotes", "single"))
    if layout.escape:
        facts.append(("Escapes", "backslashes"))
    if layout.header_row > 1:
        facts.append(("Header", f"Row {layout.header_row:,}"))
    return facts


def _layout(lead_import: LeadImport) -> Layout:
    return Layout.kept(lead_import.encoding, lead_import.delimiter, lead_import.options)


def _converted_from(lead_import: LeadImport) -> str:
    layout = _layout(lead_import)
    is_plain = layout.is_workbook or layout.encoding.startswith(("utf", "ascii"))
    return "" if is_plain else label_of(layout.encoding)


def repeat_sentence(lead_import: LeadImport) -> str:
    """Who imported the very same file before, and when; empty when nobody did."""
    earlier = earlier_import(lead_import)
    if earlier is None:
        return ""
    who = f" by {earlier.created_by}" if earlier.created_by else ""
    return f"This very file was imported on {earlier.created_at:%d %b %Y}{who} (import {earlier.pk})."

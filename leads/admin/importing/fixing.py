"""Rows with problems, mended cell by cell, before anything is imported."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import forms
from django.forms.boundfield import BoundField
from unfold.widgets import UnfoldAdminTextInputWidget

from leads.admin.importing.pages import StepPage
from leads.admin.importing.report import fixable_rows
from leads.admin.importing.steps import DRY_RUN, Step
from leads.imports.matching import CODE, EXTRA
from leads.imports.problem_files import as_line
from leads.imports.receiving import fix_rows
from leads.imports.sampling import rows_numbered
from leads.imports.trying import start_dry_run

MOST_CELLS = 1_000  # of one form; a browser and the server's own limit take no more with ease


class Line(NamedTuple):
    """One row to mend: what is wrong, and its cells as fields."""

    number: int
    message: str
    cells: list[BoundField]
    extra: str  # what has no column, or had none in the file it comes from


class FixForm(forms.Form):
    """The cells that become something, of each row with a problem."""

    def __init__(
        self, header: list[str], used: list[int], problems: list[dict[str, Any]], rows: Mapping[int, list[str]],
        *args: Any, **kwargs: Any,
    ):  # fmt: skip
        super().__init__(*args, **kwargs)
        self._problems, self._used = problems, used
        self._header, self._rows = header, rows
        for number, cells in rows.items():
            for position in used:
                self.fields[f"cell_{number}_{position}"] = forms.CharField(
                    label=header[position],
                    required=False,
                    initial=cells[position],
                    widget=UnfoldAdminTextInputWidget({"aria-label": f"{header[position]} in row {number}"}),
                )

    def lines(self) -> list[Line]:
        """The rows in the order of the file."""
        return [
            Line(
                each["row"],
                each["message"],
                [self[f"cell_{each['row']}_{position}"] for position in self._used],
                self._extra(self._rows[each["row"]]),
            )
            for each in self._problems
            if each["row"] in self._rows
        ]

    def changed_rows(self) -> dict[int, list[str]]:
        """The cells of the rows in which something was typed, one for every column: they are right now."""
        changed: dict[int, list[str]] = {}
        for name in self.changed_data:
            _, number, position = name.split("_")
            cells = changed.setdefault(int(number), self._without_code(self._rows[int(number)]))
            cells[int(position)] = self.cleaned_data[name]
        return changed

    def _without_code(self, cells: list[str]) -> list[str]:
        return ["" if name == CODE else cell for name, cell in zip(self._header, cells, strict=False)]

    def _extra(self, cells: list[str]) -> str:
        before = cells[self._header.index(EXTRA)] if EXTRA in self._header else ""
        return as_line(cells[len(self._header) :]) or before

    def clean(self) -> dict[str, Any]:
        if not self.changed_data:
            self.add_error(None, "Nothing was corrected: change the cells that are wrong.")
        return super().clean() or {}


class FixPage(StepPage):
    step = DRY_RUN
    template = "leads/admin/importing/fix.html"

    def form(self) -> FixForm:
        options = self.lead_import.options
        inside = {each["position"] for each in options.get("inner", [])}
        used = [at for at, target in enumerate(options["targets"]) if target or at in inside]
        problems = fixable_rows(self.lead_import)[: MOST_CELLS // max(len(used), 1) or 1]
        rows = rows_numbered(self.lead_import, [each["row"] for each in problems])
        return FixForm(options["header"], used, problems, rows, self.request.POST or None)

    def take(self, form: Any) -> None:
        self.lead_import = fix_rows(lead_import=self.lead_import, rows=form.changed_rows(), actor=self.actor)
        start_dry_run(lead_import=self.lead_import, actor=self.actor, now=self.now)

    def next_step(self) -> Step:
        return DRY_RUN

    def further(self) -> Mapping[str, Any]:
        return {"back_url": DRY_RUN.url(self.lead_import)}

"""Step 2: what each column becomes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django import forms
from django.forms.boundfield import BoundField
from django.utils.functional import cached_property
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from leads.admin.importing.pages import StepPage
from leads.admin.importing.steps import MAP, OPTIONS, UPLOAD, Step
from leads.imports.drafts import options_of
from leads.imports.fields import (
    CUSTOM_KEY_MAX,
    CUSTOM_PREFIX,
    DO_NOT_CONTACT,
    FIELDS,
    FULL_NAME,
    IGNORE,
    OF_SEVERAL,
    custom_key,
    is_custom,
)
from leads.imports.receiving import reread
from leads.imports.sampling import suggestions
from leads.imports.suggesting import Confidence, Suggestion
from leads.models import ImportMapping

FOUND_BY = {
    Confidence.REMEMBERED: "As last time",
    Confidence.EXACT: "Its name",
    Confidence.SYNONYM: "A usual name",
    Confidence.CONTENT: "What it holds",
    Confidence.NONE: "",
}
CUSTOM = "custom"
CHOICES = [
    (IGNORE, "Leave it out"),
    ("Field of the lead", [*((field.name, field.label[:1].upper() + field.label[1:]) for field in FIELDS),
                           (FULL_NAME, "Full name (is split)")]),
    ("Out means out", [(DO_NOT_CONTACT, "Must not be written to")]),
    ("Your own", [(CUSTOM, "A further field, named")]),
]  # fmt: skip


class Column(NamedTuple):
    """One line of the table."""

    header: str
    samples: tuple[str, ...]
    target: BoundField
    name: BoundField
    found_by: str


class MappingForm(forms.Form):
    """A target for each column by its position, and a name where it is a field of one's own."""

    def __init__(self, suggested: list[Suggestion], decided: list[str | None] | None, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._suggestions = suggested
        self._header = [each.header for each in suggested]
        targets = [each.target for each in suggested] if decided is None else decided
        for position, (name, target) in enumerate(zip(self._header, targets, strict=True)):
            own = is_custom(target or "")
            self.fields[f"target_{position}"] = forms.ChoiceField(
                choices=CHOICES,
                initial=CUSTOM if own else target or IGNORE,
                widget=UnfoldAdminSelectWidget({"aria-label": f"What “{name}” becomes"}),
            )
            key = (target or "").removeprefix(CUSTOM_PREFIX) if own else custom_key(name)[:CUSTOM_KEY_MAX]
            self.fields[f"name_{position}"] = forms.CharField(
                required=False,
                initial=key,
                max_length=CUSTOM_KEY_MAX,
                widget=UnfoldAdminTextInputWidget({"aria-label": f"Name of the field for “{name}”"}),
            )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        taken: dict[str, str] = {}
        for position, header in enumerate(self._header):
            target = self._target(position)
            if target == CUSTOM_PREFIX:
                self.add_error(f"name_{position}", "Give the field a name of letters and digits.")
            elif target != IGNORE and target not in OF_SEVERAL and target in taken:
                self.add_error(f"target_{position}", f"“{taken[target]}” becomes this already.")
            taken.setdefault(target, header)
        if "email" not in taken:
            self.add_error(None, "No column becomes the e-mail address: choose which one holds it.")
        return cleaned

    def table(self) -> list[Column]:
        """The columns, line by line."""
        return [
            Column(each.header, each.samples, self[f"target_{at}"], self[f"name_{at}"], FOUND_BY[each.confidence])
            for at, each in enumerate(self._suggestions)
        ]

    def mapping(self) -> dict[str, str]:
        """Header to target, as the import takes it."""
        return {header: self._target(position) for position, header in enumerate(self._header)}

    def _target(self, position: int) -> str:
        chosen = self.cleaned_data.get(f"target_{position}", IGNORE)
        if chosen != CUSTOM:
            return chosen
        return CUSTOM_PREFIX + custom_key(self.cleaned_data.get(f"name_{position}", ""))[:CUSTOM_KEY_MAX]


class MapPage(StepPage):
    step = MAP
    template = "leads/admin/importing/map.html"

    @cached_property
    def _found(self) -> tuple[list[Suggestion], ImportMapping | None]:
        return suggestions(self.lead_import)

    def form(self) -> forms.Form:
        suggested, _ = self._found
        decided = self.lead_import.options["targets"] if self.lead_import.options["mapping"] else None
        return MappingForm(suggested, decided, self.request.POST or None)

    def take(self, form: Any) -> None:
        changed = options_of(self.lead_import, mapping=form.mapping(), unknown_columns="ignore")
        self.lead_import = reread(lead_import=self.lead_import, options=changed, actor=self.actor)

    def next_step(self) -> Step:
        return OPTIONS

    def further(self) -> Mapping[str, Any]:
        return {"back_url": UPLOAD.url(self.lead_import), "remembered": self._found[1]}

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
from leads.imports.opening import columns_of
from leads.imports.opt_outs import ANY_OTHER, IN, OUT, judging, key_of
from leads.imports.receiving import reread
from leads.imports.sampling import suggestions
from leads.imports.suggesting import Confidence, Suggestion
from leads.models import ImportMapping

FOUND_BY = {
    Confidence.REMEMBERED: "As last time",
    Confidence.EXACT: "Its name",
    Confidence.SYNONYM: "A usual name",
    Confidence.CONTENT: "What it holds",
    Confidence.SPREAD: "Its keys are columns below",
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
    inside: str


class Word(NamedTuple):
    """One word of a column that says who is out, how many rows have it, and what it means."""

    word: str
    rows: int
    meaning: BoundField


class MarkedColumn(NamedTuple):
    """A column that says who is out, with its words."""

    header: str
    words: list[Word]


UNCLEAR = ("", "Unclear: these rows are problems")
MEANINGS = [(OUT, "Must not be written to"), (IN, "Says nothing of the kind")]


class MappingForm(forms.Form):
    """A target for each column by its position, and a name where it is a field of one's own.

    Of columns that say who is out, or may say it, a meaning for each word.
    """

    any_other = forms.ChoiceField(
        choices=[UNCLEAR, *MEANINGS],
        required=False,
        widget=UnfoldAdminSelectWidget({"aria-label": "What any other word means"}),
    )

    def __init__(
        self,
        suggested: list[Suggestion],
        decided: list[str | None] | None,
        *args: Any,
        marks: Mapping[str, Mapping[str, int]],
        words: Mapping[str, str],
        **kwargs: Any,
    ):
        super().__init__(*args, **kwargs)
        self._marks = marks
        self.fields["any_other"].initial = words.get(ANY_OTHER, "")
        self._words = _by_word(marks)
        of_words = {word: said for word, said in words.items() if word != ANY_OTHER}
        for position, (word, column) in enumerate(self._words.items()):
            known = _meaning(judging(column, {})(word))
            self.fields[f"word_{position}"] = forms.ChoiceField(
                choices=[*MEANINGS, *([] if known else [UNCLEAR])],
                required=bool(known),
                initial=_meaning(judging(column, of_words)(word)),
                widget=UnfoldAdminSelectWidget({"aria-label": f"What “{word}” means"}),
            )
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
            Column(
                each.header,
                each.samples,
                self[f"target_{at}"],
                self[f"name_{at}"],
                FOUND_BY[each.confidence],
                each.inside,
            )
            for at, each in enumerate(self._suggestions)
        ]

    def marked_columns(self) -> list[MarkedColumn]:
        """The columns of marks and their words, each word where it stands first."""
        fields = {word: self[f"word_{position}"] for position, word in enumerate(self._words)}
        columns = [
            MarkedColumn(header, [Word(word, rows, fields.pop(word)) for word, rows in _most(found) if word in fields])
            for header, found in self._marks.items()
        ]
        return [column for column in columns if column.words]

    def asks_for(self, word: str) -> bool:
        """Whether a meaning of this word is asked for."""
        return key_of(word) in {key_of(each) for each in self._words}

    def words(self) -> dict[str, str]:
        """What was decided of the words, where it is not what is known of them anyway."""
        decided = {}
        for position, (word, column) in enumerate(self._words.items()):
            said = self.cleaned_data[f"word_{position}"]
            if said and said != _meaning(judging(column, {})(word)):
                decided[word] = said
        others = self.cleaned_data["any_other"]
        return {**decided, ANY_OTHER: others} if others else decided

    def mapping(self) -> dict[str, str]:
        """Header to target, as the import takes it."""
        return {header: self._target(position) for position, header in enumerate(self._header)}

    def _target(self, position: int) -> str:
        chosen = self.cleaned_data.get(f"target_{position}", IGNORE)
        if chosen != CUSTOM:
            return chosen
        return CUSTOM_PREFIX + custom_key(self.cleaned_data.get(f"name_{position}", ""))[:CUSTOM_KEY_MAX]


def _most(words: Mapping[str, int]) -> list[tuple[str, int]]:
    """The most frequent first; the database keeps an object without its order."""
    return sorted(words.items(), key=lambda each: (-each[1], each[0]))


def _by_word(marks: Mapping[str, Mapping[str, int]]) -> dict[str, str]:
    """Every word once, with the first column that has it."""
    first: dict[str, tuple[str, str]] = {}
    for column, words in marks.items():
        for word in words:
            first.setdefault(key_of(word), (word, column))
    return dict(first.values())


def _meaning(is_out: bool | None) -> str:
    return "" if is_out is None else OUT if is_out else IN


class MapPage(StepPage):
    step = MAP
    template = "leads/admin/importing/map.html"

    @cached_property
    def _found(self) -> tuple[list[Suggestion], ImportMapping | None]:
        return suggestions(self.lead_import)

    def form(self) -> forms.Form:
        suggested, _ = self._found
        options = self.lead_import.options
        decided = list(columns_of(self.lead_import).targets) if options["mapping"] else None
        return MappingForm(
            suggested,
            decided,
            self.request.POST or None,
            marks=options.get("words_found", {}),
            words=self._words,
        )

    @property
    def _words(self) -> dict[str, str]:
        """What was decided of words: of this file's, or else the last time."""
        options, before = self.lead_import.options, self._found[1]
        return options.get("words", {}) if options["mapping"] or before is None else before.words

    def take(self, form: Any) -> None:
        # Those of a column that is one of marks only by its mapping are not among the form's yet.
        unasked = {word: said for word, said in self._words.items() if word != ANY_OTHER and not form.asks_for(word)}
        words = {**unasked, **form.words()}
        changed = options_of(self.lead_import, mapping=form.mapping(), words=words, unknown_columns="ignore")
        self.lead_import = reread(lead_import=self.lead_import, options=changed, actor=self.actor)

    def next_step(self) -> Step:
        return OPTIONS

    def further(self) -> Mapping[str, Any]:
        return {"back_url": UPLOAD.url(self.lead_import), "remembered": self._found[1]}

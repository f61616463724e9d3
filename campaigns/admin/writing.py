"""The form in which a wording is written: the same for steps, variants and templates."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from campaigns.content.fields import CUSTOM_PREFIX, MAIL_FIELDS
from campaigns.preflight.shares import Share
from campaigns.steps import WORDING
from campaigns_project.accounts.admin.forms import ScopedForm

# What the page of a wording needs besides the admin's own; Squire edits HTML as it will look.
SCRIPTS = ["fairlead/squire/squire.js", "fairlead/writing.js"]
# What stands in the place of a missing value until the writer says something better.
_FALLBACKS = {"first_name": "there", "full_name": "there", "company": "your company", "title": "your work"}


class _Written:
    """A field with the tools to write it. Without scripts it is the bare field."""

    kind: str

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        bare = super().render(name, value, attrs, renderer)  # type: ignore[misc]
        context = {"field": bare, "id": (attrs or {}).get("id", f"id_{name}"), "kind": self.kind}
        return render_to_string("campaigns/admin/writing_field.html", context)


class LineWritten(_Written, UnfoldAdminTextInputWidget):
    """One line: a subject, a preheader."""

    kind = "line"


class BodyWritten(_Written, UnfoldAdminTextareaWidget):
    """A body: `text`, or `html`, which those who write none see as it will look."""

    def __init__(self, kind: str, rows: int):
        super().__init__({"rows": rows, "class": "fl-code"})
        self.kind = kind


class WritingForm(ScopedForm):
    """Subject and bodies, as Liquid templates."""

    subject = forms.CharField(
        max_length=500,
        required=False,
        widget=LineWritten,
        help_text="A follow-up that replies in the thread needs none: it has the first mail's, behind “Re:”.",
    )
    preheader = forms.CharField(
        max_length=200,
        required=False,
        widget=LineWritten,
        help_text="The line mail programs show behind the subject. Empty: the start of the text.",
    )
    body_html = forms.CharField(label="HTML body", required=False, widget=BodyWritten("html", rows=16))
    body_text = forms.CharField(
        label="Text body",
        required=False,
        widget=BodyWritten("text", rows=5),
        help_text="Empty: made from the HTML body.",
    )

    def wording(self) -> dict[str, str]:
        """The texts as the use cases take them."""
        return {name: self.cleaned_data[name] for name in WORDING}


@dataclass(frozen=True)
class FieldOffered:
    """A merge field that can be put into a text: how it is written, and who has a value for it."""

    name: str
    share: Share | None = None

    @property
    def written(self) -> str:
        return f"{{{{ {self.name} }}}}"

    @property
    def with_fallback(self) -> str:
        """As it is written where not everybody has one; a campaign does not start without."""
        return f'{{{{ {self.name} | default: "{_FALLBACKS.get(self.name, "…")}" }}}}'

    @property
    def needs_fallback(self) -> bool:
        return self.share is not None and not self.share.is_whole


def fields_offered(known: list[Share]) -> list[tuple[str, list[FieldOffered]]]:
    """Every merge field under a heading: a person's own, what was imported besides, the mail's."""
    further = [share for share in known if share.field.startswith(CUSTOM_PREFIX)]
    groups = [
        ("Of the person", [FieldOffered(share.field, share) for share in known if share not in further]),
        ("Your own fields", [FieldOffered(share.field, share) for share in further]),
        ("Of the mail", [FieldOffered(name) for name in sorted(MAIL_FIELDS)]),
    ]
    return [(title, offered) for title, offered in groups if offered]

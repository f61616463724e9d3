"""The page before something is deleted for good: what goes, what stays, what is in the way, and the name to type."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.admin.deletion_words import counted, kept
from campaigns.deletion.errors import DeletionCode
from campaigns.deletion.impact import Impact
from campaigns_project.accounts.admin.base import FairleadAdmin
from campaigns_project.accounts.admin.row_pages import row_context
from campaigns_project.audit.actors import Actor
from campaigns_project.errors import Refused

_FIELD_OF = {
    DeletionCode.WRONG_NAME: "confirm_name",
    "wrong_address": "confirm_name",
    DeletionCode.REASON_MISSING: "reason",
}


class ConfirmForm(forms.Form):
    """What has to be typed. `token` and `shown` are those of the numbers the page had shown."""

    reason = forms.CharField(
        label="Why",
        max_length=300,
        error_messages={"required": "Say why: it is kept for good."},
        widget=UnfoldAdminTextInputWidget,
        help_text="Kept with the record of the deletion.",
    )
    confirm_name = forms.CharField(
        label="Name",
        max_length=300,
        error_messages={"required": "Type what stands above."},
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off"}),
    )
    token = forms.CharField(required=False, max_length=200)
    shown = forms.CharField(required=False, max_length=20_000)

    def __init__(self, name: str, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["confirm_name"].label = f"Type “{name}” to confirm"

    def typed(self) -> dict[str, str]:
        """What the use case wants to know."""
        return {name: self.cleaned_data[name] for name in ("reason", "confirm_name", "token")}

    def shown_counts(self) -> dict[str, int]:
        """The counts that the page had shown, by label; whatever else stands there is passed by."""
        try:
            told = json.loads(self.data.get("shown") or "{}")
        except ValueError:
            return {}
        pairs = told.items() if isinstance(told, dict) else ()
        return {label: count for label, count in pairs if isinstance(count, int)}


class DeletionPage:
    """Subclasses say what is deleted, by which use case, and where to go then."""

    template: ClassVar[str] = "campaigns/admin/deletion.html"
    act: ClassVar[str]  # on the button
    noun: ClassVar[str]
    remains: ClassVar[str]  # what else is left of it, in a sentence

    def __init__(self, model_admin: FairleadAdmin, request: HttpRequest, subject: Any):
        self.admin, self.request, self.subject = model_admin, request, subject

    @property
    def name_to_type(self) -> str:
        """What has to be typed to confirm."""
        return str(self.subject)

    def impact(self) -> Impact:
        """The numbers as they are now."""
        raise NotImplementedError

    def ask(self, confirmed: Mapping[str, Any]) -> Any:
        """One call of the use case with what was typed, by whom and when; may raise Refused."""
        raise NotImplementedError

    def next_url(self, answer: Any) -> str:
        """Where it can be followed, or where to go when it is done; `answer` is what `ask` gave."""
        raise NotImplementedError

    def back_url(self) -> str:
        """Where Cancel leads."""
        raise NotImplementedError

    def further(self, impact: Impact) -> Mapping[str, Any]:
        """What else the template shows."""
        return {}

    def respond(self) -> HttpResponse:
        """The page, or, once confirmed, the way to what comes of it."""
        form = ConfirmForm(self.name_to_type, self.request.POST or None)
        if self.request.method == "POST" and form.is_valid():
            try:
                answer = self.ask({**form.typed(), **self._confirmed_by()})
            except Refused as refused:
                form.add_error(_field_of(refused), str(refused))
            else:
                return HttpResponseRedirect(self.next_url(answer))
        return self._page(form)

    def _page(self, form: ConfirmForm) -> HttpResponse:
        try:
            impact = self.impact()
        except Refused as refused:  # nothing can be counted, so there is nothing to confirm
            messages.error(self.request, str(refused))
            return HttpResponseRedirect(self.back_url())
        context = {
            **row_context(self.admin, self.request, self.subject, title=f"{self.act} “{self.subject}”", doing=self.act),
            "form": form,
            "impact": impact,
            "shown": json.dumps(impact.removed),
            "removed": counted(impact.removed, form.shown_counts()),
            "stays": kept(impact.stays),
            "act": self.act,
            "noun": self.noun,
            "remains": self.remains,
            "back_url": self.back_url(),
            **self.further(impact),
        }
        return TemplateResponse(self.request, self.template, context)

    def _confirmed_by(self) -> dict[str, Any]:
        return {"actor": Actor.of_request(self.request, via="admin"), "now": timezone.now()}


def _field_of(refused: Refused) -> str | None:
    return next((field for code, field in _FIELD_OF.items() if code == refused.code), None)

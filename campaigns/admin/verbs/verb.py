"""What the dialogs of verbs have in common."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns import lifecycle, preflight
from campaigns.models import Campaign
from campaigns_project.accounts.admin.dialogs import ActDialog

DASH = "\N{EN DASH}"


class VerbDialog(ActDialog):
    """One verb; offered where the campaign's state allows it."""

    verb: ClassVar[str]

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return cls.verb in lifecycle.allowed_verbs(obj) and super().offered(request, obj)

    def act(self) -> str:
        use_case = getattr(lifecycle, self.verb)
        done = use_case(campaign=self.object, actor=self.actor, now=self.now, **self.asked())
        return self.said(done)

    def asked(self) -> dict[str, Any]:
        """What the dialog asked for, as the use case takes it."""
        return {"reason": self.cleaned_data["reason"]} if "reason" in self.fields else {}

    def said(self, campaign: Campaign) -> str:
        """The sentence afterwards."""
        raise NotImplementedError


class WithReason(forms.Form):
    """Why, in a line for the audit log."""

    reason = forms.CharField(
        label="Why",
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text="Optional; kept in the history.",
    )


class Ending(VerbDialog):
    """Opened on the page where the campaign is deleted, since it is in the way there, it leads back to that page."""

    def next_url(self) -> str:
        deletion = reverse("admin:campaigns_campaign_delete", args=[self.object.pk])
        opened_on = urlsplit(self.request.headers.get("HX-Current-URL", "")).path
        return deletion if opened_on == deletion else super().next_url()


class Checked(VerbDialog):
    """A verb that pre-flight has a say in: what it found is listed, and the button says what blocks."""

    form_before_template = "campaigns/admin/preflight.html"

    @cached_property
    def report(self) -> preflight.Report:
        """What pre-flight says now."""
        return preflight.look(self.object, now=self.now)

    @property
    def problems(self) -> Sequence[preflight.Problem]:
        """What there is to read before the verb is taken."""
        return self.report.problems

    @property
    def unchecked(self) -> int:
        """How many mails have to be made by a job before the verb can be taken."""
        return 0

    def get_before_template_context(self, request: HttpRequest, object_id: Any = None) -> dict[str, Any]:
        groups = [(level, [one for one in self.problems if one.level == level]) for level in preflight.LEVELS]
        return {"groups": dict(groups), "unchecked": self.unchecked}

    @property
    def blocking(self) -> int:
        return sum(problem.blocks for problem in self.problems)

    @property
    def is_blocked(self) -> bool:
        return bool(self.blocking or self.unchecked)

    @property
    def submit_text(self) -> str:
        if self.blocking:
            return f"Fix {self.blocking} problem{'s' if self.blocking > 1 else ''} first"
        return "Check every mail first" if self.unchecked else self.when_ready()

    def when_ready(self) -> str:
        """The button when nothing blocks."""
        raise NotImplementedError


def people(campaign: Campaign) -> str:
    """How many people are in it, with the noun."""
    count = campaign.active_leads_count
    return f"{count:,} {'person' if count == 1 else 'people'}"

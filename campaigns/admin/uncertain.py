"""Uncertain mails in the admin: what is decided about one or about all, and how many wait for it."""

from typing import Any, ClassVar

from django import forms
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from campaigns.admin.verbs import WithReason
from campaigns.models import Message, MessageStatus
from campaigns.sending.decide import Decision, decide_uncertain, send_again, treat_as_sent
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.admin.held import held_roles
from campaigns_project.accounts.roles import Role
from campaigns_project.admin_site import show_badge

COUNTED_UP_TO = 99
ALL = "all"


class DecideOne(WithReason, ActDialog):
    """About a mail that may or may not have arrived."""

    needs = Role.MANAGER

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.status == MessageStatus.UNCERTAIN and super().offered(request, obj)


class TreatAsSent(DecideOne):
    label = "Treat as sent"
    icon = "done_all"
    submit_text = "Treat as sent"
    title = "Count this mail as sent?"
    description = "The person is taken to have it: the sequence goes on with the next step."

    def act(self) -> str:
        treat_as_sent(message=self.object, actor=self.actor, now=self.now, reason=self.cleaned_data["reason"])
        return f"The mail to {self.object.recipient.email_address} counts as sent."


class SendAgain(DecideOne):
    label = "Send again"
    icon = "forward_to_inbox"
    is_final = True
    submit_text = "Send again"
    title = "Send this mail once more?"
    description = "Should the first one have arrived after all, the person gets it twice."

    def act(self) -> str:
        send_again(message=self.object, actor=self.actor, now=self.now, reason=self.cleaned_data["reason"])
        return f"The mail to {self.object.recipient.email_address} is sent again."


class DecideAll(WithReason, ActDialog):
    """The same about all uncertain mails, or those of one campaign; each is audited by itself."""

    needs = Role.MANAGER
    decision: ClassVar[Decision]

    which = forms.ChoiceField(label="Which", widget=UnfoldAdminSelectWidget)
    field_order = ["which", "reason"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        counts = (
            pile(self.request, Role.MANAGER).order_by().values_list("recipient__campaign", "recipient__campaign__name")
        )
        by_campaign = list(counts.annotate(number=Count("pk")).order_by("-number", "recipient__campaign"))
        everything = (ALL, f"All {sum(number for _, _, number in by_campaign):,}")
        which: Any = self.fields["which"]
        which.choices = [everything, *((str(pk), f"{number:,} of “{name}”") for pk, name, number in by_campaign)]

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return super().offered(request, obj) and pile(request, Role.MANAGER).exists()

    def act(self) -> str:
        messages = pile(self.request, Role.MANAGER)
        if self.cleaned_data["which"] != ALL:
            messages = messages.filter(recipient__campaign=self.cleaned_data["which"])
        reason = self.cleaned_data["reason"]
        return self.said(
            decide_uncertain(messages=messages, decision=self.decision, actor=self.actor, now=self.now, reason=reason)
        )

    def said(self, count: int) -> str:
        """The sentence afterwards."""
        raise NotImplementedError


class TreatAllAsSent(DecideAll):
    decision = Decision.TREAT_AS_SENT
    label = "Treat uncertain as sent"
    icon = "done_all"
    title = "Count uncertain mails as sent?"
    description = "Their people are taken to have them: the sequence goes on with the next step."
    submit_text = "Treat as sent"

    def said(self, count: int) -> str:
        return f"{count:,} uncertain mails count as sent."


class SendAllAgain(DecideAll):
    decision = Decision.SEND_AGAIN
    label = "Send uncertain again"
    icon = "forward_to_inbox"
    is_final = True
    title = "Send uncertain mails once more?"
    description = "Where the first one has arrived after all, the person gets it twice."
    submit_text = "Send again"

    def said(self, count: int) -> str:
        return f"{count:,} uncertain mails are sent again."


def pile(request: HttpRequest, needed: Role = Role.VIEWER) -> QuerySet[Message]:
    """The uncertain mails of the organizations in which the user holds `needed`."""
    return held_roles(request).scope(Message.objects.uncertain(), needed)


def waiting(request: HttpRequest) -> str:
    """How many wait for a decision, for the sidebar; counted only as far as it is shown."""
    if not request.user.is_authenticated:
        return ""
    count = pile(request).order_by()[: COUNTED_UP_TO + 1].count()
    return f"{COUNTED_UP_TO}+" if count > COUNTED_UP_TO else str(count or "")


show_badge("Uncertain", waiting)

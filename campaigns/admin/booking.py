"""That somebody booked a meeting, as dialogs on the page of a recipient; tracking has them on that of a lead."""

from typing import Any

from django import forms
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.enrollment.booking import Booked, book
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role


class BookedHere(ActDialog):
    needs = Role.OPERATOR
    label = "Note a booking"
    icon = "event_available"
    submit_text = "Note the booking"

    reason = forms.CharField(
        label="What is known of it",
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text="Optional; kept in the history.",
    )

    @property
    def title(self) -> str:
        return f"Did {self.object.email_address} book a meeting?"

    @property
    def description(self) -> str:
        return (
            f"It counts for “{self.object.campaign}”. They leave every campaign that stops on a booking, and no "
            "automatic campaign enrolls them."
        )

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        return obj.booked_at is None and super().offered(request, obj)

    def act(self) -> str:
        recipient = self.object
        booked = book(
            lead=recipient.lead,
            actor=self.actor,
            now=self.now,
            campaign=recipient.campaign,
            reason=self.cleaned_data["reason"],
        )
        return booked_sentence(recipient.email_address, booked)


def booked_sentence(email: str, booked: Booked) -> str:
    """What came of noting a booking."""
    left = len(booked.left)
    if not left:
        return f"It is noted that {email} booked a meeting; they were in no campaign that stops on it."
    return f"{email} booked a meeting, and left {left} campaign{'' if left == 1 else 's'}."

"""Failed mails in the admin: sent again, and only those."""

from functools import cached_property
from typing import Any

from django.http import HttpRequest

from campaigns.admin.verbs import WithReason
from campaigns.enrollment.take_in import SkipReason
from campaigns.models import RecipientStatus
from campaigns.sending.retry import OPEN, Retried, retry_failed
from campaigns_project.accounts.admin.dialogs import ActDialog
from campaigns_project.accounts.roles import Role
from campaigns_project.errors import Refused


class RetryFailed(WithReason, ActDialog):
    needs = Role.MANAGER
    label = "Retry failed"
    icon = "replay"
    title = "Send the failed mails again?"

    @classmethod
    def offered(cls, request: HttpRequest, obj: Any) -> bool:
        has_failed = obj.status in OPEN and obj.recipients.filter(status=RecipientStatus.FAILED).exists()
        return has_failed and super().offered(request, obj)

    @cached_property
    def found(self) -> Retried | Refused:
        """What would be done; or why nothing, where the dialog was opened by its address."""
        try:
            return retry_failed(campaign=self.object, actor=self.actor, now=self.now, dry_run=True)
        except Refused as refused:
            return refused

    @property
    def is_blocked(self) -> bool:
        return isinstance(self.found, Refused) or not self.found.retried

    @property
    def description(self) -> str:
        if isinstance(self.found, Refused):
            return str(self.found)
        return (
            f"{_failed(self.found.retried)} made again, of the present wording and for the present address; the "
            f"people are back in the sequence.{_left_out(self.found)} Nobody who bounced or opted out is written to."
        )

    @property
    def submit_text(self) -> str:
        count = 0 if isinstance(self.found, Refused) else self.found.retried
        return f"Send {count:,} again" if count else "None can be sent again"

    def act(self) -> str:
        reason = self.cleaned_data["reason"]
        done = retry_failed(campaign=self.object, actor=self.actor, now=self.now, reason=reason)
        return f"{_failed(done.retried)} waiting to be sent again.{_left_out(done)}"


def told(skipped: dict[str, int]) -> str:
    """Counts by SkipReason in words."""
    labels = dict(SkipReason.choices)
    return ", ".join(f"{number:,} {labels.get(code, code)}" for code, number in skipped.items())


def _failed(count: int) -> str:
    return f"{count:,} failed mail is" if count == 1 else f"{count:,} failed mails are"


def _left_out(done: Retried) -> str:
    return f" Left as they are: {told(done.skipped)}." if done.skipped else ""

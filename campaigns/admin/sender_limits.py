"""The limits of a sender on its page: set, checked, and shown with what is used of them."""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from unfold.decorators import display

from campaigns.admin.sender_today import limits_said
from campaigns.models import Sender
from campaigns.sender_days import SenderDay, sent_by_day
from campaigns.sender_limits import limit_problems
from campaigns.sending.limits import RECENT_DAYS, LimitCode, sender_gauges, used_by_senders, used_today
from campaigns_project.accounts.admin.forms import ScopedForm
from campaigns_project.accounts.admin.zones import ZoneField
from campaigns_project.patience import TookTooLong

LIMITS_FIELDSET = (
    "Limits",
    {
        "fields": [
            "timezone", ("daily_limit", "hourly_limit", "domain_daily_limit"), ("gap_seconds", "gap_jitter_seconds"),
            ("ramp_start", "ramp_increase"), ("ramp_started_on", "ramp_ceiling"),
        ]
    },
)  # fmt: skip

_ZONE_HELP = "Where its day begins, for limits."
_ZERO_WHERE_EMPTY = {"gap_seconds", "gap_jitter_seconds", "ramp_increase"}
_CHECKED = (
    "daily_limit", "gap_seconds", "gap_jitter_seconds", "ramp_start", "ramp_increase", "ramp_ceiling",
    "ramp_started_on",
)  # fmt: skip


class SenderLimitsForm(ScopedForm):
    """The time zone is chosen, and what does not fit together is said at its field."""

    timezone = ZoneField(required=False, help_text=_ZONE_HELP)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.instance.pk and "timezone" in self.fields:
            self.fields["timezone"] = ZoneField(
                required=False, empty_label="That of the organization", help_text=_ZONE_HELP
            )
            self.initial["timezone"] = ""
        for name in _ZERO_WHERE_EMPTY & set(self.fields):
            self.fields[name].required = False

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not cleaned.get("timezone"):
            organization = cleaned.get("organization") or (self.instance.organization if self.instance.pk else None)
            cleaned["timezone"] = organization.timezone if organization else "UTC"
        cleaned.update({name: 0 for name in _ZERO_WHERE_EMPTY if name in cleaned and cleaned[name] is None})
        self._refuse_what_does_not_fit(cleaned)
        return cleaned

    def _refuse_what_does_not_fit(self, cleaned: dict[str, Any]) -> None:
        would_be = Sender(**{name: cleaned[name] for name in _CHECKED if cleaned.get(name) is not None})
        for field, sentence in limit_problems(would_be).items():
            if field not in self.errors:
                self.add_error(field, sentence)


class ShowsLimits:
    """Mixed into the admin of senders: what is used, in the list and on the page."""

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related(RECENT_DAYS)  # type: ignore[misc]

    @display(description="Today")
    def today(self, sender: Sender) -> str:
        now = timezone.now()
        used = used_today(sender, now=now)
        if used is None:
            return "no limit, so not counted"
        day = next((gauge for gauge in sender_gauges(sender, {}, now=now) if gauge.code in _DAY), None)
        return f"{used:,} of {day.limit:,}" if day else f"{used:,}"

    @display(description="Sent")
    def last_days(self, sender: Sender) -> SafeString:
        try:
            found = sent_by_day(sender, now=timezone.now())
        except TookTooLong:
            found = []
        shown = {"days": found, "timezone": sender.timezone, **(_drawn(found) if found else {})}
        return mark_safe(render_to_string("campaigns/admin/sender_days.html", shown))  # noqa: S308 - a template of ours

    @display(description="Today")
    def used_of_limits(self, sender: Sender) -> SafeString:
        now = timezone.now()
        said = limits_said(sender, used_by_senders([sender], now=now)[sender.pk], now=now)
        return format_html_join("", "<p>{}</p>", ((sentence,) for sentence in said))


_DAY = {LimitCode.SENDER_DAY, LimitCode.SENDER_RAMP}


def _drawn(days: Sequence[SenderDay]) -> dict[str, Any]:
    most_sent = max(day.sent for day in days)
    limits = [day.limit for day in days if day.limit is not None]
    total = sum(day.sent for day in days)
    left = "1 mail was" if total == 1 else f"{total:,} mails were"
    full = sum(day.limit is not None and day.sent >= day.limit for day in days)
    reached = f"; the limit was reached on {full} of them" if full else ""
    return {
        "most": max(most_sent, *limits, 1),
        "most_sent": most_sent,
        "is_limited": bool(limits),
        "sentence": f"In the last {len(days)} days {left} sent{reached}." if total else "Nothing in the last 30 days.",
    }

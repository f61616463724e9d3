"""How a sender does, beside how it did, and for which campaigns: in the list and on its page."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.decorators import display

from campaigns.models import Campaign, CampaignStatus, Sender
from campaigns.sender_weeks import Week, Weeks, weeks_of
from campaigns_project.patience import TookTooLong

CAMPAIGNS_SHOWN = 10
UNKNOWN = "More mails than can be counted while you wait."


class ShowsStanding:
    """Mixed into the admin of senders."""

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The figures of all senders on the page are asked for at once."""
        shown = super().get_changelist_instance(request)  # type: ignore[misc]
        try:
            weeks = weeks_of(shown.result_list, now=timezone.now())
        except TookTooLong:
            return shown
        for sender in shown.result_list:
            sender.weeks = weeks.get(sender.pk, Weeks())
        return shown

    @display(description="7 days")
    def lately(self, sender: Sender) -> str:
        """In the list, where there is room for shares alone."""
        weeks: Weeks | None = getattr(sender, "weeks", None)
        if weeks is None:
            return "too many to count"
        week = weeks.now
        if not week.mails:
            return "—"
        mails = f"{week.mails:,} mail{'' if week.mails == 1 else 's'}"
        bounced, replied = _percent(week.bounced, week.mails), _percent(week.replied, week.mails)
        return format_html("{}<br>{} bounced<br>{} replied", mails, bounced, replied)

    @display(description="Last 7 days")
    def last_week(self, sender: Sender) -> str:
        try:
            weeks = weeks_of([sender], now=timezone.now()).get(sender.pk, Weeks())
        except TookTooLong:
            return UNKNOWN
        if not weeks.now.mails and not weeks.before.mails:
            return "No mail in two weeks."
        lines = (f"{_told(weeks.now)}.", f"In the 7 days before {_told(weeks.before)}.")
        return format_html_join("", "<p>{}</p>", ((line,) for line in lines))

    @display(description="Campaigns")
    def runs_for(self, sender: Sender) -> SafeString | str:
        """Those that have not ended, with what they allow themselves: of several limits the lowest holds."""
        own = Campaign.objects.living().filter(campaign_senders__sender=sender, status__in=CampaignStatus.editable)
        found = list(own.order_by("-started_at", "-pk")[: CAMPAIGNS_SHOWN + 1])
        more = "and more" if len(found) > CAMPAIGNS_SHOWN else ""
        lines = [*map(_linked, found[:CAMPAIGNS_SHOWN]), *filter(None, [more])]
        return format_html_join("", "<p>{}</p>", ((line,) for line in lines)) or "None that has not ended."


def _told(week: Week) -> str:
    if not week.mails:
        return "no mail"
    mails = f"{week.mails:,} mail{'' if week.mails == 1 else 's'}"
    shares = [(week.bounced, "bounced"), (week.replied, "replied")]
    return f"{mails}: " + ", ".join(f"{_percent(part, week.mails)} {did} ({part:,})" for part, did in shares)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def _linked(campaign: Campaign) -> SafeString:
    limit = "no limit of its own" if campaign.daily_limit is None else f"at most {campaign.daily_limit:,} mails a day"
    words = f"{campaign.get_status_display().lower()}, {limit}"
    url = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    return format_html('<a class="text-link" href="{}">{}</a> <span class="fl-subtle">{}</span>', url, campaign, words)

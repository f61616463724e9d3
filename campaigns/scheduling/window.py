"""The weekly sending window of a campaign, on its own clock or its leads', across daylight-saving changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from campaigns.models import Campaign, WindowZone
from campaigns.scheduling.clock import MIDNIGHT, moment_of
from campaigns_project.accounts.timezones import known_zones, zone_of

MOST_HOLIDAYS = 366  # of a campaign: each may have to be looked at when the next opening is sought
EDGES = 9  # days that are looked at besides the holidays: a week, and the days around it that are only partly there


def next_opening(campaign: Campaign, now: datetime, zone: ZoneInfo | None = None) -> datetime:
    """The first moment from `now` on at which mail of `campaign` may leave; `now` itself while the window is open.

    A window without days opens every day, one without hours is open all day; on holidays, and on the organization's
    blackout days, it stays shut. A start in the hour that daylight saving skips opens at the first valid moment after
    it; one in the hour that comes twice opens the first time. `zone` is whose clock it follows (see `zone_for`).
    Without it that is the campaign's, and in a campaign that follows its leads' clocks any: then the answer is when it
    opens first, somewhere.
    """
    if not has_window(campaign):
        return now
    if zone is None and campaign.window_zone == WindowZone.LEAD:
        return _first_anywhere(campaign, now)
    return _opening(campaign, now, zone or zone_of(campaign.timezone))


def leaves_at(campaign: Campaign, due: datetime, lead_timezone: str, *, now: datetime) -> datetime:
    """When a mail that is due at `due` leaves as far as the window says: then, or when it opens next."""
    earliest = max(due, now)
    opens = next_opening(campaign, earliest, zone_for(campaign, lead_timezone))
    return opens if opens > earliest else due


def zone_for(campaign: Campaign, lead_timezone: str) -> ZoneInfo:
    """Whose clock the window follows for a lead: its own, if the campaign says so and the zone is known."""
    follows_lead = campaign.window_zone == WindowZone.LEAD and lead_timezone in known_zones()
    return zone_of(lead_timezone if follows_lead else campaign.timezone)


def has_window(campaign: Campaign) -> bool:
    """Whether there is any time at which its mail may not leave."""
    return bool(campaign.sending_days or campaign.window_start or campaign.holidays or campaign.blackout_days)


def is_sending_day(campaign: Campaign, day: date) -> bool:
    """Whether mail may leave on that date at all."""
    if day in campaign.holidays or day in campaign.blackout_days:
        return False
    return not campaign.sending_days or day.isoweekday() in campaign.sending_days


def _opening(campaign: Campaign, now: datetime, zone: ZoneInfo) -> datetime:
    today = now.astimezone(zone).date()
    # Each of these can shut one more of the days that a week gives.
    for offset in range(EDGES + 7 * (len(campaign.holidays) + len(campaign.blackout_days))):
        day = today + timedelta(days=offset)
        if is_sending_day(campaign, day):
            opens, closes = _on(campaign, day, zone)
            if closes > max(now, opens):  # one wholly inside a skipped hour has no length
                return max(now, opens)
    return now


def _first_anywhere(campaign: Campaign, now: datetime) -> datetime:
    earliest = datetime.max.replace(tzinfo=UTC)
    for name in known_zones():
        earliest = min(earliest, _opening(campaign, now, ZoneInfo(name)))
        if earliest <= now:
            break
    return earliest


def _on(campaign: Campaign, day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    start = campaign.window_start or MIDNIGHT
    end_day, end = (day, campaign.window_end) if campaign.window_end else (day + timedelta(days=1), MIDNIGHT)
    return moment_of(day, start, zone), moment_of(end_day, end, zone)

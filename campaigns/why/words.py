"""How moments and counts read in these sentences."""

from datetime import datetime, timedelta

from campaigns_project.accounts.timezones import zone_of

SOON = timedelta(minutes=2)  # what is so near is counted in seconds


def moment(at: datetime, *, zone: str, now: datetime) -> str:
    """`at` on the wall clock of `zone`, with the zone's name; what is very near, in seconds."""
    if timedelta() < at - now < SOON:
        return f"in {round((at - now).total_seconds())} s"
    return f"on {at.astimezone(zone_of(zone)):%a %d %b %Y %H:%M} {zone}"


def counted(number: int, one: str, many: str = "") -> str:
    """`1 person`, `1,184 people`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def age(seconds: float) -> str:
    """How long ago, roughly."""
    if seconds < 120:
        return f"{round(seconds)} s ago"
    return f"{round(seconds / 60)} min ago" if seconds < 7200 else f"{round(seconds / 3600)} h ago"

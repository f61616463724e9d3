"""The time zone of Instantly's closed list that is nearest to ours."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from campaigns_project.accounts.timezones import zone_of

ACCEPTED = (
    "Etc/GMT+12", "Etc/GMT+11", "Etc/GMT+10", "America/Anchorage", "America/Dawson", "America/Creston",
    "America/Chihuahua", "America/Boise", "America/Belize", "America/Chicago", "America/Bahia_Banderas",
    "America/Regina", "America/Bogota", "America/Detroit", "America/Indiana/Marengo", "America/Caracas",
    "America/Asuncion", "America/Glace_Bay", "America/Campo_Grande", "America/Anguilla", "America/Santiago",
    "America/St_Johns", "America/Sao_Paulo", "America/Argentina/La_Rioja", "America/Araguaina",
    "America/Godthab", "America/Montevideo", "America/Bahia", "America/Noronha", "America/Scoresbysund",
    "Atlantic/Cape_Verde", "Africa/Casablanca", "America/Danmarkshavn", "Europe/Isle_of_Man",
    "Atlantic/Canary", "Africa/Abidjan", "Arctic/Longyearbyen", "Europe/Belgrade", "Africa/Ceuta",
    "Europe/Sarajevo", "Africa/Algiers", "Africa/Windhoek", "Asia/Nicosia", "Asia/Beirut", "Africa/Cairo",
    "Asia/Damascus", "Europe/Bucharest", "Africa/Blantyre", "Europe/Helsinki", "Europe/Istanbul",
    "Asia/Jerusalem", "Africa/Tripoli", "Asia/Amman", "Asia/Baghdad", "Europe/Kaliningrad", "Asia/Aden",
    "Africa/Addis_Ababa", "Europe/Kirov", "Europe/Astrakhan", "Asia/Tehran", "Asia/Dubai", "Asia/Baku",
    "Indian/Mahe", "Asia/Tbilisi", "Asia/Yerevan", "Asia/Kabul", "Antarctica/Mawson", "Asia/Yekaterinburg",
    "Asia/Karachi", "Asia/Kolkata", "Asia/Colombo", "Asia/Kathmandu", "Antarctica/Vostok", "Asia/Dhaka",
    "Asia/Rangoon", "Antarctica/Davis", "Asia/Novokuznetsk", "Asia/Hong_Kong", "Asia/Krasnoyarsk",
    "Asia/Brunei", "Australia/Perth", "Asia/Taipei", "Asia/Choibalsan", "Asia/Irkutsk", "Asia/Dili",
    "Asia/Pyongyang", "Australia/Adelaide", "Australia/Darwin", "Australia/Brisbane", "Australia/Melbourne",
    "Antarctica/DumontDUrville", "Australia/Currie", "Asia/Chita", "Antarctica/Macquarie", "Asia/Sakhalin",
    "Pacific/Auckland", "Etc/GMT-12", "Pacific/Fiji", "Asia/Anadyr", "Asia/Kamchatka", "Etc/GMT-13",
    "Pacific/Apia",
)  # fmt: skip
LOOKED_AT = timedelta(days=365)
EVERY = timedelta(hours=6)  # finer than any change of the clocks lasts


@dataclass(frozen=True)
class Nearest:
    """An accepted zone, and for how many of the next 365 days its clock is another, by up to `most_off`."""

    name: str
    days_off: int = 0
    most_off: timedelta = timedelta()

    @property
    def is_exact(self) -> bool:
        """Whether its clock shows the same at every moment of the year."""
        return not self.days_off


@lru_cache(maxsize=64)
def nearest(name: str, *, since: date) -> Nearest:
    """The accepted zone whose clock differs least from that of `name` in the year that begins with `since`.

    One of the very name comes first; else the one that is off for the shortest and by the least, best on the same
    continent, since a country that changes its clocks by law tends to do so with its neighbors.
    """
    if name in ACCEPTED:
        return Nearest(name)
    wanted = _offsets(name, since)
    found = [_compared(each, wanted, since) for each in ACCEPTED]
    continent = name.partition("/")[0]
    return min(found, key=lambda each: (*_badness(each), each.name.partition("/")[0] != continent))


def _compared(name: str, wanted: tuple[timedelta, ...], since: date) -> Nearest:
    off = [abs(theirs - ours) for theirs, ours in zip(_offsets(name, since), wanted, strict=True)]
    days = sum(each != timedelta() for each in off) * EVERY
    return Nearest(name, -(-days // timedelta(days=1)), max(off))


def _badness(found: Nearest) -> tuple[timedelta, int]:
    return found.most_off * found.days_off, found.days_off


@lru_cache(maxsize=256)
def _offsets(name: str, since: date) -> tuple[timedelta, ...]:
    zone, begin = zone_of(name), datetime(since.year, since.month, since.day, tzinfo=UTC)
    moments = (begin + EVERY * number for number in range(LOOKED_AT // EVERY))
    return tuple(at.astimezone(zone).utcoffset() or timedelta() for at in moments)

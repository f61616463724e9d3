"""Names of time zones, as IANA writes them."""

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError


def validate_timezone(name: str) -> None:
    """ValidationError unless `name` is an IANA time zone such as Europe/Prague."""
    if name not in available_timezones():
        raise ValidationError(f"“{name}” is not a time zone. Use a name such as Europe/Prague or UTC.", code="timezone")

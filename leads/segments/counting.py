"""How many leads of each organization an act is about, exactly."""

from django.db import models
from django.db.models import QuerySet

from campaigns_project.errors import Refused
from campaigns_project.patience import TookTooLong, within

LONGEST_EXACTLY = 10_000  # milliseconds; asked where somebody is about to act on all of them


def count_exactly(leads: QuerySet) -> dict[int, int]:
    """How many `leads` each organization has, however many they are; Refused (`too_long_to_count`) where that cannot be
    told in LONGEST_EXACTLY."""
    numbers = leads.order_by().values_list("organization").annotate(number=models.Count("pk"))
    try:
        with within(LONGEST_EXACTLY):
            return dict(numbers)
    except TookTooLong:
        raise Refused(
            "too_long_to_count",
            "Finding out exactly how many leads this is about takes too long.",
            "Pick them, or narrow the list by something else.",
        ) from None

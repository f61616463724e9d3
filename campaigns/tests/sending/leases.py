"""Time that passes for leases alone."""

from datetime import timedelta

from django.db.models import F

from campaigns.models import Lease


def age_leases(by=timedelta(days=1)):
    """As if no worker had been heard of for so long; ended are then all that were not renewed for long enough."""
    Lease.objects.update(until=F("until") - by)

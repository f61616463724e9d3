"""A process that settles what waits, for tests that kill it: `python -m tracking.tests.inbound.one_turn`."""

import django
from django.utils import timezone

if __name__ == "__main__":
    django.setup()
    from tracking.inbound.settle import settle_waiting

    settle_waiting(now=timezone.now(), seconds=60)

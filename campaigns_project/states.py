"""States shared by everything that reports progress: jobs, imports, de-enrollment runs."""

from enum import nonmember

from django.db import models


class ProgressStatus(models.TextChoices):
    """Where a piece of background work stands; moved only by the work itself."""

    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    SUCCEEDED = "succeeded", "Succeeded"
    FAILED = "failed", "Failed"
    CANCELED = "canceled", "Canceled"
    STALLED = "stalled", "Stalled"

    active = nonmember(frozenset({"queued", "running"}))
    ended = nonmember(frozenset({"succeeded", "failed", "canceled"}))

"""One turn of a worker at a fetch: the job, its campaign and import, and how progress is kept."""

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce, Now

from campaigns.fetching.opened import OPEN, Phase, remember
from campaigns.fetching.source import CampaignSource
from campaigns.models import Campaign, Job
from campaigns_project.states import ProgressStatus
from campaigns_project.workers.stopping import is_stopping
from leads.imports.options import ImportOptions
from leads.imports.providing import open_import
from leads.models import ImportSource, ImportStatus, LeadImport, Provider

SOURCES = {Provider.APOLLO.value: ImportSource.APOLLO}


class Gone(Exception):
    """The job was ended by somebody, or its campaign is gone: there is nothing more to do."""


class ImportGone(Exception):
    """The import of a fetch was ended by somebody, while the job is open."""


class Turn:
    """What a worker has in hand. Every write asks whether the job is still open, and raises Gone where it is not."""

    def __init__(self, job: Job, campaign: Campaign, *, now: datetime, budget: timedelta):
        self.job, self.campaign, self.now = job, campaign, now
        self.source = CampaignSource.from_json(job.state["source"])
        self._ends = time.monotonic() + budget.total_seconds()

    @classmethod
    def begin(cls, job_id: int, *, now: datetime, budget: timedelta) -> "Turn | None":
        """The job, now running, counted as tried once more; None when it has ended or is being deleted."""
        jobs = Job.objects.filter(OPEN, pk=job_id, campaign__deleting_at=None)
        job = jobs.select_related("campaign__organization").first()
        if job is None or job.campaign is None:
            return None
        running = {"status": ProgressStatus.RUNNING, "started_at": Coalesce("started_at", now), "error_message": ""}
        # Counted before the work: a worker that is killed cannot say so.
        remember(jobs, fields=running, attempts=job.state.get("attempts", 0) + 1, retry_at=None)
        job.refresh_from_db()
        turn = cls(job, job.campaign, now=now, budget=budget)
        turn.lead_import  # noqa: B018 - opened before anything is bought for it
        return turn

    @property
    def phase(self) -> Phase:
        return Phase(self.job.state["phase"])

    @property
    def has_time(self) -> bool:
        return time.monotonic() < self._ends and not is_stopping()

    @property
    def left(self) -> timedelta:
        """Of the time of this turn; a second at least, so that something is done."""
        return timedelta(seconds=max(1.0, self._ends - time.monotonic()))

    @property
    def lead_import(self) -> int:
        """The number of the import that what is fetched belongs to."""
        if self.job.state["import"] is None:
            with transaction.atomic():
                opened: dict[str, Any] = {"import": self._opened().pk}
                self._note(**opened)
        return self.job.state["import"]

    @property
    def is_import_ended(self) -> bool:
        """Whether the import was ended before its time."""
        ended = (ImportStatus.CANCELED, ImportStatus.FAILED)
        return LeadImport.objects.filter(pk=self.lead_import, status__in=ended).exists()

    def check_import(self) -> None:
        """Gone or ImportGone where the import was ended before its time: nothing more is bought for it."""
        if self.is_import_ended:
            self.touch()  # a job that is ended takes its import along, in one transaction: that is not this
            raise ImportGone

    def keep(self, *, fields: dict[str, Any] | None = None, **state: Any) -> None:
        """Note how far the work is, in the transaction of what was done: it got somewhere."""
        self._note(fields=fields, attempts=0, **state)

    def touch(self, *_progress: object) -> None:
        """A sign of life; Gone where the job was ended meanwhile."""
        if not Job.objects.filter(OPEN, pk=self.job.pk).update(heartbeat_at=Now()):
            raise Gone

    def _note(self, *, fields: dict[str, Any] | None = None, **state: Any) -> None:
        if not remember(Job.objects.filter(OPEN, pk=self.job.pk), fields=fields, **state):
            raise Gone
        self.job.refresh_from_db()

    def _opened(self) -> LeadImport:
        search = self.source.search
        return open_import(
            organization=self.campaign.organization,
            source=SOURCES[search.provider],
            name=f"{self.source.label}: {self.campaign.name}",
            options=ImportOptions(tags=self.source.tags),
            now=self.now,
        )

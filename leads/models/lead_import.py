from enum import nonmember

from django.db import models
from django.db.models import F, Q

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from campaigns_project.database.statement_keys import let_go
from campaigns_project.states import ProgressStatus
from leads.models.incoming import RAW_GO_ALONG


class ImportSource(models.TextChoices):
    """Where the rows come from."""

    FILE = "file", "File"
    PASTE = "paste", "Pasted text"
    API = "api", "API"
    APOLLO = "apollo", "Apollo"

    in_parts = nonmember(frozenset({"file", "paste", "api"}))  # what came is stored, and a worker reads it


class ImportStatus(models.TextChoices):
    """Where an import stands: a draft until somebody says go, then moved only by the work itself."""

    DRAFT = "draft", "Draft"
    QUEUED = ProgressStatus.QUEUED.value, ProgressStatus.QUEUED.label
    RUNNING = ProgressStatus.RUNNING.value, ProgressStatus.RUNNING.label
    SUCCEEDED = ProgressStatus.SUCCEEDED.value, ProgressStatus.SUCCEEDED.label
    FAILED = ProgressStatus.FAILED.value, ProgressStatus.FAILED.label
    CANCELED = ProgressStatus.CANCELED.value, ProgressStatus.CANCELED.label
    STALLED = ProgressStatus.STALLED.value, ProgressStatus.STALLED.label

    going = nonmember(frozenset({"queued", "running", "stalled"}))
    ended = nonmember(ProgressStatus.ended)


class LeadImport(Tenanted, models.Model):
    """One batch of leads: what came, how it was read, how far it got, and what became of every row."""

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="imports")
    source = models.CharField(
        max_length=20, choices=ImportSource, default=ImportSource.FILE, db_default=ImportSource.FILE
    )
    file_name = models.CharField(max_length=255)
    file_size = models.BigIntegerField(default=0, help_text="In bytes.")
    file_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the file.")
    encoding = models.CharField(max_length=40, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    mapping = models.JSONField(default=dict, help_text="Header to field, as it was matched or asked for.")
    options = models.JSONField(default=dict, help_text="Tags, what to do with existing leads and unknown columns.")
    status = models.CharField(
        max_length=20, choices=ImportStatus, default=ImportStatus.QUEUED, db_default=ImportStatus.QUEUED
    )
    total_rows = models.IntegerField(null=True, help_text="Unknown until the file was read to its end.")
    rows_received = models.IntegerField(default=0, db_default=0, help_text="Kept as raw leads.")
    rows_staged = models.IntegerField(default=0, db_default=0, help_text="Mapped and cleaned, or with a problem.")
    rows_done = models.IntegerField(default=0)
    created_count = models.IntegerField(default=0)
    updated_count = models.IntegerField(default=0)
    unchanged_count = models.IntegerField(default=0)
    problem_count = models.IntegerField(default=0)
    do_not_contact_count = models.IntegerField(
        default=0, db_default=0, help_text="Rows that say not to write to their person, who was suppressed."
    )
    problem_codes = models.JSONField(default=dict, db_default={}, help_text="Problems by code, counted at the end.")
    error_message = models.TextField(blank=True)
    dry_run_status = models.CharField(
        max_length=20, choices=ProgressStatus, blank=True, default="", db_default="", help_text="Empty: not asked for."
    )
    dry_run = models.JSONField(default=dict, db_default={}, help_text="What importing would do, counted at dry_run_at.")
    dry_run_at = models.DateTimeField(null=True)
    undo_status = models.CharField(
        max_length=20, choices=ProgressStatus, blank=True, default="", db_default="", help_text="Empty: not asked for."
    )
    undone_at = models.DateTimeField(null=True, help_text="When somebody asked for it.")
    undone_count = models.IntegerField(null=True, help_text="Leads that were taken out again.")
    created_by = models.ForeignKey("accounts.User", on_delete=models.DB_SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    rows_removed_at = models.DateTimeField(null=True, help_text="When the rows as received were removed for their age.")

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "lead_imports"
        ordering = ["-id"]
        verbose_name = "import"
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ImportStatus.values), name="import_status_known"),
            models.CheckConstraint(
                condition=Q(
                    rows_done=F("created_count") + F("updated_count") + F("unchanged_count") + F("problem_count")
                ),
                name="import_rows_add_up",
            ),
            models.CheckConstraint(
                condition=Q(status__in=ImportStatus.ended, finished_at__isnull=False)
                | (~Q(status__in=ImportStatus.ended) & Q(finished_at=None)),
                name="import_ended_iff_finished_at",
            ),
        ]
        triggers = [RAW_GO_ALONG, let_go("leads_forget_it", table="leads", column="lead_import_id")]

    def __str__(self) -> str:
        return f"{self.file_name} (import {self.pk})"


class LeadImportPart(Tenanted, models.Model):
    """A piece of the file, kept in the database so that a worker on any machine can read it; gone when all is done."""

    organization_path = "lead_import__organization"

    lead_import = models.ForeignKey("leads.LeadImport", on_delete=models.DB_CASCADE, related_name="parts")
    number = models.IntegerField()
    content = models.BinaryField()

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "lead_import_parts"
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["lead_import", "number"], name="import_part_once")]

    def __str__(self) -> str:
        return f"Part {self.number} of {self.lead_import}"


class ImportMapping(Tenanted, models.Model):
    """How a header was mapped the last time, so that nobody has to do it twice."""

    organization = models.ForeignKey(
        "accounts.Organization", on_delete=models.DB_CASCADE, related_name="import_mappings"
    )
    header_hash = models.CharField(max_length=64, help_text="SHA-256 of the header.")
    header = models.JSONField()
    mapping = models.JSONField(help_text="Header to field, custom.NAME or ignore.")
    words = models.JSONField(
        default=dict, db_default={}, help_text="What words of columns that say who is out mean: out or in."
    )
    file_name = models.CharField(max_length=255, help_text="Of the file it was used for last.")
    used_at = models.DateTimeField()

    objects = OrganizationQuerySet.as_manager()

    class Meta:
        db_table = "lead_import_mappings"
        ordering = ["-used_at"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "header_hash"], name="import_mapping_once_per_header")
        ]

    def __str__(self) -> str:
        return f"Mapping of {self.file_name}"

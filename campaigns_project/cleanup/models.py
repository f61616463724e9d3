"""What was found and removed, for the pages and the alert: one row for a night or a run by hand."""

from django.db import models
from django.utils import timezone


class OrphanReport(models.Model):
    """A look at the whole database for rows whose parent is gone. Unfinished until `finished_at` is set."""

    night = models.DateField(
        null=True, unique=True, help_text="The night it was made in; empty for a run that somebody asked for."
    )
    asked_by = models.CharField(max_length=254, blank=True)
    is_dry_run = models.BooleanField("only looked", default=True)
    only_table = models.CharField("table", max_length=63, blank=True, help_text="Empty: all of them.")
    queued_at = models.DateTimeField("asked at")
    tries = models.PositiveSmallIntegerField(default=1, help_text="How often it was given to a worker.")
    finished_at = models.DateTimeField(null=True)
    found = models.BigIntegerField(default=0)
    removed = models.BigIntegerField(default=0, help_text="Removed, or cleared of a reference that leads nowhere.")
    counts = models.JSONField(default=dict, help_text="What was found, by table and column.")
    problems = models.JSONField(default=list, help_text="What could not be looked at or mended, and why.")

    class Meta:
        db_table = "orphan_reports"
        ordering = ["-id"]
        verbose_name = "look for orphans"
        verbose_name_plural = "orphans"

    def __str__(self) -> str:
        return f"Look for orphans, {timezone.localtime(self.queued_at):%-d %b %Y %H:%M %Z}"

    @property
    def left(self) -> int:
        """How many rows are still there."""
        return self.found - self.removed

    @property
    def needs_attention(self) -> bool:
        """Rows are left, or something could not be looked at."""
        return bool(self.left or self.problems)

    @property
    def sentence(self) -> str:
        """What came of it, in one sentence."""
        rows = "1 row" if self.found == 1 else f"{self.found:,} rows"
        said = f"{rows} without a parent" if self.found else "Nothing without a parent"
        if self.removed:
            said += f", {self.removed:,} of them mended" if self.left else ", all mended"
        if self.problems:
            places = "1 place" if len(self.problems) == 1 else f"{len(self.problems)} places"
            said += f"; {places} could not be looked at or mended"
        return f"{said}."

"""Verifications that were kept, so that pages can show the last one with its age and need not wait for the next."""

from django.db import models


class VerificationReport(models.Model):
    """One kept verification of this database. The newest few stay; `kept.keep` removes older ones.

    One that was begun and has not ended is a row without content.
    """

    begun_at = models.DateTimeField()
    seconds = models.FloatField()
    error_count = models.PositiveIntegerField()
    warning_count = models.PositiveIntegerField()
    content = models.JSONField(help_text="The report as `verify_schema --json` prints it.")

    class Meta:
        db_table = "verification_reports"
        ordering = ["-begun_at"]
        indexes = [models.Index(fields=["-begun_at"], name="verification_newest")]

    def __str__(self) -> str:
        return f"{self.error_count} errors, {self.warning_count} warnings"

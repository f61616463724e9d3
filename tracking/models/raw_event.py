from django.db import models
from django.db.models.functions import Now

from tracking.models.event import EventType


class RawEvent(models.Model):
    """An open or click just as it came in: one plain insert, so that noting it is quick and never fails.

    `tick` turns it into an `EmailEvent` and counters within seconds and removes it. It has no foreign key, since what
    it speaks of may be deleted meanwhile; then it is dropped.
    """

    event_type = models.CharField(max_length=20, choices=EventType)
    message_ref = models.BigIntegerField("message number")
    link_ref = models.BigIntegerField("link number", null=True)
    user_agent = models.TextField(blank=True)
    ip_address = models.GenericIPAddressField("IP address", null=True)
    source = models.CharField(max_length=60)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "tracking_raw_events"

    def __str__(self) -> str:
        return f"Raw {self.event_type} of message {self.message_ref}"

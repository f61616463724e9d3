from typing import Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Cast, Concat
from django.utils import timezone

from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted
from tracking.models.event import EmailEvent
from tracking.sources import Source


class InboundStatus(models.TextChoices):
    SETTLED = "settled", "Settled"
    QUARANTINED = "quarantined", "Quarantined"


class InboundKind(models.TextChoices):
    """What an incoming mail is; the values are those of `inbox.reading`, which a web process does not load."""

    REPLY = "reply", "Reply"
    AUTO_REPLY = "auto_reply", "Automatic reply"
    BOUNCE = "bounce", "Bounce"
    COMPLAINT = "complaint", "Complaint"
    UNSUBSCRIBE = "unsubscribe", "Opt-out"
    OTHER = "other", "Something else"


class MatchedBy(models.TextChoices):
    """By what a mail was found to be about a mail of ours."""

    RETURN_PATH = "return_path", "The signed return path of our mail"
    MESSAGE_ID = "message_id", "The Message-ID of our mail, which it names"
    ADDRESS = "address", "The address, and the latest mail that was sent to it"
    NOBODY = "nobody", "It names a mail of ours that is not known any more"
    LEAD = "lead", "The address of a lead, whose mails are gone"


class InboundMailQuerySet(OrganizationQuerySet):
    def with_event(self) -> Self:
        """With the number of the event that followed as `event`; None where none did."""
        key = Concat(Cast(OuterRef("organization_id"), models.CharField()), Value(":"), OuterRef("identity"))
        events = EmailEvent.objects.filter(source=Source.INBOX, source_event_id=key)
        return self.annotate(event=Subquery(events.values("pk")[:1]))


class InboundMail(Tenanted, models.Model):
    """A mail that came in and is about one of ours. What concerns nobody we wrote to has no row.

    The event that followed has our `event_key` as its source's id. There is no foreign key: events go by the million,
    and each would be looked for here. A quarantined mail names one of ours that cannot be found any more: nobody's
    words, name or address are in it.
    """

    is_personal = True
    deleting_path = "recipient__campaign__deleting_at"

    organization = models.ForeignKey("accounts.Organization", on_delete=models.DB_CASCADE, related_name="inbound_mails")
    mailbox = models.ForeignKey(
        "campaigns.Mailbox",
        on_delete=models.DB_SET_NULL,
        null=True,
        related_name="inbound_mails",
        help_text="Where it was read; empty where it was handed in.",
    )
    folder = models.CharField(max_length=255, blank=True, default="")
    uid = models.BigIntegerField("UID", null=True)
    identity = models.CharField(max_length=64, help_text="A digest of the mail: the same one is taken once.")
    kind = models.CharField(max_length=20, choices=InboundKind)
    bounce_kind = models.CharField(max_length=10, blank=True, default="")
    recipient = models.ForeignKey(
        "campaigns.Recipient", on_delete=models.DB_CASCADE, null=True, related_name="inbound_mails"
    )
    message = models.ForeignKey(
        "campaigns.Message", on_delete=models.DB_SET_NULL, null=True, related_name="inbound_mails"
    )
    own_message_id = models.CharField("its Message-ID", max_length=500, blank=True, default="")
    from_address = models.CharField("from", max_length=320, blank=True, default="")
    subject = models.CharField(max_length=500, blank=True, default="")
    text = models.TextField("new words", blank=True, default="")
    matched_by = models.CharField(max_length=20, choices=MatchedBy)
    why = models.TextField(blank=True, default="", help_text="What it was known by, and how it was read.")
    words_cleared_at = models.DateTimeField(
        null=True, help_text="When what it said, and from whom, was forgotten for its age."
    )
    status = models.CharField(max_length=12, choices=InboundStatus, default=InboundStatus.SETTLED)
    received_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = InboundMailQuerySet.as_manager()

    class Meta:
        db_table = "inbound_mails"
        ordering = ["-id"]
        verbose_name = "incoming mail"
        constraints = [
            models.UniqueConstraint(fields=["organization", "identity"], name="inbound_mail_once"),
            models.CheckConstraint(condition=Q(kind__in=InboundKind.values), name="inbound_mail_kind_known"),
            models.CheckConstraint(
                condition=Q(words_cleared_at=None)
                | Q(own_message_id="", from_address="", subject="", text="", why=""),
                name="inbound_mail_words_cleared_or_there",
            ),
            models.CheckConstraint(
                condition=Q(status=InboundStatus.SETTLED, recipient__isnull=False)
                | Q(
                    status=InboundStatus.QUARANTINED, recipient=None, message=None,
                    own_message_id="", from_address="", subject="", text="",
                ),
                name="inbound_mail_quarantined_iff_nobodys",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["organization", "kind", "-id"], name="inbound_mail_newest"),
            models.Index(
                fields=["organization", "created_at"],
                condition=Q(words_cleared_at=None),
                name="inbound_mail_words_by_age",
            ),
        ]

    def __str__(self) -> str:
        if self.from_address:
            return f"{self.get_kind_display()} from {self.from_address}"
        return f"{self.get_kind_display()} of {timezone.localtime(self.received_at):%-d %b %Y %H:%M %Z}"

    @property
    def event_key(self) -> str:
        """The `source_event_id` of the event that followed; two organizations may get the same mail."""
        return f"{self.organization_id}:{self.identity}"

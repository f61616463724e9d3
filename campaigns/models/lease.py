from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func
from django.db.models.functions import Now

from campaigns.models.message import Message, MessageQuerySet
from campaigns_project.accounts.tenancy import OrganizationQuerySet, Tenanted


class LeaseQuerySet(OrganizationQuerySet):
    def ended(self) -> Self:
        """Those whose worker was not heard of in time, by the database's clock."""
        return self.filter(until__lt=Now())

    def mails(self) -> MessageQuerySet:
        """The messages in flight under these.

        By way of their recipients, whom an index of the messages begins with: one by the lease would be written twice a
        mail.
        """
        unnested = Func(F("recipients"), function="unnest", output_field=models.BigIntegerField())
        held = self.order_by().annotate(held=unnested)
        return Message.objects.filter(recipient__in=held.values("held"), lease__in=self.order_by().values("pk"))


class Lease(Tenanted, models.Model):
    """What a worker has in hand by one claim: its recipients, and until when it need not be heard of.

    One row for all of them, so that settling a mail changes nothing an index is of. It goes when all are settled.
    """

    organization_path = "campaign__organization"
    deleting_path = "campaign__deleting_at"

    campaign = models.ForeignKey("campaigns.Campaign", on_delete=models.DB_CASCADE, related_name="leases")
    recipients = ArrayField(models.BigIntegerField(), help_text="Some may be settled, or in other hands, by now.")
    until = models.DateTimeField(help_text="By the database's clock. After that it is taken for a dead worker's.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = LeaseQuerySet.as_manager()

    class Meta:
        db_table = "sending_leases"

    def __str__(self) -> str:
        return f"{len(self.recipients):,} recipients of {self.campaign}"

"""The next mail to a lead, by the same look at everything as on the recipient's own page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, F, Value, When

from campaigns.models import CampaignStatus, Recipient
from campaigns.why import why_recipient
from campaigns.why.standing import Standing
from campaigns.why.words import moment
from leads.models import Lead


@dataclass(frozen=True)
class Expected:
    """What comes next, in the campaign in which a mail is due first; `sentence` says it, or why none is planned."""

    recipient: Recipient
    standing: Standing
    sentence: str

    @property
    def is_planned(self) -> bool:
        """True when the time of the next mail is known."""
        return self.recipient.next_step is not None and self.standing.next_send_at is not None


def expected_next(lead: Lead, *, now: datetime) -> Expected | None:
    """The next mail to `lead`; None for somebody who is in no campaign. A fixed number of queries."""
    is_idle = Case(When(campaign__status=CampaignStatus.RUNNING, then=Value(0)), default=Value(1))
    inside = Recipient.objects.living().inside().filter(lead=lead)
    inside = inside.select_related("campaign__organization", "lead", "next_step", "sender")
    recipient = inside.order_by(is_idle, F("next_send_at").asc(nulls_last=True), "pk").first()
    if recipient is None:
        return None
    standing = why_recipient(recipient, now=now)
    return Expected(recipient, standing, _sentence(recipient, standing, now))


def _sentence(recipient: Recipient, standing: Standing, now: datetime) -> str:
    step, at = recipient.next_step, standing.next_send_at
    if step is None or at is None:
        return f"No mail is planned in “{recipient.campaign}”. {standing.summary}"
    when = moment(at, zone=recipient.campaign.timezone, now=now) if at > now else "now"
    via = f" via {recipient.sender.email}" if recipient.sender else ""
    return f"Step {step.position} of “{recipient.campaign}” {when}{via}."

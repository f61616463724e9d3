"""What segments can ask about campaigns: who is in one, what became of the mails, when somebody last heard from us."""

from typing import Any

from django.db.models import Exists, OuterRef, Q

from campaigns.models import Campaign, Job, JobKind, Message, Recipient
from campaigns.models.recipient import RecipientQuerySet
from leads.models import Segment
from leads.segments.asking import Asking
from leads.segments.fields import Field
from leads.segments.kinds import NO_VALUE, RowKind, TimeKind, boundary, key
from leads.segments.uses import Use

SECTION = "Campaigns"
ANY_CAMPAIGN = "any campaign"


class CampaignKind(RowKind):
    """Of one campaign by its number, or, without a value, of any."""

    is_optional = True

    def read(self, operator: str, value: Any, path: str) -> Any:
        return None if value in (None, "") else key(value, path)

    def told(self, operator: str, value: Any, names: Any) -> str:
        said = super().told(operator, value, names)
        return said if value else f"{said} {ANY_CAMPAIGN}"

    def recipients(self, value: int | None, asking: Asking) -> RecipientQuerySet:
        """The lead's recipients there, of campaigns that are not being deleted."""
        rows = Recipient.objects.living().filter(lead=OuterRef("pk"), campaign__organization=asking.organization_id)
        return rows.filter(campaign=value) if value else rows


class EnrolledKind(CampaignKind):
    """Whether a lead is or was in a campaign."""

    operators = {
        "in": "ever in",
        "not_in": "never in",
        "active_in": "still active in",
        "not_active_in": "not active in",
    }

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        rows = self.recipients(value, asking)
        inside = Q(Exists(rows.inside() if "active" in operator else rows))
        return ~inside if operator.startswith("not_") else inside


class ReactionKind(CampaignKind):
    """Whether a lead did something in a campaign; `column` of the recipient is the first time."""

    operators = {"in": "in", "not_in": "not in"}

    def __init__(self, name: str, label: str, column: str):
        super().__init__(name, label, SECTION, of=Campaign)
        self._column = column

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        did = Q(Exists(self.recipients(value, asking).filter(**{f"{self._column}__isnull": False})))
        return did if operator == "in" else ~did


class SignKind(TimeKind):
    """When something last happened with a lead in any campaign, if ever."""

    operators = {
        **TimeKind.operators,
        "not_for_days": "not within the last",
        "ever": "at any time",
        "never": "never",
    }

    def happenings(self, asking: Asking) -> tuple[Any, str]:
        """The rows that tell of it, for one lead, and the column with the time."""
        raise NotImplementedError

    def condition(self, operator: str, value: Any, asking: Asking) -> Q:
        rows, column = self.happenings(asking)
        ever = Q(Exists(rows.filter(**{f"{column}__isnull": False})))
        if operator in NO_VALUE:
            return ever if operator == "ever" else ~ever
        since = Q(Exists(rows.filter(**{f"{column}__gte": boundary(value, asking)})))
        match operator:
            case "less_than_days_ago" | "on_or_after":
                return since
            case "not_for_days":
                return ~since
            case _:
                return ever & ~since

    def told(self, operator: str, value: Any, names: Any) -> str:
        said = super().told(operator, value, names)
        return said.removesuffix(" ago") if operator == "not_for_days" else said


class ContactKind(SignKind):
    """The last mail that went out."""

    def happenings(self, asking: Asking) -> tuple[Any, str]:
        rows = Message.objects.living().filter(recipient__lead=OuterRef("pk"))
        return rows, "sent_at"


class ReplyKind(SignKind):
    """The last reply: the first one in each campaign is known."""

    def happenings(self, asking: Asking) -> tuple[Any, str]:
        return Recipient.objects.living().filter(lead=OuterRef("pk")), "replied_at"


FIELDS: tuple[Field, ...] = (
    EnrolledKind("campaign", "Enrolled", SECTION, of=Campaign),
    ReactionKind("received", "Got a mail", "sent_at"),
    ReactionKind("opened", "Opened", "opened_at"),
    ReactionKind("clicked", "Clicked", "clicked_at"),
    ReactionKind("replied", "Replied", "replied_at"),
    ReactionKind("bounced", "Bounced", "bounced_at"),
    ReactionKind("booked", "Booked a meeting", "booked_at"),
    ContactKind("last_contacted", "Last contacted", SECTION),
    ReplyKind("last_replied", "Last reply", SECTION),
)


def campaigns_enrolled_by(segment: Segment) -> list[Use]:
    """The campaigns that people came into by way of `segment`; none of them keeps it."""
    jobs = Job.objects.living().filter(
        organization=segment.organization_id, kind=JobKind.ENROLL, state__segment=segment.pk
    )
    campaigns = Campaign.objects.filter(pk__in=jobs.values("campaign"))
    named = campaigns.order_by("-pk").values_list("pk", "name")
    return [Use("campaign", number, name, keeps=False) for number, name in named]

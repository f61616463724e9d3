"""What the page of a campaign shows: the part that moves, and the parts that stand."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse

from campaigns import lifecycle, preflight
from campaigns.errors import FailCode, StartCode
from campaigns.models import Campaign, CampaignStatus
from campaigns.progress import Progress, progress
from campaigns.tallies.wordings import messages_of_wordings
from campaigns.why.codes import GateCode, WhyCode
from campaigns_project.accounts.admin.live import Pulse, version_of

SENDING, WAITING, RESTING, TABLE = 2, 15, 30, 30  # seconds between two questions of an open page
SOON = timedelta(seconds=30)
# After a pause, mails may be at the mail server for as long as a transaction with it may take.
SETTLING = timedelta(minutes=3)
_MOVING = frozenset({CampaignStatus.RUNNING, CampaignStatus.PAUSED})

# The places of the ledger: name, label, tone, and the list behind the number.
PLACES = (
    ("sent", "Sent", "good", "campaigns_message_changelist", "place=sent"),
    ("in_flight", "In flight", "info", "campaigns_message_changelist", "place=in_flight"),
    ("waiting", "Waiting", "quiet", "campaigns_recipient_changelist", "standing=in"),
    ("skipped", "Skipped", "skip", "campaigns_recipient_changelist", "standing=early"),
    ("uncertain", "Uncertain", "warn", "campaigns_message_changelist", "place=uncertain"),
    ("failed", "Failed", "bad", "campaigns_message_changelist", "place=failed"),
)

# What mends what pre-flight found: the words of the link, and where it leads.
_MENDS = {
    StartCode.NO_RECIPIENTS: ("Enroll leads", "campaigns_campaign_enroll"),
    StartCode.NO_SENDER: ("Choose senders", "campaigns_campaign_choose_senders"),
    StartCode.SENDER_UNUSABLE: ("Choose senders", "campaigns_campaign_choose_senders"),
    StartCode.MERGE_VALUE_MISSING: ("Open the steps", "campaigns_campaign_steps"),
    StartCode.NO_STEPS: ("Open the steps", "campaigns_campaign_steps"),
    StartCode.NO_VARIANT: ("Open the steps", "campaigns_campaign_steps"),
    StartCode.TEMPLATE_INVALID: ("Open the steps", "campaigns_campaign_steps"),
    StartCode.UNKNOWN_MERGE_FIELD: ("Open the steps", "campaigns_campaign_steps"),
}

# What to do about a campaign whose people did not come.
_AFTER_FAILURE: dict[str, str] = {
    FailCode.FETCH_FAILED: "Mend that, then resume: whoever was bought already is not bought again.",
    FailCode.NOBODY_FOUND: "Widen the search under Lead source, then resume.",
    FailCode.NOBODY_ENROLLED: "Change the search under Lead source, or enroll others, then resume.",
    FailCode.START_REFUSED: "Mend what stands below, then resume.",
}


@dataclass(frozen=True)
class Place:
    """One part of the ledger's bar."""

    label: str
    tone: str
    count: int
    url: str
    opens: str  # what the link leads to: mails, or the people whose mails they are


@dataclass(frozen=True)
class Figure:
    """A number with what it is a part of; `whole` is None where it stands for itself."""

    label: str
    part: int
    whole: int | None
    note: str = ""
    url: str = ""  # what it counts, where that can be read


def version(campaign: Campaign, now: datetime) -> str:
    """Differs whenever the moving part may read differently; from the campaign's own row, so that asking costs nothing.

    Counts that are not on the row (in flight, next send) are made anew every few seconds while it runs.
    """
    beat = int(now.timestamp()) // _beat(campaign, now) if campaign.status in _MOVING else 0
    return version_of(campaign.updated_at, campaign.status, campaign.status_message, beat, *_counters(campaign))


def _beat(campaign: Campaign, now: datetime) -> int:
    """While the first mail is held back its seconds are counted down; after a pause, the mails still on their way."""
    is_held = campaign.hold_until is not None and campaign.hold_until > now
    return SENDING if is_held or _was_just_paused(campaign, now) else WAITING


def live_context(campaign: Campaign, now: datetime) -> dict[str, Any]:
    """The moving part: sentence, ledger and figures. Eleven small queries, however large the campaign."""
    standing = progress(campaign, now=now)
    return {
        "campaign": campaign,
        "progress": standing,
        "standing": standing.standing,
        "places": _places(campaign, standing),
        "figures": _figures(campaign),
        "still_going": lifecycle.still_going(_may_still_go(campaign, standing, now)),
        "pulse": Pulse(version(campaign, now), _every(campaign, standing, now)),
        "now": now,
    }


def missing_before_start(campaign: Campaign) -> list[dict[str, Any]]:
    """What pre-flight says about a campaign that was not started yet, each with a link to where it is mended."""
    if campaign.status not in {CampaignStatus.DRAFT, CampaignStatus.SCHEDULED}:
        return []
    return [{**problem.as_dict(), **_mend(problem, campaign)} for problem in preflight.check(campaign)]


def fetched_first(campaign: Campaign) -> list[preflight.Problem]:
    """What to know of a campaign that was not started yet and whose start fetches its people; else nothing."""
    is_new = campaign.status in {CampaignStatus.DRAFT, CampaignStatus.SCHEDULED}
    return list(preflight.fetches_first(campaign)) if is_new else []


def after_failure(campaign: Campaign) -> str:
    """What to do about a campaign that has failed, in one sentence."""
    is_failed = campaign.status == CampaignStatus.FAILED
    return _AFTER_FAILURE.get(campaign.status_code, "") if is_failed else ""


def step_rows(campaign: Campaign, now: datetime) -> list[dict[str, Any]]:
    """The steps with their variants, and how many messages of each stand where. Three queries."""
    counts = messages_of_wordings(campaign, now=now)
    steps = campaign.steps.prefetch_related("variants").order_by("position")
    return [
        {
            "step": step,
            "variants": [_variant_row(variant, counts) for variant in step.variants.all()],
        }
        for step in steps
    ]


def _variant_row(variant: Any, counts: Mapping[tuple[int | None, str], int]) -> dict[str, Any]:
    statuses = ("sent", "failed", "uncertain")
    return {"variant": variant, **{status: counts[variant.pk, status] for status in statuses}}


def _counters(campaign: Campaign) -> Iterable[int]:
    return (
        campaign.total_recipients,
        campaign.recipients_reached,
        campaign.active_leads_count,
        campaign.emails_sent,
        campaign.emails_opened,
        campaign.emails_clicked,
        campaign.emails_replied,
        campaign.emails_bounced,
        campaign.opted_out_count,
        campaign.completed_leads_count,
        campaign.booked_count,
    )


def _places(campaign: Campaign, standing: Progress) -> list[Place]:
    counts = standing.ledger.as_dict()
    return [
        Place(
            label,
            tone,
            counts[name],
            f"{reverse(f'admin:{page}')}?campaign={campaign.pk}&{query}",
            "Mails; opens the list of the people they are for" if "recipient" in page else "Opens the list of mails",
        )
        for name, label, tone, page, query in PLACES
    ]


def _figures(campaign: Campaign) -> list[Figure]:
    reached = campaign.recipients_reached
    came_in = f"{reverse('admin:tracking_inboundmail_changelist')}?campaign={campaign.pk}"
    people = f"{reverse('admin:campaigns_recipient_changelist')}?campaign={campaign.pk}"
    mails = f"{reverse('admin:campaigns_message_changelist')}?campaign={campaign.pk}"
    return [
        Figure("Recipients", campaign.total_recipients, None, _where_they_are(campaign), people),
        Figure("Mails sent", campaign.emails_sent, None, f"to {reached:,} people", f"{mails}&place=sent"),
        Figure("Replied", campaign.emails_replied, reached, url=came_in),
        Figure(
            "Clicked",
            campaign.emails_clicked,
            reached,
            "" if campaign.track_clicks else "not tracked",
            f"{people}&did=clicked",
        ),
        Figure(
            "Opened, about",
            campaign.emails_opened,
            reached,
            "" if campaign.track_opens else "not tracked",
            f"{people}&did=opened",
        ),
        Figure("Bounced", campaign.emails_bounced, reached, url=f"{came_in}&what=bounce"),
        Figure(
            "Opted out",
            campaign.opted_out_count,
            campaign.total_recipients,
            "",
            f"{people}&did=opted_out",
        ),
        Figure("Booked", campaign.booked_count, None, "", f"{people}&did=booked"),
    ]


def _where_they_are(campaign: Campaign) -> str:
    return f"{campaign.active_leads_count:,} still in, {campaign.completed_leads_count:,} had all steps"


def _every(campaign: Campaign, standing: Progress, now: datetime) -> int | None:
    if campaign.status in CampaignStatus.ended or campaign.status == CampaignStatus.FAILED:
        return None
    if campaign.status != CampaignStatus.RUNNING:
        return SENDING if _was_just_paused(campaign, now) and _may_be_in_flight(standing, now) else RESTING
    is_due = standing.next_send_at is not None and standing.next_send_at - now < SOON
    is_due = is_due or _beat(campaign, now) == SENDING or _is_waited_for(standing)
    return SENDING if is_due or standing.ledger.in_flight or standing.mails_last_minute else WAITING


def _was_just_paused(campaign: Campaign, now: datetime) -> bool:
    return campaign.paused_at is not None and now - campaign.paused_at < SETTLING


def _may_still_go(campaign: Campaign, standing: Progress, now: datetime) -> int:
    is_over = campaign.status != CampaignStatus.PAUSED or not _may_be_in_flight(standing, now)
    return 0 if is_over else lifecycle.may_still_go(campaign)


def _may_be_in_flight(standing: Progress, now: datetime) -> bool:
    """The ledger of a large campaign is of some time ago, and does not know what is in flight now."""
    return standing.ledger.in_flight > 0 or standing.counted_at < now


def _is_waited_for(standing: Progress) -> bool:
    """Mail is due and nobody works: the page should see it when somebody does."""
    due = next(gate.numbers["due"] for gate in standing.standing.gates if gate.code == GateCode.RECIPIENTS)
    return due > 0 and standing.standing.code == WhyCode.WORKER_DOWN


def _mend(problem: preflight.Problem, campaign: Campaign) -> dict[str, Any]:
    if problem.code == StartCode.POSTAL_ADDRESS_MISSING:
        url = reverse("admin:accounts_organization_change", args=[campaign.organization_id])
        return {"link": "Open the organization", "url": url, "is_dialog": False}
    if problem.code == StartCode.LEAD_SOURCE_UNUSABLE:
        url = reverse("admin:leads_provideraccount_changelist")
        return {"link": "Open provider accounts", "url": url, "is_dialog": False}
    if problem.code not in _MENDS:
        return {"link": "", "url": "", "is_dialog": False}
    words, name = _MENDS[StartCode(problem.code)]
    is_dialog = not name.endswith("_steps")
    return {"link": words, "url": reverse(f"admin:{name}", args=[campaign.pk]), "is_dialog": is_dialog}

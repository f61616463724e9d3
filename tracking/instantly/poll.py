"""Looking at one campaign of Instantly: its mails, people and figures. The second source, since webhooks get lost."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime

from campaigns.models import HandedLead, HandedStatus, Handover, InstantlyDay, Recipient, RecipientStatus
from campaigns.providers.instantly.accounts import client_of, is_sandboxed
from campaigns.providers.instantly.client import PAGE, InstantlyClient, page_of
from campaigns_project.errors import Refused
from leads.addresses import stored_form
from leads.providers.errors import LostAnswer, ProviderRefused
from leads.suppression import erased_among
from tracking.instantly.news import Kind, News, follow, recipients_at, take
from tracking.instantly.sent import record_sent

PAGES = 10  # of mails in one look, of which Instantly allows twenty a minute
PAGES_OF_LEADS = 20
TURN = 90.0  # seconds, after which the next look goes on: with a call that takes its longest, well within a task's time
OVERLAP = timedelta(minutes=2)  # looked at again: one of an earlier second may come into the list later
DAYS = 14  # whose figures may still change
CAMPAIGN_SENT, RECEIVED = 1, 2  # kinds of mails in its list
COMPLETED, BOUNCED, UNSUBSCRIBED, SKIPPED = 3, -1, -2, -3  # states of a lead
MEETING_BOOKED = 2  # of its interest
DISABLED = -1  # a webhook that failed too often


def poll(*, handover_id: int, now: datetime) -> int:
    """Take in what Instantly has; how many pieces of it were new. What could not be asked stands in `poll_error`."""
    rows = Handover.objects.living().filter(pk=handover_id, account__isnull=False)
    handover = rows.exclude(campaign__instantly_campaign_id="").select_related("account", "campaign").first()
    if handover is None or handover.account is None or is_sandboxed():
        return 0
    try:
        new = _look(handover, client_of(handover.account), now)
    except Refused as refused:
        Handover.objects.filter(pk=handover.pk).update(polled_at=now, poll_error=str(refused)[:2000])
        return 0
    Handover.objects.filter(pk=handover.pk).update(polled_at=now, poll_error="")
    return new


def _look(handover: Handover, client: InstantlyClient, now: datetime) -> int:
    ends, new = time.monotonic() + TURN, 0
    state = _object(client.get(f"campaigns/{handover.campaign.instantly_campaign_id}")).get("status")
    known = isinstance(state, int) and abs(state) < 1_000
    Handover.objects.filter(pk=handover.pk).update(their_status=state if known else None)
    if not handover.campaign.auto_discovered:
        _keep_listening(handover, client)
        new = _take_leads(handover, client, now, ends) + _take_emails(handover, client, now, ends)
    # Last: they decide nothing.
    _take_figures(handover, client, now)
    return new


def _take_figures(handover: Handover, client: InstantlyClient, now: datetime) -> None:
    number = handover.campaign.instantly_campaign_id
    totals = client.get("campaigns/analytics", {"id": number})
    found = [each for each in totals if isinstance(each, dict)] if isinstance(totals, list) else []
    mine = next((each for each in found if str(each.get("campaign_id")) == number), {})
    Handover.objects.filter(pk=handover.pk).update(figures=_counts(mine))
    known = InstantlyDay.objects.filter(campaign=handover.campaign_id).exists()
    days_back = DAYS if known else 365
    since = now.date() - timedelta(days=days_back)
    asked = {"campaign_id": number, "start_date": str(since), "end_date": str(now.date() + timedelta(days=1))}
    days = client.get("campaigns/analytics/daily", asked)
    rows = {
        day: InstantlyDay(campaign_id=handover.campaign_id, day=day, figures=_counts(each), seen_at=now)
        for each in (days if isinstance(days, list) else [])
        if isinstance(each, dict) and (day := _day(each.get("date")))
    }
    InstantlyDay.objects.bulk_create(
        rows.values(), update_conflicts=True, unique_fields=["campaign", "day"], update_fields=["figures", "seen_at"]
    )


def _keep_listening(handover: Handover, client: InstantlyClient) -> None:
    """Instantly gives a webhook up that failed some times; it is taken up again."""
    if not handover.webhook:
        return
    for each in client.listed("webhooks"):
        if str(each.get("id")) == handover.webhook and each.get("status") == DISABLED:
            client.ask(f"webhooks/{handover.webhook}/resume", {})


def _take_emails(handover: Handover, client: InstantlyClient, now: datetime, ends: float) -> int:
    new, after, until = 0, "", handover.emails_until
    wanted = {"campaign_id": handover.campaign.instantly_campaign_id, "sort_order": "asc", "limit": str(PAGE)}
    if until:
        wanted["min_timestamp_created"] = _iso(until - OVERLAP)
    for _ in range(PAGES):
        asked = {**wanted, **({"starting_after": after} if after else {})}
        items, after = page_of(client.get("emails", asked), "emails")
        for item in items:
            new += _take_email(handover, item, now)
            seen = _moment(item.get("timestamp_created"))
            until = max(filter(None, (until, seen)), default=None)
        Handover.objects.filter(pk=handover.pk).update(emails_until=until)
        if not items or not after or time.monotonic() >= ends:
            break
    return new


def _take_email(handover: Handover, item: dict[str, Any], now: datetime) -> bool:
    told = item.get("ue_type")
    kind = {CAMPAIGN_SENT: Kind.SENT, RECEIVED: Kind.REPLIED}.get(told) if isinstance(told, int) else None
    # An absence is no answer.
    if kind is None or handover.account is None or (kind == Kind.REPLIED and item.get("is_auto_reply")):
        return False
    at = _moment(item.get("timestamp_email")) or _moment(item.get("timestamp_created")) or now
    news = News(
        kind=kind,
        campaign=handover.campaign.instantly_campaign_id,
        address=str(item.get("lead") or ""),
        at=min(at, now),
        email=str(item.get("id") or ""),
        subject=str(item.get("subject") or "")[:500] if kind == Kind.SENT else "",
        key=str(item.get("id") or ""),
    )
    return bool(take(handover.account, news))


def _take_leads(handover: Handover, client: InstantlyClient, now: datetime, ends: float) -> int:
    """The next pages of its people, from where the last look ended; after the last one from the beginning."""
    new, after = 0, handover.leads_after
    for _ in range(PAGES_OF_LEADS):
        wanted = {"campaign": handover.campaign.instantly_campaign_id, "limit": PAGE}
        asked = {**wanted, **({"starting_after": after} if after else {})}
        try:
            items, after = page_of(client.ask("leads/list", asked), "leads/list")
        except ProviderRefused as refused:
            if not refused.is_passing:  # it may be the place, of somebody who is not there any more
                Handover.objects.filter(pk=handover.pk).update(leads_after="")
            raise
        numbers = [str(item.get("id")) for item in items]
        rows = HandedLead.objects.filter(handover=handover, external_id__in=numbers)
        handed = {row.external_id: row for row in rows.select_related("recipient__campaign__organization")}
        for item in items:
            row = handed.get(str(item.get("id")))
            if row is not None:
                new += _take_lead(handover, row, item, now)
        new += _put_out(handover, [item for item in items if str(item.get("id")) not in handed], now)
        Handover.objects.filter(pk=handover.pk).update(leads_after=after[:200])
        if not items or not after or time.monotonic() >= ends:
            break
    return new


def _put_out(handover: Handover, items: list[dict[str, Any]], now: datetime) -> int:
    """Leads that we do not know by their number, and whose person is out here, are removed: out means out.

    They come from a call whose answer got lost, and that was acted upon after all: after its people were looked for
    and not found, or not there yet in a list that lags. Whoever somebody added over there is left alone.
    """
    numbers = {str(item.get("email") or ""): str(item["id"])[:64] for item in items if item.get("id")}
    if not numbers:
        return 0
    found = recipients_at(handover, numbers.keys())
    rows = HandedLead.objects.filter(recipient__in=[each.pk for each in found.values()])
    handed = {row.recipient_id: row for row in rows}
    put_out = 0
    for address, recipient in found.items():
        row = handed.get(recipient.pk)
        if recipient.status not in RecipientStatus.OUT or (row and row.status in HandedStatus.OPEN):
            continue
        shape = {"status": HandedStatus.HELD, "external_id": numbers[address], "wanted_out_at": now, "removed_at": None}
        if row is None:
            HandedLead.objects.bulk_create(
                [HandedLead(handover=handover, recipient=recipient, asked_at=now, **shape)], ignore_conflicts=True
            )
        else:
            HandedLead.objects.filter(pk=row.pk, status=row.status).update(**shape)
        put_out += 1
    unknown = {stored_form(address): address for address in numbers if address and address not in found}
    erased = erased_among(handover.campaign.organization_id, list(unknown))
    HandedLead.objects.bulk_create(
        HandedLead(handover=handover, status=HandedStatus.HELD, external_id=numbers[unknown[each]], wanted_out_at=now)
        for each in erased
    )
    return put_out + len(erased)


def _take_lead(handover: Handover, row: HandedLead, item: dict[str, Any], now: datetime) -> bool:
    if row.status == HandedStatus.REMOVED:
        # A call whose answer got lost arrived late: out means out.
        back = HandedLead.objects.filter(pk=row.pk, status=HandedStatus.REMOVED)
        return bool(back.update(status=HandedStatus.HELD, removed_at=None, wanted_out_at=now))
    recipient = row.recipient
    if recipient is None or recipient.status in RecipientStatus.OUT:
        return False
    kind = _kind_of(item)
    if kind == Kind.SENT:
        return _finish(handover, recipient, item, now)
    if kind is None:
        return False
    at = min(_moment(item.get("timestamp_updated")) or now, now)
    number = str(item.get("id"))
    news = News(kind, handover.campaign.instantly_campaign_id, recipient.email_address, at, key=f"lead:{number}")
    return follow(handover, recipient, news)


def _kind_of(item: dict[str, Any]) -> Kind | None:
    """What its state says has happened to a lead; SENT for one that had the whole sequence."""
    status, replies = item.get("status"), item.get("email_reply_count") or 0
    if status == UNSUBSCRIBED:
        return Kind.UNSUBSCRIBED
    if status == BOUNCED:
        return Kind.BOUNCED
    if item.get("lt_interest_status") == MEETING_BOOKED:
        return Kind.BOOKED
    if status == COMPLETED:  # one that replied ends so as well
        return Kind.REPLIED if replies else Kind.SENT
    return Kind.SKIPPED if status == SKIPPED else None


def _finish(handover: Handover, recipient: Recipient, item: dict[str, Any], now: datetime) -> bool:
    at = min(_moment(item.get("timestamp_last_contact")) or now, now)
    steps = len(handover.content.get("steps", []))
    return bool(steps) and record_sent(handover, recipient, at=at, step=steps) is not None


def _object(told: Any) -> dict[str, Any]:
    """LostAnswer for what is none."""
    if not isinstance(told, dict):
        raise LostAnswer("provider_answer_unreadable", "What Instantly answered is no campaign.", "")
    return told


def _counts(told: dict[str, Any]) -> dict[str, int | float]:
    """The numbers alone, of a bounded many."""
    numbers = {name: value for name, value in told.items() if isinstance(value, int | float)}
    return {str(name)[:60]: value for name, value in list(numbers.items())[:60] if not isinstance(value, bool)}


def _day(value: Any) -> date | None:
    try:
        return parse_date(str(value)[:10])
    except ValueError:
        return None


def _moment(value: Any) -> datetime | None:
    try:
        at = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at and at.tzinfo is None else at


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")

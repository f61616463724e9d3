"""People handed over to Instantly, each once.

Instantly knows no idempotency keys. So each of a batch is written down as asked, and that is committed, before the
call; where the answer got lost, Instantly is asked which of them it has before anybody is sent again.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from campaigns.enrollment.stop import stop_recipients
from campaigns.merge_values import Person, people_of
from campaigns.models import Campaign, ExitReason, HandedLead, HandedStatus, Handover, RecipientStatus
from campaigns.providers.instantly.client import PAGE, InstantlyClient, page_of
from campaigns.providers.instantly.content import Values
from campaigns.sending.advance import lock_recipients
from campaigns_project.errors import Refused
from leads.providers.errors import ProviderRefused
from leads.suppression import forbidden_among_sql

BATCH = 1_000  # the most of one call
SETTLES_AFTER = timedelta(seconds=90)  # the longest call and some: after that nobody works on what came of it
# Of ours and Instantly's own: what people see in its lists.
COLUMNS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "company_name": "company",
    "job_title": "title",
    "phone": "phone",
    "website": "website",
}
# How it counts those it did not take, and what that means.
REASONS = {
    "in_blocklist": "its blocklist has the address",
    "invalid_email_count": "it calls the address invalid",
    "duplicated_leads": "another of its campaigns has the person",
    "skipped_count": "another of its campaigns has the person",
    "incomplete_count": "it calls the lead incomplete",
    "duplicate_email_count": "the address came twice",
}


def push_some(campaign: Campaign, handover: Handover, client: InstantlyClient, *, now: datetime) -> bool:
    """Hand over the next batch; False when everybody was met. LostAnswer leaves it to `settle_unanswered`."""
    reached = handover.reached
    rows = _take(campaign, handover, now)
    if rows:
        _send(campaign, handover, client, rows, now)
    return handover.reached > reached


def settle_unanswered(campaign: Campaign, handover: Handover, client: InstantlyClient, *, now: datetime) -> bool:
    """Find out about those whose call has no answer; True when it is known of everybody.

    Whoever is there was taken. Whoever is not is sent once more while they are in: should the first call still arrive,
    Instantly skips who is in the campaign already. While the campaign rests they wait as if never asked.
    """
    asked = HandedLead.objects.filter(handover=handover, status=HandedStatus.ASKED).order_by("pk")
    while rows := list(asked.filter(asked_at__lt=now - SETTLES_AFTER)[:BATCH]):
        people = people_of(row.recipient_id for row in rows if row.recipient_id)
        _look_up(handover, client, rows, people, now)
        missing = list(asked.filter(pk__in=[row.pk for row in rows]).values_list("pk", "recipient_id"))
        inside = _still_inside(campaign, missing)
        _never_there([pk for pk, recipient in missing if recipient not in inside], now)
        again = {recipient: pk for pk, recipient in missing if recipient in inside}
        if not again:
            continue
        if not Campaign.objects.running().filter(pk=campaign.pk).exists():
            _forget(handover, list(again.values()))
            continue
        HandedLead.objects.filter(pk__in=again.values()).update(asked_at=now)
        _send(campaign, handover, client, again, now)
    return not asked.exists()


@transaction.atomic
def _take(campaign: Campaign, handover: Handover, now: datetime) -> dict[int, int]:
    """The next who are in, may be written to and were not handed over: their rows by recipient, committed as asked."""
    wanted: dict[str, Any] = {"campaign": campaign.pk, "handover": handover.pk, "now": now, "limit": BATCH}
    wanted |= {"organization": campaign.organization_id}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {**wanted, "reached": handover.reached})
        met = dict(cursor.fetchall())
    if met:
        handover.reached = max(met)
        Handover.objects.filter(pk=handover.pk).update(reached=handover.reached)
    return {recipient: pk for recipient, pk in met.items() if pk is not None}


def _send(
    campaign: Campaign, handover: Handover, client: InstantlyClient, rows: Mapping[int, int], now: datetime
) -> None:
    people = people_of(rows)
    values = Values(campaign.organization, handover.content["variables"])
    sent: list[tuple[Person, dict[str, Any]]] = []
    for person in people.values():
        try:
            sent.append((person, _lead(person, values.of(person))))
        except Refused as refused:
            _refuse([(rows[person.recipient], person.recipient)], refused.message, refused.code, now)
    _never_there([pk for recipient, pk in rows.items() if recipient not in people], now)
    if not sent:
        return
    leads = [each for _, each in sent]
    body = {"campaign_id": campaign.instantly_campaign_id, "skip_if_in_campaign": True, "leads": leads}
    answer = client.tell("leads/add", body)
    taken = _taken(answer, sent)
    _hold({rows[recipient]: number for recipient, number in taken.items()}, now)
    left = [person for person, _ in sent if person.recipient not in taken]
    if left:
        # Refused ones are only counted. Who is there all the same came with a call whose answer got lost.
        known = list(HandedLead.objects.filter(pk__in=[rows[person.recipient] for person in left]))
        _look_up(handover, client, known, {person.recipient: person for person in left}, now)
        others = HandedLead.objects.filter(pk__in=[row.pk for row in known], status=HandedStatus.ASKED)
        _refuse(list(others.values_list("pk", "recipient_id")), _why(answer), "not_taken", now)


def _lead(person: Person, variables: Mapping[str, str]) -> dict[str, Any]:
    columns = {theirs: getattr(person, ours) for theirs, ours in COLUMNS.items()}
    told = {name: value for name, value in columns.items() if value}
    return {"email": person.email_address, **told, "custom_variables": dict(variables)}


def _taken(answer: Any, sent: Sequence[tuple[Person, Mapping[str, Any]]]) -> dict[int, str]:
    """Instantly's numbers by recipient, as far as the answer gives them: by address, or by place where it is spelled
    in a way of its own.
    """
    created = answer.get("created_leads") if isinstance(answer, dict) else None
    by_address = {person.email_address.lower(): person for person, _ in sent}
    taken: dict[int, str] = {}
    spelled_otherwise: list[dict[str, Any]] = []
    for each in created if isinstance(created, list) else []:
        if not isinstance(each, dict) or not each.get("id"):
            continue
        person = by_address.get(str(each.get("email") or "").lower())
        if person is None:
            spelled_otherwise.append(each)
        else:
            taken[person.recipient] = str(each["id"])[:64]
    for each in spelled_otherwise:
        place = each.get("index")
        if isinstance(place, int) and 0 <= place < len(sent):
            taken.setdefault(sent[place][0].recipient, str(each["id"])[:64])
    return taken


def _look_up(
    handover: Handover,
    client: InstantlyClient,
    rows: Sequence[HandedLead],
    people: Mapping[int, Person],
    now: datetime,
) -> None:
    """Those of `rows` that Instantly has in the campaign are held from now on."""
    there = ((people.get(row.recipient_id or 0), row.pk) for row in rows)
    by_address = {person.email_address.lower(): pk for person, pk in there if person}
    addresses = sorted(by_address)
    for first in range(0, len(addresses), PAGE):
        some = addresses[first : first + PAGE]
        for each in listed_leads(client, handover.campaign.instantly_campaign_id, contacts=some):
            row = by_address.get(str(each.get("email") or "").lower())
            if row is not None and each.get("id"):
                _hold({row: str(each["id"])[:64]}, now)


def listed_leads(client: InstantlyClient, campaign: str, **asked: Any) -> list[dict[str, Any]]:
    """All leads of a campaign at Instantly that fit."""
    found: list[dict[str, Any]] = []
    after = ""
    while True:
        more = {"starting_after": after} if after else {}
        body = {"campaign": campaign, "limit": PAGE, **asked, **more}
        items, after = page_of(client.ask("leads/list", body), "leads/list")
        found += items
        if not items or not after:
            return found


def _hold(taken: Mapping[int, str], now: datetime) -> None:
    if not taken:
        return
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, {"ids": list(taken), "numbers": list(taken.values()), "now": now})


@transaction.atomic
def _refuse(rows: Sequence[tuple[int, int | None]], why: str, code: str, now: datetime) -> None:
    """These were not taken, and so get nothing: they leave, with the reason."""
    recipients = [recipient for _, recipient in rows if recipient]
    if not rows:
        return
    lock_recipients(recipients)
    asked = HandedLead.objects.filter(pk__in=[pk for pk, _ in rows], status=HandedStatus.ASKED)
    asked.update(status=HandedStatus.REFUSED, reason=code[:60], answered_at=now)
    reason = ExitReason.NOT_TAKEN if code == "not_taken" else ExitReason.FAILED
    stop_recipients(recipients, reason=reason, at=now, error=why)


def _never_there(rows: Sequence[int], now: datetime) -> None:
    """They left before Instantly had them."""
    never = HandedLead.objects.filter(pk__in=rows, status=HandedStatus.ASKED)
    never.update(status=HandedStatus.REMOVED, answered_at=now, removed_at=now)


@transaction.atomic
def _forget(handover: Handover, rows: Sequence[int]) -> None:
    """They were never there, and are handed over by the next pass."""
    HandedLead.objects.filter(pk__in=rows, status=HandedStatus.ASKED).delete()
    Handover.objects.filter(pk=handover.pk).update(reached=0, passed_at=None)
    handover.reached, handover.passed_at = 0, None


def _still_inside(campaign: Campaign, missing: Sequence[tuple[int, int | None]]) -> set[int]:
    """The recipients among `missing` who have not left."""
    inside = campaign.recipients.filter(status__in=RecipientStatus.IN)
    return set(inside.filter(pk__in=[recipient for _, recipient in missing if recipient]).values_list("pk", flat=True))


def _why(answer: Any) -> str:
    """Why Instantly did not take somebody, as far as its counts tell."""
    counts = answer if isinstance(answer, dict) else {}
    found = list(dict.fromkeys(words for name, words in REASONS.items() if counts.get(name)))
    return f"Instantly did not take the address: {', or '.join(found) or 'it does not say why'}."


def require_content(handover: Handover) -> None:
    """ProviderRefused where nothing was handed over that values could be filled into."""
    if "variables" not in handover.content:
        raise ProviderRefused("provider_refused_request", "The campaign was not created at Instantly from here.", "")


_FORBIDDEN = forbidden_among_sql(
    rows="next",
    addresses=("next.email_normalized", "next.domain", "next.address"),
    organization="%(organization)s",
    campaign="%(campaign)s",
    at="statement_timestamp()",
)
# In the order in which all of us take locks. Whoever may not be written to is left: they are about to be taken out.
_TAKE = f"""
WITH next AS MATERIALIZED (
    SELECT recipient.id, lead.email_normalized, lead.domain, lower(recipient.email_address) AS address
    FROM campaign_recipients recipient JOIN leads lead ON lead.id = recipient.lead_id
    WHERE recipient.campaign_id = %(campaign)s AND recipient.id > %(reached)s
      AND recipient.status IN ('pending', 'sent') AND recipient.next_send_at IS NOT NULL
      AND EXISTS (SELECT 1 FROM campaigns WHERE id = %(campaign)s AND status = 'running' AND deleting_at IS NULL)
      AND NOT EXISTS (SELECT 1 FROM instantly_leads handed WHERE handed.recipient_id = recipient.id)
    ORDER BY recipient.id LIMIT %(limit)s
    FOR NO KEY UPDATE OF recipient
), forbidden (address) AS MATERIALIZED ({_FORBIDDEN}), taken AS (
    INSERT INTO instantly_leads (handover_id, recipient_id, status, external_id, reason, asked_at)
    SELECT %(handover)s, next.id, 'asked', '', '', %(now)s FROM next
    WHERE NOT (
        next.email_normalized IN (SELECT address FROM forbidden) OR next.domain IN (SELECT address FROM forbidden)
        OR next.address IN (SELECT address FROM forbidden)
    )
    ORDER BY next.id
    ON CONFLICT (recipient_id) DO NOTHING
    RETURNING id, recipient_id
)
SELECT next.id, taken.id FROM next LEFT JOIN taken ON taken.recipient_id = next.id
"""  # noqa: S608 - a text of our own
_HOLD = """
UPDATE instantly_leads handed SET status = 'held', external_id = taken.number, answered_at = %(now)s
FROM unnest(%(ids)s::bigint[], %(numbers)s::text[]) AS taken(id, number)
WHERE handed.id = taken.id AND handed.status = 'asked'
"""

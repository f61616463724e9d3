"""Take due recipients and write their message rows: from here on nobody else works on them."""

import logging
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction

from campaigns.content.mailbox import wire_domain
from campaigns.content.message_id import message_id
from campaigns.models import Campaign, DeliveredBy, Message, MessageStatus, Sender, Step, Variant
from campaigns.sending.advance import hold_for_a_decision
from campaigns.sending.sharing import share_of
from campaigns_project.database.arrays import bigints, json_array, numbered

logger = logging.getLogger(__name__)

# How long a claim holds without a sign of life. It is renewed between slices, and a slice may take as long as
# connecting and the longest SMTP transaction together: who still works must not be taken for dead.
LEASE = timedelta(seconds=200)


class Claim(NamedTuple):
    """One message this worker may work on, until another holds a higher fence."""

    message: int
    fence: int
    recipient: int
    step: int
    variant: int
    sender: int
    message_id: str
    lease: int  # the same for all that were claimed together
    attempts: int = 1  # this one included
    first_deferred_at: datetime | None = None


@dataclass(frozen=True)
class Wordings:
    """A campaign's steps and the variants that may be used, read once for a round of chunks."""

    steps: dict[int, Step]
    variants: dict[int, list[Variant]]

    @classmethod
    def of(cls, campaign: Campaign) -> "Wordings":
        steps = {step.pk: step for step in campaign.steps.all()}
        variants: dict[int, list[Variant]] = {pk: [] for pk in steps}
        for variant in Variant.objects.filter(step__in=steps, is_active=True).order_by("label"):
            variant.step = steps[variant.step_id]
            variants[variant.step_id].append(variant)
        return cls(steps, variants)

    def with_steps(self, wanted: Collection[int]) -> dict[int, Variant]:
        """These variants by id, each with its step; those that may not be used any more, since a retry keeps its own.

        Whoever is not in the answer is gone.
        """
        known = {variant.pk: variant for variants in self.variants.values() for variant in variants}
        others = set(wanted) - known.keys()
        read = Variant.objects.select_related("step").in_bulk(others) if others else {}
        return {pk: variant for pk, variant in {**known, **read}.items() if pk in wanted}

    def choose(self, step_id: int, recipient_id: int) -> Variant:
        """The variant of `step_id` for this recipient, as `campaigns.sending.sharing` deals them out."""
        return share_of(recipient_id, self.variants[step_id])


def claim(
    *,
    campaign: Campaign,
    wordings: Wordings,
    senders: Sequence[Sender],
    limit: int,
    now: datetime,
    sender: Sender | None = None,
    first_mails: int | None = None,
    suspects: bool = False,
) -> list[Claim]:
    """Claim up to `limit` due recipients of `campaign` for `senders`; the longest due first.

    With `sender` only those who fall to that one: recipients are spread over `senders` and then stay with theirs. Of
    those who had no mail yet at most `first_mails`, if given, are among them.

    `suspects` asks for those whose last worker was never heard of again, and only for them: worked on one by one, the
    mail that kills its worker is told from those that were merely near it.

    Nobody is claimed of a campaign that somebody else delivers: that is settled before its start, for good.

    Any number of workers may ask at once: row locks that are skipped keep them apart. The message row with its
    Message-ID, attempt counter and fence, and one lease for all of them, are committed before any work is done.
    """
    able = sorted(sender.pk for sender in senders)
    usable = [step for step, variants in wordings.variants.items() if variants]
    if not able or not usable or campaign.delivered_by != DeliveredBy.SENDERS:
        return []
    chosen = able if sender is None else [sender.pk]
    wanted: dict[str, Any] = {
        "campaign": campaign.pk,
        "able": able,
        "chosen": chosen,
        "usable": usable,
        "limit": limit,
        "now": now,
    }
    wanted["first_mails"] = limit if first_mails is None else first_mails
    with transaction.atomic():
        due = _take_due({**wanted, "suspects": suspects})
        claims = _write_messages(campaign, due, wordings, {sender.pk: sender for sender in senders}) if due else []
        _set_aside_settled({one.recipient: one.step for one in due}, claims, now)
    _tell_of_moves(campaign, due)
    return claims


class _Due(NamedTuple):
    """A recipient that was taken, for which step and through which sender; `left` is the one it had until now."""

    recipient: int
    step: int
    sender: int
    left: int | None


def _tell_of_moves(campaign: Campaign, due: Sequence[_Due]) -> None:
    """A recipient keeps its sender; where that one dropped out, the log says who took over how many."""
    moves = Counter((one.left, one.sender) for one in due if one.left is not None and one.left != one.sender)
    for (left, taken), count in moves.items():
        extra = {"campaign": campaign.pk, "from_sender": left, "to_sender": taken, "recipients": count}
        logger.info("recipients of a sender that dropped out go on with another", extra=extra)


def _set_aside_settled(taken: Mapping[int, int], claims: Sequence[Claim], now: datetime) -> None:
    """Due (steps by recipient) for a mail that was settled already: sending it would be twice, so a person has to look.

    Others that could not be claimed were so by somebody else a moment ago.
    """
    left = taken.keys() - {claim.recipient for claim in claims}
    if not left:
        return
    rows = Message.objects.filter(recipient__in=left, status__in=MessageStatus.SETTLED)
    settled = [recipient for recipient, step in rows.values_list("recipient", "step") if taken[recipient] == step]
    hold_for_a_decision(settled, note="The mail that came due is settled already.", at=now)


def _take_due(wanted: dict[str, Any]) -> list[_Due]:
    """Those taken; a recipient keeps its sender while that one is in the campaign."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, wanted)
        return [_Due(*row) for row in cursor.fetchall()]


# Nothing is written to the recipient: that somebody works on it is said by its message. Whether one is in somebody's
# hands is asked as a value, since as a condition it could be turned into a search through all messages, and of the step
# as a sum, since by the index of steps it would read all messages of the step for each recipient, as long as statistics
# still know of few. Whoever reads before another has committed finds at the message itself that it came too late.
_TAKE = """
WITH due AS (
    SELECT candidate.id, candidate.next_step_id AS step, fitting.sender, candidate.sender_id AS had,
        candidate.next_send_at, candidate.status = 'pending' AS is_first
    FROM campaign_recipients candidate
    CROSS JOIN LATERAL (SELECT CASE
        WHEN candidate.sender_id = ANY(%(able)s) THEN candidate.sender_id
        WHEN candidate.sender_id IS NULL OR candidate.sender_id NOT IN (
            SELECT link.sender_id FROM campaign_senders link JOIN senders s ON s.id = link.sender_id
            WHERE link.campaign_id = %(campaign)s AND s.status = 'active')
        THEN (%(able)s::bigint[])[1 + candidate.id %% cardinality(%(able)s::bigint[])] END AS sender) fitting
    WHERE candidate.campaign_id = %(campaign)s AND candidate.status IN ('pending', 'sent')
      AND candidate.next_send_at <= %(now)s AND candidate.next_step_id = ANY(%(usable)s)
      AND fitting.sender = ANY(%(chosen)s) AND (%(first_mails)s > 0 OR candidate.status = 'sent')
      AND %(suspects)s = EXISTS (
          SELECT 1 FROM campaign_messages message
          WHERE message.recipient_id = candidate.id AND message.step_id + 0 = candidate.next_step_id
            AND message.lost_claims > 0)
      AND (SELECT message.status IN ('claimed', 'sending') FROM campaign_messages message
           WHERE message.recipient_id = candidate.id AND message.step_id + 0 = candidate.next_step_id) IS NOT TRUE
    ORDER BY candidate.next_send_at, candidate.id LIMIT %(limit)s
    FOR NO KEY UPDATE OF candidate SKIP LOCKED
)
SELECT id, step, sender, had FROM (
    SELECT due.*, row_number() OVER (PARTITION BY is_first ORDER BY next_send_at, id) AS place FROM due
) ranked
WHERE NOT is_first OR place <= %(first_mails)s
"""


def _write_messages(campaign: Campaign, due: list[_Due], wordings: Wordings, senders: dict[int, Sender]) -> list[Claim]:
    domains = {pk: wire_domain(sender.email) for pk, sender in senders.items()}
    variants = [wordings.choose(one.step, one.recipient) for one in due]
    kinds = [(one.step, variant.pk, variant.version, one.sender) for one, variant in zip(due, variants, strict=True)]
    places = numbered(kinds)
    step, variant, version, sender = zip(*places, strict=True)
    identities = (message_id(recipient_id=one.recipient, step_id=one.step, domain=domains[one.sender]) for one in due)
    wanted: dict[str, Any] = {
        "recipients": bigints(one.recipient for one in due),
        "identities": json_array(identities),
        "places": bigints(places[kind] for kind in kinds),
    }
    wanted |= {"step": list(step), "variant": list(variant), "version": list(version), "sender": list(sender)}
    wanted |= {"campaign": campaign.pk, "lease": LEASE.total_seconds()}
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, wanted)
        return [Claim(*row) for row in cursor.fetchall()]


# A row that is there already is a retry: it keeps its variant and its Message-ID, so that a mail the server took after
# all is the same mail. The lease names those too whom another was faster to claim: their messages name another lease.
_WRITE = """
WITH lease AS (
    INSERT INTO sending_leases (campaign_id, recipients, until, created_at)
    VALUES (%(campaign)s, %(recipients)s::bigint[],
        clock_timestamp() + %(lease)s * interval '1 second', clock_timestamp())
    RETURNING id
)
INSERT INTO campaign_messages AS message
    (recipient_id, step_id, variant_id, step_version, sender_id, message_id, status, attempts, lost_claims, fence,
     claimed_at, lease, created_at, smtp_reply, reason)
SELECT due.recipient, kind.step, kind.variant, kind.version, kind.sender, due.identity, 'claimed', 1, 0, 1,
     clock_timestamp(), lease.id, clock_timestamp(), '', ''
FROM ROWS FROM (unnest(%(recipients)s::bigint[]), unnest(%(places)s::bigint[]),
        json_array_elements_text(%(identities)s)) AS due(recipient, place, identity)
JOIN unnest(%(step)s::bigint[], %(variant)s::bigint[], %(version)s::int[], %(sender)s::bigint[])
    WITH ORDINALITY AS kind(step, variant, version, sender, place) ON kind.place = due.place, lease
ON CONFLICT (recipient_id, step_id) DO UPDATE SET
    status = 'claimed', attempts = message.attempts + 1, fence = message.fence + 1, sender_id = excluded.sender_id,
    variant_id = coalesce(message.variant_id, excluded.variant_id),
    claimed_at = clock_timestamp(), lease = excluded.lease
WHERE message.status IN ('pending', 'deferred')
RETURNING id, fence, recipient_id, step_id, variant_id, sender_id, message_id, lease, attempts, first_deferred_at
"""

"""A large campaign that was sent: people, recipients, messages and events by SQL, as the engine would have left them.

    seed(recipients=1_000_000, events=3_000_000)

Everything agrees: counters with rows, first times with events, states with messages, so that a verification finds
nothing. Needs Django; in a scratch database: `scratch()`, then a process of its own that calls it.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from campaigns.models import Campaign, CampaignSender, CampaignStatus, Sender, Step, Variant
from campaigns_project.accounts.models import Organization

BEGAN = datetime(2026, 1, 5, 9, tzinfo=UTC)  # when the first mail left; each next one a millisecond later
SENDERS = 4
OF_HUNDRED_SENT = 96  # the rest: two wait for their mail, one failed, one was taken out before it got any


def seed(*, recipients: int, events: int) -> Campaign:
    """A paused campaign of one step in an organization of its own; returns it, counters included.

    Of a hundred recipients 96 got the mail; among those one each bounced, replied and unsubscribed. Every one of the 96
    has an event, so there must be as many `events`; the further ones are clicks, opens by machines, and opens. For a
    database nobody else writes to meanwhile: ids are reserved in blocks.
    """
    sent = recipients * OF_HUNDRED_SENT // 100
    if recipients < 100 or events < sent:
        raise ValueError(f"a campaign of {recipients} recipients (100 or more) needs {sent} events or more")
    with transaction.atomic():
        campaign, step, variant, senders = _campaign(recipients)
        wanted: dict[str, Any] = {
            "organization": campaign.organization_id,
            "campaign": campaign.pk,
            "domain": f"{campaign.campaign_id[:8]}.example",
            "step": step.pk,
            "variant": variant.pk,
            "senders": [sender.pk for sender in senders],
            "recipients": recipients,
            "events": events,
            "sent": sent,
            "began": BEGAN,
            "lead": _reserve("leads", recipients),
            "recipient": _reserve("campaign_recipients", recipients),
            "message": _reserve("campaign_messages", recipients),
        }
        with connection.cursor() as cursor:
            cursor.execute(_UNCHECKED)
            for statement in (_LEADS, _RECIPIENTS, _MESSAGES, _EVENTS, _COUNT):
                cursor.execute(statement, wanted)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE leads, campaign_recipients, campaign_messages, email_tracking")
    campaign.refresh_from_db()
    return campaign


def _campaign(recipients: int) -> tuple[Campaign, Step, Variant, list[Sender]]:
    name = uuid.uuid4().hex
    organization = Organization.objects.create(name=name, slug=name, postal_address="1 Quay Street, 110 00 Prague")
    campaign = Campaign.objects.create(
        organization=organization,
        campaign_id=name,
        name=f"Large {name[:8]}",
        status=CampaignStatus.PAUSED,
        started_at=BEGAN,
        paused_at=BEGAN,
        last_enrollment_at=BEGAN,
        total_recipients=recipients,
    )
    step = Step.objects.create(campaign=campaign, position=1)
    variant = Variant.objects.create(step=step, subject="Hello {{ first_name }}", body_text="Hello {{ first_name }}")
    senders = [
        Sender.objects.create(organization=organization, email=f"ada{number}@{name[:8]}.example", name="Ada Byron")
        for number in range(SENDERS)
    ]
    CampaignSender.objects.bulk_create([CampaignSender(campaign=campaign, sender=sender) for sender in senders])
    return campaign, step, variant, senders


def _reserve(table: str, number: int) -> int:
    """The id before the first of `number` free ones."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(sequence, nextval(sequence) + %s) - %s FROM pg_get_serial_sequence(%s, 'id') AS sequence",
            [number, number, table],
        )
        return cursor.fetchone()[0]


# Fifteen million look-ups of parents that are known to be there take longer than all the rest.
_UNCHECKED = """
SELECT set_config('session_replication_role', 'replica', true) WHERE current_setting('is_superuser')::boolean
"""

# What becomes of person n, said once: 1 to `sent` got the mail, and what event came of it goes by n modulo 100; of the
# others some wait, some failed, some were taken out. `first` and `second` are the times of the first two events.
_PEOPLE = """
WITH person AS (
    SELECT n, at, at + interval '1 minute' AS first,
        CASE WHEN n + %(sent)s <= %(events)s THEN at + interval '2 minutes' END AS second,
        CASE WHEN n > %(sent)s THEN (ARRAY['pending', 'failed', 'stopped', 'pending'])[1 + n %% 4]
             ELSE CASE n %% 100 WHEN 1 THEN 'bounced' WHEN 2 THEN 'replied' WHEN 3 THEN 'unsubscribed'
                  ELSE 'completed' END END AS status
    FROM generate_series(1, %(recipients)s) AS n
    CROSS JOIN LATERAL (SELECT %(began)s::timestamptz + n * interval '1 millisecond' AS at) AS sending
)
"""

_LEADS = """
INSERT INTO leads (id, organization_id, email, email_normalized, first_name, last_name, company, title, phone, website,
    linkedin_url, city, country, timezone, custom, status, created_at, updated_at)
SELECT %(lead)s + n, %(organization)s, address, address, 'Bob ' || n, 'Builder', 'Build & Sons ' || n, 'Head of Tools',
    '', 'https://company' || n || '.example', '', 'Basel', 'Switzerland', '', '{"industry": "Shipping"}',
    'ok', %(began)s, %(began)s
FROM generate_series(1, %(recipients)s) AS n
CROSS JOIN LATERAL (SELECT 'bob' || n || '@' || %(domain)s::text AS address) AS mailbox
"""

_RECIPIENTS = f"""{_PEOPLE}
INSERT INTO campaign_recipients (id, campaign_id, lead_id, email_address, status, next_step_id, next_send_at, sender_id,
    sent_at, opened_at, clicked_at, replied_at, bounced_at, exit_reason, exited_at, error_message, occupies,
    created_at, updated_at)
SELECT %(recipient)s + n, %(campaign)s, %(lead)s + n, 'bob' || n || '@' || %(domain)s::text, status,
    CASE WHEN status = 'pending' THEN %(step)s END, CASE WHEN status = 'pending' THEN at END,
    CASE WHEN n <= %(sent)s OR status = 'failed' THEN (%(senders)s::bigint[])[1 + n %% {SENDERS}] END,
    CASE WHEN n <= %(sent)s THEN at END,
    CASE WHEN n > %(sent)s THEN NULL WHEN status = 'completed' THEN first ELSE second END,
    CASE WHEN n <= %(sent)s THEN second END,
    CASE WHEN status = 'replied' THEN first END, CASE WHEN status = 'bounced' THEN first END,
    CASE status WHEN 'pending' THEN '' WHEN 'bounced' THEN 'hard_bounce' WHEN 'stopped' THEN 'de_enrolled'
        ELSE status END,
    CASE WHEN status = 'pending' THEN NULL WHEN status = 'completed' THEN at ELSE first END, '', status = 'pending',
    %(began)s, at
FROM person
"""  # noqa: S608 - a text of our own

_MESSAGES = f"""{_PEOPLE}
INSERT INTO campaign_messages (id, recipient_id, step_id, step_version, variant_id, sender_id, status, attempts,
    lost_claims, fence, merge_values, subject, message_id, claimed_at, attempted_at, sent_at, smtp_code, smtp_reply,
    reason, created_at)
SELECT %(message)s + n, %(recipient)s + n, %(step)s, 1, %(variant)s, (%(senders)s::bigint[])[1 + n %% {SENDERS}],
    CASE WHEN n <= %(sent)s THEN 'sent' ELSE 'failed' END, 1, 0, 1, '{{"first_name": "Bob"}}', 'Hello Bob ' || n,
    '<' || n || '.1@' || %(domain)s::text || '>', at, at, CASE WHEN n <= %(sent)s THEN at END,
    CASE WHEN n <= %(sent)s THEN 250 ELSE 552 END, CASE WHEN n <= %(sent)s THEN '2.0.0 queued' ELSE '5.2.2 full' END,
    CASE WHEN n <= %(sent)s THEN '' ELSE 'mailbox_full' END, at
FROM person WHERE n <= %(sent)s OR status = 'failed'
"""  # noqa: S608 - a text of our own

# The first round of events gives everybody who got the mail the one that explains the state, the second a click.
_EVENTS = f"""{_PEOPLE}
INSERT INTO email_tracking (campaign_recipient_id, message_id, event_type, event_data, user_agent, ip_address,
    is_machine, machine_reason, source, source_event_id, created_at)
SELECT %(recipient)s + n, %(message)s + n, kind,
    CASE WHEN kind = 'bounce' THEN '{{"kind": "hard"}}'::jsonb ELSE '{{}}' END, 'Thunderbird', '203.0.113.7',
    kind = 'open' AND round = 2, CASE WHEN kind = 'open' AND round = 2 THEN 'scanner' ELSE '' END, 'bench', NULL,
    at + (round + 1) * interval '1 minute'
FROM generate_series(0, %(events)s - 1) AS number
CROSS JOIN LATERAL (SELECT 1 + number %% %(sent)s AS n, number / %(sent)s AS round) AS turn
JOIN person USING (n)
CROSS JOIN LATERAL (SELECT CASE
    WHEN round = 1 THEN 'click' WHEN round > 1 THEN 'open' WHEN status = 'bounced' THEN 'bounce'
    WHEN status = 'replied' THEN 'reply' WHEN status = 'unsubscribed' THEN 'unsubscribe'
    ELSE 'open' END AS kind) AS what
ORDER BY number
"""  # noqa: S608 - a text of our own

_COUNT = """
UPDATE campaigns SET
    recipients_reached = counted.reached, emails_sent = counted.reached, emails_opened = counted.opened,
    emails_clicked = counted.clicked, emails_replied = counted.replied, emails_bounced = counted.bounced,
    active_leads_count = counted.active, completed_leads_count = counted.completed, opted_out_count = counted.opted_out
FROM (
    SELECT count(sent_at) AS reached, count(opened_at) AS opened, count(clicked_at) AS clicked,
        count(replied_at) AS replied, count(bounced_at) AS bounced,
        count(*) FILTER (WHERE status = 'pending') AS active, count(*) FILTER (WHERE status = 'completed') AS completed,
        count(*) FILTER (WHERE status = 'unsubscribed') AS opted_out
    FROM campaign_recipients WHERE campaign_id = %(campaign)s
) AS counted WHERE campaigns.id = %(campaign)s
"""

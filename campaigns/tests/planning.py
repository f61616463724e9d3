"""What the database read for a statement, what its planner believes of tables, and rows to read."""

from django.db import connection

from campaigns.models import Step


def rows_read(table: str) -> int:
    """Of `table`, by this transaction so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relname = %s", [table]
        )
        return cursor.fetchone()[0]


def take_for_empty(*tables: str) -> None:
    """As after a look of autovacuum at rows that were rolled back, or deleted with their campaign a moment ago."""
    with connection.cursor() as cursor:
        emptied = "UPDATE pg_class SET reltuples = 0, relpages = 20 WHERE relname = ANY(%s)"
        cursor.execute(emptied, [list(tables)])


def write_mails(step: Step, *, people: int) -> None:
    """One mail of `step` each to so many people more, for whom its campaign is over."""
    ids = {"organization": step.campaign.organization_id, "campaign": step.campaign_id, "step": step.pk}
    with connection.cursor() as cursor:
        cursor.execute(_MAILS, {**ids, "people": people})


_MAILS = """
WITH person AS (
    INSERT INTO leads (organization_id, email, email_normalized, first_name, last_name, company, title, phone, website,
        linkedin_url, city, country, timezone, custom, status, created_at, updated_at)
    SELECT %(organization)s, address, address, '', '', '', '', '', '', '', '', '', '', '{}', 'ok', now(), now()
    FROM generate_series(1, %(people)s) n CROSS JOIN LATERAL (SELECT 'over' || n || '@example.com' AS address) AS one
    RETURNING id
), recipient AS (
    INSERT INTO campaign_recipients (campaign_id, lead_id, email_address, status, exit_reason, exited_at)
    SELECT %(campaign)s, id, '', 'completed', 'completed', now() FROM person RETURNING id
)
INSERT INTO campaign_messages (recipient_id, step_id, step_version, status, attempts, lost_claims, fence, sent_at,
    smtp_reply, reason, created_at)
SELECT id, %(step)s, 1, 'sent', 1, 0, 1, now(), '', '', now() FROM recipient
"""

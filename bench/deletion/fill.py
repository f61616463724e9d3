"""Two large campaigns: one to be deleted, and one whose writers must not notice. Prints their ids as JSON.

    python -m bench.deletion.fill RECIPIENTS EVENTS OTHERS

OTHERS are the recipients of the second. The first also has rows of what came in for it, without a foreign key.
"""

import json
import sys

from django.db import connection

from bench.large import seed
from campaigns.models import Campaign

LOOSE = 1_000  # raw leads, as many staged ones and as many enrichments


def main(recipients: str, events: str, others: str) -> None:
    doomed = seed(recipients=int(recipients), events=int(events))
    _load_loose_rows(doomed)
    other = seed(recipients=int(others), events=2 * int(others))
    print(json.dumps({"doomed": doomed.pk, "other": other.pk}))


def _load_loose_rows(campaign: Campaign) -> None:
    with connection.cursor() as cursor:
        for statement in (_RAW, _STAGED, _ENRICHED):
            cursor.execute(
                statement, {"campaign": campaign.pk, "organization": campaign.organization_id, "loose": LOOSE}
            )
        cursor.execute("VACUUM ANALYZE raw_leads, staged_leads, lead_enrichments")  # as autovacuum does in time


_RAW = """
WITH lead_import AS (
    INSERT INTO lead_imports (organization_id, file_name, file_size, file_hash, encoding, delimiter, mapping, options,
        status, rows_done, created_count, updated_count, unchanged_count, problem_count, error_message, created_at,
        finished_at)
    VALUES (%(organization)s, 'people.csv', 0, '', '', '', '{}', '{}', 'succeeded', 0, 0, 0, 0, 0, '', now(), now())
    RETURNING id
)
INSERT INTO raw_leads (lead_import_id, campaign_id, row_number, payload)
SELECT lead_import.id, %(campaign)s, n, '{"E-mail": "bob@company.example"}'
FROM lead_import, generate_series(1, %(loose)s) n
"""
_STAGED = """
INSERT INTO staged_leads (lead_import_id, raw_lead_id, row_number, campaign_id, email_normalized, fields)
SELECT lead_import_id, id, row_number, campaign_id, 'bob@company.example', '{"company": "Build & Sons"}'
FROM raw_leads WHERE campaign_id = %(campaign)s
"""
_ENRICHED = """
INSERT INTO lead_enrichments (staged_lead_id, campaign_id, provider, model, result, error_message)
SELECT raw_lead_id, campaign_id, 'http', '', '{"title": "Head of Tools"}', ''
FROM staged_leads WHERE campaign_id = %(campaign)s
"""

if __name__ == "__main__":
    main(*sys.argv[1:])

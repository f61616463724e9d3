"""A million leads as they come together over time: tags, imports, campaigns, mails, replies, suppressions, a ranking.

    python -m bench.leads.fill 1000000

In the database of the environment, which must be a scratch one; prints the number of rows.
"""

import json
import os
import sys
import time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "campaigns_project.settings.base")
django.setup()

from django.db import connection  # noqa: E402 - needs Django ready
from django.utils import timezone  # noqa: E402

from campaigns import ranking  # noqa: E402
from campaigns.models import Campaign, Step  # noqa: E402
from campaigns_project.accounts.models import Membership, Organization, User  # noqa: E402
from campaigns_project.accounts.roles import Role  # noqa: E402
from leads.models import Lead, LeadImport, Segment, Tag  # noqa: E402

CAMPAIGNS = 3  # with a tenth of the leads each
TAGS = {"vip": 300, "newsletter": 20, "fair": 4, "board": 2_000, "nobody": 10_000_000}  # one lead in so many
IMPORTS = 20
OWNER = "owner@fairlead.example"
RULES = [
    {"field": "title", "operator": "has_any_word", "value": ["CTO", "VP"], "points": 30},
    {"field": "seniority", "operator": "is_any_of", "value": ["c_suite", "vp"], "points": 20},
    {"field": "company_size", "operator": "between", "value": [50, 500], "points": 10},
    {"field": "country", "operator": "is_any_of", "value": ["Czechia", "Austria"], "points": 10},
    {"field": "verification", "operator": "is_any_of", "value": ["verified"], "points": 15},
    {"field": "last_contacted", "operator": "not_for_days", "value": 30, "points": 5},
]


def main() -> None:
    """Fill, rank, and print what is there."""
    number = int(sys.argv[1])
    home = Organization.objects.create(name="Large", slug="large", postal_address="1 Quay Street, 110 00 Prague")
    owner = User.objects.create_user(email=OWNER, password="correct horse battery", is_staff=True)  # noqa: S106 - of a scratch database
    Membership.objects.create(user=owner, organization=home, role=Role.OWNER)
    tags = {Tag.objects.create(organization=home, name=name).pk: every for name, every in TAGS.items()}
    imports = [LeadImport.objects.create(organization=home, file_name=f"leads-{n}.csv").pk for n in range(IMPORTS)]
    campaigns = [
        Campaign.objects.create(organization=home, campaign_id=f"large-{n}", name=f"Large {n}", ranking_rules=RULES)
        for n in range(CAMPAIGNS)
    ]
    steps = [Step.objects.create(campaign=campaign, position=1).pk for campaign in campaigns]
    wanted: dict[str, Any] = {"home": home.pk, "number": number, "imports": imports}
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = 'replica'")  # parents are known to be there
        cursor.execute(_LEADS, wanted)
        for tag, every in tags.items():
            cursor.execute(_TAGS, [tag, every])
        for place, campaign in enumerate(campaigns):
            cursor.execute(_RECIPIENTS, {"campaign": campaign.pk, "place": place, "of": 10})
            cursor.execute(_MESSAGES, {"campaign": campaign.pk, "step": steps[place]})
        cursor.execute(_SUPPRESSIONS, wanted)
        cursor.execute("SET session_replication_role = 'origin'")
        cursor.execute("VACUUM ANALYZE")
    _segments(home, tags)
    began = time.monotonic()
    ranked = ranking.rank(campaign=campaigns[0], leads=Lead.objects.for_organization(home), now=timezone.now())
    seconds = time.monotonic() - began
    began = time.monotonic()
    ranking.rank(campaign=campaigns[0], leads=Lead.objects.for_organization(home), now=timezone.now())
    again = time.monotonic() - began
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE lead_rankings")
    print(json.dumps({"leads": Lead.objects.count(), "ranked": ranked, "seconds": seconds, "again": again}))


def _segments(home: Organization, tags: dict[int, int]) -> None:
    vip, newsletter, fair, *_ = tags
    asked = {
        "tag, common": {"field": "tag", "operator": "any_of", "value": [fair]},
        "tag, rare": {"field": "tag", "operator": "any_of", "value": [vip]},
        "two tags": {"field": "tag", "operator": "all_of", "value": [fair, newsletter]},
        "company begins with": {"field": "company", "operator": "starts_with", "value": "Acme 77"},
        "further field": {"field": "custom.plan", "operator": "is", "value": "gold"},
        "title has a word": {"field": "title", "operator": "has_word", "value": "CTO"},
        "title that nobody has": {"field": "title", "operator": "has_word", "value": "astronaut"},
        "not contacted for 30 days": {"field": "last_contacted", "operator": "not_for_days", "value": 30},
        "contacted": {"field": "last_contacted", "operator": "ever", "value": None},
        "replied": {"field": "replied", "operator": "in", "value": None},
        "suppressed": {"field": "suppressed", "operator": "is", "value": None},
    }
    for name, rule in asked.items():
        Segment.objects.create(organization=home, name=name, rules={"groups": [{"rules": [rule]}]})


_LEADS = """
INSERT INTO leads (organization_id, email, email_normalized, first_name, last_name, company, title, phone, website,
    linkedin_url, city, country, timezone, seniority, industry, company_domain, company_size, custom, status,
    verification, is_role, lead_import_id, created_at, updated_at)
SELECT %(home)s, address, address, (ARRAY['Ana', 'Bob', 'Cyril', 'Dana', 'Eva'])[1 + n %% 5] || n %% 1000,
    'Marin' || n %% 50000, 'Acme ' || n %% 20000, (ARRAY['CTO', 'Clerk', 'VP Sales', 'Director', 'Buyer'])[1 + n %% 5],
    '', '', '', (ARRAY['Praha', 'Wien', 'Brno'])[1 + n %% 3], (ARRAY['Czechia', 'Austria', 'Poland'])[1 + n %% 3], '',
    (ARRAY['c_suite', 'entry', 'vp', 'director'])[1 + n %% 4], 'Shipping', 'acme' || n %% 20000 || '.example',
    CASE WHEN n %% 7 = 0 THEN NULL ELSE n %% 2000 END,
    CASE WHEN n %% 500 = 0 THEN '{"plan": "gold", "region": "north"}' ELSE '{"plan": "free"}' END::jsonb,
    CASE WHEN n %% 50 = 0 THEN 'bounced' WHEN n %% 70 = 0 THEN 'unsubscribed' ELSE 'ok' END,
    (ARRAY['unknown', 'verified', 'likely', 'unverified'])[1 + n %% 4], n %% 90 = 0,
    (%(imports)s::bigint[])[1 + n / 50001 %% 20],
    now() - (%(number)s - n) * interval '20 seconds', now()
FROM generate_series(1, %(number)s) AS n
CROSS JOIN LATERAL (SELECT 'p' || n || '@acme' || n %% 20000 || '.example' AS address) AS mailbox
"""

_TAGS = "INSERT INTO lead_tags (lead_id, tag_id) SELECT id, %s FROM leads WHERE id %% %s = 0"

_RECIPIENTS = """
INSERT INTO campaign_recipients (campaign_id, lead_id, email_address, status, exit_reason, exited_at, sent_at,
    opened_at, replied_at, occupies, error_message, created_at, updated_at)
SELECT %(campaign)s, id, email, 'completed', 'completed', now(), now() - id %% 200 * interval '1 day',
    CASE WHEN id %% 3 = 0 THEN now() END, CASE WHEN id %% 40 = 1 THEN now() END, false, '', now(), now()
FROM leads WHERE id %% %(of)s = %(place)s
"""

_MESSAGES = """
INSERT INTO campaign_messages (recipient_id, step_id, step_version, status, attempts, lost_claims, fence, subject,
    sent_at, smtp_reply, reason, created_at)
SELECT id, %(step)s, 1, 'sent', 1, 0, 1, 'Hello', sent_at, '', '', now() FROM campaign_recipients
WHERE campaign_id = %(campaign)s
"""

_SUPPRESSIONS = """
INSERT INTO suppressions (organization_id, address, reason, source, created_at)
SELECT %(home)s, email_normalized, 'manual', 'bench', now() FROM leads WHERE id %% 50 = 0
"""

if __name__ == "__main__":
    main()

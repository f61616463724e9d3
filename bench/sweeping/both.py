"""Two organizations with active recipients, one swept by a run and one by a loop. Prints the seconds as JSON.

python -m bench.sweeping.both RECIPIENTS LOOPED
"""

import argparse
import json
import time
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from campaigns.de_enrollment import Scope, ask_for_run, count_by_reason, work_on_run
from campaigns.enrollment import stop_recipient
from campaigns.models import Campaign, CampaignStatus, DeEnrollmentRun, ExitReason, Recipient, Step
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from leads.suppression import find_suppression


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("recipients", type=int)
    options.add_argument("looped", type=int)
    given = options.parse_args()
    now = timezone.now()
    ours, others = (_fill(name, number, now) for name, number in (("run", given.recipients), ("loop", given.looped)))
    swept, swept_s = _timed(_run, ours)
    looped, looped_s = _timed(_loop, others)
    for home, number, left in ((ours, given.recipients, swept), (others, given.looped, looped)):
        inside = Recipient.objects.filter(campaign__organization=home).inside().count()
        if left != number // 20 or inside != number - left or count_by_reason(Scope(home), now=timezone.now()):
            raise SystemExit(f"{home}: {left} of {number} left and {inside} are in; no figure from this")
    print(json.dumps({"swept": swept, "swept_s": swept_s, "looped": looped, "looped_s": looped_s}))


def _run(home: Organization) -> int:
    run = ask_for_run(organization=home, actor=SYSTEM, now=timezone.now(), in_background=False)
    work_on_run(run_id=run.pk, now=timezone.now())
    return DeEnrollmentRun.objects.get(pk=run.pk).removed


def _loop(home: Organization) -> int:
    """As one would write it first: each person is looked at, and whoever must leave is taken out."""
    inside = Recipient.objects.filter(campaign__organization=home).inside().select_related("lead", "campaign")
    return sum(_leaves(recipient, home) for recipient in inside.order_by("pk").iterator(chunk_size=2_000))


def _leaves(recipient: Recipient, home: Organization) -> bool:
    now, reason = timezone.now(), None
    if recipient.lead.status != "ok":
        reason = ExitReason.UNSUBSCRIBED
    elif find_suppression(home, recipient.lead.email_normalized, campaign_id=recipient.campaign_id, now=now):
        reason = ExitReason.SUPPRESSED
    elif recipient.lead.recipients.filter(booked_at__gte=recipient.created_at).exists():
        reason = ExitReason.BOOKED
    elif recipient.replied_at is not None and recipient.campaign.stop_on_reply:
        reason = ExitReason.REPLIED
    return reason is not None and stop_recipient(recipient.pk, reason=reason, at=now)


def _timed(act: Any, home: Organization) -> tuple[int, float]:
    began = time.perf_counter()
    return act(home), time.perf_counter() - began


def _fill(name: str, number: int, now: datetime) -> Organization:
    """One running campaign; of a hundred people five have to leave: two of them by a suppression."""
    home = Organization.objects.create(name=name, slug=name, postal_address="1 Quay Street, 110 00 Prague")
    campaign = Campaign.objects.create(
        organization=home, campaign_id=name, name=name, status=CampaignStatus.RUNNING, started_at=now,
        total_recipients=number, active_leads_count=number,
    )  # fmt: skip
    step = Step.objects.create(campaign=campaign, position=1)
    wanted: dict[str, Any] = {
        "home": home.pk,
        "campaign": campaign.pk,
        "step": step.pk,
        "number": number,
        "name": name,
        "now": now,
    }
    with connection.cursor() as cursor:
        for statement in (_LEADS, _RECIPIENTS, _SUPPRESSIONS):
            cursor.execute(statement, {**wanted, "ago": now - timedelta(days=1)})
        cursor.execute("VACUUM ANALYZE leads, campaign_recipients, suppressions")
    return home


_LEADS = """
INSERT INTO leads (organization_id, email, email_normalized, first_name, last_name, company, title, phone, website,
    linkedin_url, city, country, timezone, custom, status, created_at, updated_at)
SELECT %(home)s, address, address, 'Bob', 'Builder', 'Build & Sons', 'Head of Tools', '', '', '', 'Basel',
    'Switzerland', '', '{}', CASE n %% 100 WHEN 1 THEN 'unsubscribed' ELSE 'ok' END, %(ago)s, %(ago)s
FROM generate_series(1, %(number)s) AS n
CROSS JOIN LATERAL (SELECT n || '@' || %(name)s::text || '.example' AS address) AS mailbox
"""
_RECIPIENTS = """
INSERT INTO campaign_recipients (campaign_id, lead_id, email_address, status, next_step_id, next_send_at, sent_at,
    replied_at, booked_at, exit_reason, error_message, occupies, created_at, updated_at)
SELECT %(campaign)s, id, email, 'sent', %(step)s, %(now)s, %(ago)s, CASE n %% 100 WHEN 2 THEN %(now)s END,
    CASE n %% 100 WHEN 3 THEN %(now)s END, '', '', true, %(ago)s, %(ago)s
FROM leads CROSS JOIN LATERAL (SELECT split_part(email, '@', 1)::int AS n) AS numbered
WHERE organization_id = %(home)s
"""
_SUPPRESSIONS = """
INSERT INTO suppressions (organization_id, address, reason, source, created_at)
SELECT %(home)s, email_normalized, 'manual', 'bench', %(now)s
FROM leads CROSS JOIN LATERAL (SELECT split_part(email, '@', 1)::int AS n) AS numbered
WHERE organization_id = %(home)s AND n %% 100 IN (4, 5)
"""


if __name__ == "__main__":
    main()

"""Everybody of a large organization into a running campaign, and what others wait for meanwhile. Prints it as JSON.

python -m bench.enrolling.large LEADS
"""

import argparse
import json
import resource
import threading
import time
from collections.abc import Callable

from django.db import connection
from django.utils import timezone

from campaigns.enrollment import Selection
from campaigns.enrollment.enroll import begin_enrollment, go_on
from campaigns.lifecycle import complete_finished, start_due
from campaigns.models import Campaign, CampaignStatus, Step, Variant
from campaigns.sending.work import due_campaigns
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM

PAUSE = 0.1  # seconds between two looks from beside


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("leads", type=int)
    leads = options.parse_args().leads
    home = Organization.objects.create(name="Large", slug="large", postal_address="1 Quay Street, 110 00 Prague")
    with connection.cursor() as cursor:
        cursor.execute(_LEADS, [home.pk, leads])
        cursor.execute(_SUPPRESSIONS, [home.pk, leads // 50])
    large, other = _running(home, "large"), _running(home, "other")
    before = _peak()
    with _Beside(large, other) as beside:
        seconds = _enrolled(large)
    inside = large.recipients.count()
    if inside != leads - leads // 50:
        raise SystemExit(f"{inside} of {leads} are in; no figure from this")
    told = {"enrolled": inside, "seconds": seconds, "megabytes": [before, _peak()], "beside": beside.longest}
    print(json.dumps(told))


def _enrolled(campaign: Campaign) -> list[float]:
    """Of each batch the seconds, its commit included."""
    began = time.monotonic()
    everyone = Selection(everyone=True)
    job = begin_enrollment(campaign=campaign, selection=everyone, actor=SYSTEM, now=timezone.now())
    seconds, has_more = [time.monotonic() - began], job.finished_at is None
    while has_more:
        began = time.monotonic()
        has_more = go_on(job_id=job.pk, now=timezone.now())
        seconds.append(time.monotonic() - began)
    return seconds


class _Beside:
    """In a session of its own, again and again: what the tick and the workers of other campaigns do."""

    def __init__(self, large: Campaign, other: Campaign):
        self.longest: dict[str, float] = {}
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, args=(large, other))

    def __enter__(self) -> "_Beside":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self, large: Campaign, other: Campaign) -> None:
        acts: dict[str, Callable[[], object]] = {
            "find what is due": lambda: due_campaigns(now=timezone.now()),
            "start what is scheduled": lambda: start_due(now=timezone.now()),
            "complete what is finished": lambda: complete_finished(now=timezone.now()),
            "count a mail of another campaign": lambda: Campaign.objects.filter(pk=other.pk).update(emails_sent=1),
            "count a mail of the same campaign": lambda: Campaign.objects.filter(pk=large.pk).update(emails_sent=1),
        }
        while not self._is_over.wait(PAUSE):
            for name, act in acts.items():
                began = time.monotonic()
                act()
                self.longest[name] = max(self.longest.get(name, 0.0), time.monotonic() - began)
        connection.close()


def _running(home: Organization, name: str) -> Campaign:
    campaign = Campaign.objects.create(organization=home, campaign_id=name, name=name)
    step = Step.objects.create(campaign=campaign, position=1)
    Variant.objects.create(step=step, subject="Hello {{ first_name }}", body_text="Hello {{ first_name }}")
    Campaign.objects.filter(pk=campaign.pk).update(status=CampaignStatus.RUNNING, started_at=timezone.now())
    return campaign


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


_LEADS = """
INSERT INTO leads (organization_id, email, email_normalized, first_name, last_name, company, title, phone, website,
    linkedin_url, city, country, timezone, custom, status, created_at, updated_at)
SELECT %s, address, address, 'Bob', 'Builder', 'Build & Sons', '', '', '', '', '', '', '', '{}', 'ok', now(), now()
FROM generate_series(1, %s) n
CROSS JOIN LATERAL (SELECT 'bob' || n || '@company' || n %% 20000 || '.example' AS address) one
"""

_SUPPRESSIONS = """
INSERT INTO suppressions (organization_id, address, reason, source, created_at)
SELECT %s, 'bob' || n * 50 || '@company' || n * 50 %% 20000 || '.example', 'manual', 'bench', now()
FROM generate_series(1, %s) n
"""

if __name__ == "__main__":
    main()

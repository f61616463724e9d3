"""Our deletion: the preview, the request and the job, to its end. Prints seconds, bytes and counts as JSON.

python -m bench.deletion.ours CAMPAIGN
"""

import json
import sys
import time
from datetime import timedelta

from django.utils import timezone

from bench.deletion.memory import peak_from_here, resident
from campaigns.deletion.preview import preview
from campaigns.deletion.request import request_deletion
from campaigns.deletion.work import delete_some
from campaigns.models import Campaign, CampaignTombstone, Job
from campaigns_project.audit.actors import SYSTEM

BUDGET = timedelta(seconds=20)  # of a task's turn


def main(pk: str) -> None:
    campaign = Campaign.objects.get(pk=int(pk))
    before = resident()
    with peak_from_here() as peak:
        began = time.monotonic()
        impact = preview(campaign=campaign, now=timezone.now())
        counted = time.monotonic()
        job = request_deletion(
            campaign=campaign,
            confirm_name=campaign.name,
            token=impact.token,
            reason="measured",
            actor=SYSTEM,
            now=timezone.now(),
        )
        while delete_some(job_id=job.pk, now=timezone.now(), budget=BUDGET):
            pass
        ended = time.monotonic()
    told = {
        "seconds": ended - began,
        "preview": counted - began,
        "grown": peak() - before,
        "removed": impact.removed,
        "status": Job.objects.get(pk=job.pk).status,
        "buried": CampaignTombstone.objects.get(pk=campaign.pk).counts,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""A real worker process killed at a moment nobody chose, and another that goes on."""

import io
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from django.conf import settings
from django.db.models.functions import Now

from campaigns.tests.factories import LeadFactory, OrganizationFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.tests.processes import environment, wait_until
from leads.imports.options import ImportOptions
from leads.imports.receiving import receive
from leads.imports.running import STALE_AFTER, run_import
from leads.models import Lead, LeadChange, LeadImport, LeadTag, RawLead, StagedLead
from leads.tests.imports.conftest import NOON

ROWS = 10_000
KILLS = 3
WORKER = """
import sys, django
django.setup()
from django.utils import timezone
from leads.imports import checking
from leads.imports.running import run_import
checking.CHUNK_ROWS = 50
run_import(lead_import_id=int(sys.argv[1]), now=timezone.now())
"""


@pytest.mark.django_db(transaction=True)
def test_import_killed_again_and_again_loses_no_row_and_doubles_none():
    organization = OrganizationFactory()
    for n in range(0, 900, 3):
        LeadFactory(organization=organization, email=f"p{n}@acme.example", first_name="")
    people = "".join(f"p{n}@acme.example,P{n}\n" if n % 50 else f"bad{n},\n" for n in range(ROWS))
    made = receive(
        organization=organization,
        stream=io.BytesIO(f"email,first name\n{people}".encode()),
        file_name="people.csv",
        options=ImportOptions(tags=("new",)),
        actor=SYSTEM,
        now=NOON,
        in_background=False,
    )
    moments = random.Random(7)

    reached = []
    for _ in range(KILLS):
        reached.append(killed_in_mid_work(made.pk, moments.uniform(0, 0.05)))
        LeadImport.objects.update(heartbeat_at=Now() - STALE_AFTER * 2)
    done = run_import(lead_import_id=made.pk, now=NOON)

    bad = ROWS // 50
    updated = sum(n % 50 > 0 for n in range(0, 900, 3))
    assert 0 < reached[0] < reached[-1] < ROWS
    assert (done.status, done.rows_done, done.problem_count) == ("succeeded", ROWS, bad)
    assert (done.updated_count, done.created_count) == (updated, ROWS - bad - updated)
    numbers = list(range(2, ROWS + 2))
    assert list(RawLead.objects.order_by("row_number").values_list("row_number", flat=True)) == numbers
    assert list(StagedLead.objects.order_by("row_number").values_list("row_number", flat=True)) == numbers
    assert Counter(StagedLead.objects.values_list("status", flat=True)) == {"promoted": ROWS - bad, "problem": bad}
    assert Lead.objects.filter(lead_import=done).count() == done.created_count
    assert LeadChange.objects.count() == done.updated_count
    assert LeadTag.objects.count() == ROWS - bad


def killed_in_mid_work(lead_import_id: int, moment: float) -> int:
    """Start a worker on the import, and kill it so long after it has done something; how many rows were done then."""
    before = LeadImport.objects.get().rows_done
    command = [sys.executable, "-c", WORKER, str(lead_import_id)]
    worker = subprocess.Popen(command, env=environment(), cwd=settings.BASE_DIR)
    try:
        wait_until(lambda: LeadImport.objects.get().rows_done > before, "the worker has done something")
        time.sleep(moment)  # somewhere in a chunk: the moment is what the test is about
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    return LeadImport.objects.get().rows_done

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django_q.models import OrmQ

from leads.imports import checking, tasks
from leads.imports.running import STALE_AFTER
from leads.imports.tasks import resume_stalled_imports, run_import_task
from leads.models import Lead, LeadImport, LeadImportPart

Files = Callable[..., LeadImport]
PEOPLE = "email\n" + "".join(f"p{n}@acme.example\n" for n in range(7))


def test_task_runs_the_import_and_a_second_one_does_no_harm(received: Files):
    lead_import = received(PEOPLE)

    answers = [run_import_task(lead_import.pk), run_import_task(lead_import.pk)]

    assert answers == ["succeeded", "import_not_runnable"]
    assert Lead.objects.count() == 7


def test_task_whose_time_is_over_queues_the_rest(
    received: Files, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
):
    monkeypatch.setattr(checking, "CHUNK_ROWS", 3)
    monkeypatch.setattr(tasks, "BUDGET", timedelta(0))
    lead_import = received(PEOPLE)

    with django_capture_on_commit_callbacks(execute=True):
        answer = run_import_task(lead_import.pk)

    assert (answer, Lead.objects.count()) == ("queued", 3)
    assert [task.task["args"] for task in OrmQ.objects.all()] == [(lead_import.pk,)]


def test_import_that_meets_a_bug_is_failed_and_the_bug_is_not_hidden(received: Files):
    lead_import = received(PEOPLE)
    LeadImport.objects.update(encoding="no-such-encoding")

    with pytest.raises(LookupError):
        run_import_task(lead_import.pk)

    lead_import.refresh_from_db()
    assert lead_import.status == "failed"
    assert lead_import.error_message.startswith("The import broke off. A fault of ours (LookupError)")


def test_stalled_imports_are_queued_again(received: Files, django_capture_on_commit_callbacks: Any):
    lead_import = received(PEOPLE)
    LeadImport.objects.update(status="running", heartbeat_at=Now() - STALE_AFTER - timedelta(seconds=1))

    with django_capture_on_commit_callbacks(execute=True):
        resumed = resume_stalled_imports()
    answer = run_import_task(lead_import.pk)

    assert (resumed, answer) == (1, "succeeded")
    assert not LeadImportPart.objects.exists()

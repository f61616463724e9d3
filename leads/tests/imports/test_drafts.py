import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django_q.models import OrmQ

from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused
from leads.imports.canceling import discard_draft
from leads.imports.options import ImportOptions
from leads.imports.receiving import commit_import, fix_rows, receive, reread
from leads.imports.running import run_import, take_stalled
from leads.models import ImportSource, Lead, LeadImport, LeadImportPart, RawLead
from leads.tests.imports.conftest import NOON

Files = Callable[..., LeadImport]
PEOPLE = "email;first name;note\nana@acme.example;Ana;x\nbad;Bob;y\n"


@pytest.fixture
def draft(organization: Organization) -> Files:
    """Takes a text in as a draft; keywords are options."""

    def receive_draft(content: str = PEOPLE, **options: Any) -> LeadImport:
        return receive(
            organization=organization,
            stream=io.BytesIO(content.encode()),
            file_name="people.csv",
            options=ImportOptions(**{"unknown_columns": "custom", **options}),
            actor=SYSTEM,
            now=NOON,
            as_draft=True,
        )

    return receive_draft


def test_draft_is_not_run_until_somebody_says_go(draft: Files, django_capture_on_commit_callbacks: Any):
    with django_capture_on_commit_callbacks(execute=True):
        made = draft()
    waiting = OrmQ.objects.count()
    with pytest.raises(Refused):
        run_import(lead_import_id=made.pk, now=NOON)
    with django_capture_on_commit_callbacks(execute=True):
        commit_import(lead_import=made, actor=SYSTEM, now=NOON)

    assert waiting == 0
    assert [task.task["args"] for task in OrmQ.objects.all()] == [(made.pk,)]
    assert run_import(lead_import_id=made.pk, now=NOON).created_count == 1
    assert list(AuditLog.objects.order_by("pk").values_list("action", flat=True)) == [
        "import.created",
        "import.committed",
    ]


def test_draft_days_old_is_not_taken_for_an_import_whose_worker_died(draft: Files):
    made = draft()
    LeadImport.objects.update(created_at=Now() - timedelta(days=3))

    commit_import(lead_import=made, actor=SYSTEM, now=Now(), in_background=False)

    assert take_stalled() == []


def test_draft_is_read_again_in_another_way(draft: Files):
    made = draft()
    LeadImport.objects.update(dry_run_status="succeeded", dry_run={"rows": 2})

    again = reread(
        lead_import=made,
        options=ImportOptions(mapping={"note": "company", "first name": "ignore"}, tags=("new",)),
        actor=SYSTEM,
    )

    assert again.mapping == {"email": "email", "first name": None, "note": "company"}
    assert (again.dry_run_status, again.dry_run) == ("", {})
    commit_import(lead_import=again, actor=SYSTEM, now=NOON, in_background=False)
    run_import(lead_import_id=made.pk, now=NOON)
    assert Lead.objects.values_list("company", "first_name", "lead_tags__tag__name").get() == ("x", "", "new")


def test_reading_that_cannot_be_leaves_the_draft_as_it_was(draft: Files):
    made = draft()

    with pytest.raises(Refused) as refused:
        reread(lead_import=made, options=ImportOptions(mapping={"Nothing": "company"}), actor=SYSTEM)

    made.refresh_from_db()
    assert refused.value.code == "unknown_mapped_column"
    assert made.mapping["note"] == "custom.note"


def test_corrected_rows_are_imported_and_what_came_is_kept(draft: Files):
    made = draft()

    fix_rows(lead_import=made, rows={3: ["bob@acme.example", "Bob", ""]}, actor=SYSTEM)
    commit_import(lead_import=made, actor=SYSTEM, now=NOON, in_background=False)
    done = run_import(lead_import_id=made.pk, now=NOON)

    assert (done.created_count, done.problem_count) == (2, 0)
    assert RawLead.objects.get(row_number=3).payload == ["bad", "Bob", "y"]
    assert "fixes" not in done.options


def test_corrections_outlive_a_new_mapping_but_not_another_delimiter(draft: Files):
    made = draft()
    fix_rows(lead_import=made, rows={3: ["bob@acme.example", "Bob", ""]}, actor=SYSTEM)

    mapped = reread(lead_import=made, options=ImportOptions(unknown_columns="ignore"), actor=SYSTEM)
    kept = mapped.options["fixes"]
    split = reread(lead_import=made, options=ImportOptions(unknown_columns="ignore", encoding="latin-1"), actor=SYSTEM)

    assert list(kept) == ["3"]
    assert "fixes" not in split.options


@pytest.mark.parametrize("number", [0, 1, 4, 99])
def test_correction_of_a_row_that_is_not_in_the_file_is_refused(draft: Files, number: int):
    made = draft()

    with pytest.raises(Refused, match=rf"no row {number}:") as refused:
        fix_rows(
            lead_import=made, rows={3: ["bob@acme.example", "Bob", ""], number: ["a@b.example", "", ""]}, actor=SYSTEM
        )

    made.refresh_from_db()
    assert (refused.value.code, made.options.get("fixes")) == ("bad_fix", None)


def test_correction_of_another_width_is_refused(draft: Files):
    with pytest.raises(Refused) as refused:
        fix_rows(lead_import=draft(), rows={3: ["bob@acme.example"]}, actor=SYSTEM)

    assert refused.value.code == "bad_fix"


def test_only_a_draft_is_changed_or_committed(received: Files):
    queued = received(PEOPLE, unknown_columns="custom")
    acts: list[Callable[[], object]] = [
        lambda: reread(lead_import=queued, options=ImportOptions(), actor=SYSTEM),
        lambda: fix_rows(lead_import=queued, rows={}, actor=SYSTEM),
        lambda: commit_import(lead_import=queued, actor=SYSTEM, now=NOON),
    ]

    for act in acts:
        with pytest.raises(Refused) as refused:
            act()
        assert (refused.value.code, refused.value.status) == ("import_not_draft", 409)


def test_draft_is_thrown_away_with_its_file(draft: Files):
    gone = discard_draft(lead_import=draft(), actor=SYSTEM)

    assert gone.status == "canceled"
    assert not LeadImportPart.objects.exists()


def test_draft_that_somebody_has_committed_is_not_thrown_away(draft: Files):
    made = draft()
    commit_import(lead_import=made, actor=SYSTEM, now=NOON, in_background=False)

    with pytest.raises(Refused) as refused:
        discard_draft(lead_import=made, actor=SYSTEM)

    assert refused.value.code == "import_not_draft"
    assert LeadImportPart.objects.exists()


@pytest.mark.parametrize("status", ["queued", "running", "stalled", "succeeded"])
def test_same_bytes_again_are_refused_with_when_and_by_whom(organization: Organization, received: Files, status: str):
    first = received(PEOPLE, unknown_columns="custom")
    LeadImport.objects.update(status=status, finished_at=NOON if status == "succeeded" else None)

    with pytest.raises(Refused) as refused:
        receive_again(organization)

    assert (refused.value.code, refused.value.status) == ("repeated_file", 409)
    assert refused.value.details == {"import": first.pk}
    assert f"on {first.created_at:%d %B %Y} by a command" in refused.value.message
    assert LeadImport.objects.count() == 1


@pytest.mark.parametrize(
    "gone", [{"status": "failed"}, {"status": "canceled"}, {"status": "succeeded", "undone_at": NOON}]
)
def test_same_bytes_are_no_repeat_of_what_does_not_stand(
    organization: Organization, received: Files, gone: dict[str, Any]
):
    received(PEOPLE, unknown_columns="custom")
    LeadImport.objects.update(finished_at=NOON, **gone)

    receive_again(organization)

    assert LeadImport.objects.count() == 2


def test_repeat_is_asked_about_when_a_draft_is_committed(draft: Files, received: Files):
    made = draft()
    earlier = received(PEOPLE, unknown_columns="custom")

    with pytest.raises(Refused) as refused:
        commit_import(lead_import=made, actor=SYSTEM, now=NOON)
    committed = commit_import(lead_import=made, actor=SYSTEM, now=NOON, in_background=False, confirm_repeat=True)

    assert (refused.value.code, refused.value.details) == ("repeated_file", {"import": earlier.pk})
    assert committed.status == "queued"


def receive_again(organization: Organization) -> LeadImport:
    return receive(
        organization=organization,
        stream=io.BytesIO(PEOPLE.encode()),
        file_name="again.csv",
        options=ImportOptions(unknown_columns="custom"),
        actor=SYSTEM,
        now=NOON,
        source=ImportSource.FILE,
    )

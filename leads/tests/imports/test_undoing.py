from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db.models.functions import Now

from campaigns.models import LeadNote
from campaigns.tests.factories import (
    CampaignFactory,
    LeadAliasFactory,
    LeadFactory,
    LeadTagFactory,
    RecipientFactory,
    SegmentMemberFactory,
)
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused
from leads.imports import undoing
from leads.imports.running import STALE_AFTER
from leads.imports.tasks import resume_stalled_imports, undo_import_task
from leads.imports.undoing import preview_undo, undo_import
from leads.models import Lead, LeadImport, StagedLead

Files = Callable[..., LeadImport]


@pytest.fixture
def five(imported: Files) -> LeadImport:
    return imported("email,first name\n" + "".join(f"p{n}@acme.example,P\n" for n in range(5)))


def undo(lead_import: LeadImport) -> LeadImport:
    undo_import(lead_import=lead_import, actor=SYSTEM, now=lead_import.finished_at, in_background=False)
    undo_import_task(lead_import.pk)
    lead_import.refresh_from_db()
    return lead_import


def test_leads_it_made_go_and_those_that_were_there_stay(imported: Files, organization: Organization):
    LeadFactory(organization=organization, email="ana@acme.example", first_name="")
    mixed = imported("email,first name\nana@acme.example,Ana\nnew@acme.example,New\n")

    undone = undo(mixed)

    assert list(Lead.objects.values_list("email", "first_name")) == [("ana@acme.example", "Ana")]
    assert (undone.undo_status, undone.undone_count, undone.status) == ("succeeded", 1, "succeeded")
    assert list(StagedLead.objects.order_by("row_number").values_list("lead__email", flat=True)) == [
        "ana@acme.example",
        None,
    ]
    assert AuditLog.objects.filter(action="import.undone").count() == 1


def test_leads_somebody_counts_on_stay_and_the_preview_says_why(five: LeadImport, imported: Files):
    leads = {lead.email.split("@")[0]: lead for lead in Lead.objects.all()}
    RecipientFactory(campaign=CampaignFactory(organization=five.organization), lead=leads["p0"])
    LeadNote.objects.create(lead=leads["p1"], text="Called.")
    imported("email,company\np2@acme.example,Acme\n")
    LeadAliasFactory(lead=leads["p3"])

    said = preview_undo(lead_import=five, now=five.finished_at)
    undone = undo(five)

    assert (said.looked_at, said.removable, said.is_all) == (5, 1, True)
    assert said.kept == {"in_campaign": 1, "worked_on": 1, "changed": 2, "in_other_import": 1}
    assert undone.undone_count == 1
    assert sorted(Lead.objects.values_list("email", flat=True)) == [f"p{n}@acme.example" for n in range(4)]


def test_leads_that_were_put_to_use_without_a_change_stay(imported: Files):
    people = "email,first name\n" + "".join(f"p{n}@acme.example,P\n" for n in range(4))
    made = imported(people, tags=("fair",))
    leads = list(Lead.objects.order_by("email"))
    imported("email,first name\np0@acme.example,P\n")
    LeadTagFactory(lead=leads[1], tag__organization=made.organization)
    SegmentMemberFactory(lead=leads[2], segment__organization=made.organization)

    said = preview_undo(lead_import=made, now=made.finished_at)
    undone = undo(made)

    assert said.kept == {"in_other_import": 1, "tagged": 1, "in_segment": 1}
    assert (said.removable, undone.undone_count) == (1, 1)
    assert list(Lead.objects.order_by("email")) == leads[:3]


def test_another_import_keeps_nothing_once_it_was_undone_itself(five: LeadImport, imported: Files):
    again = imported("email,first name\np0@acme.example,P\n")

    undo(again)
    undo(five)

    assert not Lead.objects.exists()


def test_lead_edited_by_hand_stays(five: LeadImport):
    lead = Lead.objects.order_by("pk").first()
    Lead.objects.filter(pk=lead.pk).update(company="Acme", updated_at=lead.updated_at + timedelta(seconds=1))

    undo(five)

    assert list(Lead.objects.all()) == [lead]


def test_undo_whose_worker_died_goes_on(five: LeadImport, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(undoing, "_BATCH", 2)
    undo_import(lead_import=five, actor=SYSTEM, now=five.finished_at, in_background=False)
    undoing.run_undo(lead_import_id=five.pk, budget=timedelta(0))
    LeadImport.objects.update(undo_status="running", heartbeat_at=Now() - STALE_AFTER - timedelta(seconds=1))

    resumed = resume_stalled_imports()
    undo_import_task(five.pk)

    five.refresh_from_db()
    assert (resumed, five.undo_status, five.undone_count, Lead.objects.count()) == (1, "succeeded", 5, 0)


def test_task_whose_time_is_over_queues_the_rest(five: LeadImport, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(undoing, "_BATCH", 2)
    undo_import(lead_import=five, actor=SYSTEM, now=five.finished_at, in_background=False)

    states = [undoing.run_undo(lead_import_id=five.pk, budget=timedelta(0)).undo_status for _ in range(3)]

    assert states == ["queued", "queued", "queued"]
    assert undoing.run_undo(lead_import_id=five.pk).undo_status == "succeeded"


def test_undo_is_refused_too_late_before_the_end_and_twice(five: LeadImport, received: Files):
    waiting = received("email\nx@acme.example\n")
    late = five.finished_at + undoing.WITHIN + timedelta(seconds=1)

    assert code_of(lambda: undo_import(lead_import=waiting, actor=SYSTEM, now=late)) == "undo_not_ended"
    assert code_of(lambda: undo_import(lead_import=five, actor=SYSTEM, now=late)) == "undo_too_late"
    assert code_of(lambda: preview_undo(lead_import=five, now=late)) == "undo_too_late"
    undo(five)
    assert code_of(lambda: undo_import(lead_import=five, actor=SYSTEM, now=five.finished_at)) == "undone_already"


def test_preview_looks_at_so_many_and_says_that_there_are_more(five: LeadImport, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(undoing, "LOOKED_AT", 3)

    said = preview_undo(lead_import=five, now=five.finished_at)

    assert (said.looked_at, said.removable, said.is_all) == (3, 3, False)


def test_undone_file_can_be_imported_again(five: LeadImport, imported: Files):
    undo(five)

    again = imported("email,first name\n" + "".join(f"p{n}@acme.example,P\n" for n in range(5)))

    assert again.created_count == 5


def code_of(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code

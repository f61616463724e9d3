"""An organization is erased with everything it has; what is written for good stays."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from knox.models import AuthToken

from campaigns import deletion
from campaigns.deletion import organization as erasure
from campaigns.deletion import request
from campaigns.models import Campaign, CampaignTombstone, Job
from campaigns.tests.deletion.full import ANA, full_campaign
from campaigns.tests.deletion.full import confirmed as of_campaign
from campaigns.tests.factories import CampaignFactory, LeadImportFactory, ServiceAccountFactory
from campaigns_project.accounts.models import Membership, Organization, ServiceAccount, User
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound, Refused
from campaigns_project.tests.tenancy.world import World, models_of_tenants
from leads.models import LeadImport

pytestmark = pytest.mark.django_db

STAYS = {"audit.AuditLog", "audit.AuditSeal", "campaigns.CampaignTombstone"}


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def world():
    """An organization with a row of everything, at rest."""
    world = World("amber")
    at_rest(world)
    return world


def at_rest(world):
    home = world.organization
    Campaign.objects.filter(organization=home).update(status="stopped")
    Job.objects.filter(organization=home).update(status="canceled", finished_at=home.created_at)
    LeadImport.objects.filter(organization=home).update(status="canceled", finished_at=home.created_at)


def confirmed(organization, now, **changes):
    token = deletion.preview_organization(organization=organization, now=now).token
    sent = {"confirm_name": organization.name, "token": token, "reason": "left us", "actor": ANA, "now": now}
    return {"organization": organization, **sent, **changes}


def left_of(organization_id):
    """Rows of an organization, by model, that are still there."""
    found = {}
    for model in models_of_tenants():
        path = "pk" if model is Organization else model.organization_path
        if count := model._base_manager.filter(**{path: organization_id}).count():
            found[model._meta.label] = count
    return found


def test_nothing_is_left_of_it_but_what_is_written_for_good(world, now):
    other = World("beryl")
    before = other.snapshot()
    pk = world.organization.pk

    job = deletion.request_erasure(**confirmed(world.organization, now))

    assert (job.status, job.failed, job.organization_id, job.subject_ref) == ("succeeded", 0, None, pk)
    assert set(left_of(pk)) == STAYS
    assert other.snapshot() == before


def test_the_counts_of_the_preview_are_those_of_the_end(world, now):
    impact = deletion.preview_organization(organization=world.organization, now=now)

    job = deletion.request_erasure(**confirmed(world.organization, now))

    assert min(impact.removed[label] for label in impact.removed if label != "queued_tasks") >= 1
    assert job.result["removed"] == {label: number for label, number in impact.removed.items() if number}
    assert job.done == impact.total
    assert AuditLog.objects.filter(action="organization.erased").get().after["removed"] == job.result["removed"]


def test_each_campaign_gets_its_own_tombstone_and_audit_entry(now):
    first = full_campaign()
    second = CampaignFactory(organization=first.organization)

    deletion.request_erasure(**confirmed(first.organization, now))

    stones = {stone.pk: stone.counts for stone in CampaignTombstone.objects.all()}
    assert stones[first.pk]["recipients"] == 2
    assert stones[second.pk] == {"campaigns": 1}
    assert AuditLog.objects.filter(action="campaign.deleted", actor_name=ANA.name).count() == 2


def test_people_stay_without_it_and_the_users_behind_its_keys_go(world, now):
    account = ServiceAccountFactory(organization=world.organization)
    AuthToken.objects.create(user=account.user)
    people = set(User.objects.people().values_list("pk", flat=True))

    deletion.request_erasure(**confirmed(world.organization, now))

    assert set(User.objects.values_list("pk", flat=True)) == people
    assert not Membership.objects.exists()
    assert not AuthToken.objects.exists()


def test_from_the_request_on_nobody_of_it_gets_in(world, now, monkeypatch):
    monkeypatch.setattr(erasure, "SMALL", 3)

    job = deletion.request_erasure(**confirmed(world.organization, now))

    assert job.status == "queued"
    assert Organization.objects.exists()
    assert not (Membership.objects.exists() or ServiceAccount.objects.exists())
    assert not Campaign.objects.living().exists()


def test_a_campaign_made_meanwhile_goes_too(world, now, monkeypatch):
    monkeypatch.setattr(erasure, "SMALL", 3)
    job = deletion.request_erasure(**confirmed(world.organization, now))
    late = CampaignFactory(organization=world.organization)

    while deletion.erase_some(job_id=job.pk, now=now, budget=erasure.AT_ONCE):
        pass

    assert not Organization.objects.exists()
    assert CampaignTombstone.objects.filter(pk=late.pk, deleted_by=ANA.name).exists()


def test_a_campaign_made_after_the_others_went_is_not_swept_away_with_the_rest(world, now, monkeypatch):
    monkeypatch.setattr(erasure, "SMALL", 0)
    job = deletion.request_erasure(**confirmed(world.organization, now))
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION come() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE made campaigns; BEGIN"
            " made := OLD; made.id := nextval('campaigns_id_seq'); made.campaign_id := 'late';"
            " made.deleting_at := NULL;"
            " INSERT INTO campaigns SELECT made.*; RETURN NULL; END $$;"
            "CREATE TRIGGER come AFTER DELETE ON campaigns FOR EACH ROW"
            " WHEN (OLD.campaign_id <> 'late') EXECUTE FUNCTION come()"
        )

    while deletion.erase_some(job_id=job.pk, now=now, budget=erasure.AT_ONCE):
        pass

    tombstone = CampaignTombstone.objects.get(campaign_slug="late")
    assert (tombstone.deleted_by, tombstone.reason, tombstone.counts) == (ANA.name, "left us", {"campaigns": 1})
    assert AuditLog.objects.filter(action="campaign.deleted", entity_id=str(tombstone.pk)).exists()
    assert not Organization.objects.exists()


def test_a_draft_of_an_import_keeps_no_organization_but_one_that_is_looked_over_does(world, now):
    draft = LeadImportFactory(organization=world.organization, status="draft", dry_run_status="succeeded")
    waiting = deletion.preview_organization(organization=world.organization, now=now).blockers

    LeadImport.objects.filter(pk=draft.pk).update(dry_run_status="running")
    looked_over = deletion.preview_organization(organization=world.organization, now=now).blockers

    assert ([each.code for each in waiting], [each.code for each in looked_over]) == ([], ["import_active"])


def test_what_runs_is_named_and_nothing_is_changed(world, now):
    Campaign.objects.filter(pk=world[Campaign].pk).update(status="running", started_at=now)
    LeadImportFactory(organization=world.organization, status="running")

    with pytest.raises(Refused) as refused:
        deletion.request_erasure(**confirmed(world.organization, now))

    assert refused.value.code == "deletion_blocked"
    assert [each["code"] for each in refused.value.details["blockers"]] == ["running", "import_active"]
    assert Membership.objects.count() == 1


def test_a_campaign_that_goes_with_its_organization_is_not_deleted_beside_it(now, monkeypatch, tmp_path):
    monkeypatch.setattr(erasure, "SMALL", 3)
    campaign = full_campaign()
    seen = of_campaign(campaign, now)
    job = deletion.request_erasure(**confirmed(campaign.organization, now))

    with pytest.raises(Refused) as refused:
        deletion.request_deletion(**seen)
    with pytest.raises(CommandError) as ended:
        sure = {"confirm": campaign.name, "reason": "over", "export": tmp_path}
        call_command("delete_campaign", str(campaign.pk), **sure, stderr=io.StringIO())

    assert (refused.value.code, refused.value.details) == ("already_deleting", {"job": job.pk})
    assert (ended.value.returncode, list(tmp_path.iterdir())) == (9, [])
    assert not Job.objects.filter(kind="delete").exists()


def test_a_stalled_deletion_or_import_is_in_the_way_like_one_at_work(now, monkeypatch):
    monkeypatch.setattr(request, "SMALL", 3)
    campaign = full_campaign()
    Job.objects.filter(pk=deletion.request_deletion(**of_campaign(campaign, now)).pk).update(status="stalled")
    LeadImportFactory(organization=campaign.organization, status="stalled")

    with pytest.raises(Refused) as refused:
        deletion.request_erasure(**confirmed(campaign.organization, now))

    assert [each["code"] for each in refused.value.details["blockers"]] == ["import_active", "job_active"]
    assert not Job.objects.filter(kind="erase").exists()


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"confirm_name": "Amber"}, "wrong_name"), ({"reason": ""}, "reason_missing"), ({"token": "0"}, "stale_preview")],
)
def test_it_is_confirmed_by_name_reason_and_the_numbers_seen(world, now, changes, code):
    with pytest.raises(Refused) as refused:
        deletion.request_erasure(**confirmed(world.organization, now, **changes))

    assert refused.value.code == code
    assert Membership.objects.count() == 1


def test_a_second_request_names_the_job_and_one_after_it_finds_nothing(world, now, monkeypatch):
    monkeypatch.setattr(erasure, "SMALL", 3)
    seen = confirmed(world.organization, now)
    job = deletion.request_erasure(**seen)

    with pytest.raises(Refused) as refused:
        deletion.request_erasure(**seen)
    while deletion.erase_some(job_id=job.pk, now=now, budget=erasure.AT_ONCE):
        pass
    with pytest.raises(NotFound):
        deletion.request_erasure(**seen)

    assert (refused.value.code, refused.value.details) == ("already_deleting", {"job": job.pk})

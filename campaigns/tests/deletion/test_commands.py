"""delete_campaign and erase_organization as one meets them on a terminal."""

import io
import json
import zipfile

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from campaigns import deletion
from campaigns.deletion import request, work
from campaigns.models import Campaign, CampaignTombstone, Job
from campaigns.tests.deletion.full import ROWS, confirmed, full_campaign
from campaigns.tests.factories import CampaignFactory, LeadFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.processes import PATIENCE, started

pytestmark = pytest.mark.django_db

SURE = ["--reason", "over", "--confirm"]


def run(*arguments):
    out = io.StringIO()
    call_command(*map(str, arguments), stdout=out, stderr=io.StringIO())
    return out.getvalue()


def refusal_of(*arguments):
    with pytest.raises(CommandError) as refused:
        run(*arguments)
    return refused.value.returncode, str(refused.value)


@pytest.mark.parametrize("called", ["{0.pk}", "{0.campaign_id}", "{0.name}"])
def test_a_campaign_is_deleted_by_number_id_or_name(called):
    campaign = full_campaign()
    pk = campaign.pk

    said = run("delete_campaign", called.format(campaign), *SURE, campaign.name)

    assert f"Deleted campaign {pk} “{campaign.name}”: 3 steps" in said or "2 recipients" in said
    assert f"{sum(ROWS.values())} rows" in said
    assert not Campaign.objects.exists()
    assert CampaignTombstone.objects.get().reason == "over"
    assert AuditLog.objects.first().via == "delete_campaign"


def test_a_dry_run_shows_the_numbers_and_changes_nothing():
    campaign = full_campaign(name="Q3")

    said = run("delete_campaign", campaign.pk, "--dry-run")
    told = json.loads(run("delete_campaign", campaign.pk, "--dry-run", "--json"))

    assert f"Would delete campaign {campaign.pk} “Q3”: 1 campaigns" in said
    assert "2 recipients" in said
    assert "Would stay: 2 leads." in said
    assert (told["schema"], told["removed"], told["total"]) == (
        "fairlead.delete_campaign/1", ROWS, sum(ROWS.values()),
    )  # fmt: skip
    assert Campaign.objects.living().count() == 1


def test_the_answer_in_json_has_the_counts():
    campaign = full_campaign()

    told = json.loads(run("delete_campaign", campaign.pk, *SURE, campaign.name, "--json"))

    assert told["removed"]["events"] == 2
    assert (told["failures"], told["total"]) == ([], sum(ROWS.values()))
    assert told["subject"]["slug"] == campaign.campaign_id


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["0"], 3, "campaign_not_found"),
        (["none-such"], 3, "campaign_not_found"),
        (["gone"], 3, "was deleted on"),
        (["q3"], 7, '--confirm "Q3"'),
        (["q3", "--confirm", "Q4", "--reason", "over"], 7, "wrong_name"),
        (["q3", "--confirm", "Q3"], 2, "reason_missing"),
        (["running", *SURE, "Running"], 4, "deletion_blocked"),
        (["running", "--dry-run"], 4, "pause or stop it first"),
    ],
)
def test_every_refusal_has_its_exit_code_and_nothing_is_changed(arguments, code, word):
    CampaignFactory(campaign_id="gone").delete()
    CampaignFactory(campaign_id="q3", name="Q3")
    CampaignFactory(campaign_id="running", name="Running", running=True)

    returned, said = refusal_of("delete_campaign", *arguments)

    assert (returned, word in said) == (code, True), said
    assert Campaign.objects.living().count() == 2
    assert not Job.objects.exists()


def test_a_table_that_is_missing_is_named_with_exit_code_6():
    campaign = full_campaign()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DROP TABLE email_tracking")

    returned, said = refusal_of("delete_campaign", campaign.pk, *SURE, campaign.name)

    assert (returned, "email_tracking" in said, "verify_schema" in said) == (6, True, True)
    assert Campaign.objects.living().count() == 1


def test_without_the_table_of_campaigns_the_answer_is_the_same():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE campaigns RENAME TO elsewhere")

    with transaction.atomic():
        returned, said = refusal_of("delete_campaign", "1")
        transaction.set_rollback(True)

    assert (returned, "schema_incomplete" in said) == (6, True)


@pytest.mark.django_db(transaction=True)
def test_a_read_only_database_is_told_with_exit_code_8_and_loses_nothing(tmp_path):
    campaign = full_campaign()
    log = tmp_path / "log"
    arguments = ["manage.py", "delete_campaign", str(campaign.pk), *SURE, campaign.name]

    with started(*arguments, log=log, PGOPTIONS="-c default_transaction_read_only=on") as process:
        returned = process.wait(timeout=PATIENCE)

    assert (returned, "database_read_only" in log.read_text()) == (8, True), log.read_text()
    assert deletion.preview(campaign=campaign, now=timezone.now()).removed == ROWS
    assert Campaign.objects.living().count() == 1


def test_a_deletion_that_was_broken_off_is_gone_on_with(monkeypatch):
    campaign = full_campaign()
    monkeypatch.setattr(request, "SMALL", 3)
    job = deletion.request_deletion(**confirmed(campaign, timezone.now()))
    returned, _ = refusal_of("delete_campaign", campaign.pk)

    said = run("delete_campaign", campaign.pk, "--confirm", campaign.name)

    assert returned == 7
    assert f"{sum(ROWS.values())} rows" in said
    job.refresh_from_db()
    assert (job.status, Job.objects.count()) == ("succeeded", 1)


def test_everything_is_exported_first_where_asked(tmp_path):
    campaign = full_campaign()

    run("delete_campaign", campaign.pk, *SURE, campaign.name, "--export", tmp_path / "kept")

    with zipfile.ZipFile(next((tmp_path / "kept").iterdir())) as archive:
        assert "people.csv" in archive.namelist()
    assert not Campaign.objects.exists()


def test_what_comes_in_behind_the_export_is_not_deleted_unseen(tmp_path):
    campaign, lead = full_campaign(), LeadFactory()
    # The record of the export is the last that is written before the deletion is asked for.
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION come() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " INSERT INTO campaign_recipients (campaign_id, lead_id, email_address)"
            f" VALUES ({campaign.pk}, {lead.pk}, 'late@example.com'); RETURN NEW; END $$;"
            "CREATE TRIGGER come AFTER INSERT ON audit_log FOR EACH ROW"
            " WHEN (NEW.action = 'campaign.exported') EXECUTE FUNCTION come()"
        )

    returned, said = refusal_of("delete_campaign", campaign.pk, *SURE, campaign.name, "--export", tmp_path)

    assert (returned, "stale_preview" in said) == (4, True)
    assert Campaign.objects.living().get().recipients.count() == 3


def test_where_the_export_cannot_be_written_nothing_is_deleted(tmp_path):
    campaign = full_campaign()
    (tmp_path / "file").write_text("in the way")

    returned, said = refusal_of("delete_campaign", campaign.pk, *SURE, campaign.name, "--export", tmp_path / "file")

    assert (returned, "cannot be written" in said) == (8, True)
    assert Campaign.objects.living().count() == 1


def test_what_is_refused_is_not_exported_either(tmp_path):
    campaign = full_campaign(running=True)

    returned, _ = refusal_of("delete_campaign", campaign.pk, *SURE, campaign.name, "--export", tmp_path)

    assert (returned, list(tmp_path.iterdir())) == (4, [])


def test_what_is_half_gone_is_not_exported(monkeypatch, tmp_path):
    campaign = full_campaign()
    monkeypatch.setattr(request, "SMALL", 3)
    deletion.request_deletion(**confirmed(campaign, timezone.now()))

    returned, said = refusal_of("delete_campaign", campaign.pk, "--confirm", campaign.name, "--export", tmp_path)

    assert (returned, "export_too_late" in said) == (4, True)


def test_something_that_could_not_go_is_named_with_exit_code_5():
    campaign = full_campaign()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; DROP TABLE lead_enrichments")

    returned, said = refusal_of("delete_campaign", campaign.pk, *SURE, campaign.name)

    assert (returned, "cleanup_orphans" in said) == (5, True)
    assert not Campaign.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_somebody_elses_deletion_of_it_is_left_alone_with_exit_code_9(other_session, monkeypatch):
    campaign = full_campaign()
    monkeypatch.setattr(request, "SMALL", 3)
    job = deletion.request_deletion(**confirmed(campaign, timezone.now()))
    other_session("SELECT pg_advisory_lock(%s, %s)", [work.Lock.DELETION, job.pk])

    returned, said = refusal_of("delete_campaign", campaign.pk, *SURE, campaign.name)

    assert (returned, "already_deleting" in said) == (9, True)
    assert work.delete_some(job_id=job.pk, now=timezone.now(), budget=request.AT_ONCE) is False
    assert Campaign.objects.count() == 1


def test_an_organization_is_erased_by_its_slug():
    campaign, other = full_campaign(), full_campaign()
    organization = campaign.organization

    dry = run("erase_organization", organization.slug, "--dry-run")
    missing, _ = refusal_of("erase_organization", organization.slug)
    said = run("erase_organization", organization.slug, *SURE, organization.name)
    unknown, _ = refusal_of("erase_organization", organization.slug, *SURE, organization.name)

    assert f"Would delete organization {organization.pk}" in dry
    assert f"Deleted organization {organization.pk} “{organization.name}”" in said
    assert (missing, unknown) == (7, 3)
    assert list(Organization.objects.all()) == [other.organization]
    assert list(Campaign.objects.all()) == [other]

"""The archive of a campaign: complete, of one moment, harmless in a spreadsheet, and without secrets."""

import csv
import hashlib
import io
import json
import stat
import zipfile
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import ForeignKey, Model

from campaigns.deletion.export import export_campaign, stream_export
from campaigns.deletion.snapshots import held_rows
from campaigns.exported import ExportedTable, exported_tables
from campaigns.models import Campaign, Message, Recipient, Sender
from campaigns.tests.factories import NOON, CampaignFactory, EventFactory, LeadFactory, MessageFactory, RecipientFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound
from campaigns_project.formulas import unguard
from campaigns_project.references import loose_references
from campaigns_project.tests.tenancy.world import World

# Tables below a campaign that are told in campaign.json.
IN_THE_DOCUMENT = {
    "campaigns.Step", "campaigns.Variant", "campaigns.VariantVersion", "campaigns.CampaignSender",
    "campaigns.CampaignUsage", "campaigns.Job", "campaigns.Handover",
}  # fmt: skip
OF_THE_MOMENT = {
    "campaigns.Lease",  # gone when the mails in hand are settled, which say it themselves until then
    "campaigns.CampaignTally",  # counted out of what is in the export
}


def archive_of(campaign: Campaign) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(b"".join(stream_export(campaign=campaign, actor=SYSTEM, now=NOON))))


def table_of(archive: zipfile.ZipFile, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read(name).decode("utf-8-sig"), newline="")))


def below(model: type[Model]) -> set[type[Model]]:
    """Every model whose rows hang on one of `model`, by constraint or by a declared loose reference."""
    by_key = {
        each
        for each in apps.get_models()
        for field in each._meta.fields
        if isinstance(field, ForeignKey) and field.related_model is model and not field.null
    }
    loose = {each for each, _reference in loose_references(model)}
    return by_key | loose | {deeper for each in by_key | loose for deeper in below(each)}


@pytest.mark.django_db
def test_every_table_below_a_campaign_is_in_its_export():
    exported = {table.source._meta.label for table in exported_tables()} | IN_THE_DOCUMENT | OF_THE_MOMENT

    assert {model._meta.label for model in below(Campaign)} - exported == set()


@pytest.mark.django_db
def test_everything_of_the_campaign_is_in_the_archive_and_nothing_of_another():
    ours, theirs = World("world-a"), World("world-b")
    for model, _reference in loose_references(Campaign):
        model._base_manager.filter(pk=ours[model].pk).update(campaign_id=ours[Campaign].pk)

    archive = archive_of(ours[Campaign])

    assert archive.testzip() is None
    for table in exported_tables():
        assert len(table_of(archive, table.file)) == 1, table.file
    document = json.loads(archive.read("campaign.json"))
    assert document["campaign"]["name"] == ours.marker
    assert document["steps"][0]["variants"][0]["versions"][0]["subject"] == ours.marker
    assert [len(document[part]) for part in ("senders", "usage", "jobs")] == [1, 1, 1]
    assert not any(theirs.marker.encode() in archive.read(name) for name in archive.namelist())


@pytest.mark.django_db
def test_no_secret_is_in_the_archive():
    world = World("world-a")
    stored = Sender.objects.filter(pk=world[Sender].pk).extra(select={"kept": "password"}).values_list("kept").get()[0]

    archive = archive_of(world[Campaign])

    contents = b"".join(archive.read(name) for name in archive.namelist())
    assert world[Sender].email.encode() in contents
    assert b"hunter2" not in contents
    assert stored.encode() not in contents


@pytest.mark.django_db
def test_the_manifest_tells_rows_size_and_hash_of_every_file():
    message = MessageFactory()
    EventFactory.create_batch(3, message=message)

    archive = archive_of(message.recipient.campaign)

    manifest = json.loads(archive.read("manifest.json"))
    told = {file["name"]: file for file in manifest["files"]}
    assert {*told, "manifest.json"} == set(archive.namelist())
    assert (told["people.csv"]["rows"], told["messages.csv"]["rows"], told["events.csv"]["rows"]) == (1, 1, 3)
    assert told["campaign.json"]["rows"] is None
    for name, file in told.items():
        content = archive.read(name)
        assert (file["bytes"], file["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["=1+1", "+420 1", "-2", "@SUM(A1)", "\tx", "'=already", "plain, “quoted”\nč"])
def test_cells_come_back_as_they_were_and_no_spreadsheet_runs_them(value):
    recipient = RecipientFactory(lead=LeadFactory(company=value))

    [row] = table_of(archive_of(recipient.campaign), "people.csv")

    assert unguard(row["company"]) == value
    assert not row["company"].startswith(("=", "+", "-", "@", "\t"))


@pytest.mark.django_db
def test_times_are_in_utc_whatever_the_site_shows(settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    recipient = RecipientFactory(sent_at=NOON)

    [row] = table_of(archive_of(recipient.campaign), "people.csv")

    assert row["sent_at"] == "2026-11-20T12:00:00Z"


@pytest.mark.django_db
def test_an_export_is_told_in_the_audit_log_without_naming_anybody():
    campaign = RecipientFactory().campaign

    archive_of(campaign)

    row = AuditLog.objects.get(action="campaign.exported")
    assert (row.entity_id, row.organization_ref) == (str(campaign.pk), campaign.organization_id)
    assert row.after == {"recipients": campaign.total_recipients}


@pytest.mark.django_db
def test_the_file_is_whole_under_its_name_and_readable_by_its_owner_alone(tmp_path):
    campaign = CampaignFactory(campaign_id="q3-eu")

    path = export_campaign(campaign=campaign, into=tmp_path / "kept", actor=SYSTEM, now=NOON)

    assert path == tmp_path / "kept" / "campaign-q3-eu-20261120-120000.zip"
    assert zipfile.ZipFile(path).testzip() is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.django_db
def test_an_export_that_breaks_off_leaves_no_file(tmp_path, monkeypatch):
    broken = ExportedTable("broken.csv", "campaigns.Recipient", "campaign", {"gone": "no_such_column"})
    monkeypatch.setattr("campaigns.exported._tables", [broken])

    with pytest.raises(Exception, match="no_such_column"):
        export_campaign(campaign=CampaignFactory(), into=tmp_path, actor=SYSTEM, now=NOON)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.django_db
def test_the_campaign_is_told_as_it_is_and_not_as_somebody_had_it_in_hand():
    campaign = CampaignFactory(name="Before")
    Campaign.objects.update(name="After")

    document = json.loads(archive_of(campaign).read("campaign.json"))

    assert document["campaign"]["name"] == "After"


@pytest.mark.django_db
def test_a_campaign_that_went_before_the_archive_began_has_none():
    campaign = CampaignFactory()
    pieces = stream_export(campaign=campaign, actor=SYSTEM, now=NOON)
    Campaign.objects.all().delete()

    with pytest.raises(NotFound):
        next(pieces)


@pytest.mark.django_db(transaction=True)
def test_what_is_told_beside_the_tables_is_of_their_moment(other_session):
    campaign = CampaignFactory(name="Before")

    def read_and_renamed():
        name = Campaign.objects.get().name
        other_session("UPDATE campaigns SET name = 'After'")
        return name

    with held_rows({"all": Campaign.objects.values_list("name")}, read=read_and_renamed) as (held, told):
        assert (told, held["all"].fetchall()) == ("Before", [("Before",)])

    campaign.refresh_from_db()
    assert campaign.name == "After"


@pytest.mark.django_db(transaction=True)
def test_tables_are_read_as_they_stood_at_one_moment():
    message = MessageFactory()
    campaign = message.recipient.campaign
    queries: dict[str, Any] = {
        "people": Recipient.objects.filter(campaign=campaign).values_list("pk"),
        "messages": Message.objects.filter(recipient__campaign=campaign).values_list("pk"),
    }

    with held_rows(queries, read=Campaign.objects.get) as (held, _):
        people = held["people"].fetchall()
        campaign.delete()
        messages = held["messages"].fetchall()

    assert (people, messages) == ([(message.recipient_id,)], [(message.pk,)])


@pytest.mark.django_db(transaction=True)
def test_a_reader_that_goes_away_leaves_nothing_open_in_the_database():
    pieces = stream_export(campaign=RecipientFactory().campaign, actor=SYSTEM, now=NOON)
    next(pieces)

    pieces.close()

    assert _held_cursors() == 0


def _held_cursors() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE 'held%'")
        return cursor.fetchone()[0]

"""Deleting a campaign by any means leaves no row behind but its tombstone, and nothing of it is ever used again."""

import threading
from contextlib import closing, suppress

import pgtrigger
import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from psycopg.errors import UniqueViolation

from campaigns.models import Campaign, CampaignTombstone
from campaigns.tests.factories import (
    CampaignDayFactory,
    CampaignFactory,
    CampaignSenderFactory,
    CampaignTallyFactory,
    CampaignUsageFactory,
    EventFactory,
    HandedLeadFactory,
    InstantlyDayFactory,
    JobFactory,
    LeadRankingFactory,
    LeaseFactory,
    LinkFactory,
    MessageFactory,
    RawLeadFactory,
    RecipientFactory,
    VariantFactory,
    VariantVersionFactory,
)
from campaigns_project.accounts.models import Organization
from campaigns_project.audit.models import AuditLog
from leads.models import Lead, RawLead

pytestmark = pytest.mark.django_db


def run(sql, *params):
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


def full_campaign():
    campaign = CampaignFactory()
    CampaignSenderFactory(campaign=campaign)
    VariantVersionFactory(variant=VariantFactory(step__campaign=campaign))
    CampaignUsageFactory(campaign=campaign)
    LeaseFactory(campaign=campaign)
    CampaignTallyFactory(campaign=campaign)
    CampaignDayFactory(campaign=campaign)
    LinkFactory(campaign=campaign)
    JobFactory(campaign=campaign)
    recipient = RecipientFactory(campaign=campaign)
    EventFactory(message=MessageFactory(recipient=recipient))
    HandedLeadFactory(handover__campaign=campaign, recipient=recipient)
    InstantlyDayFactory(campaign=campaign)
    LeadRankingFactory(campaign=campaign, lead=recipient.lead)
    return campaign


def rows_of(campaign_id):
    """Rows, by table, of every model whose organization is found by way of a campaign."""
    counts = {}
    for model in apps.get_models():
        path = getattr(model, "organization_path", "")
        if "campaign__organization" in path:
            by_campaign = path.removesuffix("__organization")
            counts[model._meta.db_table] = model._default_manager.filter(**{by_campaign: campaign_id}).count()
    return counts


def test_a_raw_delete_leaves_no_row_behind():
    campaign = full_campaign()
    other = full_campaign()
    before = rows_of(campaign.pk)

    run("DELETE FROM campaigns WHERE id = %s", campaign.pk)

    assert set(before) == {
        "campaign_days", "campaign_links", "campaign_messages", "campaign_recipients", "campaign_senders",
        "campaign_steps", "campaign_tallies", "campaign_usage", "campaign_variant_versions", "campaign_variants",
        "email_tracking", "instantly_days", "instantly_handovers", "instantly_leads", "lead_rankings", "sending_leases",
    }  # fmt: skip
    assert min(before.values()) >= 1
    assert set(rows_of(campaign.pk).values()) == {0}
    assert (campaign.jobs.count(), other.jobs.count()) == (0, 1)
    assert rows_of(other.pk) == before
    assert Lead.objects.count() == 2


def test_the_tombstone_says_what_was_told_and_otherwise_who_the_database_knows():
    told, untold = CampaignFactory(name="Told"), CampaignFactory(name="Untold")

    with transaction.atomic():
        run("SELECT set_config('app.deletion', %s, true)", '{"actor": "ana", "reason": "test", "counts": {"steps": 2}}')
        run("DELETE FROM campaigns WHERE id = %s", told.pk)
        run("SELECT set_config('app.deletion', '', true)")
    Campaign.objects.filter(pk=untold.pk).delete()

    first = CampaignTombstone.objects.get(pk=told.pk)
    second = CampaignTombstone.objects.get(pk=untold.pk)
    assert (first.campaign_slug, first.deleted_by, first.reason, first.counts) == (
        told.campaign_id, "ana", "test", {"steps": 2},
    )  # fmt: skip
    assert (second.name, second.deleted_by, second.reason, second.counts) == ("Untold", "postgres", "", {})


def test_a_deleted_organization_leaves_the_tombstones_of_its_campaigns():
    campaign = CampaignFactory()

    Organization.objects.filter(pk=campaign.organization_id).delete()

    assert CampaignTombstone.objects.get().organization_ref == campaign.organization_id


KEPT = "kept_campaigns"


def copy_out():
    """Its row as pg_dump writes it."""
    with connection.cursor() as cursor, cursor.copy(f"COPY {KEPT} TO STDOUT") as copy:
        return b"".join(bytes(piece) for piece in copy)


def copy_back(rows):
    """As pg_restore reads it."""
    with connection.cursor() as cursor, cursor.copy("COPY campaigns FROM STDIN") as copy:
        copy.write(rows)


def dead_again(campaign):
    """The object somebody still holds, to be written once more."""
    return Campaign(**{field.attname: getattr(campaign, field.attname) for field in Campaign._meta.concrete_fields})


@pytest.mark.parametrize("again", ["id", "slug", "sequence", "rename", "new_id", "on_conflict", "restore", "bulk"])
def test_a_dead_id_or_slug_is_refused_however_it_comes_back(again):
    dead = CampaignFactory(campaign_id="dead")
    living = CampaignFactory()
    run(f"CREATE TABLE {KEPT} AS SELECT * FROM campaigns WHERE id = %s", dead.pk)
    kept = copy_out()
    Campaign.objects.filter(pk=dead.pk).delete()

    with pytest.raises((IntegrityError, UniqueViolation), match="never used again"), transaction.atomic():
        if again == "id":
            CampaignFactory(pk=dead.pk, organization=living.organization)
        elif again == "slug":
            CampaignFactory(campaign_id="dead", organization=living.organization)
        elif again == "rename":
            Campaign.objects.filter(pk=living.pk).update(campaign_id="dead")
        elif again == "new_id":
            run("UPDATE campaigns SET id = %s WHERE id = %s", dead.pk, living.pk)
        elif again == "on_conflict":
            run(f"INSERT INTO campaigns SELECT * FROM {KEPT} ON CONFLICT (id) DO UPDATE SET name = excluded.name")
        elif again == "restore":
            copy_back(kept)
        elif again == "bulk":
            Campaign.objects.bulk_create([dead_again(dead), CampaignFactory.build(organization=living.organization)])
        else:
            run("SELECT setval(pg_get_serial_sequence('campaigns', 'id'), %s, false)", dead.pk)
            CampaignFactory(organization=living.organization)

    assert list(Campaign.objects.values_list("pk", flat=True)) == [living.pk]


@pytest.mark.parametrize("table", ["campaigns", "organizations"])
def test_campaigns_cannot_be_truncated_past_their_tombstones(table):
    campaign = CampaignFactory()
    run("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(DatabaseError, match="Cannot truncate"), transaction.atomic():
        run(f"TRUNCATE {table} CASCADE")

    assert list(Campaign.objects.all()) == [campaign]


def test_numbers_go_on_where_they_were_after_every_campaign_is_gone():
    numbers = [CampaignFactory().pk for _ in range(3)]
    Campaign.objects.all().delete()

    assert CampaignFactory().pk == max(numbers) + 1


@pytest.mark.parametrize("table", ["campaign_tombstones", "audit_log"])
@pytest.mark.parametrize("act", ["UPDATE {} SET reason = 'x'", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
def test_what_is_written_once_cannot_be_changed(table, act):
    CampaignFactory().delete()
    AuditLog.objects.create(actor_kind="system", actor_name="x", action="y", entity_type="z", entity_id="1")

    with pytest.raises(DatabaseError, match="Cannot"), transaction.atomic():
        run(act.format(table))

    assert (CampaignTombstone.objects.count(), AuditLog.objects.count()) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_an_insert_that_waited_for_the_delete_to_commit_is_refused_too():
    campaign = CampaignFactory(campaign_id="contested")
    started, outcome = threading.Event(), []

    def insert():
        started.set()
        try:
            CampaignFactory(campaign_id="contested", organization=campaign.organization)
        except IntegrityError as error:
            outcome.append(str(error))
        finally:
            connection.close()

    thread = threading.Thread(target=insert)
    with transaction.atomic():
        run("DELETE FROM campaigns WHERE id = %s", campaign.pk)
        thread.start()
        started.wait()
        assert_waits_for_our_lock(thread)
    thread.join()

    assert "never used again" in outcome[0]
    assert Campaign.objects.count() == 0


def assert_waits_for_our_lock(thread):
    """Until the other connection waits for our lock; it cannot miss it, since we hold it to the end."""
    blocked = 0
    while thread.is_alive() and not blocked:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
            blocked = cursor.fetchone()[0]
    assert blocked


@pytest.mark.parametrize("change", ["id = id + 1000", "campaign_id = 'another'"])
def test_a_living_campaign_keeps_its_id_and_campaign_id_so_that_none_is_free_without_a_tombstone(change):
    campaign = CampaignFactory(campaign_id="kept")

    with pytest.raises(IntegrityError, match="keeps its id"), transaction.atomic():
        run(f"UPDATE campaigns SET {change} WHERE id = %s", campaign.pk)

    assert list(Campaign.objects.values_list("pk", "campaign_id")) == [(campaign.pk, "kept")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kept", ["id = id + 1000", "campaign_id = 'another'"])
def test_a_dead_id_or_slug_is_refused_in_a_transaction_that_began_before_the_deletion(kept):
    dead = CampaignFactory(campaign_id="dead")
    other = connections.create_connection("default")
    with closing(other), other.cursor() as earlier:
        earlier.execute("CREATE TEMPORARY TABLE again AS SELECT * FROM campaigns")
        earlier.execute(f"UPDATE again SET {kept}")
        earlier.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        earlier.execute("SELECT count(*) FROM campaigns")
        dead.delete()

        with pytest.raises(IntegrityError, match="never used again"):
            earlier.execute("INSERT INTO campaigns SELECT * FROM again")


def test_a_campaign_that_came_back_past_the_triggers_can_be_deleted_again():
    campaign = CampaignFactory(campaign_id="back")
    organization = campaign.organization_id
    run(f"CREATE TABLE {KEPT} AS SELECT * FROM campaigns WHERE id = %s", campaign.pk)
    campaign.delete()
    with pgtrigger.ignore("campaigns.Campaign:refuse_tombstoned"):
        run(f"INSERT INTO campaigns SELECT * FROM {KEPT}")

    run("DELETE FROM campaigns WHERE organization_id = %s", organization)

    assert (Campaign.objects.count(), CampaignTombstone.objects.count()) == (0, 1)


@pytest.mark.parametrize("how", [{}, {"update_fields": ["name"]}, {"force_update": True}])
def test_an_object_with_the_number_of_a_living_campaign_does_not_empty_it(how):
    campaign = CampaignFactory(name="Fair")
    lead = RawLeadFactory(organization=campaign.organization, campaign_id=campaign.pk)

    with suppress(IntegrityError), transaction.atomic():
        dead_again(campaign).save(**how)

    assert list(RawLead.objects.all()) == [lead]


def test_an_object_that_was_not_read_never_changes_a_campaign_that_is_there():
    campaign = CampaignFactory(name="Fair")
    again = dead_again(campaign)
    again.name = "Other"

    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()

    assert Campaign.objects.get().name == "Fair"

"""Everything that refers to a campaign or an organization has its place: removed with it, or kept without it."""

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.deletion import preview, preview_organization, request_deletion
from campaigns.deletion.relations import Place, label_of, tree_of
from campaigns.models import Campaign
from campaigns.tests.deletion.full import confirmed
from campaigns.tests.factories import CampaignFactory, RecipientFactory
from campaigns_project.accounts.models import Organization

pytestmark = pytest.mark.django_db

# A new relation has to be put here by hand: is it right that its rows go?
OF_A_CAMPAIGN = {
    "campaign_days", "campaign_links", "campaign_messages", "campaign_recipients", "campaign_senders", "campaign_steps",
    "campaign_tallies", "campaign_usage", "campaign_variant_versions", "campaign_variants", "de_enrollment_logs",
    "de_enrollment_runs", "email_tracking", "inbound_mails", "instantly_days", "instantly_handovers",
    "instantly_leads", "jobs", "lead_notes", "lead_rankings", "lead_user_statuses", "operator_tasks", "sending_leases",
}  # fmt: skip
LOOSELY = {"lead_enrichments", "raw_leads", "staged_leads", "suppressions"}
OF_AN_ORGANIZATION = {
    "calendar_feeds", "calendar_items", "campaign_plans", "campaigns", "email_template_versions", "email_templates",
    "enrichment_profiles", "idempotent_requests", "inbound_webhooks", "instantly_accounts", "lead_aliases",
    "lead_changes",
    "lead_import_mappings", "lead_import_parts", "lead_imports", "lead_tags", "leads", "mailboxes", "memberships",
    "metric_definitions", "metric_entries", "oauth_applications", "provider_accounts", "provider_purchases",
    "segment_members", "segments", "sender_usage", "senders", "sending_halts", "service_accounts", "tags",
    "webhook_deliveries", "webhook_endpoints",
}  # fmt: skip
# The row outlives what it names, but without it: only within what goes as a whole, so that nobody meets such a row.
LETS_GO = {
    ("inbound_mails", "mailbox_id"), ("inbound_mails", "message_id"),
    ("senders", "mailbox_id"), ("senders", "oauth_application_id"), ("mailboxes", "oauth_application_id"),
    ("instantly_handovers", "account_id"), ("instantly_leads", "recipient_id"),
    ("campaign_messages", "sender_id"), ("campaign_messages", "variant_id"), ("campaign_recipients", "next_step_id"),
    ("campaign_recipients", "sender_id"), ("campaigns", "plan_id"), ("campaigns", "template_id"),
    ("campaign_variants", "template_id"),
    ("leads", "lead_import_id"),
    ("lead_changes", "lead_import_id"), ("provider_purchases", "lead_import_id"), ("staged_leads", "lead_id"),
}  # fmt: skip


def test_every_table_that_hangs_on_a_campaign_is_known():
    tree = tree_of(Campaign)

    assert set(tree.tables) == {"campaigns", *OF_A_CAMPAIGN, *LOOSELY}
    assert {each.table for each in tree.relations if each.place is Place.LOOSE} == LOOSELY
    assert not tree.missing


def test_every_table_that_hangs_on_an_organization_is_known():
    tree = tree_of(Organization)

    assert set(tree.tables) == {"organizations", *OF_A_CAMPAIGN, *LOOSELY, *OF_AN_ORGANIZATION}
    assert {(each.table, each.column) for each in tree.relations if each.place is Place.KEPT} == LETS_GO
    assert not tree.missing


@pytest.mark.parametrize("root", [Campaign, Organization])
def test_no_relation_can_stop_a_deletion(root):
    assert not [each for each in tree_of(root).relations if each.place is Place.REFUSES]


@pytest.mark.parametrize("root", [Campaign, Organization])
def test_no_two_tables_are_called_the_same(root):
    tables = tree_of(root).tables

    assert len({label_of(table) for table in tables}) == len(tables)


def test_whoever_refers_to_another_goes_first():
    order = [each.table for each in tree_of(Campaign).below("campaigns")]

    assert order.index("campaign_recipients") < order.index("campaign_steps")
    assert order.index("lead_enrichments") < order.index("staged_leads") < order.index("raw_leads")


def test_a_table_no_model_knows_is_found_by_its_constraint_and_counted():
    recipient = RecipientFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE stray (recipient bigint REFERENCES campaign_recipients (id) ON DELETE CASCADE, note text);"
        )
        cursor.execute("INSERT INTO stray VALUES (%s, 'one'), (%s, 'two')", [recipient.pk, recipient.pk])

    impact = preview(campaign=recipient.campaign, now=timezone.now())

    assert impact.removed["stray"] == 2


A_HOLD = "CREATE TABLE {0} (recipient bigint {1} CONSTRAINT holds REFERENCES campaign_recipients (id) {2})"


@pytest.mark.parametrize("rule", ["", "ON DELETE RESTRICT", "DEFERRABLE INITIALLY DEFERRED"])
@pytest.mark.parametrize("table", ["invoices", "billing.invoices"])
def test_a_table_no_model_knows_that_holds_a_row_is_in_the_way_and_named(table, rule):
    recipient, other = RecipientFactory(), RecipientFactory()
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA billing;" + A_HOLD.format(table, "PRIMARY KEY", rule))
        cursor.execute(f"INSERT INTO {table} VALUES (%s)", [recipient.pk])

    [blocker] = preview(campaign=recipient.campaign, now=timezone.now()).blockers

    assert blocker.code == "foreign_key"
    assert f"Rows of {table} refer to it (recipient)" in blocker.message
    assert "holds" in blocker.message
    home = recipient.campaign.organization
    assert [each.code for each in preview_organization(organization=home, now=timezone.now()).blockers] == [
        "foreign_key"
    ]
    assert preview(campaign=other.campaign, now=timezone.now()).blockers == []


def test_rows_that_go_themselves_are_not_in_the_way():
    recipient = RecipientFactory()
    own = "campaign bigint REFERENCES campaigns (id) ON DELETE CASCADE, recipient bigint REFERENCES campaign_recipients"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE notes ({own})")
        cursor.execute("INSERT INTO notes VALUES (%s, %s)", [recipient.campaign_id, recipient.pk])
    seen = preview(campaign=recipient.campaign, now=timezone.now())

    job = request_deletion(**confirmed(recipient.campaign, timezone.now()))

    assert (seen.blockers, seen.removed["notes"]) == ([], 1)
    assert (job.status, job.failed) == ("succeeded", 0)


def test_a_table_of_another_schema_goes_by_its_own_constraint():
    recipient = RecipientFactory()
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA billing;" + A_HOLD.format("billing.invoices", "", "ON DELETE CASCADE"))
        cursor.execute("INSERT INTO billing.invoices VALUES (%s)", [recipient.pk])

    job = request_deletion(**confirmed(recipient.campaign, timezone.now()))

    assert (job.status, job.failed) == ("succeeded", 0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing.invoices")
        assert cursor.fetchone() == (0,)


def test_a_constraint_that_was_dropped_is_made_up_for_by_the_model():
    CampaignFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname FROM pg_constraint WHERE conrelid = 'email_tracking'::regclass AND contype = 'f'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE email_tracking DROP CONSTRAINT "{name}"')

    assert "email_tracking" in tree_of(Campaign).tables

"""Rows whose parent is gone, or is somebody else's, for every relation there is."""

import pytest
from django.db import connection

from campaigns.models import CampaignSender, Message, Step
from campaigns.tests.factories import CampaignFactory, RawLeadFactory, StepFactory
from campaigns_project.tests.tenancy.world import OURS
from campaigns_project.tests.verification.rows.asking import findings, mend, past_the_triggers, run, told
from campaigns_project.verification.registry import row_checks
from campaigns_project.verification.rows import Fault, scan
from campaigns_project.verification.rows.relations import models_of, relations_of, way_home
from leads.models import LeadTag

pytestmark = pytest.mark.django_db

NOBODY = 9_000_000_000  # a key no row has
RELATIONS = [
    relation
    for app in OURS
    if app != "audit"  # what belongs to a chain is told by the chain
    for model in models_of(app)
    for relation in relations_of(model)
    if not model._meta.auto_created  # the groups of a user: nobody has any
]
FORKS = [
    relation
    for relation in RELATIONS
    if (home := way_home(relation.model)) and home[0].column != relation.column and way_home(relation.target)
]


def name_of(relation):
    return f"{relation.model._meta.db_table}.{relation.column}"


def references_of(relation):
    """The name of the check that looks at the references of this one's table."""
    app = relation.model._meta.app_label
    return f"references of {'events' if app == 'tracking' else app}"


def point(relation, row, key):
    """Let `row` point at `key` by this relation, whatever the constraints say; it takes the place of one there."""
    primary = relation.model._meta.pk.column
    with past_the_triggers():
        if relation.column == primary:  # a staged lead is known by its raw lead
            run("UPDATE staged_leads SET raw_lead_id = -raw_lead_id WHERE raw_lead_id = %s", key)
            run("UPDATE lead_enrichments SET staged_lead_id = %s WHERE staged_lead_id = %s", key, row.pk)
        run(f'UPDATE {relation.model._meta.db_table} SET "{relation.column}" = %s WHERE {primary} = %s', key, row.pk)
        if relation.column == primary:
            row.pk = key


@pytest.mark.parametrize("relation", RELATIONS, ids=name_of)
def test_a_row_whose_parent_is_gone_is_found_behind_every_relation(relation, worlds):
    row = worlds[0][relation.model]

    point(relation, row, NOBODY)

    orphan = "loose_orphan" if relation.is_loose else "orphan_row"
    found = [one for one in told(check=references_of(relation)) if one[0].endswith(("_orphan", "orphan_row"))]
    assert found == [(orphan, name_of(relation), 1, [str(row.pk)])]


@pytest.mark.parametrize("relation", FORKS, ids=name_of)
def test_a_row_that_points_at_another_organizations_is_found_behind_every_relation(relation, worlds):
    alpha, beta = worlds
    row = alpha[relation.model]

    point(relation, row, beta[relation.target].pk)

    found = told(check=references_of(relation))
    assert ("organization_mismatch", name_of(relation), 1, [str(row.pk)]) in found
    assert not [one for one in found if one[0] == "parent_mismatch"]


def test_the_relations_that_are_asked_about_are_those_that_cross_organizations():
    assert {
        "campaign_recipients.lead_id",
        "campaign_recipients.next_step_id",
        "campaign_recipients.sender_id",
        "campaign_messages.step_id",
        "campaign_messages.variant_id",
        "campaign_messages.sender_id",
        "campaign_senders.sender_id",
        "email_tracking.message_id",
        "jobs.campaign_id",
        "lead_tags.tag_id",
        "raw_leads.campaign_id",
        "staged_leads.raw_lead_id",
        "staged_leads.lead_id",
    } <= {name_of(relation) for relation in FORKS}


def test_a_message_with_a_step_of_another_campaign_of_the_organization_is_found(worlds):
    world = worlds[0]
    elsewhere = StepFactory(campaign=CampaignFactory(organization=world.organization))

    run("UPDATE campaign_messages SET step_id = %s WHERE id = %s", elsewhere.pk, world[Message].pk)

    assert told() == [("parent_mismatch", "campaign_messages.step_id", 1, [str(world[Message].pk)])]


def test_five_samples_are_shown_of_many_rows():
    raw = RawLeadFactory.create_batch(7)

    run("UPDATE raw_leads SET campaign_id = %s WHERE id = ANY(%s)", NOBODY, [one.pk for one in raw])

    keys = [str(one.pk) for one in raw[:5]]
    assert told() == [("loose_orphan", "raw_leads.campaign_id", 7, keys)]
    assert findings()[0].fix == "manage.py cleanup_orphans --table raw_leads"


def test_the_statement_of_an_orphan_removes_it_and_nothing_else(worlds):
    world = worlds[0]
    point(_relation(LeadTag, "tag_id"), world[LeadTag], NOBODY)

    [finding] = findings()
    mend(finding)

    assert told() == []
    assert LeadTag.objects.get() == worlds[1][LeadTag]
    assert CampaignSender.objects.count() == 2


def test_the_statement_of_an_orphan_whose_column_may_be_empty_empties_it(worlds):
    world = worlds[0]
    point(_relation(Message, "variant_id"), world[Message], NOBODY)

    [finding] = findings()
    mend(finding)

    assert told() == []
    assert Message.objects.get(variant=None) == world[Message]


def test_the_groups_of_people_are_looked_at_too(worlds):
    world = worlds[0]
    user = world.organization.memberships.get().user

    with past_the_triggers():
        run("INSERT INTO users_groups (user_id, group_id) VALUES (%s, %s)", user.pk, 2_000_000_000)

    assert [one[:3] for one in told()] == [("orphan_row", "users_groups.group_id", 1)]


def test_no_index_is_believed(worlds):
    reads_whole_tables = Fault("whole", "nowhere", "Always so.", "current_setting('enable_indexscan') = 'off'")

    with connection.cursor() as cursor:
        found = scan(cursor, source="organizations", key="id", faults=[reads_whole_tables])

    assert [(one.id, one.samples) for one in found] == [("whole", [str(world.organization.pk) for world in worlds])]


def test_missing_tables_and_columns_are_left_to_the_other_part(worlds):
    run("SET CONSTRAINTS ALL IMMEDIATE")
    run("ALTER TABLE lead_tags RENAME TO mislaid")
    run("ALTER TABLE jobs RENAME COLUMN campaign_id TO misnamed")

    assert told() == []


def test_what_the_planner_was_told_is_over_after_a_check(worlds):
    with connection.cursor() as cursor:
        for check in row_checks():
            list(check.run(cursor))
            cursor.execute("SELECT current_setting('enable_indexscan'), current_setting('work_mem')")
            assert cursor.fetchone() == ("on", "4MB"), check.name


def test_two_whole_worlds_are_without_a_finding(worlds):
    assert told() == []
    assert Step.objects.count() == 2


def _relation(model, column):
    return next(relation for relation in relations_of(model) if relation.column == column)

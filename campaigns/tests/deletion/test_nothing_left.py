"""Whatever a campaign has, nothing of it is in any table afterwards; another's rows are as they were."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from campaigns import deletion
from campaigns.deletion import request, turn
from campaigns.models import Campaign, CampaignTombstone, Message
from campaigns.tests.deletion.full import confirmed, full_campaign
from campaigns.tests.factories import EventFactory, MessageFactory, RecipientFactory, StepFactory
from campaigns_project.references import loose_references
from campaigns_project.tests.tenancy.world import World
from leads.models import Lead
from tracking.models import EmailEvent

pytestmark = pytest.mark.django_db


def left_of(campaign_id):
    """Rows, by table, whose column named `campaign_id` holds this number; and those that lost their parent."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.columns"
            " WHERE column_name = 'campaign_id' AND data_type = 'bigint' AND table_schema = current_schema()"
        )
        tables = [name for (name,) in cursor.fetchall()]
        counts = {}
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table} WHERE campaign_id = %s", [campaign_id])
            counts[table] = cursor.fetchone()[0]
    assert len(tables) >= 9
    return {table: count for table, count in counts.items() if count}


def test_of_the_world_nothing_of_its_campaign_is_left_and_the_rest_is_as_it_was():
    world, other = World("amber"), World("beryl")
    campaign = world[Campaign]
    for model, reference in loose_references(Campaign):
        model.objects.filter(pk=world[model].pk).update(**{reference.column: campaign.pk})
    at_rest(campaign)
    before, of_leads = other.snapshot(), list(Lead.objects.values())

    job = deletion.request_deletion(**confirmed(campaign, timezone.now()))

    assert (job.status, job.failed) == ("succeeded", 0)
    assert left_of(job.subject_ref) == {}
    assert not Message.objects.exclude(pk=other[Message].pk).exists()
    assert not EmailEvent.objects.exclude(pk=other[EmailEvent].pk).exists()
    assert other.snapshot() == before
    assert list(Lead.objects.values()) == of_leads


def at_rest(campaign):
    Campaign.objects.filter(pk=campaign.pk).update(status="stopped")
    campaign.jobs.update(status="canceled", finished_at=campaign.created_at)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    recipients=some.integers(0, 12), steps=some.integers(1, 3), events=some.integers(0, 4), batch=some.integers(1, 7)
)
def test_of_any_shape_in_any_size_of_batches_the_counts_are_right(recipients, steps, events, batch):
    campaign = full_campaign()
    sequence = [StepFactory(campaign=campaign) for _ in range(steps)]
    for _ in range(recipients):
        recipient = RecipientFactory(campaign=campaign)
        for step in sequence:
            message = MessageFactory(recipient=recipient, step=step)
            for _ in range(events):
                EventFactory(message=message)
    impact = deletion.preview(campaign=campaign, now=timezone.now())

    with pytest.MonkeyPatch.context() as small:
        small.setattr(request, "SMALL", 0)
        small.setattr(turn, "FIRST_ROWS", batch)
        small.setattr(turn, "MOST_ROWS", batch)
        job = deletion.request_deletion(**confirmed(campaign, timezone.now()))
        assert not deletion.delete_some(job_id=job.pk, now=timezone.now(), budget=timedelta(seconds=60))

    job.refresh_from_db()
    assert (job.status, job.done) == ("succeeded", impact.total)
    assert job.result["removed"] == {label: number for label, number in impact.removed.items() if number}
    assert CampaignTombstone.objects.get(pk=job.subject_ref).counts == job.result["removed"]
    assert left_of(job.subject_ref) == {}

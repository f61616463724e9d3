"""Counting what a deletion would remove reads each row once or twice, whatever the planner takes the tables for."""

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.deletion import counting, preview, preview_organization
from campaigns.tests.factories import StepFactory
from campaigns.tests.planning import rows_read, take_for_empty, write_mails

pytestmark = pytest.mark.django_db

PEOPLE = 400
TABLES = ("leads", "campaign_recipients", "campaign_messages", "email_tracking")
_EVENTS = """
INSERT INTO email_tracking (campaign_recipient_id, message_id, event_type, source, event_data, user_agent,
    is_machine, machine_reason, created_at)
SELECT recipient_id, id, 'open', 'pixel', '{}', '', false, '', now() FROM campaign_messages
"""


@pytest.mark.parametrize("few", [counting.FEW, PEOPLE - 1], ids=["looked up", "whole tables"])
def test_what_is_counted_is_read_once_though_the_tables_are_taken_for_empty(monkeypatch, few):
    step, other = StepFactory(), StepFactory()
    write_mails(step, people=PEOPLE)
    write_mails(other, people=1)
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS)
    take_for_empty(*TABLES)
    monkeypatch.setattr(counting, "FEW", few)
    before = sum(map(rows_read, TABLES))

    of_campaign = preview(campaign=step.campaign, now=timezone.now()).removed
    of_organization = preview_organization(organization=step.campaign.organization, now=timezone.now()).removed

    # For each of some twenty tables beneath them at the worst; one whole table for each row of another is 160,000.
    assert sum(map(rows_read, TABLES)) - before < 60 * PEOPLE
    for counts in (of_campaign, of_organization):
        assert [counts[each] for each in ("recipients", "messages", "events")] == [PEOPLE] * 3

"""How many rows the statements of a chunk read: some for each of its mails, and never a whole table for each."""

import pytest
from django.db import connection
from django.utils import timezone

from campaigns.lifecycle import complete_finished
from campaigns.merge_values import people_of
from campaigns.models import Message, MessageStatus, Recipient
from campaigns.sending.advance import free_to_move, skip_for_those_who_left, stay_with_sender
from campaigns.sending.claim import Wordings, claim
from campaigns.sending.gate import Candidate, gate
from campaigns.sending.work import able_senders, due_campaigns
from campaigns.tests.factories import CampaignFactory, CampaignSenderFactory, StepFactory
from campaigns.tests.planning import rows_read, take_for_empty, write_mails
from campaigns.tests.sending.sending import started_campaign
from leads.models import Suppression

pytestmark = pytest.mark.django_db
PEOPLE, OTHERS = 240, 3000
MESSAGES, RECIPIENTS = "campaign_messages", "campaign_recipients"
LEADS, SUPPRESSIONS = "leads", "suppressions"


@pytest.fixture
def campaign():
    """Its statistics were made when there was hardly a mail, as those of a campaign that began a moment ago.

    The table is of many pages by now: to read one of a few pages whole is right, and would say nothing here.
    """
    campaign = started_campaign(people=PEOPLE, now=timezone.now())
    claimed(campaign, 1)
    step = StepFactory()
    with connection.cursor() as cursor:
        # Those it asks, and not the hundreds of the catalog.
        cursor.execute("ANALYZE campaign_messages, campaign_recipients, campaigns, campaign_steps, senders, leads")
    write_mails(step, people=OTHERS)
    return campaign


def claimed(campaign, limit):
    now = timezone.now()
    senders = list(able_senders(campaign, now=now).values())
    return claim(campaign=campaign, wordings=Wordings.of(campaign), senders=senders, limit=limit, now=now)


def test_a_claim_looks_only_at_the_messages_of_those_it_comes_by(campaign):
    claimed(campaign, PEOPLE // 2)
    before = rows_read(MESSAGES)

    assert len(claimed(campaign, 50)) == 50

    # It comes by those that are in hand, too: twice a message for whether one is, and once for whether it is suspected.
    assert rows_read(MESSAGES) - before < 3 * PEOPLE


def test_whether_anybody_is_due_is_asked_of_the_messages_of_those_it_comes_by(campaign):
    claimed(campaign, PEOPLE - 1)
    before = rows_read(MESSAGES)

    assert Recipient.objects.due(timezone.now()).exists() is False

    assert rows_read(MESSAGES) - before <= 2 * PEOPLE


def test_whose_turn_it_is_and_who_is_through_is_asked_of_no_recipients_but_the_campaigns_own(campaign):
    """The tick asks it every second, of every campaign that runs; here most of them have nobody."""
    now = timezone.now()
    for _ in range(5):
        CampaignSenderFactory(campaign=CampaignFactory(organization=campaign.organization, running=True))
    before = rows_read(RECIPIENTS)

    assert (due_campaigns(now=now), complete_finished(now=now)) == ([campaign], 0)

    assert rows_read(RECIPIENTS) - before < PEOPLE


def test_the_gate_reads_no_table_anew_for_each_of_its_mails(campaign):
    claims = claimed(campaign, PEOPLE)
    before = {table: rows_read(table) for table in (MESSAGES, LEADS)}

    answers = gate([Candidate(one, address="", version=1, merge_values={}) for one in claims[:50]])

    assert list(answers.values()) == [""] * 50
    # Once or twice through a table of few pages is cheaper than fifty looks into its index.
    for table, read in before.items():
        assert rows_read(table) - read < 3 * (PEOPLE + OTHERS), table


@pytest.mark.parametrize("listed", [300, 1_500], ids=["of some pages", "of many pages"])
def test_the_gate_reads_no_list_of_suppressions_anew_for_each_of_its_mails(campaign, listed):
    """No statistics know of the list: it was filled a moment ago."""
    claims = claimed(campaign, 50)
    own = campaign.organization
    Suppression.objects.bulk_create([Suppression(organization=own, address=f"x{n}@far.example") for n in range(listed)])
    before = rows_read(SUPPRESSIONS)

    answers = gate(
        [Candidate(one, address=f"{one.recipient}@example.com", version=1, merge_values={}) for one in claims]
    )

    assert set(answers.values()) == {""}
    assert rows_read(SUPPRESSIONS) - before <= listed


def test_the_people_of_a_chunk_are_read_and_no_others(campaign):
    some = list(Recipient.objects.values_list("pk", flat=True)[:50])
    before = rows_read(LEADS)

    assert len(people_of(some)) == 50

    assert rows_read(LEADS) - before == 50


@pytest.mark.parametrize("what", [skip_for_those_who_left, stay_with_sender, free_to_move])
def test_what_went_back_is_looked_through_once_though_the_tables_are_taken_for_empty(what):
    claims = claimed(started_campaign(people=PEOPLE, now=timezone.now()), PEOPLE)
    Message.objects.update(status=MessageStatus.PENDING, lease=None)
    take_for_empty(MESSAGES, RECIPIENTS)
    before = rows_read(MESSAGES) + rows_read(RECIPIENTS)

    what([one.recipient if what is free_to_move else one.message for one in claims])

    # At the worst one of the two is read whole for each row of the other: here that is sooner than its index.
    assert rows_read(MESSAGES) + rows_read(RECIPIENTS) - before < 2 * PEOPLE**2

"""What a lead's timeline tells, in which order, and at what cost."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from campaigns.models import Message
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    EventFactory,
    LeadAliasFactory,
    LeadChangeFactory,
    LeadFactory,
    LeadNoteFactory,
    LeadUserStatusFactory,
    MessageFactory,
    RecipientFactory,
    StagedLeadFactory,
    SuppressionFactory,
    VariantFactory,
)
from campaigns_project.audit.actors import Actor
from campaigns_project.audit.record import record
from campaigns_project.errors import Refused
from leads.models import Lead, SuppressionReason
from leads.suppression import suppress, unsuppress
from tracking.timeline import Show, timeline

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(db: None) -> Any:
    return LeadFactory(email="ana@acme.example")


def titles(lead: Lead, *show: Show) -> list[str]:
    return [entry.title for entry in timeline(lead=lead, show=show).entries]


def everything_about(lead: Lead, number: int = 1) -> None:
    """`number` rows of every kind."""
    for _ in range(number):
        campaign = CampaignFactory(organization=lead.organization)
        recipient = RecipientFactory(
            campaign=campaign, lead=lead, status="replied", exit_reason="replied", exited_at=NOON
        )
        message = MessageFactory(recipient=recipient)
        EventFactory(message=message, event_type="click")
        LeadChangeFactory(lead=lead)
        LeadNoteFactory(lead=lead, campaign=campaign)
        LeadUserStatusFactory(lead=lead, campaign=campaign)
        LeadAliasFactory(lead=lead)
        StagedLeadFactory(
            raw_lead__lead_import__organization=lead.organization, lead=lead, status="promoted", promoted_at=NOON
        )
        address = lead.aliases.first().email_normalized
        SuppressionFactory(organization=lead.organization, address=address)


def test_every_kind_of_happening_is_in_it_and_each_part_has_its_own(lead):
    everything_about(lead)

    parts = {show: {entry.kind.value for entry in timeline(lead=lead, show=[show]).entries} for show in Show}

    assert parts == {
        Show.MESSAGES: {"mail"},
        Show.REPLIES: set(),
        Show.CLICKS: {"event"},
        Show.SYSTEM: {"enrolled", "left", "suppressed", "imported"},
        Show.CHANGES: {"changed", "merged"},
        Show.NOTES: {"note", "status"},
    }
    assert {entry.kind.value for entry in timeline(lead=lead).entries} == set().union(*parts.values())


def test_entries_are_read_newest_first_page_by_page_and_none_is_lost_or_doubled(lead):
    everything_about(lead, 3)
    whole = timeline(lead=lead, limit=1000).entries
    pages, cursor = [], ""

    while True:
        page = timeline(lead=lead, cursor=cursor, limit=4)
        pages += page.entries
        cursor = page.cursor
        if not cursor:
            break

    assert pages == whole
    assert len(whole) == 30
    assert [entry.at for entry in whole] == sorted((entry.at for entry in whole), reverse=True)


def test_a_lead_with_more_rows_costs_no_more_queries(lead):
    other = LeadFactory(organization=lead.organization)
    everything_about(lead, 1)
    everything_about(other, 3)

    counts = []
    for each in (lead, other):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            timeline(lead=Lead.objects.select_related("organization").get(pk=each.pk))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_mails_say_what_became_of_them_and_why(lead):
    campaign = CampaignFactory(name="Autumn", organization=lead.organization)
    recipient = RecipientFactory(campaign=campaign, lead=lead)
    one = MessageFactory(recipient=recipient, smtp_reply="250 2.0.0 OK")
    Message.objects.filter(pk=one.pk).update(variant=VariantFactory(step=one.step, label="B"))
    for status, reason in (("failed", "address_dead"), ("skipped", "replied"), ("uncertain", "timeout")):
        MessageFactory(recipient=recipient, status=status, reason=reason, sent_at=None)

    said = {(entry.title, entry.detail) for entry in timeline(lead=lead, show=[Show.MESSAGES]).entries}

    assert said == {
        ("Step 1 B of “Autumn” was sent", "250 2.0.0 OK"),
        ("Step 2 of “Autumn” was not sent: the address is dead", ""),
        ("Step 3 of “Autumn” was not sent: replied", ""),
        (
            "Step 4 of “Autumn” may have arrived, and nobody can know: the mail server did not answer in time",
            "",
        ),
    }


def test_what_a_program_did_is_not_said_to_be_the_persons(lead):
    message = MessageFactory(recipient__lead=lead, recipient__campaign__organization=lead.organization)
    EventFactory(message=message, is_machine=True, machine_reason="privacy_proxy")

    entry = timeline(lead=lead, show=[Show.CLICKS]).entries[0]

    assert entry.title.startswith("A program loaded step 1 of")
    assert entry.detail == "Fetched ahead by Apple's mail privacy proxy."
    assert entry.data["is_machine"] is True


def test_a_bounce_says_what_it_means_and_what_to_do(lead):
    message = MessageFactory(recipient__lead=lead, recipient__campaign__organization=lead.organization)
    EventFactory(message=message, event_type="bounce", event_data={"kind": "hard", "reply": "550 5.1.1 unknown"})

    entry = timeline(lead=lead, show=[Show.SYSTEM]).entries[-1]

    assert "came back: the address is dead" in entry.title
    assert entry.detail == "“550 5.1.1 unknown” Nothing more is sent to it. Find another address of this person."


def test_a_mail_that_was_never_tried_stands_where_its_recipient_left(lead):
    recipient = RecipientFactory(
        lead=lead, campaign__organization=lead.organization, status="replied", exit_reason="replied", exited_at=NOON
    )
    MessageFactory(recipient=recipient, status="skipped", reason="replied", sent_at=None, attempted_at=None)

    assert [entry.at for entry in timeline(lead=lead, show=[Show.MESSAGES]).entries] == [NOON]


def test_what_a_campaign_under_deletion_has_is_not_told(lead):
    everything_about(lead)
    lead.recipients.get().campaign.__class__.objects.update(deleting_at=NOON)

    kinds = {entry.kind.value for entry in timeline(lead=lead).entries}

    assert kinds == {"changed", "merged", "imported", "suppressed"}


def test_nobody_elses_happenings_are_told(lead):
    everything_about(LeadFactory(organization=lead.organization, email="jan@globex.example"))

    assert titles(lead) == []


def test_a_cursor_that_is_not_ours_is_refused(lead):
    for text in ("x", "1-2", "9" * 18 + "-1-1", "1-1-1x"):
        with pytest.raises(Refused) as refused:
            timeline(lead=lead, cursor=text)
        assert refused.value.code == "invalid_cursor"


def test_a_page_of_a_lead_with_ten_thousand_events_is_read_within_its_budget(lead):
    message = MessageFactory(recipient__lead=lead, recipient__campaign__organization=lead.organization)
    kinds = type(EventFactory(message=message))
    kinds.objects.bulk_create(
        kinds(
            campaign_recipient=message.recipient,
            message=message,
            event_type="open",
            source="pixel",
            created_at=NOON + timedelta(seconds=number),
        )
        for number in range(10_000)
    )

    with CaptureQueriesContext(connection) as queries:
        page = timeline(lead=lead)

    assert len(page.entries) == 50
    assert len(queries) < 10


def test_who_left_after_a_reply_says_how_soon(lead):
    campaign = CampaignFactory(name="Autumn", organization=lead.organization)
    came = NOON - timedelta(seconds=41)
    RecipientFactory(
        campaign=campaign, lead=lead, status="replied", exit_reason="replied", exited_at=NOON, replied_at=came
    )

    left = timeline(lead=lead, show=[Show.SYSTEM]).entries[-1]

    assert (left.title, left.detail) == ("Left “Autumn”: replied", "41 s after it came")


def test_a_suppression_says_where_it_holds_how_long_and_by_which_campaign(lead):
    campaign = CampaignFactory(name="Autumn", organization=lead.organization)
    SuppressionFactory(organization=lead.organization, address="acme.example", reason="legal", expires_at=NOON)
    SuppressionFactory(
        organization=lead.organization, address=lead.email, campaign_id=campaign.pk, source=f"campaign {campaign.pk}"
    )

    said = {(entry.title, entry.detail) for entry in timeline(lead=lead, show=[Show.SYSTEM]).entries}

    assert said == {
        ("acme.example was suppressed: legal request, until 20 Nov 2026", ""),
        ("ana@acme.example was suppressed in “Autumn” alone: added by hand", "By a mail of “Autumn”"),
    }


def test_what_people_did_to_a_lead_is_a_sentence_also_when_its_suppression_is_gone(lead):
    actor = Actor(kind="user", name="ana@fairlead.example", via="admin")
    record(action="lead.created", entity=lead, organization_id=lead.organization_id, actor=actor)
    record(action="lead.something_new", entity=lead, organization_id=lead.organization_id, actor=actor)
    suppressed = suppress(organization=lead.organization, address=lead.email, reason=SuppressionReason.UNSUBSCRIBED)
    unsuppress(suppression=suppressed, actor=actor, reason="asked for it again, see bo@acme.example")

    told = [(entry.title, entry.detail) for entry in timeline(lead=lead, show=[Show.SYSTEM]).entries]

    assert told[1:] == [("Lead: something new", ""), ("Added by hand", "")]
    assert told[0][0] == "May be written to again: the suppression was removed"
    assert told[0][1].startswith("asked for it again, see [personal, hash ")

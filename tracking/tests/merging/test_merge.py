"""Two leads become one: nothing about either is lost, nobody is written to twice, and whoever was out is out."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from campaigns import tokens
from campaigns.models import Campaign, LeadNote, LeadUserStatus, Message, Recipient
from campaigns.tests.factories import (
    NOON,
    CampaignFactory,
    EventFactory,
    InboundMailFactory,
    LeadAliasFactory,
    LeadChangeFactory,
    LeadFactory,
    LeadNoteFactory,
    LeadTagFactory,
    LeadUserStatusFactory,
    MessageFactory,
    RecipientFactory,
    SegmentMemberFactory,
    StepFactory,
    SuppressionFactory,
    TagFactory,
)
from campaigns.verifying import check_counters, check_messages, check_pairs, check_recipients
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound, Refused
from leads.models import Lead, LeadAlias, LeadChange, Suppression
from leads.suppression import taking
from tracking.consequences import record_event, unsubscribe
from tracking.merging import merge_leads, preview_merge
from tracking.merging.rows import ELSEWHERE, MOVES
from tracking.models import EmailEvent, EventType, InboundMail
from tracking.verifying import check_first_times, check_unsubscribed

pytestmark = pytest.mark.django_db


@pytest.fixture
def keep(db: None) -> Any:
    return LeadFactory(email="ana@acme.example", first_name="Ana", last_name="Marin", company="Acme", title="")


@pytest.fixture
def other(keep: Any) -> Any:
    return LeadFactory(
        organization=keep.organization,
        email="ana@old.example",
        first_name="Anna",
        last_name="Marin",
        company="Acme GmbH",
        title="CEO",
        custom={"industry": "Shipping"},
    )


def merge(keep: Lead, other: Lead, **choices: str) -> None:
    merge_leads(keep=keep, other=other, choices=choices, actor=SYSTEM, now=NOON)


def test_who_was_merged_with_a_lead_that_took_back_an_earlier_address_can_still_leave(keep: Lead, other: Lead) -> None:
    merge(keep, other)
    with taking(keep.organization_id, "ana@old.example", lead_id=keep.pk):
        Lead.objects.filter(pk=keep.pk).update(email="ana@old.example", email_normalized="ana@old.example")
    last = LeadFactory(organization=keep.organization, email="ana@new.example")
    merge(last, Lead.objects.get(pk=keep.pk))
    recipient = in_campaign(last, steps=2, sent=1)

    unsubscribe(message_id=recipient.messages.get().pk, lead_id=last.pk, source="test", now=NOON)

    recipient.refresh_from_db()
    assert recipient.status == "unsubscribed"
    assert set(Suppression.objects.values_list("address", flat=True)) == {"ana@new.example", "ana@old.example"}


def in_campaign(lead: Lead, *, campaign: Any = None, steps: int = 0, sent: int = 0, **fields: Any) -> Recipient:
    """A recipient, with `sent` mails of the first steps of a campaign that has at least `steps`."""
    campaign = campaign or CampaignFactory(organization=lead.organization, running=True)
    for _ in range(max(steps, sent) - campaign.steps.count()):
        StepFactory(campaign=campaign)
    fields = {"status": "sent" if sent else "pending", "sent_at": NOON if sent else None, **fields}
    following = campaign.steps.order_by("position")[sent : sent + 1].first()
    if fields["status"] in {"sent", "pending"}:
        fields = {"next_step": following, "next_send_at": NOON + timedelta(days=1), **fields}
    recipient = RecipientFactory(campaign=campaign, lead=lead, **fields)
    for step in campaign.steps.order_by("position")[:sent]:
        MessageFactory(recipient=recipient, step=step)
    recount(campaign)
    return recipient


def recount(campaign: Campaign) -> None:
    """Counters as the engine would have left them."""
    people = campaign.recipients
    inside = people.filter(status__in=["pending", "sent", "paused"]).count()
    Campaign.objects.filter(pk=campaign.pk).update(
        total_recipients=people.count(),
        recipients_reached=people.filter(sent_at__isnull=False).count(),
        emails_sent=Message.objects.filter(recipient__campaign=campaign, status="sent").count(),
        emails_opened=people.filter(opened_at__isnull=False).count(),
        emails_clicked=people.filter(clicked_at__isnull=False).count(),
        emails_replied=people.filter(replied_at__isnull=False).count(),
        emails_bounced=people.filter(bounced_at__isnull=False).count(),
        booked_count=people.filter(booked_at__isnull=False).count(),
        active_leads_count=inside,
        completed_leads_count=people.filter(status="completed").count(),
        opted_out_count=people.filter(exit_reason__in=["unsubscribed", "complained"]).count(),
    )


def findings() -> list[Any]:
    """What a verification of the rows would say."""
    checks = (check_counters, check_messages, check_pairs, check_recipients, check_first_times, check_unsubscribed)
    with connection.cursor() as cursor:
        return [finding for check in checks for finding in check(cursor)]


OUT = {"status": "replied", "exit_reason": "replied", "exited_at": NOON, "replied_at": NOON}


def test_every_row_that_hangs_on_a_lead_has_its_rule():
    hanging = {
        model for model in apps.get_models() for field in model._meta.concrete_fields if field.related_model is Lead
    }

    assert hanging == {*MOVES, *ELSEWHERE}


def test_empty_fields_are_filled_and_others_stay_unless_chosen(keep, other):
    merge(keep, other, company="other")

    merged = Lead.objects.get()
    assert (merged.pk, merged.email, merged.first_name, merged.title) == (keep.pk, "ana@acme.example", "Ana", "CEO")
    assert (merged.company, merged.custom) == ("Acme GmbH", {"industry": "Shipping"})
    change = LeadChange.objects.get()
    assert (change.source, change.changes["company"]) == ("merge", ["Acme", "Acme GmbH"])
    assert change.changes["custom.industry"] == ["", "Shipping"]


def test_what_was_kept_about_both_is_together_afterwards(keep, other):
    tag = TagFactory(organization=keep.organization, name="vip")
    for lead in (keep, other):
        LeadTagFactory(lead=lead, tag=tag)
        LeadNoteFactory(lead=lead)
        LeadChangeFactory(lead=lead)
    LeadTagFactory(lead=other, tag__name="autumn")
    SegmentMemberFactory(lead=other, segment__organization=keep.organization)
    LeadAliasFactory(lead=other)

    merge(keep, other)

    assert sorted(keep.lead_tags.values_list("tag__name", flat=True)) == ["autumn", "vip"]
    assert (keep.notes.count(), keep.changes.count(), keep.aliases.count()) == (2, 3, 2)
    assert keep.segment_members.count() == 1


def test_of_two_statuses_of_one_operator_the_later_stays(keep, other):
    early = LeadUserStatusFactory(lead=keep, status="to_do")
    LeadUserStatusFactory(lead=other, user=early.user, status="interested")

    merge(keep, other)

    assert list(LeadUserStatus.objects.values_list("lead", "status")) == [(keep.pk, "interested")]


def test_an_enrollment_moves_with_its_mails_and_goes_on(keep, other):
    recipient = in_campaign(other, steps=2, sent=1, occupies=True)

    merge(keep, other)

    moved = Recipient.objects.get()
    assert (moved.pk, moved.lead, moved.status, moved.occupies) == (recipient.pk, keep, "sent", True)
    assert moved.email_address == "ana@old.example"  # the thread goes on where it began
    assert findings() == []


def test_who_waits_for_the_first_mail_gets_it_at_the_address_that_stays(keep, other):
    in_campaign(other, steps=1)

    merge(keep, other)

    assert Recipient.objects.get().email_address == "ana@acme.example"


def test_of_two_active_campaigns_that_of_the_lead_that_stays_goes_on(keep, other):
    own = in_campaign(keep, steps=1, occupies=True)
    theirs = in_campaign(other, steps=1, occupies=True)

    merge(keep, other)

    assert dict(Recipient.objects.values_list("pk", "exit_reason")) == {own.pk: "", theirs.pk: "de_enrolled"}
    assert "active in another campaign" in Recipient.objects.get(pk=theirs.pk).error_message
    assert findings() == []


def test_in_one_campaign_the_one_who_is_ahead_stays_and_no_step_comes_twice(keep, other):
    ours = in_campaign(keep, steps=3, sent=1, occupies=False)
    theirs = in_campaign(other, campaign=ours.campaign, sent=2, occupies=True)

    merge(keep, other)

    stays = Recipient.objects.get()
    assert (stays.pk, stays.lead, stays.status, stays.occupies) == (theirs.pk, keep, "sent", True)
    assert sorted(stays.messages.values_list("step__position", flat=True)) == [1, 2]
    assert stays.next_step.position == 3
    assert findings() == []


def test_a_mail_that_both_had_stays_once_and_the_other_becomes_a_note(keep, other):
    ours = in_campaign(keep, steps=2, sent=1)
    in_campaign(other, campaign=ours.campaign, sent=1)
    gone = Message.objects.get(recipient__lead=other)

    merge(keep, other)

    note = LeadNote.objects.get()
    assert (note.lead, note.campaign) == (keep, ours.campaign)
    assert f"Step 1 went to ana@old.example as well: 20 Nov 2026 12:00 UTC, {gone.message_id}." in note.text
    assert Campaign.objects.values_list("total_recipients", "emails_sent").get() == (1, 1)
    assert findings() == []


def test_what_came_in_about_either_stays_with_the_one_that_stays(keep, other):
    ours = in_campaign(keep, steps=2, sent=1)
    theirs = in_campaign(other, steps=2, sent=1, campaign=ours.campaign)
    rows = [InboundMailFactory(message=each.messages.get()) for each in (ours, theirs)]

    merge(keep, other)

    stays = Recipient.objects.get(lead=keep)
    assert list(InboundMail.objects.order_by("pk").values_list("pk", "recipient")) == [
        (row.pk, stays.pk) for row in rows
    ]
    assert not InboundMail.objects.filter(message__isnull=False).exclude(message__recipient=stays).exists()


def test_events_of_both_stay_with_the_first_times_that_follow_from_them(keep, other):
    ours = in_campaign(keep, steps=2, sent=1)
    theirs = in_campaign(other, campaign=ours.campaign, sent=1, opened_at=NOON, clicked_at=NOON)
    EventFactory(message=theirs.messages.get(), event_type="click")
    recount(ours.campaign)

    merge(keep, other)

    event = EmailEvent.objects.get()
    assert (event.campaign_recipient, event.message) == (ours, None)
    assert event.event_data == {"merged_lead": other.pk}
    assert Recipient.objects.get().clicked_at == NOON
    assert findings() == []


@pytest.mark.parametrize("out", ["keep", "other"])
def test_in_one_campaign_whoever_is_out_takes_the_other_along(keep, other, out):
    ours = in_campaign(keep, steps=2, sent=1, **(OUT if out == "keep" else {}))
    in_campaign(other, campaign=ours.campaign, sent=1, **(OUT if out == "other" else {}))
    EventFactory(message=Message.objects.filter(recipient__exit_reason="replied").get(), event_type="reply")

    merge(keep, other)

    assert list(Recipient.objects.values_list("lead", "status")) == [(keep.pk, "replied")]
    assert findings() == []


@pytest.mark.parametrize("who", ["keep", "other"])
@pytest.mark.parametrize("reason", ["unsubscribed", "complaint", "manual", "legal"])
def test_whoever_was_not_to_be_written_to_makes_the_person_so(keep, other, who, reason):
    lead = {"keep": keep, "other": other}[who]
    SuppressionFactory(organization=keep.organization, address=lead.email_normalized, reason=reason)
    for each in (keep, other):
        in_campaign(each, steps=1)

    merge(keep, other)

    assert dict(Suppression.objects.values_list("address", "reason")) == {
        "ana@acme.example": reason,
        "ana@old.example": reason,
    }
    assert not Recipient.objects.inside().exists()
    assert findings() == []


def test_a_dead_address_says_nothing_of_the_other_one(keep, other):
    SuppressionFactory(organization=keep.organization, address=other.email_normalized, reason="hard_bounce")
    in_campaign(keep, steps=1)

    merge(keep, other)

    assert list(Suppression.objects.values_list("address", flat=True)) == ["ana@old.example"]
    assert Recipient.objects.inside().count() == 1


def test_what_comes_to_a_lead_whose_own_address_is_dead_ends(keep, other):
    SuppressionFactory(organization=keep.organization, address=keep.email_normalized, reason="hard_bounce")
    in_campaign(other, steps=1)

    merge(keep, other)

    assert Recipient.objects.get().exit_reason == "hard_bounce"


def test_a_suppression_for_one_campaign_alone_holds_there_for_the_person(keep, other):
    forbidden, allowed = in_campaign(keep, steps=1), in_campaign(other, steps=1)
    SuppressionFactory(
        organization=keep.organization, address=other.email_normalized, campaign_id=forbidden.campaign_id
    )

    merge(keep, other)

    assert dict(Recipient.objects.values_list("pk", "exit_reason")) == {forbidden.pk: "suppressed", allowed.pk: ""}


@pytest.mark.parametrize("ends", [NOON - timedelta(days=1), NOON + timedelta(hours=1)])
@pytest.mark.parametrize("scoped", [True, False])
def test_what_is_over_or_ends_earlier_does_not_stand_in_the_way_of_what_holds_longer(keep, other, ends, scoped):
    recipient = in_campaign(keep, steps=1)
    scope = {"organization": keep.organization, "campaign_id": recipient.campaign_id if scoped else None}
    longer = None if scoped else NOON + timedelta(days=300)
    SuppressionFactory(**scope, address=keep.email_normalized, expires_at=ends)
    SuppressionFactory(**scope, address=other.email_normalized, expires_at=longer)

    merge(keep, other)

    assert set(Suppression.objects.values_list("address", "expires_at")) == {
        (keep.email_normalized, longer),
        (other.email_normalized, longer),
    }
    assert Recipient.objects.get().exit_reason == "suppressed"


def test_the_old_number_and_address_lead_to_the_lead_that_stays(keep, other):
    merge(keep, other)

    assert LeadAlias.objects.values_list("lead", "old_id", "email_normalized").get() == (
        keep.pk,
        other.pk,
        "ana@old.example",
    )


def test_an_opt_out_in_a_mail_that_became_a_note_reaches_the_person(keep, other, client):
    ours = in_campaign(keep, steps=2, sent=1)
    in_campaign(other, campaign=ours.campaign, sent=1)
    token = tokens.sign(tokens.Purpose.UNSUBSCRIBE, Message.objects.get(recipient__lead=other).pk, other.pk)
    merge(keep, other)

    answer = client.post(f"/t/{token}/unsubscribe", {"List-Unsubscribe": "One-Click"})

    assert answer.status_code == 200
    assert set(Suppression.objects.values_list("address", flat=True)) == {"ana@acme.example", "ana@old.example"}
    assert Recipient.objects.get().exit_reason == "unsubscribed"


def test_an_opt_out_by_a_moved_mail_covers_both_addresses(keep, other):
    recipient = in_campaign(other, steps=2, sent=1)
    merge(keep, other)

    unsubscribe(message_id=recipient.messages.get().pk, source="test", now=NOON)

    assert set(Suppression.objects.values_list("address", flat=True)) == {"ana@acme.example", "ana@old.example"}


def test_news_of_a_recipient_that_went_into_another_is_that_ones(keep, other):
    ours = in_campaign(keep, steps=2, sent=1)
    theirs = in_campaign(other, campaign=ours.campaign, sent=1)
    message = theirs.messages.get()
    merge(keep, other)

    told = record_event(recipient=theirs, event_type=EventType.REPLY, at=NOON, source="test", message=message)

    assert told is True
    assert Recipient.objects.values_list("pk", "exit_reason").get() == (ours.pk, "replied")


def test_somebody_with_the_address_of_an_earlier_merge_can_be_merged_again(keep, other):
    merge(keep, other)
    again = LeadFactory(organization=keep.organization, email="ana@old.example")

    merge(keep, again)

    assert dict(LeadAlias.objects.values_list("old_id", "email_normalized")) == {
        other.pk: f"lead-{other.pk}@merged.invalid",
        again.pk: "ana@old.example",
    }


@pytest.mark.parametrize("status", ["claimed", "sending"])
def test_while_a_mail_is_with_a_worker_nothing_is_merged(keep, other, status):
    recipient = in_campaign(other, steps=1)
    MessageFactory(recipient=recipient, step=recipient.next_step, in_hand=True, status=status)

    with pytest.raises(Refused) as refused:
        merge(keep, other)

    assert refused.value.code == "mail_in_flight"
    assert Lead.objects.count() == 2


def test_while_a_mail_in_a_campaign_of_both_waits_for_a_decision_nothing_is_merged(keep, other):
    ours = in_campaign(keep, steps=1, sent=1)
    theirs = in_campaign(other, campaign=ours.campaign, sent=1)
    theirs.messages.update(status="uncertain", reason="timeout", sent_at=None)

    with pytest.raises(Refused) as refused:
        merge(keep, other)

    assert refused.value.code == "mail_undecided"


def test_a_campaign_of_both_that_is_being_deleted_is_waited_for(keep, other):
    ours = in_campaign(keep, steps=1)
    in_campaign(other, campaign=ours.campaign)
    Campaign.objects.update(deleting_at=NOON)

    with pytest.raises(Refused) as refused:
        merge(keep, other)

    assert refused.value.code == "campaign_being_deleted"


def test_a_lead_is_not_merged_with_itself_nor_with_another_organizations(keep):
    with pytest.raises(Refused) as itself:
        merge(keep, keep)
    with pytest.raises(NotFound):
        merge(keep, LeadFactory())

    assert itself.value.code == "same_lead"


@pytest.mark.parametrize(
    ("choices", "code"), [({"shoe": "other"}, "unknown_field"), ({"title": "x"}, "unknown_choice")]
)
def test_choices_that_make_no_sense_are_refused(keep, other, choices, code):
    with pytest.raises(Refused) as refused:
        merge(keep, other, **choices)

    assert refused.value.code == code


def test_a_preview_says_what_the_merge_then_does_and_writes_nothing(keep, other):
    LeadNoteFactory(lead=other)
    ours = in_campaign(keep, steps=2, sent=1)
    in_campaign(other, campaign=ours.campaign, sent=1)
    moves = in_campaign(other, steps=1)
    SuppressionFactory(organization=keep.organization, address="old.example", reason="legal")

    told = preview_merge(keep=keep, other=other, now=NOON).as_dict()
    untouched = Lead.objects.count(), Recipient.objects.count()
    done = merge_leads(keep=keep, other=other, actor=SYSTEM, now=NOON).as_dict()

    assert told == done
    assert untouched == (2, 3)
    assert {fate["campaign"]: fate["code"] for fate in told["campaigns"]} == {
        ours.campaign_id: "folds",
        moves.campaign_id: "moves",
    }
    assert told["moved"]["notes"] == 1
    assert told["suppressions"] == [{"address": "old.example", "reason": "legal", "campaign": None}]


def test_the_act_is_on_record_without_an_address(keep, other):
    merge(keep, other)

    entry = AuditLog.objects.get(action="lead.merged")
    assert (entry.entity_id, entry.after["merged_lead"]) == (str(keep.pk), other.pk)
    assert "ana@" not in f"{entry.before}{entry.after}{entry.entity_name}{entry.reason}"

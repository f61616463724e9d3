"""What Instantly tells, by webhook and by being looked at, over real HTTP."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from campaigns import tokens
from campaigns.enrollment.stop import stop_recipient
from campaigns.ledger import ledger
from campaigns.models import Campaign, ExitReason, HandedLead, Handover, InstantlyDay, Message, Recipient
from campaigns.persons.erase import erase_person
from campaigns.providers.instantly.accounts import HEADER
from campaigns.tests.factories import NOON, CampaignFactory, InstantlyAccountFactory, RecipientFactory
from campaigns.tests.instantly.fake_instantly import FakeInstantly, Reply, serving
from campaigns.tests.instantly.prepare import deliver_by_instantly, start, work
from campaigns_project.audit.actors import SYSTEM
from leads.models import Lead, Suppression
from tracking.inbound.instantly import digest_of_report
from tracking.inbound.settle import settle_waiting
from tracking.ingest import drain
from tracking.instantly.poll import poll
from tracking.models import EmailEvent, InboundWebhook

AT = NOON + timedelta(hours=1)


@pytest.fixture
def instantly(settings: Any) -> Iterator[FakeInstantly]:
    with serving(FakeInstantly()) as fake:
        settings.INSTANTLY_API_URL = fake.url
        yield fake


@pytest.fixture
def campaign(instantly: FakeInstantly, db: None) -> Campaign:
    """Started, with three people who were handed over."""
    made = CampaignFactory()
    InstantlyAccountFactory(organization=made.organization)
    start(deliver_by_instantly(made, people=3))
    work(made)
    made.refresh_from_db()
    return made


def told(campaign: Campaign, event_type: str, recipient: Recipient | None, **more: Any) -> dict[str, Any]:
    return {
        "timestamp": AT.isoformat(),
        "event_type": event_type,
        "workspace": "workspace-1",
        "campaign_id": campaign.instantly_campaign_id,
        "campaign_name": campaign.name,
        **({"lead_email": recipient.email_address.upper()} if recipient else {}),
        **more,
    }


def post(campaign: Campaign, body: dict[str, Any], *, secret: str = "secret-of-webhooks") -> Any:
    token = tokens.sign(tokens.Purpose.INSTANTLY, campaign.handover.account_id)
    address = reverse("hooks:instantly", args=[token])
    return Client().post(address, json.dumps(body), content_type="application/json", headers={HEADER: secret})


def report(campaign: Campaign, event_type: str, recipient: Recipient | None, **more: Any) -> None:
    assert post(campaign, told(campaign, event_type, recipient, **more)).status_code == 200
    settle_waiting(now=timezone.now())


def one_of(campaign: Campaign) -> Recipient:
    return campaign.recipients.order_by("pk")[:1].get()


def standing(recipient: Recipient) -> tuple[str, str]:
    recipient.refresh_from_db()
    return recipient.status, recipient.exit_reason


def test_a_mail_that_was_sent_is_in_the_ledger_once_however_often_it_is_told(campaign):
    recipient = one_of(campaign)
    sent = {"step": 1, "variant": 1, "email_id": "mail-1", "email_subject": "Hello Ana"}

    for _ in range(2):
        report(campaign, "email_sent", recipient, **sent)
    report(campaign, "email_sent", recipient, **{**sent, "email_id": "mail-1b"})

    message = Message.objects.get()
    assert (message.status, message.step.position, message.subject, message.sent_at) == ("sent", 1, "Hello Ana", AT)
    campaign.refresh_from_db()
    counts = ledger(campaign)
    assert (campaign.emails_sent, counts.sent, counts.waiting, counts.adds_up) == (1, 1, 5, True)
    assert standing(recipient) == ("sent", "")
    assert InboundWebhook.objects.count() == 2


def test_a_later_mail_shows_that_those_before_it_were_sent_and_the_last_one_completes(campaign):
    recipient = one_of(campaign)

    report(campaign, "email_sent", recipient, step=2, variant=1)
    report(campaign, "email_sent", recipient, step=1, variant=1)

    campaign.refresh_from_db()
    assert (campaign.emails_sent, standing(recipient)) == (2, ("completed", "completed"))
    assert ledger(campaign).adds_up


@pytest.mark.parametrize(
    ("event_type", "wanted"),
    [
        ("reply_received", ("replied", "replied")),
        ("lead_unsubscribed", ("unsubscribed", "unsubscribed")),
        ("email_bounced", ("stopped", "ended_there")),
        ("lead_meeting_booked", ("stopped", "booked")),
        ("auto_reply_received", ("sent", "")),
        ("Warm label of ours", ("sent", "")),
    ],
)
def test_what_it_tells_takes_people_out_by_our_rules(campaign, event_type, wanted):
    recipient = one_of(campaign)
    report(campaign, "email_sent", recipient, step=1, variant=1)

    report(campaign, event_type, recipient, step=1, email_id="other")

    assert standing(recipient) == wanted
    assert Suppression.objects.count() == (1 if event_type == "lead_unsubscribed" else 0)
    assert not HandedLead.objects.filter(wanted_out_at__isnull=False).exists()
    assert ledger(campaign).adds_up


def test_a_booking_that_is_told_again_leaves_them_where_they_were_put_since(campaign):
    recipient = one_of(campaign)
    report(campaign, "lead_meeting_booked", recipient, step=1)
    later = RecipientFactory(campaign=CampaignFactory(organization=campaign.organization), lead=recipient.lead)

    report(campaign, "lead_meeting_booked", recipient, step=1, email_id="told again")

    assert (standing(later)[1], Campaign.objects.get(pk=later.campaign_id).booked_count) == ("", 0)


def test_opens_and_clicks_are_counted_with_all_others(campaign):
    recipient = one_of(campaign)

    report(campaign, "email_opened", recipient, step=1)
    report(campaign, "link_clicked", recipient, step=1)
    drain(now=timezone.now())

    campaign.refresh_from_db()
    assert (campaign.emails_sent, campaign.emails_opened, campaign.emails_clicked) == (1, 1, 1)


def test_somebody_unknown_is_put_aside_and_another_campaign_is_nothing_of_ours(campaign):
    report(campaign, "reply_received", None)
    body = {**told(campaign, "reply_received", one_of(campaign)), "campaign_id": "theirs"}
    post(campaign, body)
    settle_waiting(now=timezone.now())

    assert sorted(InboundWebhook.objects.values_list("status", "reason")) == [
        ("quarantined", "unknown_message"),
        ("settled", ""),
    ]
    assert not EmailEvent.objects.exists()


def test_without_the_secret_nothing_is_taken(campaign):
    answers = [post(campaign, {}, secret=secret).status_code for secret in ("", "wrong", "secret-of-webhookz")]
    unknown = Client().post(reverse("hooks:instantly", args=["nobodys"]), {})

    assert (answers, unknown.status_code, InboundWebhook.objects.count()) == ([403] * 3, 404, 0)


@given(st.dictionaries(st.sampled_from(["firstName", "companyName", "email_text", "variant"]), st.text(), max_size=4))
def test_variables_of_the_lead_make_no_other_event_of_it(more):
    body = {
        "event_type": "email_sent",
        "campaign_id": "c",
        "lead_email": "ada@example.com",
        "timestamp": "t",
        "step": 1,
    }

    same = digest_of_report(json.dumps({**body, **more, "lead_email": "ADA@example.com"}).encode())

    assert same == digest_of_report(json.dumps(body).encode())
    assert digest_of_report(json.dumps({**body, "step": 2}).encode()) != same


def email(campaign: Campaign, recipient: Recipient, ue_type: int, number: str, minutes: int) -> dict[str, Any]:
    at = (AT + timedelta(minutes=minutes)).isoformat()
    return {
        "id": number, "ue_type": ue_type, "campaign_id": campaign.instantly_campaign_id, "subject": "Hello Ana",
        "lead": recipient.email_address, "timestamp_email": at, "timestamp_created": at, "is_auto_reply": 0,
    }  # fmt: skip


def look(campaign: Campaign) -> int:
    return poll(handover_id=Handover.objects.get(campaign=campaign).pk, now=AT + timedelta(days=9))


def test_looking_finds_what_no_webhook_told_and_knows_what_one_did(instantly, campaign):
    recipient = one_of(campaign)
    report(campaign, "email_sent", recipient, step=1, variant=1, email_id="mail-1")
    instantly.emails = [
        email(campaign, recipient, 1, "mail-1", 0),
        email(campaign, recipient, 1, "mail-2", 5_000),
        email(campaign, recipient, 2, "answer", 6_000),
    ]

    assert [look(campaign), look(campaign)] == [2, 0]

    campaign.refresh_from_db()
    assert (campaign.emails_sent, campaign.emails_replied, standing(recipient)[0]) == (2, 1, "replied")


def test_looking_at_its_people_finds_how_they_ended(instantly, campaign):
    done, bounced, gone = campaign.recipients.order_by("pk")
    states = {done.email_address: 3, bounced.email_address: -1, gone.email_address: -2}
    for lead in instantly.leads.values():
        lead["status"] = states[lead["email"]]

    look(campaign)

    assert [standing(each)[1] for each in (done, bounced, gone)] == ["completed", "ended_there", "unsubscribed"]
    campaign.refresh_from_db()
    assert (campaign.emails_sent, ledger(campaign).adds_up) == (2, True)


def test_looking_takes_up_a_webhook_again_that_was_given_up(instantly, campaign):
    (hook,) = instantly.webhooks.values()
    assert hook["headers"] == {HEADER: "secret-of-webhooks"}
    hook["status"] = -1

    look(campaign)

    assert hook["status"] == 1


def test_looking_keeps_its_figures_by_day(instantly, campaign):
    number = campaign.instantly_campaign_id
    instantly.days[number] = [{"date": "2026-09-02", "sent": 40, "unique_replies": 2}]
    instantly.figures[number] = {"campaign_id": number, "emails_sent_count": 40, "reply_count_automatic": 1}

    look(campaign)
    look(campaign)

    assert list(InstantlyDay.objects.values_list("figures", flat=True)) == [{"sent": 40, "unique_replies": 2}]
    assert Handover.objects.get().figures == {"emails_sent_count": 40, "reply_count_automatic": 1}


def test_looking_never_takes_an_earlier_mail_for_a_later_step(instantly, campaign):
    recipient = one_of(campaign)
    report(campaign, "email_opened", recipient, step=1)  # that it was sent, an hour before, nobody has told
    instantly.emails = [email(campaign, recipient, 1, "mail-1", -60)]

    look(campaign)

    assert list(Message.objects.values_list("step__position", flat=True)) == [1]
    assert standing(recipient) == ("sent", "")


def test_an_address_with_capitals_is_known_however_it_is_spelled(campaign):
    recipient = one_of(campaign)
    Recipient.objects.filter(pk=recipient.pk).update(email_address="Ana.O'Neil@Example.COM")
    Lead.objects.filter(pk=recipient.lead_id).update(
        email="Ana.O'Neil@Example.COM", email_normalized="ana.o'neil@example.com", domain="example.com"
    )

    body = {**told(campaign, "reply_received", recipient), "lead_email": "ana.o'neil@example.com", "step": 1}
    post(campaign, body)
    settle_waiting(now=timezone.now())

    assert standing(recipient) == ("replied", "replied")


def arrives_late(instantly: FakeInstantly, campaign: Campaign, address: str) -> None:
    number = str(uuid4())
    more = {"campaign": campaign.instantly_campaign_id, "status": 1, "email_reply_count": 0}
    instantly.leads[number] = {"id": number, "email": address.lower(), **more}


@pytest.mark.parametrize("before", ["refused", "removed", "never", "erased"])
def test_whoever_is_out_here_and_turns_up_there_all_the_same_is_removed(instantly, campaign, before):
    recipient = one_of(campaign)
    handed = HandedLead.objects.filter(recipient=recipient)
    stop_recipient(recipient.pk, reason=ExitReason.NOT_TAKEN, at=NOON)
    instantly.leads = {pk: each for pk, each in instantly.leads.items() if each["email"] != recipient.email_address}
    match before:
        case "refused":
            handed.update(status="refused", external_id="")
        case "removed":
            handed.update(status="removed", external_id="", removed_at=NOON)
        case "never":
            handed.delete()
        case "erased":
            handed.delete()
            lead = recipient.lead
            erase_person(lead=lead, confirm_name=lead.email, reason="asked for it", actor=SYSTEM, now=NOON)
    arrives_late(instantly, campaign, recipient.email_address)

    look(campaign)
    work(campaign, at=AT)

    assert len(instantly.leads) == 2
    assert "removed" in HandedLead.objects.values_list("status", flat=True)


def test_somebody_who_was_added_over_there_is_left_alone(instantly, campaign):
    arrives_late(instantly, campaign, "somebody@elsewhere.example")

    look(campaign)
    work(campaign, at=AT)

    assert len(instantly.leads) == 4


@pytest.mark.parametrize("answer", [[], "ok", None, {"status": 10**9}])
def test_an_answer_of_another_shape_keeps_no_news_back(instantly, campaign, answer):
    recipient = one_of(campaign)
    number = campaign.instantly_campaign_id
    instantly.days[number] = [{"date": "2026-09-02", "sent": 1}, {"date": "2026-09-02T00:00:00Z", "sent": 2}]
    instantly.emails = [
        {**email(campaign, recipient, 1, "x", 0), "ue_type": [1]},
        email(campaign, recipient, 1, "y", 0),
    ]
    instantly.next_reply(f"campaigns/{number}", Reply(200, answer))

    look(campaign)
    look(campaign)

    assert standing(recipient) == ("sent", "")
    assert InstantlyDay.objects.get().figures == {"sent": 2}


def test_a_place_in_the_list_that_is_refused_is_given_up(instantly, campaign):
    Handover.objects.update(leads_after="gone")
    (done, *_) = instantly.leads.values()
    done["status"] = -2
    instantly.next_reply("leads/list", Reply(400, {"message": "starting_after is unknown"}))

    look(campaign)
    handover = Handover.objects.get()
    assert ("starting_after is unknown" in handover.poll_error, handover.leads_after) == (True, "")
    look(campaign)

    assert campaign.recipients.filter(exit_reason="unsubscribed").count() == 1


def test_whoever_opted_out_here_is_still_removed_when_an_answer_comes_afterwards(campaign):
    recipient = one_of(campaign)
    stop_recipient(recipient.pk, reason=ExitReason.UNSUBSCRIBED, at=NOON)

    report(campaign, "reply_received", recipient, step=1, email_id="answer")

    assert HandedLead.objects.get(recipient=recipient).wanted_out_at is not None

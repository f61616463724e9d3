"""Test mails are the real ones to read, and inert."""

from email import message_from_bytes, policy

import pytest
from django.test import Client
from django.utils import timezone

from campaigns.content.errors import MergeValueMissing
from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Kind, Stage
from campaigns.delivery.outcomes import Refused as MailRefused
from campaigns.halts import halt
from campaigns.models import Campaign, Link, Message, Recipient, Sender, Variant
from campaigns.preflight.examples import worst_case
from campaigns.sending.trial import MOST_AN_HOUR, MOST_AN_HOUR_IN_ALL, send_test
from campaigns.tests.factories import CampaignFactory, LeadFactory, StepFactory, SuppressionFactory, VariantFactory
from campaigns.tests.sending.sending import Road, ready_campaign
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused, StateRefused
from leads.models import Lead, Suppression
from tracking.models import EmailEvent, RawEvent

pytestmark = pytest.mark.django_db
ME = "me@fairlead.example"


@pytest.fixture
def campaign():
    return ready_campaign(people=2, now=timezone.now())


def send(campaign, road=None, **asked):
    wanted = {"lead": None, "sender": None, "to": [ME], "actor": SYSTEM, "now": timezone.now(), **asked}
    variant = Variant.objects.select_related("step__campaign__organization").get(step__campaign=campaign)
    return send_test(variant=variant, routes=road or Road(), **wanted)


def mail_of(road, number=0):
    return message_from_bytes(road.backend.mails[number].data, policy=policy.default)


def test_a_test_reads_as_the_lead_would_read_it_and_says_it_is_one(campaign):
    road, lead = Road(), LeadFactory(organization=campaign.organization, first_name="Zoë")

    results = send(campaign, road, lead=lead)

    mail = mail_of(road)
    assert (mail["To"].addresses[0].addr_spec, mail["Subject"]) == (ME, "[Test] Hello Zoë")
    assert "Hello Zoë" in mail.get_body(("html",)).get_content()
    assert [(result.address, result.is_sent) for result in results] == [(ME, True)]


@pytest.mark.parametrize("everywhere", [False, True])
def test_under_an_emergency_stop_no_test_is_sent_either(campaign, everywhere):
    road = Road()
    organization = None if everywhere else campaign.organization
    halt(organization=organization, reason="wrong list", actor=SYSTEM, now=timezone.now())

    with pytest.raises(StateRefused, match="wrong list") as refused:
        send(campaign, road)

    assert (refused.value.code, road.backend.asked) == ("sending_halted", [])


def test_a_test_of_a_follow_up_has_the_subject_of_the_thread(campaign):
    road, lead = Road(), LeadFactory(organization=campaign.organization, first_name="Zoë")
    follow_up = VariantFactory(step=StepFactory(campaign=campaign), subject="", body_html="<p>Again</p>")
    variant = Variant.objects.select_related("step__campaign__organization").get(pk=follow_up.pk)

    send_test(variant=variant, lead=lead, sender=None, to=[ME], routes=road, actor=SYSTEM, now=timezone.now())

    assert mail_of(road)["Subject"] == "[Test] Re: Hello Zoë"


def test_a_test_is_not_tracked_not_counted_and_leaves_no_row(campaign):
    road = Road()
    before = Campaign.objects.values().get()

    send(campaign, road)

    html = mail_of(road).get_body(("html",)).get_content()
    assert "https://acme.example/demo" in html
    assert ("/open" in html, "/click" in html) == (False, False)
    assert (Message.objects.count(), Link.objects.count()) == (0, 0)
    assert Campaign.objects.values().get() == before


def test_a_test_of_a_follow_up_has_the_subject_of_the_mail_it_answers(campaign):
    step = StepFactory(campaign=campaign, position=2)
    follow_up = VariantFactory(step=step, subject="", body_html="<p>Still there?</p>")
    road = Road()

    send_test(variant=follow_up, lead=None, sender=None, to=[ME], actor=SYSTEM, now=timezone.now(), routes=road)

    assert mail_of(road)["Subject"] == "[Test] Re: Hello Ana"


def test_opting_out_of_a_test_leads_to_a_page_that_says_so_and_does_nothing(campaign):
    road = Road()
    send(campaign, road)
    address = mail_of(road)["List-Unsubscribe"].strip("<>").removeprefix("http://testserver")

    seen = Client().get(address)
    pressed = Client().post(address, {"List-Unsubscribe": "One-Click"})

    assert [(answer.status_code, b"This was a test mail" in answer.content) for answer in (seen, pressed)] == [
        (200, True)
    ] * 2
    assert (Suppression.objects.count(), EmailEvent.objects.count(), RawEvent.objects.count()) == (0, 0, 0)


def test_a_suppressed_address_gets_no_test_either(campaign):
    SuppressionFactory(organization=campaign.organization, address="fairlead.example")
    road = Road()

    with pytest.raises(StateRefused) as refused:
        send(campaign, road)

    assert (refused.value.code, road.backend.asked) == ("test_suppressed", [])


@pytest.mark.parametrize("to", [[], [f"me{number}@fairlead.example" for number in range(6)]])
def test_a_test_goes_to_a_handful_of_addresses(campaign, to):
    with pytest.raises(Refused) as refused:
        send(campaign, to=to)

    assert refused.value.code == "too_many_addresses"


def test_what_is_no_address_is_refused(campaign):
    with pytest.raises(Refused) as refused:
        send(campaign, to=["me at home"])

    assert refused.value.code == "invalid_address"


def test_tests_are_counted_by_the_hour_and_on_record_without_the_address(campaign):
    for _ in range(MOST_AN_HOUR):
        send(campaign)

    with pytest.raises(StateRefused) as refused:
        send(campaign)

    rows = AuditLog.objects.filter(action="campaign.test_sent")
    assert (refused.value.code, rows.count()) == ("too_many_tests", MOST_AN_HOUR)
    assert ME not in str(list(rows.values()))


def test_a_further_campaign_gives_no_further_tests_without_end(campaign):
    sender = Sender.objects.get()
    others = [CampaignFactory(organization=campaign.organization) for _ in range(MOST_AN_HOUR_IN_ALL // MOST_AN_HOUR)]
    for other in others:
        VariantFactory(step__campaign=other)
        for _ in range(MOST_AN_HOUR):
            send(other, sender=sender)

    with pytest.raises(StateRefused) as refused:
        send(campaign)

    elsewhere = ready_campaign(people=1, now=timezone.now())
    assert refused.value.code == "too_many_tests"
    assert [result.is_sent for result in send(elsewhere)] == [True]


def test_what_the_mail_server_says_is_told(campaign):
    no = MailRefused(554, "554 5.7.1 go away", stage=Stage.RCPT, kind=Kind.POLICY)

    results = send(campaign, Road(MemoryBackend(answer=no)))

    assert [(result.is_sent, "554 5.7.1 go away" in result.sentence) for result in results] == [(False, True)]
    assert Sender.objects.get().status == "active"


def test_a_mail_that_cannot_be_made_for_that_lead_is_refused_before_anything_is_sent(campaign):
    Variant.objects.update(subject="{{ country }}")
    road = Road()

    with pytest.raises(MergeValueMissing):
        send(campaign, road)

    assert road.backend.asked == []


def test_without_a_sender_there_is_no_test(campaign):
    campaign.campaign_senders.all().delete()

    with pytest.raises(StateRefused) as refused:
        send(campaign)

    assert refused.value.code == "no_test_sender"


def test_the_worst_case_is_whom_the_wordings_know_least_about(campaign):
    Variant.objects.update(subject="{{ first_name }} of {{ company }}", body_html="<p>{{ custom.role }}</p>")
    blank = Lead.objects.filter(recipients__campaign=campaign).order_by("-pk").first()
    Lead.objects.filter(pk=blank.pk).update(first_name="", company=" ")
    LeadFactory(organization=campaign.organization, first_name="", company="")  # not in the campaign

    assert worst_case(campaign) == blank
    assert Recipient.objects.count() == 2

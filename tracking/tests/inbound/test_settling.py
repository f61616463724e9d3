"""From what was stored to events: matched, in batches, put aside, begun again after a kill."""

import json
import signal

import pytest
from django.db import transaction
from django.utils import timezone
from django_q.models import OrmQ

from campaigns.content.return_path import return_path
from campaigns.models import Message, Recipient, Sender
from campaigns.persons import erase_person
from campaigns.tests.factories import NOON, LeadFactory, MessageFactory
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.errors import StateRefused
from campaigns_project.tests.processes import started, stop, wait_until
from leads.models import Suppression
from tracking.inbound.retry import retry
from tracking.inbound.settle import settle_waiting
from tracking.inbound.subscribe import _url, confirm_subscription
from tracking.locks import hold_recipients
from tracking.models import EmailEvent, InboundWebhook
from tracking.tests.inbound.services import complaint, hard_bounce, mail_of, post, sender_of, settle_all, sns
from tracking.tests.inbound.sns_host import HOST, sns_host

pytestmark = pytest.mark.django_db


def events():
    return list(EmailEvent.objects.order_by("pk").values_list("event_type", "campaign_recipient__email_address"))


def uncertain(sender, **more):
    return mail_of(sender, status="uncertain", sent_at=None, reason="dropped", **more)


def test_one_bad_event_of_five_hundred_keeps_none_of_the_others_back(client):
    sender = sender_of("sendgrid")
    known = [mail_of(sender, f"p{number}@example.org") for number in range(3)]
    told = [hard_bounce("sendgrid", message)[0] | {"sg_event_id": f"e{place}"} for place, message in enumerate(known)]
    opened = {"event": "open", "email": "x@example.org", "timestamp": 1767269400}
    strange = [{"no": "event"}, None, "text", hard_bounce("sendgrid", MessageFactory())[0]]
    batch = [told[0], *strange, *({**opened, "sg_event_id": f"o{number}"} for number in range(493)), *told[1:]]

    assert post(client, sender, batch).status_code == 200
    settle_all()

    assert events() == [("bounce", f"p{number}@example.org") for number in range(3)]
    whole = InboundWebhook.objects.get(status="settled")
    assert (whole.counted, whole.ignored, whole.put_aside, whole.body) == (3, 493, 4, "")
    aside = InboundWebhook.objects.filter(status="quarantined").values_list("reason", flat=True)
    assert sorted(aside) == ["unknown_message", "unreadable", "unreadable", "unreadable"]


def test_a_long_report_is_gone_on_with_in_the_next_turn(client):
    sender = sender_of("sendgrid")
    mails = [mail_of(sender, f"p{number}@example.org") for number in range(3)]
    batch = [hard_bounce("sendgrid", mail)[0] | {"sg_event_id": str(place)} for place, mail in enumerate(mails)]
    post(client, sender, batch)

    turns = [settle_waiting(now=timezone.now(), seconds=0) for _ in range(3)]

    assert (turns, len(events())) == ([0, 0, 1], 3)


@pytest.mark.django_db(transaction=True)
def test_whoever_is_killed_between_storing_and_settling_loses_nothing_and_doubles_nothing(client, tmp_path):
    sender = sender_of("sendgrid")
    mails = [mail_of(sender, f"p{number}@example.org") for number in range(4)]
    batch = [hard_bounce("sendgrid", mail)[0] | {"sg_event_id": str(place)} for place, mail in enumerate(mails)]
    post(client, sender, batch)

    with transaction.atomic():
        hold_recipients([mails[2].recipient_id])
        with started("-m", "tracking.tests.inbound.one_turn", log=tmp_path / "turn.log") as process:
            wait_until(lambda: len(events()) == 2, "it is in the middle of the report")
            stop(process, signal.SIGKILL)
    assert InboundWebhook.objects.get().status == "waiting"

    settle_all()
    assert events() == [("bounce", f"p{number}@example.org") for number in range(4)]


def test_what_takes_its_worker_along_again_and_again_is_put_aside(client):
    sender = sender_of("postmark")
    post(client, sender, complaint(mail_of(sender)))
    InboundWebhook.objects.update(tries=3)

    settle_all()

    row = InboundWebhook.objects.get()
    assert (row.status, row.reason, len(events())) == ("quarantined", "poison", 0)
    assert (retry(webhook=row, actor=SYSTEM, now=timezone.now()).status, len(events())) == ("settled", 1)
    with pytest.raises(StateRefused):
        retry(webhook=row, actor=SYSTEM, now=timezone.now())


@pytest.mark.parametrize(
    ("service", "event"),
    [
        ("postmark", lambda mail: {"RecordType": "Delivery", "Metadata": {"message_id": mail.message_id}}),
        ("mailgun", lambda mail: hard_bounce("mailgun", mail)["event-data"] | {"event": "delivered", "reason": ""}),
    ],
)
def test_what_a_service_delivered_was_sent(client, service, event):
    sender = sender_of(service)
    message, other = uncertain(sender), uncertain(sender, recipient__email_address="other@example.org")
    content = event(message)

    post(client, sender, {"event-data": content} if service == "mailgun" else content)
    settle_all()

    status = dict(Message.objects.values_list("pk", "status"))
    assert (status, events()) == ({message.pk: "sent", other.pk: "uncertain"}, [])


def test_a_delivery_that_names_no_mail_proves_none(client):
    sender = sender_of("postmark")
    uncertain(sender)

    post(client, sender, {"RecordType": "Delivery", "Recipient": "bob@example.org", "MessageID": "7f1c"})
    settle_all()

    assert (Message.objects.get().status, InboundWebhook.objects.get().status) == ("uncertain", "settled")


def of_return_path(mail):
    told = hard_bounce("amazon_ses", mail)
    content = json.loads(told["Message"])
    content["mail"] |= {"headers": [], "source": return_path(mail.pk, mailbox="a@b.example", domain="in.example")}
    content["bounce"]["bouncedRecipients"][0]["emailAddress"] = "alias@example.org"
    return {**told, "Message": json.dumps(content)}


@pytest.mark.parametrize(
    ("service", "content"),
    [
        ("postmark", lambda mail: complaint(mail) | {"Email": "alias@example.org"}),  # by what we gave it
        ("amazon_ses", of_return_path),
        ("postmark", lambda mail: complaint(mail) | {"Metadata": {}, "BouncedAt": "2026-11-20T13:00:00Z"}),  # address
        ("postmark", lambda mail: complaint(mail) | {"Metadata": {}, "MessageID": mail.smtp_reply.split()[-1]}),
    ],
    ids=["metadata", "return path", "address and time", "number of the service"],
)
def test_a_report_finds_its_mail(client, service, content):
    sender = sender_of(service)
    mail_of(sender, "else@example.org", smtp_reply="")
    message = mail_of(sender)

    post(client, sender, content(message))
    settle_all()

    assert EmailEvent.objects.get().message == message


@pytest.mark.parametrize("at", ["2026-11-20T11:00:00Z", "2027-02-01T00:00:00Z"])
def test_by_address_alone_only_a_mail_that_was_sent_shortly_before_is_found(client, at):
    sender = sender_of("postmark")
    post(client, sender, complaint(mail_of(sender)) | {"Metadata": {}, "BouncedAt": at})
    InboundWebhook.objects.update(received_at="2027-02-02T00:00:00Z")

    settle_all()

    assert (events(), InboundWebhook.objects.get().reason) == ([], "unknown_message")


def test_nothing_happens_before_the_mail_was_sent_or_after_it_was_told(client):
    sender = sender_of("postmark")
    early, late = mail_of(sender), mail_of(sender, "late@example.org")
    post(client, sender, complaint(early, at="2001-01-01T00:00:00Z"))
    post(client, sender, complaint(late, number=43, at="2999-01-01T00:00:00Z"))

    settle_all()

    first, second = EmailEvent.objects.order_by("pk").values_list("created_at", flat=True)
    assert (first, second) == (NOON, InboundWebhook.objects.latest("pk").received_at)


def test_a_sender_knows_when_it_was_heard_of_last(client):
    sender = sender_of("postmark")
    post(client, sender, {"RecordType": "Open"})

    settle_all()

    assert Sender.objects.get().heard_at == InboundWebhook.objects.get().received_at


@pytest.mark.parametrize(("event_type", "suppressed"), [("SpamComplaint", ["complaint"]), ("HardBounce", [])])
def test_whoever_complains_of_a_mail_nobody_knows_is_left_alone_all_the_same(client, event_type, suppressed):
    sender = sender_of("postmark")
    lead = LeadFactory(organization=sender.organization, email="eve@example.org")
    LeadFactory(email="eve@example.org")
    told = complaint(MessageFactory()) | {"Email": "Eve@Example.org", "RecordType": "Bounce", "Type": event_type}

    post(client, sender, told)
    settle_all()

    assert InboundWebhook.objects.get().reason == "unknown_message"
    assert list(lead.organization.suppressions.values_list("reason", flat=True)) == suppressed
    assert Suppression.objects.count() == len(suppressed)


def test_of_an_erased_person_no_later_report_keeps_the_address(client):
    sender = sender_of("postmark")
    message = mail_of(sender, "zoe@example.org")
    lead = message.recipient.lead
    type(lead).objects.filter(pk=lead.pk).update(email="zoe@example.org", email_normalized="zoe@example.org")
    lead.refresh_from_db()
    told = complaint(message)
    post(client, sender, complaint(MessageFactory(), number=7) | {"Details": "seen by zoe@example.org"})
    settle_all()
    aside = InboundWebhook.objects.get()
    Recipient.objects.update(status="completed", exit_reason="finished", exited_at=NOON, next_step=None)
    erase_person(lead=lead, confirm_name=lead.email, reason="asked for it", actor=SYSTEM, now=NOON)

    post(client, sender, told)
    settle_all()

    aside.refresh_from_db()
    assert aside.event["Details"] == "seen by (erased)"
    assert InboundWebhook.objects.latest("pk").status == "settled"
    assert not any("zoe@example.org" in str(row) for row in InboundWebhook.objects.values())


SUBSCRIBE = {
    "Type": "SubscriptionConfirmation",
    "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
    "Token": "2336412f37",
    "TopicArn": "arn:aws:sns:us-east-1:123456789012:ses-events",
    "Message": "You have chosen to subscribe to the topic.",
    "SubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn&Token=2336412f37",
    "Timestamp": "2026-01-01T12:00:00.000Z",
}


@pytest.mark.django_db(transaction=True)
def test_a_subscription_of_sns_waits_for_its_confirmation_which_is_a_task(client, settings):
    sender = sender_of("amazon_ses")

    assert post(client, sender, SUBSCRIBE).status_code == 200
    settle_all()

    row = InboundWebhook.objects.get()
    assert (row.status, row.reason) == ("quarantined", "unconfirmed")
    assert [task.task["func"] for task in OrmQ.objects.all()] == ["tracking.tasks.confirm_subscription"]
    assert _url(row.body) == SUBSCRIBE["SubscribeURL"]


@pytest.mark.parametrize(
    "url",
    [
        "http://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.us-east-1.amazonaws.com.evil.example/?Action=ConfirmSubscription",
        "https://evil.example/sns.us-east-1.amazonaws.com?Action=ConfirmSubscription",
        "https://sns.us-east-1.amazonaws.com@evil.example/?Action=ConfirmSubscription",
        "https://sns.us-east-1.amazonaws.com:8443/?Action=ConfirmSubscription",
        "https://s3.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://sns.us-east-1.amazonaws.com/?Action=DeleteTopic",
        "https://169.254.169.254/?Action=ConfirmSubscription",
        "//sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
        "https://[::1/?Action=ConfirmSubscription",
        None,
    ],
)
def test_no_other_address_than_that_of_sns_is_ever_asked(client, url):
    sender = sender_of("amazon_ses")
    post(client, sender, {**SUBSCRIBE, "SubscribeURL": url})
    settle_all()

    assert _url(InboundWebhook.objects.get().body) == ""
    assert confirm_subscription(pk=InboundWebhook.objects.get().pk, now=timezone.now()) is False


@pytest.mark.parametrize(
    ("host", "outcome"),
    [
        (([HOST], 200), (1, "settled")),
        (([HOST], 403), (1, "quarantined")),
        (([], 200), (0, "quarantined")),  # a name of Amazon's that leads into our own network
    ],
)
def test_a_subscription_is_confirmed_at_the_host_of_sns(client, settings, tmp_path, host, outcome):
    settings.OUTBOUND_ALLOW_HOSTS, status = host
    post(client, sender_of("amazon_ses"), SUBSCRIBE)
    settle_all()

    with sns_host(tmp_path, status=status) as requests:
        row = retry(webhook=InboundWebhook.objects.get(), actor=SYSTEM, now=timezone.now())

    assert set(requests) <= {SUBSCRIBE["SubscribeURL"].removeprefix(f"https://{HOST}")}
    assert (len(requests), row.status) == outcome


def test_a_notice_of_sns_for_several_people_is_an_event_for_each(client):
    sender = sender_of("amazon_ses")
    mails = [mail_of(sender, f"p{number}@example.org") for number in range(2)]
    content = json.loads(hard_bounce("amazon_ses", mails[0])["Message"])
    content["mail"] |= {"headers": [], "messageId": ""}
    content["bounce"]["bouncedRecipients"] = [
        {"emailAddress": f"p{number}@example.org", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}
        for number in range(2)
    ]

    post(client, sender, sns(content) | {"Timestamp": "2026-11-20T13:00:00Z"})
    settle_all()

    assert events() == [("bounce", "p0@example.org"), ("bounce", "p1@example.org")]

"""The page of replies, mailboxes in the admin, and the words of a reply on the page of a lead."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaigns import preflight
from campaigns.models import Campaign, CampaignSender, Mailbox, Sender
from campaigns.tests.factories import (
    NOON,
    InboundMailFactory,
    MailboxFactory,
    MembershipFactory,
    MessageFactory,
    SenderFactory,
    VariantFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.runtime.health.inbound import examine_inbound
from campaigns_project.tests.admin.browsers import client_of, press
from tracking.inbox.take import take
from tracking.models import InboundMail
from tracking.tests.inbox.mails import bounce, reply
from tracking.timeline import Show, timeline

pytestmark = pytest.mark.django_db
LIST = "admin:tracking_inboundmail_changelist"


@pytest.fixture
def home(message):
    return message.recipient.campaign.organization


@pytest.fixture
def browser(home):
    return client_of(MembershipFactory(organization=home, role=Role.MANAGER).user)


def come_in(raw, home):
    return take(raw, organization=home, received_at=NOON + timedelta(hours=1), now=NOON + timedelta(hours=2)).row


def test_the_page_shows_replies_with_their_first_words_and_all_others_when_asked(browser, home, message):
    come_in(reply(to=message.message_id), home)
    come_in(reply(to=message.message_id, number=2, headers="Auto-Submitted: auto-replied\n", text="I am away."), home)
    come_in(bounce(of=999_999, address="eve@gone.example"), home)

    pages = [browser.get(reverse(LIST) + query).content.decode() for query in ("", "?what=all", "?what=quarantined")]

    assert ["Yes, please." in page for page in pages] == [True, True, False]
    assert ["I am away." in page for page in pages] == [False, True, False]
    assert "/admin/campaigns/campaign/" in pages[0]


def test_a_reply_is_read_with_what_followed_and_changed_by_nobody(browser, home, message):
    row = come_in(reply(to=message.message_id, text="<script>alert(1)</script>"), home)
    address = reverse("admin:tracking_inboundmail_change", args=[row.pk])

    page = browser.get(address).content.decode()

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "They left the campaign" in page
    assert reverse("admin:leads_lead_change", args=[message.recipient.lead_id]) in page
    assert browser.post(address, {"text": "x"}).status_code == 403


def test_the_list_costs_the_same_for_one_and_for_many(browser, message):
    def queries():
        with CaptureQueriesContext(
            connection,
        ) as caught:
            browser.get(reverse(LIST))
        return len(caught)

    InboundMailFactory(message=message)
    queries()
    one = queries()
    for _ in range(3):
        InboundMailFactory(message=MessageFactory(recipient__campaign=message.recipient.campaign))

    assert queries() == one


def test_the_campaign_leads_from_its_count_of_replies_to_their_words(browser, home, message):
    campaign = message.recipient.campaign
    Campaign.objects.update(emails_replied=1, recipients_reached=1)

    page = browser.get(reverse("admin:campaigns_campaign_change", args=[campaign.pk])).content.decode()

    assert f'{reverse(LIST)}?campaign={campaign.pk}">100.0 % (1 of 1)</a>' in page


def test_the_words_stand_in_the_timeline_of_the_person(home, message):
    row = come_in(reply(to=message.message_id), home)

    (entry,) = timeline(lead=message.recipient.lead, show=[Show.REPLIES]).entries

    assert (entry.detail, entry.refs["inbound_mail"]) == ("Yes, please.", row.pk)


def test_a_form_takes_folders_one_a_line_and_keeps_the_password(browser, home):
    mailbox = MailboxFactory(organization=home)
    address = reverse("admin:campaigns_mailbox_change", args=[mailbox.pk])
    typed = {
        "name": "Ada", "host": mailbox.host, "port": 993, "security": "tls", "username": "ada", "password": "",
        "folders": "INBOX\r\n Spam \r\n\r\n",
    }  # fmt: skip

    saved = browser.post(address, typed)
    elsewhere = browser.post(address, {**typed, "host": "imap.evil.example"})

    mailbox.refresh_from_db()
    assert (saved.status_code, mailbox.folders, mailbox.password) == (302, ["INBOX", "Spam"], "hunter2-of-ada")
    assert "is not sent to imap.evil.example" in elsewhere.content.decode()


def test_the_test_of_a_login_says_what_was_found(browser, home, server):
    mailbox = Mailbox.objects.get()
    Mailbox.objects.update(host="localhost", port=server.port, security="none")

    press(browser, reverse("admin:campaigns_mailbox_test_login", args=[mailbox.pk]))
    page = browser.get(reverse("admin:campaigns_mailbox_change", args=[mailbox.pk])).content.decode()

    assert "The login works. INBOX has 0 mails; there is 1 folder." in page


def test_pre_flight_warns_of_replies_nobody_reads(home, message, settings):
    campaign = message.recipient.campaign
    CampaignSender.objects.create(campaign=campaign, sender=message.sender)
    VariantFactory(step__campaign=campaign)
    settings.SANDBOX = False

    def codes():
        found = preflight.look(campaign, now=NOON).problems
        return {one.code: one.level for one in found if one.code in ("replies_not_read", "mailbox_not_read")}

    read = codes()
    Mailbox.objects.update(last_error="The server cannot be connected to (connect).")
    unreadable = codes()
    Mailbox.objects.update(status="paused", last_error="")
    paused = codes()
    Sender.objects.update(mailbox=None)

    assert (read, unreadable, paused) == ({}, {"mailbox_not_read": "warn"}, {"replies_not_read": "warn"})
    assert codes() == {"replies_not_read": "warn"}


def test_system_health_tells_of_mailboxes_that_are_not_read(home, message):
    now = timezone.now()

    def levels():
        return [check.level for check in examine_inbound()]

    Mailbox.objects.update(last_read_at=now)
    well = levels()
    Mailbox.objects.update(last_read_at=now - timedelta(hours=1), last_error="It broke off (dropped).")
    late = next(check.message for check in examine_inbound())
    Mailbox.objects.update(status="paused", last_read_at=now)
    paused = levels()
    InboundMail.objects.create(
        organization=home, identity="x", kind="bounce", matched_by="nobody", status="quarantined", received_at=now
    )

    assert (well, paused) == (["ok"], ["warn", "note"])
    assert "was not read for 60 min: It broke off (dropped)." in late
    assert "1 mail in quarantine" in [check.message for check in examine_inbound()][-1]


def test_a_sender_names_its_mailbox(browser, home):
    sender, mailbox = SenderFactory(organization=home), MailboxFactory(organization=home)
    MailboxFactory(name="Of somebody else")
    address = reverse("admin:campaigns_sender_change", args=[sender.pk])

    page = browser.get(address).content.decode()

    assert mailbox.name in page
    assert "Of somebody else" not in page

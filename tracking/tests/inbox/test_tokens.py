"""Mailboxes that are read by tokens in place of a password, on real sockets: at the provider and at the mail server."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Mailbox
from campaigns.tests.factories import MailboxFactory
from campaigns.tests.oauth.oauth_server import OAuthServer, connect
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import member, press
from tracking.inbox.read import read_mailbox
from tracking.inbox.trying import try_mailbox
from tracking.tests.inbox.imap_server import ImapServer
from tracking.tests.inbox.mails import OF_THE_HOUSE

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider():
    with OAuthServer() as server:
        yield server


@pytest.fixture
def server(provider, settings):
    settings.OUTBOUND_ALLOW_HOSTS = ["127.0.0.1", "localhost"]
    imap = ImapServer()
    imap.capabilities, imap.tokens = "IMAP4rev1 LOGINDISABLED AUTH=XOAUTH2", provider.tokens
    yield imap
    imap.close()


@pytest.fixture
def box(server):
    return MailboxFactory(host="localhost", port=server.port, security="none")


def look_at(box):
    found = read_mailbox(mailbox=box, now=timezone.now())
    box.refresh_from_db()
    return found


def test_a_mailbox_is_connected_on_its_page_and_read_by_tokens(box, server, provider):
    application = provider.application(organization=box.organization)
    manager = member(box.organization, Role.MANAGER)
    server.inbox.put(OF_THE_HOUSE)

    begun = press(manager, reverse("admin:campaigns_mailbox_connect", args=[box.pk]), application=application.pk)
    manager.get("/admin/oauth/callback", provider.allow(begun["HX-Redirect"]))
    box.refresh_from_db()
    first, second = look_at(box), look_at(box)

    assert (first.seen, first.fault, second.seen, second.fault) == (1, None, 0, None)
    assert (set(server.shown), len(provider.asked)) == ({f"user=ada\1auth=Bearer {provider.tokens[0]}\1\1"}, 1)
    assert AuditLog.objects.filter(action="mailbox.connected").count() == 1
    assert "LOGIN" not in server.commands
    assert (
        provider.tokens[0] not in manager.get(reverse("admin:campaigns_mailbox_change", args=[box.pk])).content.decode()
    )


def test_a_token_taken_back_before_its_time_is_replaced_once(box, server, provider):
    application = provider.application(organization=box.organization)
    connect(box, application, access_token="taken-back", token_good_until=timezone.now() + timedelta(hours=1))

    assert look_at(box).fault is None
    assert ["taken-back" in shown for shown in server.shown] == [True, False]


@pytest.mark.parametrize(
    ("said", "tries"), [("[AUTHENTICATIONFAILED] no", 1), ("AUTHENTICATE failed for", 3), ("[UNAVAILABLE] later", None)]
)
def test_a_server_that_refuses_every_token_is_left_alone_as_one_that_refuses_a_password(
    box, server, provider, said, tries
):
    server.tokens, server.refuses_login = [], said
    connect(box, provider.application(organization=box.organization))

    left = next((number for number in (1, 2, 3) if look_at(box) and box.status == "paused"), None)

    fault = "refused" if tries is None else "token_refused"
    assert (left, f"({fault})" in box.last_error, "(hidden)" in box.last_error) == (tries, True, True)
    told = str([box.last_error, box.status_reason, *AuditLog.objects.values_list("reason", "after")])
    assert [token for token in [*provider.tokens, *server.shown] if token in told] == []


@pytest.mark.parametrize(
    ("fault", "left"),
    [
        ((400, {"error": "invalid_grant"}), ("paused", "connect_again", False)),
        ((400, {"error": "invalid_client"}), ("paused", "application_refused", True)),
        ((500, b""), ("active", "token_service", True)),
    ],
)
def test_what_a_provider_says_pauses_the_mailbox_or_has_it_looked_at_later(box, server, provider, fault, left):
    provider.faults = [fault]
    connect(box, provider.application(organization=box.organization))

    found = look_at(box)

    assert (box.status, str(found.fault.fault), box.is_connected) == left
    assert (box.next_look_at is None, server.commands) == (box.status == "paused", [])


def test_the_test_of_the_login_says_where_a_server_takes_no_tokens(box, server):
    server.capabilities = "IMAP4rev1 AUTH=PLAIN"
    connect(box, access_token="good", token_good_until=timezone.now() + timedelta(hours=1))

    tried = try_mailbox(Mailbox.objects.get())

    assert ("(auth_unavailable)" in tried.sentence, "AUTH=PLAIN" in tried.sentence) == (True, True)

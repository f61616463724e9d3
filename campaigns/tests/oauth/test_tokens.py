"""Senders that log in by tokens, on real sockets: what becomes of them and their mails where no token is to be had.

The provider and the mail server are fakes that speak their protocols; everything between is what runs in earnest.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.delivery.tokens import NoToken
from campaigns.health.login import check_login
from campaigns.ledger import ledger
from campaigns.models import Message, Sender
from campaigns.oauth.tokens import OwnTokens
from campaigns.sending.connections import Connections
from campaigns.tests.delivery.fault_server import FEATURES, FaultServer
from campaigns.tests.factories import OAuthApplicationFactory, SenderFactory
from campaigns.tests.oauth.oauth_server import connect
from campaigns.tests.sending.sending import send_all, started_campaign
from campaigns_project.audit.models import AuditLog

pytestmark = pytest.mark.django_db
OFFERED = f"{FEATURES} XOAUTH2"


@pytest.fixture(autouse=True)
def _real_life(settings):
    settings.SANDBOX = False


def mail_server(provider, **script):
    return FaultServer(**{"features": OFFERED, "tokens": provider.tokens, **script})


def campaign_by(server, provider, *, people=2, **given):
    """A running campaign whose one sender is connected and sends over `server`."""
    with override_settings(SANDBOX=True):
        campaign = started_campaign(people=people, now=timezone.now())
    Sender.objects.update(host="127.0.0.1", port=server.port, security="none", email="ada@sender.example")
    sender = Sender.objects.get()
    connect(sender, provider.application(organization=sender.organization), **given)
    return campaign


def send(campaign):
    with Connections() as connections:
        return send_all(campaign, connections)


def written_down():
    """Everything that people and programs are told, as one text."""
    rows = [*Sender.objects.values_list("status_reason"), *Message.objects.values_list("smtp_reply", "reason")]
    return str([*rows, *AuditLog.objects.values_list("before", "after", "reason", "entity_name")])


def test_mails_go_out_by_a_token_that_is_asked_for_once_and_kept_encrypted(provider):
    with mail_server(provider) as server:
        campaign = campaign_by(server, provider, people=5)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            send(campaign)

    sender = Sender.objects.get()
    used = [query for query in queries.captured_queries if "access_token" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SELECT refresh_token, access_token FROM senders")
        stored = str(cursor.fetchall())
    assert (ledger(campaign).sent, len(server.taken), server.connections) == (5, 5, 1)
    assert server.shown == [("ada@sender.example", provider.tokens[0])]
    assert [asked["grant_type"] for asked in provider.asked] == ["refresh_token"]
    assert (sender.access_token, sender.refresh_token) == (provider.tokens[0], *provider.refresh_tokens)
    assert "token" not in stored
    assert len(used) == 3  # two around the lock, and one that keeps the answer: none for each mail


def test_a_token_that_is_still_good_is_used_and_one_that_ends_soon_is_not(provider):
    soon, later = timezone.now() - timedelta(seconds=1), timezone.now() + timedelta(minutes=1)
    provider.tokens.append("kept-token")
    with mail_server(provider) as server:
        campaign = campaign_by(server, provider, access_token="kept-token", token_good_until=later)
        send(campaign)
        first = (list(server.shown), list(provider.asked))
        Sender.objects.update(token_good_until=soon)
        check_login(Sender.objects.get())

    assert first == ([("ada@sender.example", "kept-token")], [])
    assert (server.shown[-1][1], len(provider.asked)) == (provider.tokens[-1], 1)


def test_a_token_taken_back_before_its_time_is_replaced_once_and_nobody_is_blamed(provider):
    with mail_server(provider) as server:
        later = timezone.now() + timedelta(hours=1)
        campaign = campaign_by(server, provider, access_token="taken-back", token_good_until=later)
        send(campaign)

    assert (ledger(campaign).sent, [token for _, token in server.shown]) == (2, ["taken-back", *provider.tokens])
    assert "" in server.commands  # the answer to why it was refused
    assert (Sender.objects.get().status, Sender.objects.get().status_reason) == ("active", "")


def test_a_server_that_refuses_every_token_pauses_the_sender_and_no_token_is_written_down(provider):
    with mail_server(provider, tokens=[]) as server:
        campaign = campaign_by(server, provider)
        send(campaign)

    sender = Sender.objects.get()
    assert (sender.status, sender.status_reason) == ("paused", "token_refused: 535 5.7.8 not accepted: (hidden)")
    assert (len(server.shown), len(provider.asked)) == (2, 2)
    assert set(Message.objects.values_list("status", flat=True)) == {"pending"}
    assert [token for token in [*provider.tokens, *provider.refresh_tokens] if token in written_down()] == []


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ((400, {"error": "invalid_grant", "error_description": "revoked"}), "paused", "connect_again"),
        ((401, {"error": "invalid_client", "error_description": "ended"}), "paused", "application_refused"),
        ((404, b"<html>"), "paused", "application_refused"),
        ((503, b"<html>"), "active", "token_service"),
        ((429, {"error": "slow_down"}), "active", "token_service"),
        ((200, {"error": "odd"}), "active", "token_service"),
    ],
)
def test_what_a_provider_says_pauses_the_sender_or_lets_it_rest(provider, fault, status, reason):
    provider.faults = [fault]
    with mail_server(provider) as server:
        campaign = campaign_by(server, provider)
        send(campaign)

    sender = Sender.objects.get()
    assert (sender.status, sender.status_reason.partition(":")[0]) == (status, reason)
    assert (server.connections, bool(sender.backs_off_until)) == (0, status == "active")
    assert set(Message.objects.values_list("status", flat=True)) == {"pending"}
    assert Sender.objects.get().is_connected == (reason != "connect_again")


def test_what_has_ended_is_not_asked_for_again_and_its_tokens_are_gone(provider):
    provider.refresh_tokens.clear()
    sender = connect(SenderFactory(), provider.application())

    for _ in range(2):
        with pytest.raises(NoToken) as none:
            OwnTokens(sender).token(seconds=5.0)

    sender.refresh_from_db()
    assert (none.value.reason, none.value.permanent, len(provider.asked)) == ("connect_again", True, 1)
    assert (sender.refresh_token, sender.access_token, sender.connection_ended_at is None) == ("", "", False)


def test_a_token_is_kept_from_a_host_that_is_not_the_providers_however_it_came_there():
    sender = SenderFactory(host="smtp.office365.com")
    microsoft = OAuthApplicationFactory(organization=sender.organization)
    connect(sender, microsoft, access_token="good", token_good_until=timezone.now() + timedelta(hours=1))
    before = OwnTokens(sender).token(seconds=5.0)
    Sender.objects.update(host="office365.com.evil.example")

    assert (before, _refusal(sender).reason) == ("good", "connect_again")


def test_a_provider_that_cannot_be_reached_is_trouble_that_passes_and_one_inside_is_not_asked(provider, settings):
    away = provider.application(token_url="http://127.0.0.1:9/token", name="Away")
    passing = _refusal(connect(SenderFactory(), away))
    settings.OUTBOUND_ALLOW_HOSTS = []
    inside = provider.application(token_url="https://127.0.0.1:9/token", name="Inside")
    refused = _refusal(connect(SenderFactory(), inside))

    assert (passing.reason, passing.permanent) == ("token_service", False)
    assert (refused.reason, refused.permanent) == ("application_refused", True)
    assert "OUTBOUND_ALLOW_HOSTS" in refused.said


def _refusal(sender):
    with pytest.raises(NoToken) as none:
        OwnTokens(sender).token(seconds=5.0)
    return none.value


def test_a_long_token_is_shown_when_the_server_asks_for_it(provider):
    long = "t" * 2_000
    with FaultServer(features=OFFERED, tokens=[long]) as server:
        sender = SenderFactory(host="127.0.0.1", port=server.port, security="none")
        later = timezone.now() + timedelta(hours=1)
        connect(sender, access_token=long, token_good_until=later)
        found = check_login(sender)

    assert (found.status, "by a token" in found.found, server.shown[0][1]) == ("warn", True, long)
    assert (server.commands[1], max(map(len, server.commands[:2])) < 512) == ("AUTH XOAUTH2", True)


def test_a_server_that_takes_no_tokens_is_said_to():
    with FaultServer() as server:
        sender = SenderFactory(host="127.0.0.1", port=server.port, security="none", password="hunter2")
        later = timezone.now() + timedelta(hours=1)
        connect(sender, access_token="good", token_good_until=later)
        found = check_login(sender)

    assert "(auth_unavailable)" in found.message
    assert (found.found.endswith("not XOAUTH2"), server.verbs()) == (True, ["EHLO"])


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_one_asks_the_provider_and_all_get_its_token(provider):
    sender = connect(SenderFactory(), provider.application())
    provider.answers.clear()

    def ask():
        try:
            return OwnTokens(sender).token(seconds=10.0)
        finally:
            connection.close()

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask) for _ in range(3)]
        provider.is_asked.wait(10.0)
        provider.answers.set()
        answers = {each.result() for each in asking}

    assert (answers, len(provider.asked)) == ({provider.tokens[0]}, 1)

"""A person connects a sender, from its page to the provider and back: what is kept then, and what is refused."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.urls import reverse
from django.utils import timezone

from campaigns.models import OAuthApplication, Sender
from campaigns.oauth import connecting
from campaigns.oauth.connecting import begin
from campaigns.oauth.providers import KNOWN
from campaigns.tests.factories import (
    MailboxFactory,
    OAuthApplicationFactory,
    OrganizationFactory,
    SenderFactory,
)
from campaigns.tests.oauth.oauth_server import SECRET, connect, id_token
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import member, press
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db

CALLBACK = "/admin/oauth/callback"
NEW = {"name": "Own identity", "provider": "custom", "client_id": "fairlead-here", "client_secret": SECRET}


@pytest.fixture
def sender():
    return SenderFactory(email="ada@sender.example", host="smtp.sender.example", password="hunter2-of-ada")


@pytest.fixture
def manager(sender):
    return member(sender.organization, Role.MANAGER)


@pytest.fixture
def owner(sender):
    return member(sender.organization, Role.OWNER)


def page(row):
    return reverse(f"admin:campaigns_{row._meta.model_name}_change", args=[row.pk])


def begun(client, sender, application):
    """The address at the provider to which the dialog leads."""
    answer = press(client, reverse("admin:campaigns_sender_connect", args=[sender.pk]), application=application.pk)
    return answer.get("HX-Redirect", answer.content.decode())


def told(answer):
    return str(list(get_messages(answer.wsgi_request))[-1])


def addresses(provider):
    return {"authorize_url": f"{provider.address}/authorize?policy=mail", "token_url": f"{provider.address}/token"}


def test_an_owner_makes_an_application_and_a_manager_connects_a_sender_by_it(provider, sender, owner, manager):
    home = {"organization": sender.organization_id}
    owner.post(reverse("admin:campaigns_oauthapplication_add"), {**NEW, **home, **addresses(provider)})
    application = OAuthApplication.objects.get()
    address = begun(manager, sender, application)
    brought = provider.allow(address)
    kept = str(dict(Session.objects.get(session_data__isnull=False, pk=manager.session.session_key).get_decoded()))

    answer = manager.get(CALLBACK, brought)

    again, entry = Sender.objects.get(), AuditLog.objects.get(action="sender.connected")
    verifier = provider.asked[0]["code_verifier"]
    assert address.startswith(f"{provider.address}/authorize?policy=mail&response_type=code&client_id=fairlead-here&")
    assert (answer.status_code, answer["Location"]) == (302, page(sender))
    assert "is connected" in told(answer)
    assert (again.oauth_application, again.access_token, {again.refresh_token}) == (
        application, provider.tokens[0], provider.refresh_tokens - {"refresh-token-0"},
    )  # fmt: skip
    assert again.token_good_until > timezone.now() + timedelta(minutes=50)
    assert (entry.after["application"], entry.after["username"]) == ("Own identity", "ada@sender.example")
    assert (brought["state"] in kept, verifier in kept) == (True, False)
    shown = "".join(manager.get(each).content.decode() for each in (page(sender), page(application), address_of_list()))
    shown += str(list(AuditLog.objects.values_list("before", "after", "reason")))
    secrets = [SECRET, verifier, brought["code"], again.access_token, again.refresh_token]
    assert [secret for secret in secrets if secret in shown] == []
    assert "Connected</span> Own identity" in " ".join(shown.split())


def address_of_list():
    return reverse("admin:campaigns_oauthapplication_changelist")


@pytest.mark.parametrize("model", ["sender", "mailbox"])
def test_no_list_can_be_narrowed_by_what_a_token_is_stored_as(sender, manager, model):
    connect(sender)
    address = reverse(f"admin:campaigns_{model}_changelist")

    assert [manager.get(address, {f"{name}__startswith": "g"}).status_code for name in Sender.TOKENS] == [400, 400]


def test_the_api_shows_how_a_sender_logs_in_and_takes_no_tokens(sender):
    client = key_client(Role.MANAGER, sender.organization)
    before = client.get(f"/api/v1/senders/{sender.pk}").json()
    connect(sender)
    connected = client.get(f"/api/v1/senders/{sender.pk}").json()
    Sender.objects.update(connection_ended_at=timezone.now(), refresh_token="")
    ended = client.get(f"/api/v1/senders/{sender.pk}").json()

    written = client.patch(f"/api/v1/senders/{sender.pk}", {"refresh_token": "mine"}).json()
    moved = client.patch(f"/api/v1/senders/{sender.pk}", {"host": "evil.example", "password": "x"}).json()

    shown = [(each["authentication"], each["is_connected"]) for each in (before, connected, ended)]
    assert shown == [("password", False), ("oauth", True), ("oauth", False)]
    assert sender.refresh_token not in str(connected)
    assert (written["code"], moved["code"]) == ("unknown_parameter", "connected_to_another_host")
    assert Sender.objects.get().host == "smtp.sender.example"


@pytest.mark.parametrize(
    ("brought", "words"),
    [
        ({"error": "access_denied", "error_description": "<b>no</b>", "code": ""}, "was not allowed there (access_de"),
        ({"error": "server_error", "code": ""}, "did not work there (server_error)"),
        ({"code": ""}, "neither a code nor a reason"),
        ({"code": "another"}, "It was not connected: Application"),
        ({"state": "guessed"}, "Nothing was connected"),
        ({"state": ""}, "Nothing was connected"),
    ],
)
def test_what_comes_back_wrong_connects_nothing_and_is_said(provider, sender, manager, brought, words):
    application = provider.application(organization=sender.organization)

    answer = manager.get(CALLBACK, {**provider.allow(begun(manager, sender, application)), **brought})

    assert (answer.status_code, words in told(answer)) == (302, True), told(answer)
    assert not Sender.objects.get().is_connected
    assert "<b>no" not in manager.get(page(sender)).content.decode()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ((503, b""), "503 It is tried again by itself"),
        ((401, {"error": "invalid_client", "error_description": f"not {SECRET}"}), "not (hidden)"),
        ({"id_token": id_token("bob@sender.example")}, "signed bob@sender.example in"),
        ({"refresh_token": ""}, "none to get others by"),
        ({"access_token": 1}, "200"),
        ({"token_type": "mac"}, "200"),
        ((302, b""), "302"),
    ],
)
def test_a_provider_that_gives_no_tokens_for_this_account_connects_nothing(provider, sender, manager, answer, words):
    provider.faults = [answer] if isinstance(answer, tuple) else []
    provider.more = answer if isinstance(answer, dict) else {}
    brought = provider.allow(begun(manager, sender, provider.application(organization=sender.organization)))

    said = told(manager.get(CALLBACK, brought))

    assert (words in said, SECRET in said) == (True, False), said
    assert (Sender.objects.get().is_connected, AuditLog.objects.filter(action="sender.connected").count()) == (False, 0)


def test_an_answer_counts_once_for_ten_minutes_and_for_nobody_else(provider, sender, manager, monkeypatch):
    application = provider.application(organization=sender.organization)
    brought = provider.allow(begun(manager, sender, application))
    by_another = told(member(sender.organization, Role.MANAGER).get(CALLBACK, brought))
    head = manager.head(CALLBACK, brought)
    first, again = told(manager.get(CALLBACK, brought)), told(manager.get(CALLBACK, brought))
    monkeypatch.setattr(connecting, "HOLDS_FOR", timedelta(seconds=-1))
    late = told(manager.get(CALLBACK, provider.allow(begun(manager, sender, application))))

    assert head.status_code == 405
    assert "is connected" in first
    assert [words.partition(":")[0] for words in (by_another, again, late)] == ["Nothing was connected"] * 3


def test_whoever_lost_the_role_meanwhile_connects_nothing(provider, sender, manager):
    brought = provider.allow(begun(manager, sender, provider.application(organization=sender.organization)))
    sender.organization.memberships.update(role=Role.OPERATOR)

    assert (manager.get(CALLBACK, brought).status_code, Sender.objects.get().is_connected) == (403, False)


def test_an_application_of_another_organization_is_not_offered(provider, sender, manager):
    theirs = provider.application(organization=OrganizationFactory(), name="Of others")
    provider.application(organization=sender.organization)

    assert "Select a valid choice" in begun(manager, sender, theirs)
    assert "Of others" not in manager.get(reverse("admin:campaigns_sender_connect", args=[sender.pk])).content.decode()


def test_tokens_go_to_the_providers_own_servers_alone(sender, manager):
    microsoft = OAuthApplicationFactory(organization=sender.organization)

    elsewhere = begun(manager, sender, microsoft)
    Sender.objects.update(host="smtp.office365.com.evil.example")
    disguised = begun(manager, sender, microsoft)
    Sender.objects.update(host="smtp.office365.com")

    assert ["There is no OAuth application" in each for each in (elsewhere, disguised)] == [True, True]
    assert begun(manager, sender, microsoft).startswith(
        "https://login.microsoftonline.com/common/oauth2/v2.0/authorize"
    )


def test_connecting_fills_in_the_host_of_the_provider(provider, sender, manager, monkeypatch):
    there = f"{provider.address}/{{tenant}}/"
    ours = replace(KNOWN["microsoft"], signs_in_at=f"{there}authorize", gives_tokens_at=f"{there}token")
    monkeypatch.setitem(KNOWN, "microsoft", ours)
    Sender.objects.update(host="", port=25, security="none")
    application = OAuthApplicationFactory(organization=sender.organization, tenant="sender.example")

    address = begun(manager, sender, application)
    manager.get(CALLBACK, provider.allow(address))

    again = Sender.objects.get()
    assert address.startswith(f"{provider.address}/sender.example/authorize?")
    assert (again.host, again.port, again.security) == ("smtp.office365.com", 587, "starttls")
    assert again.is_connected


def test_what_has_ended_is_connected_again_and_the_sender_waits_for_somebody_to_resume_it(provider, sender, manager):
    connect(sender, refresh_token="", connection_ended_at=timezone.now())
    Sender.objects.update(status="paused", status_reason="connect_again: it has ended")
    application = provider.application(organization=sender.organization)

    said = told(manager.get(CALLBACK, provider.allow(begun(manager, sender, application))))

    again = Sender.objects.get()
    assert (again.connection_ended_at, again.is_connected, bool(again.refresh_token)) == (None, True, True)
    assert "It is still paused." in said


def test_disconnecting_forgets_the_tokens_and_goes_back_to_the_password(sender, manager):
    connect(sender)

    press(manager, reverse("admin:campaigns_sender_disconnect", args=[sender.pk]))

    again = Sender.objects.get()
    assert (again.refresh_token, again.authentication, again.password) == ("", "password", "hunter2-of-ada")
    assert again.updated_at > sender.updated_at
    assert AuditLog.objects.filter(action="sender.disconnected").count() == 1


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"authorize_url": "http://idp.example/a"}, "authorize_url", "in the clear"),
        ({"token_url": "javascript:alert(1)"}, "token_url", "no address of a web page"),
        ({"token_url": "https://ada:pw@idp.example/t"}, "token_url", "something in it"),
        ({"token_url": ""}, "token_url", "no address of a web page"),
        ({"scopes": "mail\tall"}, "scopes", "control characters"),
        ({"scopes": 'mail "all"'}, "scopes", "one space between"),
        ({"provider": "microsoft", "tenant": "a/../b"}, "tenant", "no tenant"),
    ],
)
def test_an_application_that_nobody_could_be_asked_by_is_refused_beside_the_field(sender, owner, given, field, words):
    custom = {"authorize_url": "https://idp.example/a", "token_url": "https://idp.example/t"}
    asked = {**NEW, "organization": sender.organization_id, **custom, **given}

    answer = owner.post(reverse("admin:campaigns_oauthapplication_add"), asked)

    assert words in " ".join(answer.context["adminform"].form.errors[field])
    assert OAuthApplication.objects.count() == 0


def test_secrets_and_what_is_connected_stay_where_they_were_given_for(sender, owner, manager):
    custom = {"authorize_url": "https://idp.example/a", "token_url": "https://idp.example/t", "tenant": ""}
    application = OAuthApplicationFactory(organization=sender.organization, provider="custom", **custom)
    same = {**NEW, **custom, "organization": sender.organization_id, "client_secret": ""}
    moved = owner.post(page(application), {**same, "token_url": "https://evil.example/t"})
    connect(sender, application)
    used = owner.post(page(application), {**same, "client_id": "other", "client_secret": "x"})
    removed = press(owner, reverse("admin:campaigns_oauthapplication_remove", args=[application.pk])).content.decode()
    by_manager = manager.post(page(application), same)

    owner.post(page(application), {**same, "name": "Renamed", "client_secret": "a new one"})

    assert "was given for idp.example" in str(moved.context["adminform"].form.errors["client_secret"])
    assert "is connected by it as it is" in str(used.context["adminform"].form.errors["client_id"])
    assert ("is connected by it" in removed, by_manager.status_code) == (True, 403)
    assert list(OAuthApplication.objects.values_list("name", "client_id", "token_url")) == [
        ("Renamed", "fairlead-here", "https://idp.example/t")
    ]
    assert OAuthApplication.objects.get().client_secret == "a new one"


@pytest.mark.parametrize(
    ("provider_name", "make", "expected"),
    [
        ("microsoft", SenderFactory, {"scope": "https://outlook.office.com/SMTP.Send offline_access"}),
        ("microsoft", MailboxFactory, {"scope": "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"}),
        ("google", SenderFactory, {"scope": "https://mail.google.com/", "access_type": "offline", "prompt": "consent"}),
    ],
)
def test_each_provider_is_asked_as_it_wants_to_be(provider_name, make, expected):
    owner = make(username="ada@sender.example", host="")
    application = OAuthApplicationFactory(organization=owner.organization, provider=provider_name)

    attempt, address = begin(owner=owner, application=application, person=1, redirect="https://x/", now=timezone.now())

    asked = dict(parse_qsl(urlsplit(address).query))
    assert expected.items() <= asked.items()
    assert (asked["login_hint"], asked["code_challenge_method"], asked["state"]) == (
        "ada@sender.example", "S256", attempt.state,
    )  # fmt: skip
    assert (len(attempt.state) >= 43, attempt.verifier in address) == (True, False)


@pytest.mark.parametrize(("kind", "make"), [("senders", SenderFactory), ("mailboxes", MailboxFactory)])
def test_a_program_can_say_where_a_person_connects_what_is_not_connected(kind, make, settings):
    row = make(host="mail.sender.example")
    program = key_client(organization=row.organization)

    shown = program.get(f"/api/v1/{kind}/{row.pk}").json()["connect_address"]
    opened = member(row.organization, Role.MANAGER).get(shown.removeprefix(settings.PUBLIC_URL))
    connect(row)

    assert (opened.status_code, "There is no OAuth application" in opened.content.decode()) == (200, True)
    assert program.get(f"/api/v1/{kind}/{row.pk}").json()["connect_address"] == ""

"""A sender looked at as a whole: real mail servers, real e-mail services, a real DNS server."""

import base64
import json
import ssl
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from campaigns.health import HealthCheck, HealthStatus, check_sender
from campaigns.health.login import check_login
from campaigns.models import Sender
from campaigns.tests.delivery.conftest import certificate, server_tls  # noqa: F401
from campaigns.tests.delivery.fault_server import FaultServer, Say, Silence
from campaigns.tests.delivery.service_server import ServiceServer
from campaigns.tests.factories import SenderFactory
from campaigns.tests.health.dns_server import DnsServer
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog

pytestmark = pytest.mark.django_db
GOOD_ZONE = {
    ("sender.example", "MX"): ["10 mx.sender.example."],
    ("sender.example", "TXT"): ['"v=spf1 mx -all"'],
    ("_dmarc.sender.example", "TXT"): ['"v=DMARC1; p=none"'],
}


@pytest.fixture(autouse=True)
def _real_life(settings):
    settings.SANDBOX = False
    with DnsServer(GOOD_ZONE) as dns:
        settings.DNS_RESOLVER = dns.address
        yield


def smtp_sender(port, **fields):
    values = {"email": "ada@sender.example", "host": "127.0.0.1", "port": port, "security": "none"}
    return SenderFactory(**values | fields)


def look(sender):
    found = check_sender(sender=sender, actor=SYSTEM, now=timezone.now())
    return {finding.code: finding for finding in found}


def test_the_login_test_goes_as_far_as_the_login_and_sends_no_mail():
    with FaultServer() as server:
        login = look(smtp_sender(server.port, username="ada", password="secret"))[HealthCheck.LOGIN]

    assert (login.status, "in the clear" in login.message) == (HealthStatus.WARN, True)
    assert ("MAIL" in server.verbs(), server.verbs()[-1]) == (False, "QUIT")
    assert "secret" not in json.dumps(login.as_dict())


def test_over_tls_a_login_is_well(server_tls, certificate, settings, monkeypatch):  # noqa: F811
    settings.OUTBOUND_ALLOW_HOSTS = ["localhost"]
    monkeypatch.setattr("campaigns.health.login.tls_context", lambda: ssl.create_default_context(cafile=certificate))
    with FaultServer(tls=server_tls, features="STARTTLS,AUTH PLAIN") as server:
        sender = smtp_sender(server.port, host="localhost", security="starttls", username="ada", password="x")
        login = look(sender)[HealthCheck.LOGIN]

    assert (login.status, "over STARTTLS" in login.found, "logged in as ada" in login.found) == ("ok", True, True)


@pytest.mark.parametrize(
    ("script", "reason", "words"),
    [
        ({"auth": Say("535 5.7.8 bad password for you")}, "(auth)", "535 5.7.8 bad password"),
        ({"greeting": Say("554 go away")}, "(greeting)", "554 go away"),
        ({"greeting": Say("HTTP/1.1 400 Bad")}, "(garbage)", "HTTP"),
    ],
)
def test_where_it_ended_is_said_in_the_servers_words(script, reason, words):
    with FaultServer(**script) as server:
        login = look(smtp_sender(server.port, username="ada", password="x"))[HealthCheck.LOGIN]

    assert (login.status, reason in login.message, words in login.found, bool(login.hint)) == ("fail", True, True, True)


@pytest.mark.parametrize("offered", ["PLAIN", "LOGIN", "CRAM-MD5"])
def test_what_was_said_at_a_login_is_told_without_what_was_shown_there(offered):
    with FaultServer(features=f"AUTH {offered}") as server:
        login = look(smtp_sender(server.port, username="ada", password="hunter2hunter2"))[HealthCheck.LOGIN]

    shown = {word for command in server.commands[1:-1] for word in command.removeprefix(f"AUTH {offered}").split()}
    said = login.log.splitlines()
    assert said[0].startswith("Connected to 127.0.0.1:")
    assert [line for line in said if line.startswith(">")][1].removesuffix(" (hidden)") == f"> AUTH {offered}"
    assert said[-2:] == ["> QUIT", "< 221 2.0.0 bye"]
    assert (bool(shown), [word for word in shown if word in login.log]) == (True, [])


def test_a_secret_that_a_server_repeats_is_not_in_what_was_said():
    shown = base64.b64encode(b"\0ada\0hunter2hunter2").decode()
    with FaultServer(features="AUTH PLAIN", auth=Say(f"535 5.7.8 hunter2hunter2 or {shown} is wrong")) as server:
        login = look(smtp_sender(server.port, username="ada", password="hunter2hunter2"))[HealthCheck.LOGIN]

    assert login.log.splitlines()[-1] == "< 535 5.7.8 (hidden) or (hidden) is wrong"


def test_what_has_to_be_published_is_there_to_be_copied(settings):
    zone = {("sender.example", "TXT"): ['"v=spf1 mx ?all"']}
    with DnsServer(zone) as dns, FaultServer() as server:
        settings.DNS_RESOLVER = dns.address
        found = look(smtp_sender(server.port, dkim_selector="s1"))

    assert {code: (each.where, each.publish) for code, each in found.items() if each.where} == {
        "mx": ("sender.example", ""),
        "spf": ("sender.example", "v=spf1 mx ~all"),
        "dkim": ("s1._domainkey.sender.example", ""),
        "dmarc": ("_dmarc.sender.example", "v=DMARC1; p=none"),
    }


def test_a_server_that_says_nothing_is_not_waited_for(monkeypatch):
    monkeypatch.setattr("campaigns.health.login.LEAST_SECONDS", 0.2)
    monkeypatch.setitem(check_login.__kwdefaults__, "seconds", 0.3)
    with FaultServer(greeting=Silence()) as server:
        login = look(smtp_sender(server.port))[HealthCheck.LOGIN]

    assert ("(timeout)" in login.message, login.is_down) == (True, True)


def test_a_certificate_nobody_vouches_for_is_named(server_tls):  # noqa: F811
    with FaultServer(tls=server_tls, wrapped=True) as server:
        login = look(smtp_sender(server.port, security="tls"))[HealthCheck.LOGIN]

    assert ("(certificate)" in login.message, "certificate" in login.hint) == (True, True)


def test_a_host_inside_is_not_connected_to_and_the_page_says_why(settings):
    settings.OUTBOUND_ALLOW_HOSTS = []
    with FaultServer() as server:
        login = look(smtp_sender(server.port))[HealthCheck.LOGIN]

    assert (login.status, "address_not_allowed" in login.message, server.connections) == ("fail", True, 0)
    assert "OUTBOUND_ALLOW_HOSTS" in login.hint


def test_a_services_key_is_tried_without_a_mail():
    with ServiceServer() as server:
        good = SenderFactory(
            email="a@sender.example", kind="esp", esp="postmark", esp_settings=_keys(server, "postmark")
        )
        bad = SenderFactory(
            email="b@sender.example", kind="esp", esp="brevo", esp_settings=_keys(server, "brevo", api_key="bad")
        )
        found = look(good)[HealthCheck.LOGIN], look(bad)[HealthCheck.LOGIN]

    assert [finding.status for finding in found] == ["ok", "fail"]
    assert server.requests == []
    assert "bad" not in found[1].message + found[1].hint


def _keys(server, esp, **changes):
    return json.dumps(
        server.keys(esp) | {"api_url": server.keys(esp)["api_url"].replace("localhost", "127.0.0.1")} | changes
    )


def test_what_was_found_is_kept_and_audited():
    with FaultServer() as server:
        look(smtp_sender(server.port))

    sender = Sender.objects.get()
    statuses = {check["code"]: check["status"] for check in sender.health["checks"]}
    assert statuses == {"login": "ok", "mx": "ok", "spf": "ok", "dkim": "unknown", "dmarc": "ok"}
    assert (sender.health["status"], sender.health_checked_at is not None) == ("ok", True)
    assert AuditLog.objects.get(action="sender.checked").after["health"] == "ok"


def test_in_the_sandbox_dns_is_skipped_and_says_so(settings):
    settings.SANDBOX = True
    with FaultServer() as server:
        settings.SANDBOX_SMTP_HOST, settings.SANDBOX_SMTP_PORT = "127.0.0.1", server.port
        found = look(smtp_sender(1))

    assert found[HealthCheck.LOGIN].status == "ok"
    assert {finding.status for code, finding in found.items() if code != HealthCheck.LOGIN} == {"unknown"}
    assert "Skipped" in found[HealthCheck.SPF].message


def run(*arguments):
    out = StringIO()
    try:
        call_command("check_sender", *arguments, stdout=out, stderr=StringIO())
    except CommandError as error:
        return error.returncode, out.getvalue()
    return 0, out.getvalue()


def test_the_command_ends_with_a_code_for_each_outcome():
    with FaultServer() as server:
        sender = smtp_sender(server.port)
        well = run(str(sender.pk), "--json")
    unreachable = run("ada@sender.example")
    with FaultServer(auth=Say("535 no")) as server:
        Sender.objects.update(port=server.port, username="ada", password="x")
        broken = run("--all")

    assert (well[0], unreachable[0], broken[0], run("nobody@x.example")[0]) == (0, 8, 6, 3)
    assert json.loads(well[1])["senders"][0]["status"] == "ok"
    assert "✗ LOGIN" in broken[1]


@pytest.mark.parametrize("name", ["²", "٣"])
def test_what_only_looks_like_a_number_names_no_sender(name):
    assert run(name)[0] == 3


def test_an_address_of_two_organizations_has_to_be_told_by_number():
    smtp_sender(1)
    smtp_sender(1)

    assert run("ada@sender.example")[0] == 2

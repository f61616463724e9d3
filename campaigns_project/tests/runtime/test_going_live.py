"""The list of what real use still needs: the same for the page and for the command."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, Mailbox, Sender
from campaigns.tests.factories import (
    CampaignFactory,
    MailboxFactory,
    MembershipFactory,
    OrganizationFactory,
    SecondFactorFactory,
    SenderFactory,
    UserFactory,
)
from campaigns.tests.health.dns_server import DnsServer
from campaigns_project.accounts.models import Organization, SecondFactor, User
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.runtime.demo.login import EMAIL
from campaigns_project.runtime.going_live import SUBJECTS, examine_going_live
from campaigns_project.tests.admin.browsers import client_of, member

pytestmark = pytest.mark.django_db

PAGE = reverse("admin:going_live")
DEMO_IS_ALL_THERE_IS = {
    "address": "fail", "tls": "fail", "keys": "warn", "data": "warn", "backup": "note", "people": "fail",
    "senders": "fail", "dns": "note", "replies": "note", "workers": "fail", "demo": "fail", "sandbox": "fail",
}  # fmt: skip


@pytest.fixture
def demo(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Organization:
    for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS"):
        monkeypatch.delenv(name, raising=False)
    settings.SANDBOX, settings.DATABASE_URL, settings.HTTPS = True, "", False
    settings.PUBLIC_URL = "http://localhost:8000"
    organization = OrganizationFactory(name="Harbor Demo", is_demo=True)
    owner = UserFactory(email=EMAIL, is_superuser=True)
    MembershipFactory(organization=organization, user=owner, role=Role.OWNER)
    SenderFactory(organization=organization)
    CampaignFactory(organization=organization, status="running", started_at=timezone.now())
    return organization


@pytest.fixture
def root(demo: Organization) -> Client:
    return client_of(User.objects.get(email=EMAIL))


def worst() -> dict[str, str]:
    """Of each subject, asking nobody outside."""
    found = examine_going_live(now=timezone.now(), asks_outside=False)
    return {card.name: str(card.level) for card in found.cards(SUBJECTS)}


def everything_is_done(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS"):
        monkeypatch.setenv(name, "a-long-secret")
    settings.SANDBOX, settings.DATABASE_URL, settings.BEHIND_PROXY = False, "postgresql://db.example/x", True
    settings.PUBLIC_URL, settings.HTTPS = "https://mail.example.com", True
    ana = UserFactory(is_superuser=True)
    SecondFactorFactory(user=ana)
    own = MembershipFactory(user=ana, role=Role.OWNER, organization__postal_address="Quay 1, Prague").organization
    checked = {"status": "ok", "checks": [{"code": "login", "status": "ok", "message": "It lets us in."}]}
    SenderFactory(organization=own, mailbox=MailboxFactory(organization=own), health=checked)
    Campaign.objects.filter(organization__is_demo=True).delete()
    Organization.objects.filter(is_demo=True).delete()
    User.objects.filter(email=EMAIL).update(is_active=False)


def test_in_the_demo_each_line_says_what_is_missing_and_what_to_do(demo: Organization, root: Client) -> None:
    page = root.get(PAGE).content.decode()

    assert worst() == DEMO_IS_ALL_THERE_IS
    found = examine_going_live(now=timezone.now(), asks_outside=False)
    assert [check.message for check in found.checks if check.level == "fail" and not check.fix] == []
    assert reverse("admin:accounts_organization_delete", args=[demo.pk]) in page
    assert all(subject.title in page for subject in SUBJECTS if not subject.is_asked_for)


def test_nothing_is_left_to_do_where_everything_is_done(
    demo: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything_is_done(settings, monkeypatch)

    assert {name for name, level in worst().items() if level != "ok"} == {"backup", "dns", "workers"}


@pytest.mark.parametrize(
    ("undo", "name", "level"),
    [
        (lambda: User.objects.filter(email=EMAIL).update(is_active=True), "demo", "fail"),
        (lambda: OrganizationFactory(is_demo=True), "demo", "fail"),
        (lambda: Organization.objects.update(postal_address=""), "people", "fail"),
        (lambda: SecondFactor.objects.all().delete(), "people", "warn"),
        (lambda: User.objects.update(is_superuser=False), "people", "fail"),
        (lambda: Sender.objects.update(status="paused"), "senders", "fail"),
        (lambda: Sender.objects.update(kind="sandbox"), "senders", "fail"),
        (lambda: Sender.objects.update(health=None), "senders", "note"),
        (lambda: Mailbox.objects.update(status="paused"), "replies", "warn"),
    ],
)
def test_whatever_is_undone_is_on_the_list_again(  # noqa: PLR0917 - the cases of one table
    demo: Organization, settings: Any, monkeypatch: pytest.MonkeyPatch, undo: Any, name: str, level: str
) -> None:
    everything_is_done(settings, monkeypatch)
    assert worst()[name] == "ok"

    undo()

    assert worst()[name] == level


def test_the_command_says_the_same_and_asks_dns_although_the_sandbox_is_on(
    demo: Organization, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    SenderFactory(organization=OrganizationFactory(), email="ana@acme.example")
    zone = {
        ("acme.example", "MX"): ["10 mx.acme.example."],
        ("acme.example", "TXT"): ['"v=spf1 mx -all"'],
        ("_dmarc.acme.example", "TXT"): ['"v=DMARC1; p=none"'],
    }

    with DnsServer(zone) as dns, pytest.raises(SystemExit) as ended:
        settings.DNS_RESOLVER = dns.address
        call_command("doctor", "--going-live", "--json")

    told = json.loads(capsys.readouterr().out)["checks"]
    assert ended.value.code == 6
    assert [check["name"] for check in told if check["level"] == "fail"] == [
        "address", "tls", "people", "workers", "workers", "workers", "demo", "demo", "sandbox",
    ]  # fmt: skip
    poor = [check["message"] for check in told if check["name"] == "dns"]
    assert poor and all(message.startswith("acme.example, D") for message in poor)
    with pytest.raises(CommandError, match="a list of its own"):
        call_command("doctor", "--going-live", "--only", "settings")


def test_the_demo_is_brought_to_rest_by_a_button_and_its_campaigns_alone(demo: Organization, root: Client) -> None:
    other = CampaignFactory(status="running", started_at=timezone.now())

    root.post(PAGE, {"pause": "1"})

    paused = Campaign.objects.filter(status="paused")
    assert [campaign.organization for campaign in paused] == [demo]
    assert AuditLog.objects.get(action="campaign.paused").reason == "The demo is left."
    assert Campaign.objects.get(pk=other.pk).status == "running"


def test_only_system_administrators_see_it(demo: Organization) -> None:
    owner = member(demo, Role.OWNER)

    assert (owner.get(PAGE).status_code, owner.post(PAGE, {"pause": "1"}).status_code) == (403, 403)
    assert Campaign.objects.filter(status="paused").count() == 0

"""Emergency stops: what they hold back, whom they concern, and that nothing is lost by one."""

import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from campaigns.delivery.memory import ACCEPTED, MemoryBackend
from campaigns.halts import halt, lift
from campaigns.ledger import ledger
from campaigns.models import Campaign, Message, SendingHalt
from campaigns.sending.work import due_campaigns, send_chunk
from campaigns.tests.factories import CampaignFactory, OrganizationFactory, SendingHaltFactory, UserFactory
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import Refused, StateRefused
from campaigns_project.tests.admin.browsers import client_of, member, press
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def stop(organization=None, reason="wrong list"):
    return halt(organization=organization, reason=reason, actor=SYSTEM, now=timezone.now())


def run(*arguments):
    out = io.StringIO()
    call_command(*arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


@pytest.mark.parametrize("is_system", [True, False])
def test_no_campaign_under_a_stop_is_due_and_its_state_stays(now, is_system):
    campaign = started_campaign(now=now)
    stop(None if is_system else campaign.organization)

    assert due_campaigns(now=now) == []
    campaign.refresh_from_db()
    assert campaign.status == "running"


def test_a_stop_of_another_organization_holds_back_nothing(now):
    campaign = started_campaign(now=now)
    stop(OrganizationFactory())

    assert due_campaigns(now=now) == [campaign]
    assert send_all(campaign, Road()) == 2


def test_what_was_claimed_goes_back_to_waiting_and_leaves_after_the_stop_is_lifted(now):
    campaign = started_campaign(people=3, now=now)
    road = Road()
    halted = stop(campaign.organization)

    send_chunk(campaign, connections=road)

    assert road.backend.mails == []
    assert (ledger(campaign).waiting, ledger(campaign).adds_up) == (3, True)
    lift(halted=halted, actor=SYSTEM, now=now)
    send_all(campaign, road)
    assert (len(road.backend.mails), ledger(campaign).sent) == (3, 3)


def test_a_stop_in_the_middle_of_a_chunk_lets_nothing_new_through(now):
    campaign = started_campaign(people=60, now=now)
    taken = []

    def answers():
        while True:
            taken.append(1)
            if len(taken) == 3:
                stop(campaign.organization)
            yield ACCEPTED

    send_chunk(campaign, connections=Road(MemoryBackend(answers=answers())))

    counts = ledger(campaign)
    assert (counts.sent, counts.waiting) == (len(taken), 60 - len(taken))
    assert len(taken) <= 5  # the slice that had passed the gate


@pytest.mark.django_db(transaction=True)
def test_with_several_workers_at_work_no_mail_begins_more_than_a_second_after_the_stop(now):
    campaign = started_campaign(people=400, now=now)
    begun: list[float] = []
    enough = threading.Event()

    def slow_answers():
        while True:
            begun.append(time.monotonic())
            if len(begun) > 20:
                enough.set()
            threading.Event().wait(0.02)  # a mail server that takes 50 mails a second
            yield ACCEPTED

    def work():
        try:
            road = Road(MemoryBackend(answers=slow_answers()))
            while due_campaigns(now=timezone.now()):
                send_chunk(Campaign.objects.get(pk=campaign.pk), connections=road)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        running = [workers.submit(work) for _ in range(4)]
        assert enough.wait(30)
        stop()
        stopped = time.monotonic()
        for each in running:
            each.result(timeout=60)

    assert max(begun) - stopped <= 1.0
    counts = ledger(campaign)
    assert (counts.sent, counts.waiting, counts.adds_up) == (len(begun), 400 - len(begun), True)
    assert Message.objects.filter(status__in=["claimed", "sending"]).count() == 0


def test_a_stop_needs_a_reason(now):
    with pytest.raises(Refused) as refused:
        stop(reason="  ")

    assert refused.value.code == "reason_missing"


def test_a_second_stop_of_the_same_is_refused_and_one_of_the_system_beside_it_is_not(now):
    organization = OrganizationFactory()
    stop(organization)
    stop()

    for whose in (organization, None):
        with pytest.raises(StateRefused) as refused:
            stop(whose)
        assert refused.value.code == "already_halted"


def test_stop_and_lift_are_in_the_audit_log_and_a_stop_is_lifted_once(now):
    halted = stop(OrganizationFactory())
    lift(halted=halted, actor=SYSTEM, now=now, reason="list mended")

    with pytest.raises(StateRefused) as refused:
        lift(halted=halted, actor=SYSTEM, now=now)

    assert refused.value.code == "already_lifted"
    entries = AuditLog.objects.about(halted).order_by("pk").values_list("action", "reason")
    assert list(entries) == [("sending.halted", "wrong list"), ("sending.resumed", "list mended")]


def test_the_banner_stands_above_the_pages_of_those_it_concerns_and_of_nobody_else(now):
    ours, theirs = OrganizationFactory(), OrganizationFactory()
    stop(ours, reason="wrong list of ours")
    page = reverse("admin:campaigns_campaign_changelist")

    assert "wrong list of ours" in member(ours, Role.VIEWER).get(page).content.decode()
    assert "wrong list of ours" not in member(theirs, Role.OWNER).get(page).content.decode()
    stop(reason="relay burns")
    assert "relay burns" in member(theirs, Role.VIEWER).get(page).content.decode()


def test_a_manager_stops_and_resumes_the_organization_in_the_admin():
    organization = OrganizationFactory()
    manager = member(organization, Role.MANAGER)
    asked = {"whose": organization.pk, "reason": "wrong list"}

    press(manager, reverse("admin:campaigns_sendinghalt_stop_sending"), **asked)
    halted = SendingHalt.objects.get()
    press(manager, reverse("admin:campaigns_sendinghalt_resume_sending", args=[halted.pk]), reason="")

    halted.refresh_from_db()
    assert (halted.organization, halted.is_in_force) == (organization, False)


@pytest.mark.parametrize("whose", ["system", "other"])
def test_a_manager_cannot_stop_what_is_not_the_managers_own(whose):
    manager, other = member(OrganizationFactory(), Role.MANAGER), OrganizationFactory()
    asked = {"whose": "system" if whose == "system" else other.pk, "reason": "x"}

    press(manager, reverse("admin:campaigns_sendinghalt_stop_sending"), **asked)

    assert not SendingHalt.objects.exists()


def test_a_stop_of_the_system_is_seen_by_a_manager_but_lifted_by_an_administrator_alone():
    halted = SendingHaltFactory(organization=None)
    manager, root = member(OrganizationFactory(), Role.OWNER), client_of(UserFactory(is_superuser=True))
    lifting = reverse("admin:campaigns_sendinghalt_resume_sending", args=[halted.pk])

    assert manager.get(reverse("admin:campaigns_sendinghalt_change", args=[halted.pk])).status_code == 200
    assert press(manager, lifting, reason="").status_code == 403
    press(root, lifting, reason="")
    halted.refresh_from_db()
    assert not halted.is_in_force


def test_the_line_above_every_page_leads_to_lifting_for_who_may_and_to_the_stop_for_others():
    halted = SendingHaltFactory()
    manager, viewer = member(halted.organization, Role.MANAGER), member(halted.organization, Role.VIEWER)
    lifting, page = (
        reverse(f"admin:campaigns_sendinghalt_{name}", args=[halted.pk]) for name in ("resume_sending", "change")
    )

    above = [client.get(reverse("admin:index")).content.decode() for client in (manager, viewer)]

    assert [f'href="{lifting}"' in each for each in above] == [True, False]
    assert [f'href="{page}"' in each for each in above] == [False, True]


def test_who_runs_the_installation_is_told_by_name_to_no_organization(now):
    campaign = started_campaign(now=now)
    root = client_of(UserFactory(is_superuser=True, name="Root Boss", email="root@fairlead.example"))
    press(root, reverse("admin:campaigns_sendinghalt_stop_sending"), whose="system", reason="fire")
    halted = SendingHalt.objects.get()
    listed = reverse("admin:campaigns_sendinghalt_changelist")
    page, history = (reverse(f"admin:campaigns_sendinghalt_{name}", args=[halted.pk]) for name in ("change", "history"))
    owner = member(campaign.organization, Role.OWNER)
    key = key_client(Role.OWNER, campaign.organization)

    shown = [owner.get(address).content.decode() for address in (listed, page, history)]
    told = key.get(f"/api/v1/campaigns/{campaign.pk}/sending-status").json()

    assert [name for name in ("Root Boss", "root@fairlead.example") if name in f"{shown}{told}"] == []
    assert "was stopped: fire" in str(told)
    in_list_and_above = (shown[0].count(page), owner.get(f"{listed}?q=Root").content.decode().count(page))
    assert in_list_and_above == (2, 1)  # the line above every page is always there
    assert "Root Boss" in root.get(history).content.decode()


def test_a_key_stops_and_resumes_its_organization_but_not_the_system():
    client = key_client(Role.MANAGER)
    system = SendingHaltFactory(organization=None, halted_by="root@fairlead.example")

    made = client.post("/api/v1/sending-halts", {"reason": "wrong list"}, format="json")
    shown = client.get("/api/v1/sending-halts?in_force=true").json()["results"]
    everywhere = client.post("/api/v1/sending-halts", {"reason": "x", "everywhere": True}, format="json")
    lifted = client.post(f"/api/v1/sending-halts/{made.json()['id']}/lift", {}, format="json")

    assert (made.status_code, made["Location"]) == (201, f"/api/v1/sending-halts/{made.json()['id']}")
    assert [(each["is_everywhere"], each["halted_by"]) for each in shown] == [
        (False, "test manager"), (True, "system administrator")
    ]  # fmt: skip
    assert (everywhere.status_code, lifted.json()["is_in_force"]) == (403, False)
    assert client.post(f"/api/v1/sending-halts/{system.pk}/lift", {}, format="json").status_code == 403


def test_the_commands_stop_and_resume_and_say_so_by_exit_code(now):
    campaign = CampaignFactory()
    slug = campaign.organization.slug

    assert json.loads(run("stop_sending", "--organization", slug, "--reason", "x", "--dry-run", "--json"))["dry_run"]
    assert not SendingHalt.objects.exists()
    assert "is stopped" in run("stop_sending", "--organization", slug, "--reason", "x", "--yes")
    assert SendingHalt.objects.in_force().get().organization == campaign.organization
    assert "leaves again" in run("resume_sending", "--organization", slug, "--yes")
    assert not SendingHalt.objects.in_force().exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["stop_sending", "--reason", "x"], 7),
        (["stop_sending", "--reason", "x", "--organization", "nobody", "--yes"], 3),
        (["resume_sending", "--yes"], 4),
    ],
)
def test_a_command_that_cannot_ends_with_the_code_that_says_why(arguments, code):
    with pytest.raises(CommandError) as refused:
        run(*arguments)

    assert refused.value.returncode == code


@pytest.mark.parametrize(("reason", "code"), [("again", 4), (" ", 2)])
def test_a_dry_run_of_a_stop_is_refused_as_the_stop_would_be(reason, code):
    stop(reason="first")

    with pytest.raises(CommandError) as refused:
        run("stop_sending", "--reason", reason, "--dry-run")

    assert (refused.value.returncode, SendingHalt.objects.count()) == (code, 1)

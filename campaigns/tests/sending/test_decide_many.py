"""The pile of uncertain mails: shown, counted, and decided about all at once."""

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from campaigns.delivery.memory import MemoryBackend
from campaigns.delivery.outcomes import Uncertain
from campaigns.ledger import ledger
from campaigns.models import Message
from campaigns.sending.decide import Decision, decide_uncertain
from campaigns.sending.evidence import confirm
from campaigns.tests.sending.sending import Road, send_all, started_campaign
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import member, press
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def now():
    return timezone.now()


def uncertain_campaign(now, people=3, **fields):
    campaign = started_campaign(people=people, steps=2, now=now, **fields)
    send_all(campaign, Road(MemoryBackend(answers=[Uncertain("timeout")] * people)))
    return campaign


@pytest.mark.parametrize(
    ("decision", "status", "action"),
    [("treat_as_sent", "sent", "message.treated_as_sent"), ("send_again", "pending", "message.sent_again")],
)
def test_all_are_decided_alike_and_each_has_its_audit_row(now, decision, status, action):
    campaign = uncertain_campaign(now)

    decided = decide_uncertain(
        messages=Message.objects.uncertain(), decision=Decision(decision), actor=SYSTEM, now=now, reason="log read"
    )

    assert (decided, set(Message.objects.values_list("status", flat=True))) == (3, {status})
    assert AuditLog.objects.filter(action=action, reason="log read").count() == 3
    assert ledger(campaign).adds_up


def test_what_evidence_has_settled_meanwhile_is_left_alone(now):
    uncertain_campaign(now)
    confirm(message_ids=[Message.objects.first().pk], at=now)

    decided = decide_uncertain(messages=Message.objects.all(), decision=Decision.SEND_AGAIN, actor=SYSTEM, now=now)

    assert (decided, Message.objects.filter(status="sent").count()) == (2, 1)


def test_the_sidebar_counts_those_of_the_own_organization(now):
    campaign, other = uncertain_campaign(now, people=2), uncertain_campaign(now, people=5)
    page = member(campaign.organization, Role.VIEWER).get(reverse("admin:campaigns_message_changelist"))

    items = [item for group in page.context["sidebar_navigation"] for item in group["items"]]

    assert [item["badge"] for item in items if item["title"] == "Uncertain"] == ["2"]
    assert other.organization != campaign.organization


def test_a_manager_decides_about_those_of_one_campaign_or_of_all_and_of_no_other_organization(now):
    first = uncertain_campaign(now, people=2)
    second = uncertain_campaign(now, people=1, organization=first.organization)
    theirs = uncertain_campaign(now, people=1)
    manager = member(first.organization, Role.MANAGER)
    as_sent, again = (reverse(f"admin:campaigns_message_{name}") for name in ("treat_all_as_sent", "send_all_again"))

    press(manager, as_sent, which=theirs.pk, reason="")
    assert ledger(theirs).uncertain == 1
    press(manager, as_sent, which=second.pk, reason="")
    assert (ledger(first).uncertain, ledger(second).uncertain) == (2, 0)
    press(manager, again, which="all", reason="")

    assert (ledger(first).uncertain, ledger(theirs).uncertain) == (0, 1)
    assert "Send uncertain again" not in manager.get(reverse("admin:campaigns_message_changelist")).content.decode()


def test_a_key_lists_the_pile_and_decides_about_named_messages(now):
    campaign = uncertain_campaign(now)
    client = key_client(Role.MANAGER, campaign.organization)
    sent = Message.objects.last()
    confirm(message_ids=[sent.pk], at=now)
    listed = client.get(f"/api/v1/uncertain-messages?campaign={campaign.pk}").json()["results"]

    answer = client.post(
        "/api/v1/uncertain-messages/decide",
        {"decision": "treat_as_sent", "messages": [listed[0]["id"], sent.pk, 987_654]},
        format="json",
    )

    assert ([each["campaign"] for each in listed], answer.json()) == ([campaign.pk] * 2, {"decided": 1})


@pytest.mark.parametrize("which", [{}, {"all": True, "messages": [1]}])
def test_a_key_has_to_say_in_one_way_which_are_meant(which):
    answer = key_client(Role.MANAGER).post(
        "/api/v1/uncertain-messages/decide", {"decision": "send_again", **which}, format="json"
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "selection_unclear")


def test_the_command_decides_after_a_yes_and_not_without(now):
    campaign = uncertain_campaign(now)
    out = io.StringIO()

    call_command("decide_uncertain", "--treat-as-sent", "--campaign", str(campaign.pk), "--dry-run", stdout=out)
    with pytest.raises(CommandError) as refused:
        call_command("decide_uncertain", "--send-again", "--organization", campaign.organization.slug)
    assert (refused.value.returncode, ledger(campaign).uncertain) == (7, 3)
    arguments = ("--send-again", "--organization", campaign.organization.slug, "--yes", "--json")
    counted = io.StringIO()
    call_command("decide_uncertain", *arguments, stdout=counted)

    assert "3 uncertain mails would be decided" in out.getvalue()
    assert (json.loads(counted.getvalue())["decided"], ledger(campaign).uncertain) == (3, 0)

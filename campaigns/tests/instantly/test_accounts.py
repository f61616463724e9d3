"""The key for Instantly, and campaigns that were made there."""

import re
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from campaigns import lifecycle
from campaigns.errors import StartRefused
from campaigns.models import Campaign, Handover, InstantlyAccount
from campaigns.providers.instantly.accounts import (
    check_account,
    key_has_changed,
    pause_account,
    remove_account,
    resume_account,
)
from campaigns.providers.instantly.discover import discover, take_over
from campaigns.providers.instantly.wanted import due_handovers
from campaigns.tests.factories import NOON, InstantlyAccountFactory, MembershipFactory
from campaigns.tests.instantly.fake_instantly import Reply
from campaigns.tests.instantly.prepare import start, work
from campaigns_project.audit.actors import SYSTEM
from campaigns_project.audit.models import AuditLog
from campaigns_project.errors import NotFound, StateRefused
from campaigns_project.tests.admin.browsers import client_of, press
from campaigns_project.tests.rest.clients import key_client

pytestmark = pytest.mark.django_db
THEIRS = {"name": "Made there", "campaign_schedule": {"schedules": []}}


def test_a_key_is_checked_by_the_workspace_it_is_of(instantly):
    account = InstantlyAccountFactory()

    assert check_account(account=account, actor=SYSTEM) is None

    assert (account.workspace, account.workspace_name, account.last_error) == ("workspace-1", "Acme", "")


@pytest.mark.parametrize(
    ("status", "code"), [(401, "provider_key_refused"), (402, "provider_no_plan"), (403, "provider_not_allowed")]
)
def test_what_instantly_says_against_a_key_is_kept_with_it(instantly, status, code):

    account = InstantlyAccountFactory()
    said = {"statusCode": status, "error": "No", "message": "not with this key master-key"}
    instantly.next_reply("workspaces/current", Reply(status, said))

    refused = check_account(account=account, actor=SYSTEM)

    assert refused is not None
    assert refused.code == code
    assert "not with this key …" in account.last_error
    assert "master-key" not in str(AuditLog.objects.get().after)


def test_what_cannot_be_a_key_is_not_sent_to_instantly(instantly):
    account = InstantlyAccountFactory(api_key="master\r\nX-Else: key")

    refused = check_account(account=account, actor=SYSTEM)

    assert refused is not None
    assert refused.code == "provider_key_refused"
    assert instantly.calls == []


def test_a_key_of_another_workspace_is_refused_while_campaigns_are_in_the_first(instantly, campaign):
    start(campaign)
    work(campaign)
    account = InstantlyAccount.objects.get()
    instantly.keys["other-key"] = "workspace-2"
    InstantlyAccount.objects.update(api_key="other-key")
    account.refresh_from_db()
    key_has_changed(account)

    refused = check_account(account=account, actor=SYSTEM)

    assert refused is not None
    assert (refused.code, account.workspace) == ("another_workspace", "workspace-1")


def test_a_paused_account_pauses_its_campaigns_there_and_resuming_it_lets_them_go_on(instantly, campaign):
    start(campaign)
    work(campaign)
    account = InstantlyAccount.objects.get()
    seen = []

    for act in (pause_account, resume_account):
        act(account=account, actor=SYSTEM)
        assert due_handovers(now=NOON) == [campaign.pk]
        work(campaign)
        seen.append(next(iter(instantly.campaigns.values()))["status"])

    assert seen == [2, 1]


def test_a_key_stays_while_a_campaign_is_delivered_with_it(instantly, campaign):
    start(campaign)
    work(campaign)
    account = InstantlyAccount.objects.get()

    with pytest.raises(StateRefused, match="Instantly delivers campaign"):
        remove_account(account=account, actor=SYSTEM)
    lifecycle.stop(campaign=campaign, actor=SYSTEM, now=NOON)
    with pytest.raises(StateRefused):
        remove_account(account=account, actor=SYSTEM)
    work(campaign)
    remove_account(account=account, actor=SYSTEM)

    assert (InstantlyAccount.objects.count(), Handover.objects.get().account) == (0, None)


def test_campaigns_made_there_are_found_and_taken_over_once_to_be_looked_at(instantly, campaign):
    start(campaign)
    work(campaign)
    theirs = instantly.add_campaign(THEIRS)
    home = campaign.organization

    found = {each.name: each.campaign for each in discover(home)}
    made = [take_over(organization=home, numbers=None, actor=SYSTEM, now=NOON) for _ in range(2)]

    assert sorted(map(str, found.values())) == sorted([str(campaign.pk), "None"])
    assert [len(each) for each in made] == [1, 0]
    taken = made[0][0]
    assert (taken.name, taken.auto_discovered, taken.instantly_campaign_id) == ("Made there", True, theirs["id"])
    with pytest.raises(StartRefused) as refused:
        lifecycle.start(campaign=taken, actor=SYSTEM, now=NOON)
    assert [problem["code"] for problem in refused.value.details["problems"]] == ["discovered"]
    with pytest.raises(NotFound):
        take_over(organization=home, numbers=["nobodys"], actor=SYSTEM, now=NOON)


def test_the_api_lists_and_takes_over(instantly):
    account = InstantlyAccountFactory()
    theirs = instantly.add_campaign(THEIRS)
    client, path = key_client(organization=account.organization), f"/api/v1/instantly-accounts/{account.pk}/campaigns"

    listed = client.get(path).json()
    made = client.post(path, {"ids": [theirs["id"]]})

    assert listed == [{"id": theirs["id"], "name": "Made there", "status": "draft", "campaign": None}]
    assert (made.status_code, made.json()) == (201, {"campaigns": [Campaign.objects.get().pk]})


def test_the_page_takes_over_what_is_ticked(instantly):
    account = InstantlyAccountFactory()
    theirs = instantly.add_campaign(THEIRS)
    person = MembershipFactory(organization=account.organization).user

    address = reverse("admin:campaigns_instantlyaccount_discover", args=[account.pk])
    press(client_of(person), address, numbers=[theirs["id"]])

    assert Campaign.objects.get().auto_discovered
    assert AuditLog.objects.filter(action="campaign.discovered").count() == 1


def test_the_page_offers_nothing_where_nothing_can_be_taken_over(instantly):
    account = InstantlyAccountFactory()
    browser = client_of(MembershipFactory(organization=account.organization, role="manager").user)

    page = browser.get(reverse("admin:campaigns_instantlyaccount_discover", args=[account.pk])).content.decode()

    assert "The workspace has no campaign that is not known here." in page
    assert re.search(r'<button type="submit"[^>]* disabled>\s*Take over', page)


def test_the_commands_push_and_discover(instantly, campaign):
    start(campaign)
    instantly.add_campaign(THEIRS)
    out = StringIO()

    call_command("push_campaign", str(campaign.pk), stdout=out)
    call_command("discover_campaigns", "--organization", campaign.organization.slug, "--all", stdout=out)

    assert "Told last: active. 3 people there" in out.getvalue()
    assert Campaign.objects.filter(auto_discovered=True).count() == 1

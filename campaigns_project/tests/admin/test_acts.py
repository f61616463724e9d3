"""Acts stand behind POST dialogs, and only their POST does anything."""

import re
import time
from typing import Any

from django.contrib import admin
from django.core.signing import TimestampSigner, b62_encode
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.tests.factories import UserFactory
from campaigns_project.accounts.admin.undo import STAMP
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.admin.browsers import client_of, member, press
from campaigns_project.tests.admin.conftest import World


class EarlierSigner(TimestampSigner):
    """As eleven minutes ago."""

    def timestamp(self) -> str:
        return b62_encode(int(time.time()) - 11 * 60)


def every_unfold_action() -> list[Any]:
    found = []
    for model_admin in admin.site._registry.values():
        for kind in ("list", "detail", "row", "submit_line"):
            found.extend(getattr(model_admin, f"_get_base_actions_{kind}")())
    return found


def test_every_unfold_action_has_a_dialog_since_a_plain_one_runs_on_get() -> None:
    actions = every_unfold_action()

    assert [action.action_name for action in actions if not action.dialog] == []
    assert len(actions) > 15


def test_no_list_offers_an_act_on_many_rows_at_once() -> None:
    offered = {str(model._meta): found.actions for model, found in admin.site._registry.items() if found.actions}

    assert offered == {}


def test_every_act_is_offered_by_its_dialog_and_not_by_a_permission_that_nobody_checks() -> None:
    assert [action.action_name for action in every_unfold_action() if not hasattr(action.method, "offered")] == []


def test_what_takes_an_act_back_is_an_act_of_the_same_page() -> None:
    forms = {
        action.action_name: action.dialog["form_class"]
        for found in admin.site._registry.values()
        for action in found._get_base_actions_detail()
    }
    undone = {(name, f"{name.rpartition('_')[0]}_{form.undone_by}") for name, form in forms.items() if form.undone_by}

    assert {by for _, by in undone} - set(forms) == set()
    assert ("campaigns_campaign_pause", "campaigns_campaign_resume") in undone


def test_a_pause_is_taken_back_for_ten_minutes_by_the_button_beside_the_sentence_that_tells_of_it(
    world: World,
) -> None:
    browser = member(world.organization, Role.MANAGER)
    Campaign.objects.filter(pk=world.campaign.pk).update(status="running", started_at=timezone.now(), paused_at=None)
    page = reverse("admin:campaigns_campaign_change", args=[world.campaign.pk])
    press(browser, reverse("admin:campaigns_campaign_pause", args=[world.campaign.pk]))
    shown = browser.get(page).content.decode()
    form = re.search(r'<form method="post" action="([^"]+)" class="fl-undo">(.*?)</form>', shown, re.DOTALL)
    assert form is not None
    said = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form[2]))

    late = browser.post(form[1], {**said, STAMP: EarlierSigner(salt="fairlead.undo").sign(form[1])}).content.decode()
    in_time = browser.post(form[1], said)

    assert "which have passed" in late
    assert (in_time.status_code, in_time["Location"]) == (302, page)
    world.campaign.refresh_from_db()
    assert world.campaign.status == "running"
    told = AuditLog.objects.about(world.campaign).filter(action="campaign.resumed").values_list("reason", flat=True)
    assert list(told) == ["Undone"]


def test_a_dialog_opened_by_its_address_has_a_page_around_it(root: Client, world: World) -> None:
    page = root.get(reverse("admin:campaigns_campaign_duplicate", args=[world.campaign.pk])).content.decode()

    assert "<html" in page
    assert "Make the copy" in page


def test_a_dialog_fetched_by_a_button_is_the_dialog_alone(root: Client, world: World) -> None:
    address = reverse("admin:campaigns_campaign_duplicate", args=[world.campaign.pk])

    dialog = root.get(address, headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in dialog
    assert 'role="dialog"' in dialog


def test_a_post_without_a_csrf_token_is_refused(world: World) -> None:
    browser = client_of(UserFactory(is_superuser=True))
    browser.handler.enforce_csrf_checks = True

    address = reverse("admin:campaigns_campaign_duplicate", args=[world.campaign.pk])

    answer = browser.post(address, {"name": "Copy", "_form_submitted": "on"})

    assert answer.status_code == 403
    assert Campaign.objects.count() == 1


def test_an_act_that_is_done_leads_on_and_says_so(root: Client, world: World) -> None:
    address = reverse("admin:campaigns_campaign_duplicate", args=[world.campaign.pk])

    answer = root.post(address, {"name": "The copy", "_form_submitted": "on"}, headers={"HX-Request": "true"})

    copy = Campaign.objects.get(name="The copy")
    page = root.get(answer["HX-Redirect"]).content.decode()
    assert answer["HX-Redirect"] == reverse("admin:campaigns_campaign_change", args=[copy.pk])
    assert "is a draft with the same content" in page
    assert 'role="status"' in page

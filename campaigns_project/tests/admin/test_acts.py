"""Acts stand behind POST dialogs, and only their POST does anything."""

from typing import Any

from django.contrib import admin
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign
from campaigns.tests.factories import UserFactory
from campaigns_project.tests.admin.browsers import client_of
from campaigns_project.tests.admin.conftest import World


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

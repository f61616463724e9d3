"""Deleting a campaign in a real browser, from its page to the result."""

import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page

from campaigns.tests.factories import CampaignFactory, MembershipFactory, RecipientFactory
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.chromium import IN_A_BROWSER, PHONE, signed_in, width_of

pytestmark = IN_A_BROWSER


@pytest.fixture
def page(transactional_db: None, live_server: Any, chromium: Browser) -> Iterator[Page]:
    """Where a campaign that was stopped is deleted, in the browser of its manager."""
    now = timezone.now()
    used = CampaignFactory(name="Autumn", status="stopped", started_at=now, emails_sent=1)
    RecipientFactory(campaign=used)
    manager = MembershipFactory(organization=used.organization, role=Role.MANAGER).user
    with signed_in(chromium, live_server.url, manager) as shown:
        shown.goto(f"/admin/campaigns/campaign/{used.pk}/change/")
        shown.click(".fl-buttons >> text=Delete")
        shown.wait_for_selector("h2 >> text=Delete campaign “Autumn”")
        yield shown


def test_a_campaign_is_taken_out_and_deleted_and_the_result_says_so(page: Page) -> None:
    with page.expect_download() as download:
        page.click("text=Export everything first (ZIP)")
    assert "people.csv" in zipfile.ZipFile(download.value.path()).namelist()

    page.fill("[name=reason]", "The season is over.")
    page.fill("[name=confirm_name]", "Autumn")
    page.click("text=Delete 2 records")

    page.wait_for_selector("#live >> text=Deleted 2 records of “Autumn”")
    page.click("text=To the campaigns")
    page.wait_for_selector(".fl-empty")  # the list has none


def test_on_a_phone_nothing_sticks_out(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.reload()
    page.wait_for_selector("[name=confirm_name]")

    assert width_of(page) == PHONE["width"]

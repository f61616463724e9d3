"""Deleting a campaign in a real browser, from its page to the result."""

import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, sync_playwright

from campaigns.tests.admin.test_browser import ARGUMENTS, CHROMIUM, PHONE
from campaigns.tests.factories import CampaignFactory, MembershipFactory, RecipientFactory
from campaigns_project.accounts.roles import Role

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium, or any on the PATH"),
]


@pytest.fixture
def page(transactional_db: None, live_server: Any) -> Iterator[Page]:
    """The page of a campaign that was stopped, in the browser of its manager; a script error fails the test."""
    now = timezone.now()
    used = CampaignFactory(name="Autumn", status="stopped", started_at=now, emails_sent=1)
    RecipientFactory(campaign=used)
    MembershipFactory(user__email="manager@example.com", organization=used.organization, role=Role.MANAGER)
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        shown = browser.new_context(accept_downloads=True).new_page()
        shown.on("pageerror", lambda error: errors.append(str(error)))
        shown.goto(f"{live_server.url}/admin/campaigns/campaign/{used.pk}/change/")
        shown.fill("[name=username]", "manager@example.com")
        shown.fill("[name=password]", "correct horse battery")
        shown.click("button[type=submit]")
        shown.click(".fl-buttons >> text=Delete")
        shown.wait_for_selector("h1 >> text=Delete campaign “Autumn”")
        yield shown
        browser.close()
    assert errors == []


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

    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

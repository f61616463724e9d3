"""The steps of an import, and a list, in a real browser: what scripts and styles do, and what a phone shows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from campaigns.tests.factories import MembershipFactory, OrganizationFactory
from campaigns_project.accounts.models import Organization
from campaigns_project.accounts.roles import Role
from campaigns_project.tests.chromium import IN_A_BROWSER, PHONE, signed_in, width_of
from leads.models import Segment
from leads.tests.slow import far_apart, slow_segment

pytestmark = IN_A_BROWSER


@pytest.fixture
def home(transactional_db: None) -> Organization:
    return OrganizationFactory()


@pytest.fixture
def slow(home: Organization) -> Iterator[Segment]:
    """A segment of nobody, which takes more than one page to say so."""
    far_apart(home)
    with slow_segment(home) as segment:
        segment.rules["groups"][0]["rules"][0]["operator"] = "is_not"
        segment.save()
        yield segment


@pytest.fixture
def page(home: Organization, live_server: Any, chromium: Browser) -> Iterator[Page]:
    """The first step, for an operator."""
    operator = MembershipFactory(organization=home, role=Role.OPERATOR).user
    with signed_in(chromium, live_server.url, operator) as shown:
        shown.goto("/admin/leads/leadimport/add/")
        shown.wait_for_selector(".fl-drop")
        yield shown


def test_a_file_goes_through_its_steps_and_nothing_sticks_out_on_a_phone(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("E-mail;Name;Shoe size\nana@acme.example;Ana;39\nwrong;Bo;40\n")
    widths = {"file": width_on_a_phone(page)}

    page.set_input_files("input[type=file]", file)
    page.wait_for_selector(".fl-drop >> text=people.csv")
    page.click("text=Continue")
    page.wait_for_url("**/upload/")
    widths["recognized"] = width_on_a_phone(page)
    page.click("text=Continue to the columns")
    page.wait_for_url("**/map/")
    named = [page.is_visible(f"[name=name_{position}]") for position in range(3)]
    page.select_option("[name=target_2]", "ignore")
    named.append(page.is_visible("[name=name_2]"))
    widths["columns"] = width_on_a_phone(page)
    page.click("text=Continue to the options")
    page.wait_for_url("**/options/")
    widths["options"] = width_on_a_phone(page)
    page.click("text=Check what would happen")
    page.wait_for_url("**/dry-run/")
    widths["check"] = width_on_a_phone(page)

    page.wait_for_selector("text=2 rows waiting for a worker")
    assert named == [False, False, True, False]
    assert set(widths.values()) == {PHONE["width"]}, widths


def width_on_a_phone(page: Page) -> int:
    before = page.viewport_size
    page.set_viewport_size(PHONE)
    width = width_of(page)
    page.set_viewport_size(before)  # type: ignore[arg-type]
    return width


def test_a_list_in_which_nobody_was_found_yet_is_looked_through_by_itself(
    slow: Segment, page: Page, live_server: Any
) -> None:
    page.goto(f"{live_server.url}/admin/leads/lead/?segment={slow.pk}")

    page.wait_for_selector("text=Nothing matches")
    assert "nobody=1" in page.url

"""A campaign's page in a real browser: what scripts do, and what a phone shows."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from campaigns.tests.factories import (
    CampaignFactory,
    CampaignSenderFactory,
    MembershipFactory,
    RecipientFactory,
    VariantFactory,
)
from campaigns_project.accounts.roles import Role
from campaigns_project.audit.models import AuditLog
from campaigns_project.tests.chromium import IN_A_BROWSER, PHONE, signed_in, width_of

pytestmark = IN_A_BROWSER
MANAGER = "manager@example.com"


@pytest.fixture
def campaign(transactional_db: None) -> Any:
    """A draft that could start."""
    draft = CampaignFactory(name="Autumn", active_leads_count=1, total_recipients=1)
    VariantFactory(step__campaign=draft)
    RecipientFactory(campaign=draft)
    CampaignSenderFactory(campaign=draft)
    return draft


@pytest.fixture
def page(campaign: Any, live_server: Any, chromium: Browser) -> Iterator[Page]:
    """The campaign's page, in the browser of its manager."""
    manager = MembershipFactory(user__email=MANAGER, organization=campaign.organization, role=Role.MANAGER).user
    with signed_in(chromium, live_server.url, manager) as shown:
        shown.goto(f"/admin/campaigns/campaign/{campaign.pk}/change/")
        shown.wait_for_selector("#live")
        yield shown


def test_a_campaign_is_started_from_its_dialog(page: Page) -> None:
    page.click(".fl-buttons >> text=Start")
    page.wait_for_selector("#dialog [data-autofocus]:focus")  # a stray Enter cancels and starts nothing

    page.click("#dialog >> text=Start \N{EN DASH} email 1 person")

    page.wait_for_selector("[role=status] >> text=“Autumn” is running")


def test_escape_closes_a_dialog_and_the_cancel_button_too(page: Page) -> None:
    for close in (lambda: page.keyboard.press("Escape"), lambda: page.click("#dialog >> text=Cancel")):
        page.click(".fl-buttons >> text=Duplicate")
        page.wait_for_selector("#dialog", state="visible")

        close()

        page.wait_for_selector("#dialog", state="hidden")


def test_a_long_dialog_keeps_its_title_and_its_buttons_in_sight(page: Page) -> None:
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text) if line.type == "error" else None)

    page.click(".fl-buttons >> text=Lead source")
    page.wait_for_selector("#dialog [data-autofocus]:focus")

    title, buttons = (page.locator(part).bounding_box() for part in (".fl-dialog-head", ".fl-dialog-foot"))
    assert title and buttons and page.viewport_size
    assert title["y"] >= 0
    assert buttons["y"] + buttons["height"] <= page.viewport_size["height"]
    assert said == []


def test_an_act_of_the_list_of_leads_is_about_those_that_are_picked(page: Page, live_server: Any) -> None:
    page.goto(f"{live_server.url}/admin/leads/lead/")

    page.check("[data-pick]")
    page.click("[data-of-picked] >> text=Untag")

    page.wait_for_selector("#dialog >> text=1 lead: those you picked")


def test_the_page_follows_what_happens_and_its_buttons_do_too(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    other.click(".fl-buttons >> text=Start")
    other.click("#dialog >> text=Start \N{EN DASH}")
    other.wait_for_selector(".fl-buttons >> text=Pause")

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    page.wait_for_selector(".fl-buttons >> text=Pause")
    page.wait_for_selector("#campaign-head >> text=Running")


def test_when_the_server_is_out_of_reach_the_page_says_so_and_recovers(page: Page) -> None:
    page.context.set_offline(True)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("#live-trouble >> text=Live updates have stopped", state="visible")
    page.context.set_offline(False)

    page.click("#live-trouble >> text=Try again")

    page.wait_for_selector("#live-trouble", state="hidden")


def test_after_the_session_ended_a_button_leads_to_the_login_and_back(page: Page) -> None:
    page.context.clear_cookies()

    page.click(".fl-buttons >> text=Duplicate")

    page.wait_for_url("**/admin/login/?next=*change*")
    page.fill("[name=username]", MANAGER)
    page.fill("[name=password]", "correct horse battery")
    page.click("button[type=submit]")
    page.wait_for_selector("#live")


def test_a_form_that_outlasted_its_session_is_kept_until_its_writer_has_logged_in_elsewhere(
    page: Page, campaign: Any
) -> None:
    MembershipFactory(user__email="another@example.com", organization=campaign.organization, role=Role.MANAGER)
    page.goto(page.url.replace("change", "settings"))
    page.fill("[name=description]", "Long thought about")
    page.evaluate("Date.now = () => performance.timeOrigin + 3_600_000")
    page.context.clear_cookies()

    page.click("[name=_save]")
    with page.expect_popup() as opened:
        page.click("text=Log in in another tab")
    other = opened.value
    _log_in(other, "another@example.com")
    page.click("[name=_save]")
    page.wait_for_selector("#fl-alert >> text=Go on as another@example.com")
    other.context.clear_cookies()
    other.goto("/admin/login/")
    _log_in(other, MANAGER)
    page.click("[name=_save]")

    page.wait_for_selector("#live")
    campaign.refresh_from_db()
    assert campaign.description == "Long thought about"
    [saved] = AuditLog.objects.filter(entity_type="campaign", after__has_key="description")
    assert saved.actor_name == MANAGER


def _log_in(page: Page, email: str) -> None:
    page.fill("[name=username]", email)
    page.fill("[name=password]", "correct horse battery")
    page.click("button[type=submit]")
    page.wait_for_url("**/admin/")


def test_on_a_phone_nothing_sticks_out(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.reload()
    page.wait_for_selector("#live")

    assert width_of(page) == PHONE["width"]


def test_a_window_as_wide_as_a_laptop_shows_the_sidebar_beside_the_page(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 800})
    page.reload()

    page.wait_for_selector("#nav-sidebar >> text=Suppressions", state="visible")


SIMPLE = [
    '<p>Hi {{ first_name | default: "there" }},</p>\n<p>{% if company and 2 > 1 %}A &amp; B{% endif %}<br>x</p>',
    "<div>Hi <b>Ana</b>, <a href='https://a.example/?c={{ company | url_encode }}&amp;d=1'>look</a></div>",
    "<p>One <i>two</i>\n   three</p>\n\n<ul>\n  <li>a</li>\n  <li>{{ city }}</li>\n</ul>\n<p>Nbsp:&nbsp;x</p>",
]
LAID_OUT = [
    "<!doctype html><html><body><p>Hi</p></body></html>",
    "<table><tr><td>Hi</td></tr></table>",
    '<p style="color: red">Hi</p>',
    "<ul>{% for word in words %}<li>{{ word }}</li>{% endfor %}</ul>",
    "<p>{{ first<b>_name</b> }}</p>",
    "<p>Hi</p><!-- a note -->",
]


def test_the_visual_mode_takes_nothing_from_a_mail_and_never_opens_one_with_a_layout(page: Page, campaign: Any) -> None:
    variant = campaign.steps.get().variants.get()
    page.goto(f"/admin/campaigns/variant/{variant.pk}/change/")
    area, surface = page.locator("#id_body_html"), page.locator("[data-visual]")

    def looked_at(source: str) -> tuple[bool, str]:
        """Whether it opens in the visual mode, and what the form holds after that."""
        page.click("[data-mode=code]")
        area.fill(source)
        page.locator("[data-mode=visual]").click(force=True)
        return surface.is_visible(), area.input_value()

    assert [looked_at(source) for source in SIMPLE] == [(True, source) for source in SIMPLE]
    assert [looked_at(source) for source in LAID_OUT] == [(False, source) for source in LAID_OUT]

    looked_at(SIMPLE[0])
    surface.press("Control+End")
    surface.press_sequentially("!")
    page.wait_for_selector("#preview [data-of=mail]")
    assert area.input_value() == SIMPLE[0].replace("<br>x", "<br>x!")


def test_what_was_typed_and_not_saved_is_offered_again_until_it_is_saved(page: Page, campaign: Any) -> None:
    variant = campaign.steps.get().variants.get()
    page.goto(f"/admin/campaigns/variant/{variant.pk}/change/")
    page.on("dialog", lambda asking: asking.accept())
    page.click("[data-mode=code]")
    page.fill("#id_body_html", "<p>Typed for an hour</p>")
    page.reload()
    page.wait_for_selector("text=that was not saved")

    page.click("[data-draft-restore]")

    assert page.input_value("#id_body_html") == "<p>Typed for an hour</p>"
    assert page.inner_text("[data-visual]").strip() == "Typed for an hour"
    page.click("#submit-row [name=_continue]")
    page.wait_for_selector("[role=status] >> text=was changed successfully")
    assert page.locator("[data-draft]").is_hidden()
    assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('fairleadDraft'))") == []

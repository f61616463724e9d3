"""What tests in a real browser share: which one, who is logged in, and how wide a phone is.

A module of such tests says `pytestmark = IN_A_BROWSER` and asks for `chromium`, which starts once for the module; each
test has pages of its own in it, without the cookies of another.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from campaigns_project.accounts.models import User

EXECUTABLE = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
IN_A_BROWSER = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(EXECUTABLE is None, reason="needs Debian's chromium, or any on the PATH"),
]
PHONE: ViewportSize = {"width": 360, "height": 740}


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser without a window."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps a loop of events in this thread, for which Django would refuse every query.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=SWITCHES)
        yield browser
        browser.close()


@contextmanager
def signed_in(browser: Browser, address: str, user: User, **options: Any) -> Iterator[Page]:
    """A page for somebody who has logged in to the server at `address`; an error in a script fails the test.

    `options` are those of Playwright's `new_context`.
    """
    errors: list[str] = []
    client = Client()
    client.force_login(user, backend="campaigns_project.accounts.backends.PasswordAndCode")
    session = client.cookies[settings.SESSION_COOKIE_NAME]
    with browser.new_context(base_url=address, **options) as context:
        context.add_cookies([{"name": session.key, "value": session.value, "url": address}])
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    assert errors == []


def width_of(page: Page) -> Any:
    """How wide the whole page is, in pixels: more than the window's where something sticks out."""
    return page.evaluate("document.documentElement.scrollWidth")

"""The mailbox in a real browser: what is in a mail neither runs nor calls home, and new mails appear by themselves."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from campaigns.tests.factories import UserFactory
from campaigns_project.runtime.mailbox.server import Maildir
from campaigns_project.tests.chromium import IN_A_BROWSER, PHONE, signed_in, width_of

pytestmark = IN_A_BROWSER


@pytest.fixture
def maildir(settings, tmp_path: Path) -> Maildir:
    settings.MAILBOX_DIR = tmp_path
    return Maildir(tmp_path)


@pytest.fixture
def page(live_server, maildir: Maildir, chromium: Browser) -> Iterator[Page]:
    """A page with a phone's width, of somebody who is logged in."""
    with signed_in(chromium, live_server.url, UserFactory(), viewport=PHONE) as shown:
        yield shown


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A server a mail may want to call: its address, and the paths it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            """Nothing on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()


def keep(maildir: Maildir, subject: str, html: str = "<p>Hi</p>") -> None:
    data = f"From: ana@example.com\r\nSubject: {subject}\r\nContent-Type: text/html\r\n\r\n{html}\r\n"
    maildir.keep(
        mail_from="a@example.com", rcpt_to=["a.very.long.local.part@a-long-name.example.org"], data=data.encode()
    )


def test_looking_at_a_mail_runs_and_loads_nothing_of_it(page: Page, elsewhere: tuple[str, list[str]], maildir: Maildir):
    address, asked = elsewhere
    evil = f'<img src="{address}/image"><script>top.document.title = "pwned"</script><h1>Look at me</h1>'
    more = f'<iframe src="{address}/frame"></iframe><link rel=stylesheet href="{address}/style">'
    keep(maildir, "Evil", evil + more)

    page.goto("/mailbox/")
    page.get_by_text("Evil").click()

    expect(page.frame_locator("iframe").get_by_role("heading", name="Look at me")).to_be_visible()
    assert page.title() == "Evil · Fairlead"
    assert asked == []


def test_a_new_mail_appears_without_a_reload(page: Page, maildir: Maildir):
    page.goto("/mailbox/")
    expect(page.get_by_text("No mails yet")).to_be_visible()

    keep(maildir, "Just arrived")

    expect(page.get_by_text("Just arrived")).to_be_visible(timeout=30_000)
    expect(page.get_by_role("heading", name="1 mail")).to_be_visible()


@pytest.mark.parametrize("address", ["/mailbox/", "detail", "headers", "source", "/mailbox/?q=nothing"])
def test_nothing_needs_scrolling_sideways_on_a_phone(page: Page, maildir: Maildir, address: str):
    keep(maildir, "A long subject " * 8, "<p>" + "unbreakable" * 30 + "</p>")
    page.goto("/mailbox/" if not address.startswith("/") else address)
    if not address.startswith("/"):
        page.get_by_text("A long subject").click()
        page.goto(f"{page.url}?view={address}")

    assert width_of(page) == PHONE["width"]

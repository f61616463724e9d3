import re
from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from campaigns.tests.factories import UserFactory
from campaigns_project.runtime.mailbox.server import Maildir

pytestmark = pytest.mark.django_db
LIST = "/mailbox/"
HOSTILE = '<p>Hi</p><script>alert(1)</script><img src="http://tracker.example/p.gif"></iframe><b>\'"&amp;'


@pytest.fixture
def maildir(settings, tmp_path: Path) -> Maildir:
    settings.MAILBOX_DIR = tmp_path
    return Maildir(tmp_path)


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(UserFactory(is_staff=True))
    return client


def keep(maildir: Maildir, *, subject: str = "Hello", html: str = "<p>Hi</p>") -> str:
    data = f"From: ana@example.com\r\nSubject: {subject}\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}\r\n"
    return maildir.keep(mail_from="a@example.com", rcpt_to=["eva@example.org"], data=data.encode())


def detail(key: str, view: str = "") -> str:
    return reverse("mailbox:detail", kwargs={"key": key}) + (f"?view={view}" if view else "")


@pytest.mark.parametrize("name", ["list", "detail", "raw"])
def test_nobody_looks_in_without_a_staff_login(client: Client, maildir: Maildir, name: str):
    key = keep(maildir)
    address = reverse(f"mailbox:{name}", kwargs={} if name == "list" else {"key": key})
    answers = [client.get(address)]
    client.force_login(UserFactory(is_staff=False))
    answers.append(client.get(address))

    assert [(answer.status_code, answer["Location"].split("?")[0]) for answer in answers] == [
        (302, "/admin/login/")
    ] * 2


@pytest.mark.parametrize("name", ["list", "detail", "raw"])
def test_there_is_no_mailbox_where_mails_really_go_out(staff: Client, maildir: Maildir, settings, name: str):
    address = reverse(f"mailbox:{name}", kwargs={} if name == "list" else {"key": keep(maildir)})
    settings.SANDBOX = False

    assert staff.get(address).status_code == 404


def test_an_empty_mailbox_says_what_to_do(staff: Client, maildir: Maildir):
    page = staff.get(LIST).content.decode()

    assert "No mails yet" in page
    assert "Start a campaign" in page


def test_the_list_links_to_each_mail(staff: Client, maildir: Maildir):
    keys = [keep(maildir, subject=f"Mail {number}") for number in range(3)]

    page = staff.get(LIST).content.decode()

    assert "3 mails" in page
    assert all(detail(key) in page for key in keys)
    assert page.index("Mail 2") < page.index("Mail 0")


def test_a_search_keeps_its_words_on_the_next_page(staff: Client, maildir: Maildir):
    for _ in range(51):
        keep(maildir, subject="Found & kept")
    keep(maildir, subject="Other")

    page = staff.get(LIST, {"q": "found & kept"}).content.decode()

    assert "51 mails with" in page
    assert 'href="?q=found+%26+kept&amp;page=2"' in page


@pytest.mark.parametrize("page", ["x", "-1", "0", "99999999999999999999", "²"])
def test_a_page_number_that_is_none_shows_a_page(staff: Client, maildir: Maildir, page: str):
    keep(maildir)

    assert staff.get(LIST, {"page": page}).status_code == 200


def test_names_and_subjects_are_never_markup(staff: Client, maildir: Maildir):
    key = keep(maildir, subject="<script>alert(1)</script>")

    for address in (LIST, detail(key), detail(key, "headers"), detail(key, "source"), f"{LIST}?q=<script>alert(1)"):
        assert "<script>alert" not in staff.get(address).content.decode()


def test_a_mails_html_stays_inside_a_frame_that_loads_and_runs_nothing(staff: Client, maildir: Maildir):
    page = staff.get(detail(keep(maildir, html=HOSTILE))).content.decode()

    frame = re.search(r'<iframe sandbox title="[^"]+" srcdoc="([^"]*)"></iframe>', page)
    assert frame is not None
    inside = unescape(frame.group(1))
    assert inside.startswith('<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:;')
    assert "<script>" not in page.replace(frame.group(0), "")


@pytest.mark.parametrize("address", ["list", "detail"])
def test_the_page_itself_allows_no_foreign_script_or_image(staff: Client, maildir: Maildir, address: str):
    key = keep(maildir)

    policy = staff.get(LIST if address == "list" else detail(key))["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "img-src data:" in policy
    assert "unsafe-eval" not in policy
    assert re.search(r"script-src 'nonce-[^']+'", policy) or "script-src" not in policy


def test_links_of_the_mail_can_be_followed_from_a_list(staff: Client, maildir: Maildir):
    key = keep(maildir, html='<a href="https://example.com/a?b=1&amp;c=2">x</a><a href="javascript:alert(1)">y</a>')

    page = staff.get(detail(key)).content.decode()

    assert '<a href="https://example.com/a?b=1&amp;c=2" target="_blank" rel="noopener noreferrer">' in page
    assert 'href="javascript:' not in page


def test_the_raw_mail_is_what_came(staff: Client, maildir: Maildir):
    key = keep(maildir)

    answer = staff.get(reverse("mailbox:raw", kwargs={"key": key}))

    assert answer["Content-Type"] == "message/rfc822"
    assert answer["Content-Disposition"] == f'attachment; filename="{key}.eml"'
    assert answer.content == (maildir.folder / "new" / key).read_bytes()


@pytest.mark.parametrize("key", ["1700000000.M1P1Q1.host", "nonsense", "..%2F..%2Fetc%2Fpasswd"])
def test_a_mail_that_is_not_there_is_404(staff: Client, maildir: Maildir, key: str):
    assert staff.get(f"/mailbox/{key}").status_code == 404


def test_looking_changes_nothing(staff: Client, maildir: Maildir):
    key = keep(maildir)

    assert staff.post(detail(key)).status_code == 405

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaigns_project.runtime.mailbox.server import Maildir
from campaigns_project.runtime.mailbox.store import MailStore


@pytest.fixture
def maildir(tmp_path: Path) -> Maildir:
    return Maildir(tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> MailStore:
    return MailStore(tmp_path)


def keep(maildir: Maildir, subject: str = "Hello", *, to: str = "eva@example.org", body: str = "Hi\r\n") -> str:
    data = f"From: Ana <ana@example.com>\r\nSubject: {subject}\r\n{body if ':' in body else chr(13) + chr(10) + body}"
    return maildir.keep(mail_from="bounce@example.com", rcpt_to=[to], data=data.encode())


def subjects(store: MailStore, *arguments, **named) -> list[str]:
    return [mail.subject for mail in store.page(*arguments, **named).mails]


def test_a_mailbox_that_never_ran_is_empty(tmp_path: Path):
    page = MailStore(tmp_path / "nothing").page()

    assert (page.mails, page.number, page.pages, page.total) == ([], 1, 1, 0)


def test_pages_go_from_the_newest_to_the_oldest(maildir: Maildir, store: MailStore):
    for number in range(5):
        keep(maildir, f"mail {number}")

    assert [subjects(store, number, 2) for number in (1, 2, 3)] == [
        ["mail 4", "mail 3"],
        ["mail 2", "mail 1"],
        ["mail 0"],
    ]
    assert store.count() == store.page(1, 2).total == 5


@pytest.mark.parametrize(("asked", "got"), [(0, 1), (-3, 1), (99, 3)])
def test_a_page_out_of_range_is_the_nearest_one(maildir: Maildir, store: MailStore, asked: int, got: int):
    for _ in range(5):
        keep(maildir)

    assert store.page(asked, 2).number == got


def test_a_summary_says_who_what_and_when(maildir: Maildir, store: MailStore):
    keep(maildir, "=?utf-8?q?P=C5=99ekvapen=C3=AD?=")

    summary = store.page().mails[0]

    assert (summary.mail_from, summary.rcpt_to, summary.subject) == (
        "Ana <ana@example.com>",
        "eva@example.org",
        "Překvapení",
    )
    assert abs(datetime.now(UTC) - summary.received_at) < timedelta(minutes=1)


@pytest.mark.parametrize("query", ["EVA@", "překvapení", "ana@example.com", " eva "])
def test_search_finds_addresses_and_decoded_subjects_in_any_case(maildir: Maildir, store: MailStore, query: str):
    keep(maildir, "=?utf-8?q?P=C5=99ekvapen=C3=AD?=")
    keep(maildir, "Other", to="jan@example.org")
    found = subjects(store, query=query)

    assert "Překvapení" in found
    assert store.page(query=query).total == len(found)


def test_a_mail_cannot_claim_another_envelope(maildir: Maildir, store: MailStore):
    keep(maildir, body="X-Envelope-To: somebody@example.net\r\n\r\nHi\r\n")

    assert store.page().mails[0].rcpt_to == "eva@example.org"


def test_search_that_finds_nothing_is_empty(maildir: Maildir, store: MailStore):
    keep(maildir)

    assert store.page(query="nobody").total == 0


def test_a_whole_mail_has_headers_parts_and_source(maildir: Maildir, store: MailStore):
    body = (
        "X-Long: one\r\n two\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nAhoj Evo\r\n"
        "--b\r\nContent-Type: text/html; charset=iso-8859-2\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        "PHA+6e74PC9wPg==\r\n--b--\r\n"
    )
    key = keep(maildir, "Two parts", body=body)

    mail = store.get(key)

    assert mail is not None
    assert (mail.text.strip(), mail.html) == ("Ahoj Evo", "<p>éîř</p>")
    assert mail.headers[:2] == [("X-Envelope-From", "bounce@example.com"), ("X-Envelope-To", "eva@example.org")]
    assert ("X-Long", "one two") in mail.headers
    assert mail.raw.endswith(b"--b--\r\n")


@pytest.mark.parametrize(
    "header",
    ["Content-Type: text/plain; charset=no-such-charset", "Subject: =?x?q?=ff?=", "Subject: =?utf-8?b?!!!?="],
)
def test_a_mail_that_is_not_well_made_is_shown_all_the_same(maildir: Maildir, store: MailStore, header: str):
    key = maildir.keep(mail_from="", rcpt_to=["eva@example.org"], data=f"{header}\r\n\r\nHi \xff\r\n".encode("latin-1"))

    mail = store.get(key)

    assert mail is not None
    assert mail.text.startswith("Hi ")
    assert store.page().total == 1


@pytest.mark.parametrize(
    "key",
    [
        "../new/x",
        "../../etc/passwd",
        "1700000000.M1P1Q1.host/../../x",
        "/etc/passwd",
        "",
        ".",
        "..",
        "1700000000.x\0",
        "new",
    ],
)
def test_what_is_no_key_finds_nothing(maildir: Maildir, store: MailStore, key: str):
    (store.folder / "x").write_text("secret")

    assert store.get(key) is None


def test_mails_another_reader_moved_and_flagged_are_still_found(maildir: Maildir, store: MailStore):
    key = keep(maildir, "Moved")
    (store.folder / "new" / key).rename(store.folder / "cur" / f"{key}:2,S")

    mail = store.get(key)

    assert mail is not None
    assert mail.summary.subject == "Moved"
    assert subjects(store) == ["Moved"]


def test_a_mail_removed_meanwhile_is_gone(maildir: Maildir, store: MailStore):
    key = keep(maildir)
    assert subjects(store) == ["Hello"]
    (store.folder / "new" / key).unlink()

    assert (store.get(key), store.count(), list(store.iter_messages())) == (None, 0, [])


def test_messages_are_walked_from_the_oldest(maildir: Maildir, store: MailStore):
    keys = [keep(maildir, f"mail {number}") for number in range(3)]

    assert [key for key, _raw in store.iter_messages()] == keys


def test_foreign_files_are_not_mails(maildir: Maildir, store: MailStore):
    (store.folder / "new" / ".DS_Store").write_text("x")
    (store.folder / "new" / "notes.txt").write_text("x")

    assert store.count() == 0

"""Mails of the sandbox to somebody who is erased."""

from pathlib import Path
from typing import Any

import pytest

from campaigns.copies import forget_copies
from campaigns_project.runtime.mailbox.server import Maildir
from campaigns_project.runtime.mailbox.store import MailStore


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MAILBOX_DIR = tmp_path
    return tmp_path


def keep(folder: Path, to: str) -> str:
    data = b"From: Ana <ana@example.com>\r\nSubject: Hello\r\n\r\nHi\r\n"
    return Maildir(folder).keep(mail_from="bounce@example.com", rcpt_to=[to], data=data)


def test_an_erasure_removes_the_persons_mails_and_no_others(folder: Path) -> None:
    for address in ("Eva@example.org", "x.eva@example.org", "eva@example.org"):
        keep(folder, address)
    kept = Path(folder, "new", MailStore(folder).page().mails[0].key)
    kept.rename(folder / "cur" / f"{kept.name}:2,S")  # somebody's mail program has read it

    removed = forget_copies(frozenset({"eva@example.org"}))

    assert (removed, [mail.rcpt_to for mail in MailStore(folder).page().mails]) == (2, ["x.eva@example.org"])


def test_a_mailbox_that_never_ran_has_nothing_to_forget(folder: Path) -> None:
    assert forget_copies(frozenset({"eva@example.org"})) == 0

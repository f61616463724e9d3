from datetime import UTC, datetime

import pytest

from campaigns.content.return_path import return_path
from tracking.inbox.reading import MailKind, read_mail
from tracking.tests.inbox.reading.mails import ORIGINAL, letter, mail, report

OURS = return_path(77, mailbox="us@example.org", domain="bounces.example.org")
OTHER = return_path(78, mailbox="us@example.org", takes_plus=True)


@pytest.mark.parametrize(
    "header", ["Delivered-To", "X-Original-To", "Envelope-To", "X-Forwarded-To", "Cc", "Apparently-To"]
)
def test_a_signed_return_path_is_found_wherever_a_mail_was_delivered_to(header):
    raw = letter("It failed.", head=f"{header}: {OURS.upper()}")

    assert read_mail(raw).return_path_ids == (77,)


def test_of_two_return_paths_that_of_the_delivery_comes_first():
    returned = ORIGINAL.replace("<us@example.org>", f"<{OTHER}>", 1)
    raw = report(original=returned).replace(b"To: us@example.org", f"To: {OURS}".encode(), 1)

    assert read_mail(raw).return_path_ids == (77, 78)


def test_a_return_path_that_nobody_signed_names_no_message():
    tag = OURS.partition("@")[0]
    forged = tag[:-1] + ("a" if tag[-1] != "a" else "b") + "@bounces.example.org"

    assert read_mail(letter("It failed.", head=f"Delivered-To: {forged}")).return_path_ids == ()


def test_an_answer_that_quotes_a_return_path_was_not_delivered_to_it():
    assert read_mail(mail(f"Who is {OURS}?")).return_path_ids == ()


def test_an_answer_names_the_mails_it_answers_the_nearest_first():
    head = "In-Reply-To: <c@example.org>\nReferences: <a@example.org> <b@example.org>\n <c@example.org>"

    assert read_mail(mail("Yes", head=head)).message_ids == ("<c@example.org>", "<b@example.org>", "<a@example.org>")


def test_what_a_report_returns_comes_before_what_its_headers_say_and_its_own_id_is_none():
    raw = report().replace(
        b"Auto-Submitted", b"References: <report.1@mx.example.net> <old@example.org>\nAuto-Submitted"
    )

    assert read_mail(raw).message_ids == ("<first.1@example.org>", "<old@example.org>")


def test_an_id_in_the_text_of_a_bounce_is_found():
    raw = letter("Your mail to <ada@example.com> could not be delivered.\nMessage-ID: <first.1@example.org>")

    assert read_mail(raw).message_ids == ("<first.1@example.org>",)


def test_no_more_than_fifty_ids_are_named():
    references = " ".join(f"<{number}@example.org>" for number in range(500))

    assert len(read_mail(mail("Yes", head=f"References: {references}")).message_ids) == 50


def test_headers_are_decoded_on_one_line():
    raw = mail(
        "Ja",
        sender="=?utf-8?q?J=C3=BCrgen?= <Juergen@Example.com>",
        subject="=?utf-8?b?UsO8Y2s=?=\n =?utf-8?q?frage?=",
        head="Message-ID: <own@example.com>\nDate: Mon, 1 Jun 2026 10:00:00 +0200",
    )

    reading = read_mail(raw)

    assert (reading.sender, reading.subject, reading.message_id) == (
        "juergen@example.com",
        "Rückfrage",
        "<own@example.com>",
    )
    assert reading.sent_at == datetime(2026, 6, 1, 8, tzinfo=UTC)


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2026", "Mon, 1 Jan 0000 00:00:00 +9999", "1" * 500])
def test_a_date_that_is_none_is_left_out(date):
    assert read_mail(mail("Ja", head=f"Date: {date}")).sent_at is None


def test_a_mail_without_anything_is_an_answer_without_words():
    reading = read_mail(b"")

    assert (reading.kind, reading.sender, reading.text) == (MailKind.REPLY, "", "")

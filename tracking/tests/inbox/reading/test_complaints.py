import pytest

from tracking.inbox.reading import MailKind, read_mail
from tracking.tests.inbox.reading.mails import ORIGINAL

RETURNED = f"--b\nContent-Type: message/rfc822\n\n{ORIGINAL}\n--b--\n"


def complaint(fields, returned=RETURNED):
    return f"""From: feedback loop <fbl@provider.example>
To: abuse@example.org
Subject: FW: A question
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an abuse report.

--b
Content-Type: message/feedback-report

{fields}

{returned}""".encode()


def test_a_feedback_report_is_a_complaint_of_whom_it_names():
    reading = read_mail(complaint("Feedback-Type: abuse\nVersion: 1\nOriginal-Rcpt-To: <Ada@example.com>"))

    assert (reading.kind, reading.addresses) == (MailKind.COMPLAINT, ("ada@example.com",))
    assert reading.message_ids == ("<first.1@example.org>",)


def test_where_it_names_nobody_the_returned_mail_tells():
    assert read_mail(complaint("Feedback-Type: abuse")).addresses == ("ada@example.com",)


def test_a_redacted_one_is_still_a_complaint_about_a_known_mail():
    returned = RETURNED.replace("ada@example.com", "redacted-7f3a@provider.example")

    reading = read_mail(complaint("Feedback-Type: abuse", returned))

    assert (reading.kind, reading.addresses) == (MailKind.COMPLAINT, ())
    assert reading.message_ids == ("<first.1@example.org>",)


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_reports_of_other_things_are_no_complaint(kind):
    assert read_mail(complaint(f"Feedback-Type: {kind}")).kind is MailKind.OTHER

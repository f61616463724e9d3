"""Mails as programs write them, for the tests of reading."""


def mail(
    body="", *, head="", subject="Re: A question", sender="Ada <ada@example.com>", kind="text/plain; charset=utf-8"
):
    """A mail with one part, as bytes; `head` are more header lines."""
    lines = [f"From: {sender}", "To: us@example.org", f"Subject: {subject}", "MIME-Version: 1.0", *head.splitlines()]
    return "\n".join([*lines, f"Content-Type: {kind}", "Content-Transfer-Encoding: 8bit", "", body]).encode()


def page(body, **given):
    """A mail that is a page and nothing else."""
    return mail(body, kind="text/html; charset=utf-8", **given)


ORIGINAL = """Return-Path: <us@example.org>
Received: from mail.example.org by mx.example.net; Mon, 1 Jun 2026 10:00:00 +0000
Message-ID: <first.1@example.org>
From: Us <us@example.org>
To: ada@example.com
Subject: A question
Date: Mon, 1 Jun 2026 10:00:00 +0000

Hello Ada
"""


def report(
    *,
    status="5.1.1",
    diagnostic="smtp; 550 5.1.1 <ada@example.com>: User unknown",
    action="failed",
    words="It failed.",
    final="ada@example.com",
    original=ORIGINAL,
):
    """A delivery report (RFC 3464) with the mail it is about."""
    return f"""From: Mail Delivery System <MAILER-DAEMON@mx.example.net>
To: us@example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <report.1@mx.example.net>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

{words}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {final}
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}

--b
Content-Type: message/rfc822

{original}
--b--
""".encode()


def letter(text, *, subject="failure notice", sender="MAILER-DAEMON@mx.example.net", head=""):
    """What a mail server writes to people, without a report."""
    return mail(text, subject=subject, sender=sender, head=f"Return-Path: <>\n{head}")

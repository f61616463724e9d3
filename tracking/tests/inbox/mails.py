"""Raw mails as they come in."""

from campaigns.content.return_path import return_path


def reply(
    *,
    sender: str = "bob@acme.example",
    to: str = "",
    text: str = "Yes, please.",
    number: int = 1,
    subject: str = "Re: Hello",
    headers: str = "",
) -> bytes:
    """An answer of a person; `to` is the Message-ID it answers."""
    named = f"In-Reply-To: {to}\nReferences: {to}\n" if to else ""
    return (
        f"From: Bob <{sender}>\nTo: ada@fairlead.example\nSubject: {subject}\nMessage-ID: <{number}@acme.example>\n"
        f"Date: Fri, 20 Nov 2026 12:10:00 +0000\n{named}{headers}Content-Type: text/plain; charset=utf-8\n\n{text}\n"
        "\n> Hello Bob\n"
    ).encode()


def bounce(
    *, of: int = 0, address: str = "bob@acme.example", status: str = "5.1.1", number: int = 1, names: str = ""
) -> bytes:
    """A delivery report (RFC 3464) of the mail of that number, by its return path; or of an address alone."""
    to = return_path(of, mailbox="ada@fairlead.example", domain="bounces.fairlead.example") if of else "ada@x.example"
    original = f"Message-ID: {names}\n" if names else ""
    return (
        f"From: MAILER-DAEMON@mx.acme.example\nTo: {to}\nSubject: Undelivered Mail Returned to Sender\n"
        f"Message-ID: <bounce{number}@mx.acme.example>\nMIME-Version: 1.0\nAuto-Submitted: auto-replied\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nThe mail could not be delivered.\n"
        "--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.acme.example\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; 550 {status} <{address}>: user unknown\n"
        f"--b\nContent-Type: text/rfc822-headers\n\nFrom: ada@fairlead.example\nSubject: Hello\n{original}\n--b--\n"
    ).encode()


def complaint(*, names: str) -> bytes:
    """A feedback report (RFC 5965) about the mail with that Message-ID."""
    return (
        "From: feedback@isp.example\nTo: ada@fairlead.example\nSubject: complaint\nMessage-ID: <c@isp.example>\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        "--b\nContent-Type: text/plain\n\nThis is a complaint.\n"
        "--b\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: x/1\nVersion: 1\n"
        f"--b\nContent-Type: message/rfc822\n\nFrom: ada@fairlead.example\nMessage-ID: {names}\nSubject: Hello\n\n"
        "Hello\n--b--\n"
    ).encode()


OF_THE_HOUSE = (
    b"From: shop@elsewhere.example\nSubject: Your parcel\nMessage-ID: <p@elsewhere.example>\n\nIt is on its way.\n"
)

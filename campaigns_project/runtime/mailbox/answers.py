"""What comes back to a mail: the words of a person, or the report of a mail server. Made up, for the sandbox alone."""

from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum

BOUNDARY = "=_answers_of_the_sandbox"


class Answer(StrEnum):
    """The ways in which a mail can be answered."""

    REPLY = "reply"
    AWAY = "away"
    BOUNCE = "bounce"
    FULL = "full"
    COMPLAINT = "complaint"


@dataclass(frozen=True)
class Sent:
    """The mail that is answered: to whom it went, who sent it, its Message-ID and its subject."""

    address: str
    sender: str
    message_id: str
    subject: str


_BOUNCES = {
    Answer.BOUNCE: ("5.1.1", "550 5.1.1 No such user here"),
    Answer.FULL: ("5.2.2", "552 5.2.2 The mailbox is full"),
}


def answer_to(mail: Sent, kind: Answer, *, words: str, name: str) -> bytes:
    """The raw mail that comes back; `words` are those of a person, `name` makes its Message-ID unlike all others."""
    match kind:
        case Answer.REPLY | Answer.AWAY:
            return _reply(mail, words, name, is_automatic=kind == Answer.AWAY)
        case Answer.COMPLAINT:
            return _complaint(mail, name)
        case _:
            return _bounce(mail, name, *_BOUNCES[kind])


def _reply(mail: Sent, words: str, name: str, *, is_automatic: bool) -> bytes:
    answer = EmailMessage()
    answer["From"], answer["To"] = mail.address, mail.sender
    answer["Subject"] = f"Re: {mail.subject.removeprefix('Re: ')}"
    answer["In-Reply-To"] = answer["References"] = mail.message_id
    answer["Message-ID"] = f"<{name}@answers.example>"
    if is_automatic:
        answer["Auto-Submitted"] = "auto-replied"
    answer.set_content(words)
    return answer.as_bytes()


def _bounce(mail: Sent, name: str, status: str, said: str) -> bytes:
    fields = (
        f"Reporting-MTA: dns; mx.answers.example\n\nFinal-Recipient: rfc822; {mail.address}\nAction: failed\n"
        f"Status: {status}\nDiagnostic-Code: smtp; {said}\n"
    )
    return _report(
        mail,
        name,
        of="delivery-status",
        subject="Undelivered Mail Returned to Sender",
        said=f"The mail to {mail.address} could not be delivered: {said}.",
        fields=fields,
    )


def _complaint(mail: Sent, name: str) -> bytes:
    return _report(
        mail,
        name,
        of="feedback-report",
        subject="Complaint about a mail",
        said=f"{mail.address} called this mail spam.",
        fields="Feedback-Type: abuse\nUser-Agent: Sandbox/1\nVersion: 1\n",
    )


def _report(mail: Sent, name: str, *, of: str, subject: str, said: str, fields: str) -> bytes:
    """A report of a server (RFC 6522): for people, for programs, and the head of the mail it speaks of."""
    head = f"From: {mail.sender}\nTo: {mail.address}\nMessage-ID: {mail.message_id}\n"
    parts = (("text/plain; charset=utf-8", f"{said}\n"), (f"message/{of}", fields), ("text/rfc822-headers", head))
    return (
        f"From: MAILER-DAEMON@mx.answers.example\nTo: {mail.sender}\nSubject: {subject}\n"
        f"Message-ID: <{name}@mx.answers.example>\nAuto-Submitted: auto-replied\nMIME-Version: 1.0\n"
        f'Content-Type: multipart/report; report-type={of}; boundary="{BOUNDARY}"\n\n'
        + "".join(f"--{BOUNDARY}\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts)
        + f"--{BOUNDARY}--\n"
    ).encode()

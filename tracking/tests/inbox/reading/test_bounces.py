import pytest

from tracking.bounce_kind import BounceKind
from tracking.inbox.reading import MailKind, read_mail
from tracking.tests.inbox.reading.mails import ORIGINAL, letter, mail, report

QMAIL = f"""Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<ada@example.com>:
192.0.2.1 does not like recipient.
Remote host said: 550 5.1.1 <ada@example.com>: no such user
Giving up on 192.0.2.1.

--- Below this line is a copy of the message.

{ORIGINAL}"""
EXIM = f"""This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  ada@example.com
    host mx.example.com [192.0.2.1]
    SMTP error from remote mail server after RCPT TO:<ada@example.com>:
    550 No such user here

------ This is a copy of the message, including all the headers. ------

{ORIGINAL}"""
SENDMAIL = f"""The original message was received at Mon, 1 Jun 2026 10:00:00 GMT
from localhost [127.0.0.1]

   ----- The following addresses had permanent fatal errors -----
<ada@example.com>

   ----- Transcript of session follows -----
... while talking to mx.example.com.:
>>> RCPT To:<ada@example.com>
<<< 550 5.1.1 User unknown
550 5.1.1 <ada@example.com>... User unknown

   ----- Original message follows -----

{ORIGINAL}"""
HOSTER = """Sorry, your mail could not be delivered.

Recipient: <ada@example.com>
Reason: 552 5.2.2 Mailbox is full
"""
EXCHANGE = """Your message

  To:      ada@example.com
  Subject: A question
  Sent:    Mon, 1 Jun 2026 10:00:00 +0000

did not reach the following recipient(s):

ada@example.com on Mon, 1 Jun 2026 10:00:01 +0000
    The recipient name is not recognized
"""


@pytest.mark.parametrize(
    ("text", "subject", "kind"),
    [
        (QMAIL, "failure notice", BounceKind.HARD),
        (EXIM, "Mail delivery failed: returning message to sender", BounceKind.HARD),
        (SENDMAIL, "Returned mail: see transcript for details", BounceKind.HARD),
        (HOSTER, "Mail could not be delivered", BounceKind.SOFT),
        (EXCHANGE, "Undeliverable: A question", BounceKind.HARD),
    ],
)
def test_bounces_without_a_report_are_read_from_their_words(text, subject, kind):
    reading = read_mail(letter(text, subject=subject))

    assert (reading.kind, reading.bounce, reading.addresses) == (MailKind.BOUNCE, kind, ("ada@example.com",))


def test_what_a_letter_returns_names_the_mail_it_is_about():
    reading = read_mail(letter(QMAIL))

    assert reading.message_ids == ("<first.1@example.org>",)
    assert (reading.status, reading.code) == ("5.1.1", 550)
    assert "Hello Ada" not in reading.text


def test_a_report_is_believed_before_the_words_around_it():
    reading = read_mail(report(words="Your message to bob@example.com could not be delivered."))

    assert (reading.kind, reading.bounce, reading.addresses) == (MailKind.BOUNCE, BounceKind.HARD, ("ada@example.com",))
    assert (reading.status, reading.code) == ("5.1.1", 550)
    assert reading.diagnostic == "550 5.1.1 <ada@example.com>: User unknown"
    assert reading.message_ids == ("<first.1@example.org>",)
    assert reading.why == "a delivery report (RFC 3464) says failed, 5.1.1"


@pytest.mark.parametrize(
    ("status", "diagnostic", "kind"),
    [
        ("5.1.1", "smtp; 550 5.1.1 User unknown", BounceKind.HARD),
        ("5.1.2", "smtp; 550 Host unknown", BounceKind.HARD),
        ("5.1.10", "smtp; 556 5.1.10 Recipient address has null MX", BounceKind.HARD),
        ("5.4.4", "X-Postfix; Host or domain name not found", BounceKind.HARD),
        ("5.1.6", "smtp; 550 5.1.6 recipient no longer on server", BounceKind.HARD),
        ("5.2.2", "smtp; 552 5.2.2 over quota", BounceKind.SOFT),
        ("5.2.1", "smtp; 550 5.2.1 The account is disabled", BounceKind.SOFT),
        ("4.4.7", "smtp; 451 4.4.7 delivery time expired", BounceKind.SOFT),
        ("4.1.1", "smtp; 450 4.1.1 User unknown", BounceKind.SOFT),
        ("5.4.1", "X-Postfix; connect to mx.example.com: Connection timed out", BounceKind.SOFT),
        ("5.3.4", "smtp; 552 5.3.4 Message too big", BounceKind.SOFT),
        ("5.0.0", "smtp; 550 rejected", BounceKind.SOFT),
        ("5.7.1", "smtp; 554 5.7.1 blocked using zen.spamhaus.org", BounceKind.SENDER),
        ("5.7.26", "smtp; 550 5.7.26 unauthenticated mail", BounceKind.SENDER),
        ("5.0.0", "smtp; 554 no PTR record for your address", BounceKind.SENDER),
        ("5.7.1", "smtp; 550 relaying denied", BounceKind.SENDER),
        ("5.6.0", "smtp; 554 5.6.0 message content rejected", BounceKind.SENDER),
    ],
)
def test_a_report_has_the_class_of_the_answer_it_passes_on(status, diagnostic, kind):
    assert read_mail(report(status=status, diagnostic=diagnostic)).bounce is kind


@pytest.mark.parametrize(
    "diagnostic",
    [
        "smtp; 550 User unknown",  # filters say so too
        "smtp; 550 5.1.1 User unknown, your host is on a blocklist",
        "smtp; 550 5.1.1 unknown; 550 5.7.1 access denied",
        "smtp; 553 5.1.3 see https://www.spamhaus.org/query/bl?ip=192.0.2.1",
        "smtp; 550 5.1.1 mailbox temporarily unavailable, try again later",
        "smtp; 550 5.1.1 User unknown (in reply to end of DATA command)",
    ],
)
def test_what_speaks_against_it_keeps_an_address_alive(diagnostic):
    assert read_mail(report(status="5.0.0", diagnostic=diagnostic)).bounce is not BounceKind.HARD


def test_an_unknown_user_in_answer_to_rcpt_is_dead_without_a_code():
    words = "<ada@example.com>: host mx.example.com said: 550 User unknown (in reply to RCPT TO command)"

    assert read_mail(report(status="5.0.0", diagnostic="smtp; 550 User unknown", words=words)).bounce is BounceKind.HARD


def test_of_several_recipients_all_must_be_dead():
    text = EXIM.replace("550 No such user here\n", "550 No such user here\n  bob@example.com\n    552 mailbox full\n")

    reading = read_mail(letter(text, subject="Mail delivery failed"))

    assert (reading.addresses, reading.bounce) == (("ada@example.com", "bob@example.com"), BounceKind.SOFT)


def test_the_address_we_wrote_to_stands_for_one_that_means_something_only_there():
    raw = report(final="ada@localmachine").replace(
        b"Final-Recipient", b"Original-Recipient: rfc822; Ada@Example.com\nFinal-Recipient"
    )

    assert read_mail(raw).addresses == ("ada@example.com",)


@pytest.mark.parametrize(
    "raw",
    [
        report(action="delayed", status="4.4.1", diagnostic="smtp; 421 try again later"),
        report(action="delivered", status="2.1.5", diagnostic="smtp; 250 OK"),
        report(action="relayed", status="2.0.0", diagnostic="smtp; 250 OK"),
        letter(
            "This is a warning message only. You do not need to resend your message.\n"
            "Delivery to ada@example.com has been delayed.",
            subject="Delivery Status Notification (Delay)",
        ),
        letter(
            "Warnung: could not be delivered to <ada@example.com> yet.\nDelivery attempts will continue for 4 days.\n"
            "No action is required on your part.",
            subject="Warning: message delayed 24 hours",
        ),
    ],
)
def test_what_is_only_late_or_has_arrived_is_no_bounce(raw):
    reading = read_mail(raw)

    assert (reading.kind, reading.bounce) == (MailKind.OTHER, None)


def test_a_header_alone_may_name_who_failed():
    raw = letter("Something went wrong.", head="X-Failed-Recipients: ada@example.com, bob@example.com")

    assert read_mail(raw).addresses == ("ada@example.com", "bob@example.com")


def test_a_report_inside_what_a_gateway_passes_on_is_read():
    inner = report().decode()
    raw = f"""From: Mail Delivery Subsystem <MAILER-DAEMON@gateway.example.org>
To: us@example.org
Subject: Returned mail: User unknown
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

--outer
Content-Type: text/plain

The following addresses had permanent delivery errors

--outer
Content-Type: message/rfc822

{inner}
--outer--
"""

    assert read_mail(raw.encode()).addresses == ("ada@example.com",)


@pytest.mark.parametrize(
    "raw",
    [
        mail(
            "Our mail server had trouble, your last mail could not be delivered. Please send it again.",
            subject="Re: Hi",
        ),
        mail("Look what I got", subject="Re: Undelivered Mail Returned to Sender"),
        mail("I think delivery failed for your samples.\n\n> From: MAILER-DAEMON@mx.example.net\n> failure notice"),
    ],
)
def test_a_person_who_writes_about_a_bounce_has_answered(raw):
    assert read_mail(raw).kind is MailKind.REPLY


def test_a_notice_of_an_e_mail_service_is_read_from_its_json():
    said = (
        '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":'
        '"Ada@example.com","action":"failed","status":"5.1.1","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]},'
        '"mail":{"headers":[{"name":"Message-ID","value":"<first.1@example.org>"}]}}\n\n--\nIf you wish to stop ...'
    )

    reading = read_mail(mail(said, subject="AWS Notification Message", sender="no-reply@sns.example.com"))

    assert (reading.kind, reading.bounce) == (MailKind.BOUNCE, BounceKind.HARD)
    assert (reading.addresses, reading.message_ids) == (("ada@example.com",), ("<first.1@example.org>",))

import time

import pytest

from campaigns.delivery.classify import is_for_all, kind_of
from campaigns.delivery.outcomes import Kind, Stage

DEAD = [
    "550 5.1.1 The email account that you tried to reach does not exist.",
    "550 5.1.1 <x@y.example>: Recipient address rejected: User unknown in virtual mailbox table",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "556 5.1.10 Recipient address has null MX",
    "550 5.2.1 The email account that you tried to reach is disabled.",
    "550 No such user here",
    "550 Unknown user",
    "550 <x@y.example>: Recipient address rejected: User unknown",
    "550 Requested action not taken: mailbox unavailable",
    "550 5.5.0 Requested action not taken: mailbox unavailable",
    "554 delivery error: dd This user doesn't have a y.example account (x@y.example) [0]",
    "550 5.4.1 Recipient address rejected: Access denied.",
    "550 5.1.6 recipient no longer on server",
    "550 Invalid recipient",
    "553 5.1.2 We weren't able to find the recipient domain.",
    "550 Host unknown",
]
FULL = [
    "552 5.2.2 The email account that you tried to reach is over quota.",
    "550 5.2.2 mailbox full",
    "552 Mailbox is full",
    "554 user has exceeded his/her quota exceeded",
    "552 Requested mail action aborted: insufficient storage",
]
POLICY = [
    "550 5.7.1 Our system has detected that this message is likely unsolicited mail",
    "550 5.7.26 This mail is unauthenticated",
    "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
    "550 5.7.1 Unable to relay",
    "550 relaying denied",
    "553 5.1.8 Sender address rejected: Domain not found",
    "553 5.1.7 bad sender's mailbox address syntax",
    "550 Message rejected due to local policy",
    "550 SPF check failed",
    "554 no PTR record for your address",
    "550-Verification failed for <a@b.example> 550 Sender verify failed",
    "550 Sender domain does not exist",
    "550 You have exceeded the maximum number of messages per hour for this account",
    "550 Domain of sender address does not exist",
    "550 Invalid sender domain",
    "554 Invalid EHLO domain",
    "550 cannot resolve your hostname: host not found",
    "550 Your account is suspended, contact support",
    "550 This account is disabled for sending",
    "550 5.4.5 Daily user sending limit exceeded",
    "550 5.4.5 Daily sending quota exceeded. For more information on Gmail sending limits go to https://x.example",
    "550 Domain x.example has exceeded the max emails per hour (101/100 (101%)) allowed. Message discarded.",
    "550 5.4.6 Unusual sending activity detected",
]
CONTENT = [
    "552 5.3.4 Message size exceeds fixed limit",
    "552 message too big",
    "554 5.6.0 malformed",
    "550 5.2.3 too long",
]
OTHER = ["550 no", "550 5.0.0 rejected", "554 Transaction failed", "550 5.3.0 error", "550"]
PASSING = [
    "550 Mailbox temporarily unavailable",
    "550 5.2.1 mailbox temporarily disabled",
    "550 4.2.1 mailbox unavailable",
    "550 5.1.2 Host unknown (host not found, try again later)",
    "550 User unknown at this time",
]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        *((reply, Kind.ADDRESS_DEAD) for reply in DEAD),
        *((reply, Kind.MAILBOX_FULL) for reply in FULL),
        *((reply, Kind.POLICY) for reply in POLICY),
        *((reply, Kind.CONTENT) for reply in CONTENT),
        *((reply, Kind.OTHER) for reply in OTHER),
    ],
)
def test_an_answer_to_rcpt_is_laid_at_the_right_door(reply, kind):
    assert kind_of(int(reply[:3]), reply, stage=Stage.RCPT) == kind


def test_a_code_that_says_dead_and_words_that_say_blocked_suppress_nobody():
    reply = "550 5.1.1 <x@y.example> rejected: your host is on a blocklist"

    assert kind_of(550, reply, stage=Stage.RCPT) == Kind.OTHER


@pytest.mark.parametrize("reply", PASSING)
def test_an_address_that_may_be_alive_tomorrow_is_not_dead(reply):
    assert kind_of(550, reply, stage=Stage.RCPT) is Kind.OTHER


def test_what_one_server_says_of_unknown_people_and_of_who_may_not_send_through_it_alike_suppresses_nobody():
    assert kind_of(550, "550 Invalid recipient: <x@y.example>", stage=Stage.RCPT) is Kind.OTHER
    assert kind_of(550, "550 5.1.1 Invalid recipient: <x@y.example>", stage=Stage.RCPT) is Kind.ADDRESS_DEAD


# What the sentence means for a person who reads it, in the words of as many servers as possible.
MEANT = {
    Kind.ADDRESS_DEAD: [
        "550 x@y.example:user not exist",
        "550 permanent failure for one or more recipients (x@y.example:550 No such user)",
        "550 5.2.1 <x@y.example>... Addressee unknown, relay=[192.0.2.1]",
        "550 5.1.1 <x@y.example>: Recipient address rejected: User unknown in relay recipient table",
        "550 The recipient may contain a non-existent account, please check the recipient address.",
        "550 x@y.example no longer works here; this mailbox has been permanently deleted",
        "553 this recipient is not in my validrcptto list",
        "550 No one with that email address here",
        "550 Benutzer nicht bekannt",
        "550 Diese E-Mail-Adresse existiert nicht",
        "550 L'adresse x n'existe pas",
        "550 El usuario no existe",
        "550 Usuário desconhecido",
        "550 Destinatario sconosciuto",
        "550 Gebruiker onbekend",
        "550 Nie ma takiego konta",
        "550 Schránka neexistuje",
        "550 Пользователь не найден",
        "550 收件人不存在",
        "550 宛先のユーザーが見つかりません",
    ],
    Kind.MAILBOX_FULL: [
        "554 user over quota. (#5.1.1)",
        "550 User has too many messages on the server",
        "550 mailbox size limit exceeded",
        "550 User has no enough space",
        "552 Postfach des Empfängers ist voll",
        "552 La boite de reception du destinataire est pleine",
        "552 Skrzynka odbiorcy jest pełna",
    ],
    Kind.POLICY: [
        "550-Requested action not taken: mailbox unavailable 550 Sender address is not allowed.",
        "550 Bad sender: domain does not exist",
        "550 Return address invalid: mailbox does not exist",
        "550 Reverse lookup failed: host not found for 192.0.2.1",
        "550 Unknown host [192.0.2.1]",
        "550 Ip frequency limited.",
        "550 permanent failure for one or more recipients (x@y.example:blocked)",
        "554 Email rejected due to security policies",
        "554 192.0.2.1 found on one or more DNSBLs",
        "550 You are on our denylist",
    ],
    # Nobody is to be suppressed for it, and no sender to be paused.
    Kind.OTHER: [
        "550 5.7.1 No such user!",
        "553 sorry, no mailbox here by that name (#5.7.1)",
        "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required",
        "550 The recipient does not accept mail from external senders",
        "550 Address not found in allow list",
        "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents more.",
        "521 5.2.1 :  (RTR:BL) we will not accept delivery of this message.",
        "550 5.1.2 timeout looking up domain y.example",
        "550 5.1.1 internal error, LDAP lookup failure",
        "550 The user's mailbox is closed for maintenance",
        "550 5.1.1 You have no account here; sender unknown",
        "554 5.4.0 Error: too many hops",
    ],
}


@pytest.mark.parametrize(("reply", "kind"), [(reply, kind) for kind, replies in MEANT.items() for reply in replies])
def test_an_answer_is_understood_by_what_it_says(reply, kind):
    assert kind_of(int(reply[:3]), reply, stage=Stage.RCPT) is kind


def test_advice_to_correct_the_address_and_try_again_leaves_it_dead():
    reply = "550 5.1.1 User unknown. Please check the address and try again."

    assert kind_of(550, reply, stage=Stage.RCPT) is Kind.ADDRESS_DEAD


def test_words_inside_addresses_and_links_do_not_count():
    reply = "550 5.1.1 <spam.policy@blocked.example> unknown, see https://blocked.example/spam/policy"

    assert kind_of(550, reply, stage=Stage.RCPT) == Kind.ADDRESS_DEAD


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.DATA, Stage.CONTENT, Stage.DOT])
@pytest.mark.parametrize("reply", [*DEAD, *FULL, *POLICY, *CONTENT, *OTHER])
def test_no_other_stage_ever_condemns_the_address(stage, reply):
    assert kind_of(int(reply[:3]), reply, stage=stage) in {Kind.POLICY, Kind.CONTENT}


@pytest.mark.parametrize("piece", ["a@", "<", "user ", "5.1.", "recipient x ", "doesn't have a ", "https://"])
def test_a_hostile_answer_is_read_in_no_time(piece):
    started = time.perf_counter()
    kind_of(550, "550 " + piece * (90_000 // len(piece)), stage=Stage.RCPT)

    assert time.perf_counter() - started < 0.5


FOR_ALL = [
    "450 4.7.1 Error: too much mail from 192.0.2.1",
    "450 4.7.1 Error: too many recipients from 192.0.2.1",
    "451 Domain sender.example has exceeded the max emails per hour (20/20 (100%)) allowed.",
    "452 4.7.0 Sender rate limit reached",
    "454 Throttling failure: Maximum sending rate exceeded.",
    "454 Throttling failure: Daily message quota exceeded.",
    "452 4.3.1 Insufficient system storage",
    "451 4.3.5 Server configuration problem",
    "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
    "451 4.7.500 Server busy. Please try again later from [192.0.2.1]",
    "450 4.1.8 <ada@sender.example>: Sender address rejected: Domain not found",
    "450 4.7.25 The address sending this does not have a PTR record setup",
    "450 IP frequency limited",
    "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]",
    "450 4.7.1 <sender.example>: Helo command rejected: Host not found",
]
OF_ONE = [
    "450 4.2.0 <x@y.example>: Recipient address rejected: Greylisted, see http://postgrey.example/help/y.html",
    "451 4.7.1 Greylisting in action, please come back later",
    "450 4.7.1 Client host rejected: Greylisted for 300 seconds",
    "451 Temporary failure, please try again later.",
    "450 4.2.1 The user you are trying to contact is receiving mail too quickly.",
    "452 4.2.2 The email account that you tried to reach is over quota.",
    "452 mailbox full, quota exceeded",
    "450 4.1.2 <x@too-many.example>: Recipient address rejected: Domain not found",
    "451 4.3.0 <x@y.example>: Temporary lookup failure",
]


@pytest.mark.parametrize(("reply", "expected"), [*((one, True) for one in FOR_ALL), *((one, False) for one in OF_ONE)])
def test_whether_a_refusal_for_now_is_about_the_sender_or_about_one_recipient(reply, expected):
    assert is_for_all(int(reply[:3]), reply, stage=Stage.RCPT) is expected


@pytest.mark.parametrize(
    ("code", "stage"), [(450, Stage.MAIL), (451, Stage.MAIL), (421, Stage.RCPT), (421, Stage.DATA), (421, Stage.DOT)]
)
def test_what_is_said_before_the_recipient_is_known_or_with_the_end_of_the_connection_is_for_all(code, stage):
    assert is_for_all(code, f"{code} come back later", stage=stage)

import pytest

from tracking.inbox.reading import MailKind, read_mail
from tracking.tests.inbox.reading.mails import mail

QUOTED = "\n\nOn Mon, Jun 1, 2026 at 10:00 AM Us <us@example.org> wrote:\n\n> Hello\n> To opt out, reply unsubscribe.\n"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "unsubscribe",
            "UNSUBSCRIBE!",
            "Unsubscribe please.",
            "Please unsubscribe me",
            "stop",
            "STOP.",
            "Stop emailing me!",
        ),
        *("Remove me", "Please remove me from your list.", "Please take me off your mailing list. Thanks", "Opt out"),
        *("Hi, please remove my email address from your database.", "Don't contact me again.", "No more emails please"),
        *(
            "I would like to unsubscribe.",
            "Abmelden",
            "Bitte keine weiteren E-Mails.",
            "Bitte nehmen Sie mich aus Ihrem Verteiler",
        ),
        *("Désinscription", "Merci de ne plus me contacter.", "Darme de baja, por favor", "Cancellatemi dalla lista"),
        *("Afmelden graag", "Proszę wypisać mnie z listy", "Avregistrera mig", "Afmeld mig", "Meld meg av", "Odhlásit"),
        *("Отпишите меня", "配信停止してください", "退订", "수신거부", "Descadastrar", "Poistakaa minut listalta"),
    ],
)
def test_a_mail_that_is_nothing_but_the_wish_is_told_apart(text):
    assert read_mail(mail(text + QUOTED)).kind is MailKind.UNSUBSCRIBE


@pytest.mark.parametrize(
    "text",
    [
        "Please don't stop, this is great!",
        "Stop by on Thursday.",
        "We unsubscribe from our old tool in May, so let's talk then.",
        "Remove me from the invitation on Monday, I'll come on Tuesday instead.",
        "How do I unsubscribe our other office? We would like to stay.",
        "Not interested at the moment, maybe next year.",
        "no thanks",
        "Yes",
        "Thanks!",
        "",
    ],
)
def test_anything_longer_or_else_is_an_answer(text):
    assert read_mail(mail(text)).kind is MailKind.REPLY


@pytest.mark.parametrize("subject", ["unsubscribe", "Unsubscribe", "Re: unsubscribe", "Abmelden", "désinscription"])
def test_an_empty_mail_may_wish_it_in_its_subject(subject):
    assert read_mail(mail("", subject=subject)).kind is MailKind.UNSUBSCRIBE
    assert read_mail(mail("Let us talk first.", subject=subject)).kind is MailKind.REPLY


def test_a_machine_wishes_nothing():
    assert read_mail(mail("Unsubscribe", head="Auto-Submitted: auto-replied")).kind is MailKind.AUTO_REPLY

"""Mails in the manner of software and languages that no collection has, read by what they mean."""

import pytest

from tracking.bounce_kind import BounceKind
from tracking.inbox.reading import MailKind, read_mail
from tracking.tests.inbox.reading.mails import letter, mail, report

ANSWERS = "In-Reply-To: <first.1@example.org>"
EXCHANGE = f"Microsoft Outlook <MicrosoftExchange{'0a' * 16}@example.com>"
NOT_FOUND = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient ada@example.com not found by SMTP address lookup"


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Niet te bestellen: Vraag", "Uw bericht aan ada@example.com kan niet worden bezorgd."),
        ("Det går inte att leverera: Fråga", "Det gick inte att leverera meddelandet till ada@example.com."),
        ("Toimittaminen epäonnistui: Kysymys", "Viestiä vastaanottajalle ada@example.com ei voitu toimittaa."),
        ("Teslim Edilemedi: Soru", "ada@example.com adresine gönderdiğiniz ileti teslim edilemedi."),
        ("Kézbesíthetetlen: Kérdés", "A(z) ada@example.com címzettnek küldött üzenet kézbesítése nem sikerült."),
        ("Не вдалося доставити: Питання", "Не вдалося доставити повідомлення адресату ada@example.com."),
        ("未传递: 问题", "无法传递发送给 ada@example.com 的邮件。"),
        ("배달되지 않음: 질문", "ada@example.com(으)로 보낸 메시지를 배달할 수 없습니다."),
    ],
)
def test_a_report_without_its_report_is_read_in_the_language_of_the_server(subject, words):
    bare = letter(words, subject=subject, sender="postmaster@example.net")
    with_answer = letter(
        f"{words}\n\nada@example.com\nRemote Server returned '{NOT_FOUND}'", subject=subject, sender=EXCHANGE
    )

    assert (read_mail(bare).kind, read_mail(bare).addresses) == (MailKind.BOUNCE, ("ada@example.com",))
    assert read_mail(with_answer).bounce is BounceKind.HARD


def test_a_mail_system_in_a_language_nobody_knows_is_told_by_the_answer_it_passes_on_and_never_a_person():
    unknown = letter("Zzyzx qwfp ada@example.com luyk.", subject="Zzyzx", sender=EXCHANGE, head=ANSWERS)
    answered = letter(f"Zzyzx ada@example.com\n{NOT_FOUND}", subject="Zzyzx", sender=EXCHANGE, head=ANSWERS)

    assert read_mail(unknown).kind is MailKind.OTHER
    assert (read_mail(answered).kind, read_mail(answered).bounce) == (MailKind.BOUNCE, BounceKind.HARD)


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Übermittlung verzögert: Frage", "Diese Nachricht wurde noch nicht übermittelt."),
        ("Remise différée : Question", "Ce message n’a pas encore été remis."),
        ("Entrega retrasada: Pregunta", "El mensaje todavía no se ha entregado."),
    ],
)
def test_a_delay_is_no_answer_in_any_language(subject, words):
    assert read_mail(letter(f"ada@example.com\n\n{words}", subject=subject, sender=EXCHANGE)).kind is MailKind.OTHER


def test_googles_heading_says_in_any_language_whether_it_found_somebody():
    given = {"status": "5.0.0", "diagnostic": "smtp; 550 No such user"}

    assert read_mail(report(words="** Adresse introuvable **", **given)).bounce is BounceKind.HARD
    assert read_mail(report(words="** Message bloqué **", **given)).bounce is BounceKind.SOFT


def test_an_internationalized_recipient_is_named_in_its_own_letters():
    assert read_mail(report(final=r"j\x{FC}rgen@example.com")).addresses == ("jürgen@example.com",)


NOTES = [
    "I am currently out of the office with limited access to email. For urgent matters contact bob@example.com.",
    "I'm on parental leave. Please direct your enquiries to bob@example.com in the meantime.",
    "The office is closed until 4 January. In an emergency call +44 20 1234.",
    "Ich bin bis 15.06. nicht im Büro. Ihre E-Mail wird nicht weitergeleitet.",
    "Je suis absente du bureau. En cas d'urgence, merci de contacter Bob.",
    "Estaré fuera de la oficina hasta el lunes. En caso de urgencia llame al 123.",
    "Sono fuori ufficio fino al 15 giugno. Per urgenze contattare bob@example.com.",
    "Ik ben afwezig tot 15 juni. Voor dringende zaken kunt u Bob bellen.",
    "Przebywam na urlopie do 15 czerwca. W pilnych sprawach proszę o kontakt z Bobem.",
    "Jag är på semester till den 15 juni. Vid brådskande ärenden kontakta Bob.",
    "Я нахожусь в отпуске до 15 июня. По срочным вопросам обращайтесь к Бобу.",
    "6月15日まで休暇をいただいております。お急ぎの場合は bob@example.com までご連絡ください。",
    "This is an automated response to confirm that we have received your message.",
    "Ceci est un message automatique, merci de ne pas y répondre.",
    "Wiadomość wygenerowana automatycznie, prosimy na nią nie odpowiadać.",
    "此邮件由系统自动发送，请勿回复。",
    "We have received your request and a ticket has been created with Ticket ID - 123.",
    "I protect my mailbox. Please click the link below once so that your mail is delivered.",
]
PEOPLE = [
    "I am on leave this week but very interested, can you call me on the 20th?",
    "Thanks, I am out of the office on Friday but Monday at 10 works.",
    "Sorry, was on vacation. Please send the details to my colleague bob@example.com.",
    "I no longer work there. My new address is ada@new.example, tell me more there.",
    "Bob has left the company, I took over from him.",
    "I have left a note for Bob (bob@example.com), he will call you.",
    "Is this an automated message or did you write it yourself?",
    "We sell automated response tools, so this is ironic.",
    "I received your message and opened a ticket. Do you ship to Norway?",
    "Je suis absent lundi mais disponible mardi à 10h.",
]


@pytest.mark.parametrize("words", NOTES)
def test_a_note_left_behind_is_known_by_its_words_alone(words):
    assert read_mail(mail(words, head=ANSWERS)).kind is MailKind.AUTO_REPLY


@pytest.mark.parametrize("words", PEOPLE)
def test_a_person_who_speaks_of_absence_or_machines_has_answered(words):
    assert read_mail(mail(words, head=ANSWERS)).kind is MailKind.REPLY


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ("Read: A question", "Your message\n\nTo: Ada\nSubject: A question\nSent: Monday\n\nwas read on Monday."),
        ("Gelesen: Frage", "Ihre Nachricht\n\nAn: Ada\nBetreff: Frage\n\nwurde am Montag, 1. Juni 2026 gelesen."),
        ("Lu : Question", "Votre message\n\nÀ : Ada\n\na été lu le lundi 1 juin 2026."),
    ],
)
def test_a_receipt_in_words_alone_is_no_answer(subject, words):
    assert read_mail(mail(words, subject=subject)).kind is MailKind.OTHER
    assert read_mail(mail("Here is what I think of it.", subject=subject)).kind is MailKind.REPLY


def test_a_multipart_whose_boundary_is_nowhere_is_text():
    assert read_mail(mail("Yes, please.", kind='multipart/alternative; boundary="gone"')).text == "Yes, please."


WISHES = [
    "Hi, can you please take me off your email list? Thanks, Ada",
    "I never signed up for this, unsubscribe",
    "Thank you but please unsubscribe me from further emails",
    "No. Unsubscribe.",
    "Please remove ada@example.com from your list",
    "Unsubscribe\n\nAda Lovelace\nChief Executive Officer\nTel +44 20 1234567",
    "Ich möchte keine weiteren E-Mails erhalten",
    "Hören Sie auf, mir zu schreiben",
    "Je ne souhaite plus recevoir vos mails",
    "No deseo recibir más correos",
    "Non voglio più ricevere le vostre email",
    "Não quero mais receber e-mails",
    "Gelieve mij uit te schrijven",
    "Proszę o usunięcie mojego adresu z bazy",
    "Jag vill inte ha fler mejl",
    "Прошу удалить мой адрес из рассылки",
    "今後メールを送らないでください",
    "请不要再给我发邮件",
    "더 이상 메일을 보내지 마세요",
]
NO_WISHES = [
    "Please don't remove me",
    "Bitte nicht abmelden",
    "No me den de baja",
    "Estoy de baja",
    "Is that enough information?",
    "Can I cancel?",
    "Please do not hesitate to contact me",
    "I never get your emails",
    "Wir haben keine E-Mail erhalten",
    "No he recibido su correo",
    "Bitte löschen Sie Position 3 aus dem Angebot",
    "Please remove bob@example.com from your list",
    "Do not call me, write to me instead",
    "Quiero recibir más información",
    "Add my colleague to the list, please",
]


@pytest.mark.parametrize(("words", "is_wish"), [*((one, True) for one in WISHES), *((one, False) for one in NO_WISHES)])
def test_a_wish_is_known_by_its_parts(words, is_wish):
    assert (read_mail(mail(words)).kind is MailKind.UNSUBSCRIBE) is is_wish

import pytest

from tracking.inbox.reading import MailKind, read_mail
from tracking.tests.inbox.reading.mails import mail, page

NEW = "Yes, Thursday suits me.\n\nAda"
# Each as its program writes it: what stands between the answer and the quoted mail.
ATTRIBUTIONS = {
    "Gmail": "On Mon, Jun 1, 2026 at 10:00 AM Us <us@example.org> wrote:\n\n> Hello Ada\n> how are you?\n",
    "Gmail, broken": "On Mon, Jun 1, 2026 at 10:00 AM Somebody With A Long Name <\nus@example.org> wrote:\n\n>"
    " Hello Ada\n",
    "Apple Mail": "> On 1. Jun 2026, at 10:00, Us <us@example.org> wrote:\n> \n> Hello Ada\n",
    "Thunderbird": "On 01/06/2026 10:00, Us wrote:\n> Hello Ada\n",
    "Yahoo": "    On Monday, June 1, 2026 at 10:00:00 AM GMT+2, Us <us@example.org> wrote:\n\n Hello Ada\n"
    " how are you?\n",
    "Outlook": "From: Us <us@example.org>\nSent: Monday, June 1, 2026 10:00 AM\nTo: Ada\nSubject: A question"
    "\n\nHello Ada\n",
    "Outlook web": "________________________________\nFrom: Us <us@example.org>\nSent: Monday\nTo: Ada\n"
    "Subject: Hi\n\nHello\n",
    "Outlook, old": "-----Original Message-----\nFrom: Us\nSent: Monday\nTo: Ada\nSubject: A question\n\nHello Ada\n",
    "German": "Am Mo., 1. Juni 2026 um 10:00 Uhr schrieb Us <us@example.org>:\n\n> Hallo Ada\n",
    "German Outlook": "Von: Us <us@example.org>\nGesendet: Montag, 1. Juni 2026 10:00\nAn: Ada\nBetreff: Frage\n\n"
    "Hallo\n",
    "German Thunderbird": "Am 01.06.26 um 10:00 schrieb Us:\n> Hallo Ada\n",
    "French": "Le lun. 1 juin 2026 à 10:00, Us <us@example.org> a écrit :\n\n> Bonjour\n",
    "French Outlook": "De : Us <us@example.org>\nEnvoyé : lundi 1 juin 2026 10:00\nÀ : Ada\nObjet : Question\n\n"
    "Bonjour\n",
    "Spanish": "El lun, 1 jun 2026 a las 10:00, Us (<us@example.org>) escribió:\n\n> Hola\n",
    "Spanish Outlook": "De: Us <us@example.org>\nEnviado el: lunes, 1 de junio de 2026 10:00\nPara: Ada\n"
    "Asunto: Hola\n\nHola\n",
    "Italian": "Il giorno lun 1 giu 2026 alle ore 10:00 Us <us@example.org> ha scritto:\n\n> Ciao\n",
    "Portuguese": "Em seg., 1 de jun. de 2026 às 10:00, Us <us@example.org> escreveu:\n\n> Olá\n",
    "Dutch": "Op ma 1 jun 2026 om 10:00 schreef Us <us@example.org>:\n\n> Hallo\n",
    "Dutch, other": "Op 1 juni 2026 om 10:00 heeft Us <us@example.org> het volgende geschreven:\n\n> Hallo\n",
    "Polish": "pon., 1 cze 2026 o 10:00 Us <us@example.org> napisał(a):\n\n> Dzień dobry\n",
    "Swedish": "Den mån 1 juni 2026 kl 10:00 skrev Us <us@example.org>:\n\n> Hej\n",
    "Danish": "Den man. 1. jun. 2026 kl. 10.00 skrev Us <us@example.org>:\n\n> Hej\n",
    "Norwegian": "man. 1. juni 2026 kl. 10:00 skrev Us <us@example.org>:\n\n> Hei\n",
    "Finnish": "ma 1. kesäk. 2026 klo 10.00 Us (us@example.org) kirjoitti:\n\n> Hei\n",
    "Czech": "po 1. 6. 2026 v 10:00 odesílatel Us <us@example.org> napsal:\n\n> Dobrý den\n",
    "Hungarian": "Us <us@example.org> ezt írta (időpont: 2026. jún. 1., H, 10:00):\n\n> Szia\n",
    "Turkish": "Us <us@example.org>, 1 Haz 2026 Pzt, 10:00 tarihinde şunu yazdı:\n\n> Merhaba\n",
    "Russian": "пн, 1 июн. 2026 г. в 10:00, Us <us@example.org>:\n\n> Привет\n",
    "Russian, other": "1 июня 2026, 10:00, Us <us@example.org> написал(а):\n\n> Привет\n",
    "Ukrainian": "пн, 1 черв. 2026 р. о 10:00 Us <us@example.org> пише:\n\n> Привіт\n",
    "Japanese": "2026年6月1日(月) 10:00 Us <us@example.org>:\n\n> こんにちは\n",
    "Chinese": "Us <us@example.org> 于2026年6月1日周一 10:00写道：\n\n> 你好\n",
    "Chinese, other": "------------------ 原始邮件 ------------------\n发件人: Us\n发送时间: 2026年6月1日\n"
    "收件人: Ada\n主题: Hi\n\n你好\n",
    "Korean": "2026년 6월 1일 (월) 오전 10:00, Us <us@example.org>님이 작성:\n\n> 안녕하세요\n",
    "Vietnamese": "Vào Th 2, 1 thg 6, 2026 vào lúc 10:00 Us <us@example.org> đã viết:\n\n> Chào\n",
    "Greek": "Στις Δευ 1 Ιουν 2026 στις 10:00, ο χρήστης Us <us@example.org> έγραψε:\n\n> Γεια\n",
    "Finnish, other": "Us kirjoitti 1.6.2026 klo 10.00:\n> Hei\n",
    "Zoho": "---- On Mon, 01 Jun 2026 10:00:00 +0200 Us <us@example.org> wrote ----\n\n> Hello\n",
    "GMX": "-------- Ein Wort --------\nBetreff: Frage\nDatum: Montag\nVon: Us\n\nHallo\n",
    "a picture": "[cid:image001.png@01D9]\n\nFrom: Us\nSent: Monday\nTo: Ada\nSubject: A question\n\nHello\n",
    "Romanian": "În lun., 1 iun. 2026 la 10:00, Us <us@example.org> a scris:\n\n> Bună\n",
}


@pytest.mark.parametrize("program", ATTRIBUTIONS)
def test_the_quoted_mail_below_an_answer_is_left_out(program):
    reading = read_mail(mail(f"{NEW}\n\n{ATTRIBUTIONS[program]}"))

    assert (reading.kind, reading.text) == (MailKind.REPLY, NEW)


@pytest.mark.parametrize("program", ["Gmail", "Thunderbird", "German", "French", "Danish", "Czech"])
def test_an_answer_below_the_quoted_mail_is_kept_alone(program):
    reading = read_mail(mail(f"{ATTRIBUTIONS[program]}\n{NEW}\n"))

    assert reading.text == NEW


def test_answers_between_quoted_lines_keep_what_they_answer():
    body = "On 1 June 2026, Us wrote:\n> When?\nThursday.\n\n> Where?\nIn your office.\n\n> Bye\n"

    assert read_mail(mail(body)).text == "> When?\nThursday.\n\n> Where?\nIn your office."


def test_a_quoted_mail_without_marks_may_quote_another():
    body = "Yes.\n\nOn Monday, June 1, 2026, Us <us@example.org> wrote:\n\nHello Ada\n\n> An older mail\n\nBye\n"

    assert read_mail(mail(body)).text == "Yes."


def test_a_quoted_line_that_was_broken_is_no_answer():
    long = "> This is a line that was so long that the program which sent it on broke it in"
    body = f"On 1 June 2026, Us wrote:\n{long}\ntwo.\n> Bye\n\nYes.\n"

    assert read_mail(mail(body)).text == "Yes."


def test_what_leads_to_a_quote_in_a_language_we_do_not_know_is_left_out():
    body = "Oui-da.\n\n01.06.2026 10:00 Us <us@example.org> ysgrifennodd:\n\n> Helo\n"

    assert read_mail(mail(body)).text == "Oui-da."


@pytest.mark.parametrize(
    "below",
    [
        "-- \nAda Lovelace\nEngineer",
        "Sent from my iPhone",
        "Von meinem iPhone gesendet",
        "Envoyé de mon iPhone",
        "Enviado desde mi iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Skickat från min iPhone",
        "Wysłane z iPhone'a",
        "Отправлено с iPhone",
        "iPhoneから送信",
        "发自我的iPhone",
        "나의 iPhone에서 보냄",
        "Get Outlook for Android<https://example.com>",
    ],
)
def test_signatures_of_people_and_phones_are_left_out(below):
    assert read_mail(mail(f"Fine with me.\n\n{below}\n")).text == "Fine with me."


@pytest.mark.parametrize(
    "text",
    [
        "Two things:\n\n1. On Monday we wrote to them.\n2. Date: is still open.\n\nSubject to approval.",
        "From what I see: yes.\nTo be honest, no.",
        "Here is the list\n- one\n- two - and three",
        "On reflection, I wrote too early. Call me at 10:00.",
        "He wrote to me at bob@example.com last week",
    ],
)
def test_words_like_those_of_programs_stay(text):
    assert read_mail(mail(text)).text == text


def test_where_all_is_quoted_all_is_kept():
    assert read_mail(mail("> Hello Ada\n")).text == "> Hello Ada"


PAGES = {
    "Gmail": '<div dir="ltr">Yes, gladly.<div><br></div><div>Ada</div></div><br><div class="gmail_quote">'
    '<div dir="ltr" '
    'class="gmail_attr">On Mon, Us &lt;us@example.org&gt; wrote:<br></div>'
    '<blockquote class="gmail_quote">Hello</blockquote></div>',
    "Apple Mail": "<html><body>Yes, gladly.<div><br></div><div>Ada<br><div><br><blockquote type='cite'><div>"
    "On 1 Jun 2026, at "
    "10:00, Us &lt;us@example.org&gt; wrote:</div><br><div>Hello</div></blockquote></div></div></body></html>",
    "Outlook": "<style>p {margin: 0}</style><div class=WordSection1><p class=MsoNormal>Yes, gladly.<o:p>"
    "</o:p></p><p class=MsoNormal>"
    "<o:p>&nbsp;</o:p></p><p class=MsoNormal>Ada</p><div style='border-top:solid #E1E1E1 1.0pt'>"
    "<p class=MsoNormal><b>From:</b> Us "
    "&lt;us@example.org&gt;<br><b>Sent:</b> Monday<br><b>To:</b> Ada<br><b>Subject:</b> Hi</p></div><p>Hello</p></div>",
    "Outlook web": '<div>Yes, gladly.</div><div><br></div><div>Ada</div><hr><div id="divRplyFwdMsg"><b>From:</b>'
    " Us<br></div><div>Hello</div>",
    "Outlook mobile": '<div>Yes, gladly.</div><div><br></div><div>Ada</div><div id="ms-outlook-mobile-signature">'
    "Get Outlook for iOS</div>"
    '<div id="mail-editor-reference-message-container"><hr><b>From:</b> Us</div>',
    "Thunderbird": '<p>Yes, gladly.</p><p>Ada</p><div class="moz-cite-prefix">On 01/06/2026 10:00, Us wrote:<br></div>'
    '<blockquote type="cite"><p>Hello</p></blockquote>',
    "Yahoo": "<div>Yes, gladly.</div><div><br></div><div>Ada</div>"
    '<div id="ydp1yahoo_quoted_1" class="yahoo_quoted">On Monday, Us wrote: Hello</div>',
    "Proton": '<div>Yes, gladly.</div><div><br></div><div>Ada</div><div class="protonmail_quote">'
    "On Monday, Us wrote:<blockquote>Hello"
    "</blockquote></div>",
}


@pytest.mark.parametrize("program", PAGES)
def test_an_answer_that_is_a_page_is_read_without_what_it_quotes(program):
    assert read_mail(page(PAGES[program])).text == "Yes, gladly.\n\nAda"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<div>One<br>two</div><div>three</div>", "One\ntwo\nthree"),
        ("<p>One</p>\n<p>two</p>", "One\n\ntwo"),
        ("<pre>One\ntwo</pre>", "One\ntwo"),
        ("1 &lt; 2 &amp; 3", "1 < 2 & 3"),
        ("a < b <b>c</b><!-- d --> e <script>f</script>", "a < b c e"),
        ("<div>Yes</div><blockquote>and this is mine</blockquote>", "Yes\nand this is mine"),
    ],
)
def test_a_page_is_read_as_a_person_sees_it(body, text):
    assert read_mail(page(body)).text == text


def test_of_text_and_page_the_text_is_read_and_an_empty_one_passed_over():
    both = (
        "--b\nContent-Type: text/plain\n\n{text}\n--b\nContent-Type: text/html\n\n<p>From the <b>page</b></p>\n--b--\n"
    )
    kind = 'multipart/alternative; boundary="b"'

    assert read_mail(mail(both.format(text="From the text"), kind=kind)).text == "From the text"
    assert read_mail(mail(both.format(text=" "), kind=kind)).text == "From the page"


@pytest.mark.parametrize(
    ("charset", "written"),
    [
        ("utf-8", "utf-8"),
        ("iso-8859-1", "cp1252"),
        ("us-ascii", "utf-8"),
        ("iso-8859-1", "utf-8"),
        ("no-such-charset", "utf-8"),
        ("utf-8", "cp1252"),
        ("", "cp1252"),
    ],
)
def test_a_charset_that_lies_does_no_harm(charset, written):
    head = f"From: ada@example.com\nSubject: Re: x\nContent-Type: text/plain; charset={charset}\n\n"

    assert read_mail(head.encode() + "Schöne Grüße".encode(written)).text == "Schöne Grüße"


@pytest.mark.parametrize(
    ("charset", "text"), [("gb2312", "谢谢"), ("iso-2022-jp", "ありがとう"), ("koi8-r", "Спасибо")]
)
def test_letters_of_other_scripts_are_read(charset, text):
    head = f"From: ada@example.com\nSubject: Re: x\nContent-Type: text/plain; charset={charset}\n\n"

    assert read_mail(head.encode() + text.encode(charset)).text == text


def test_lines_that_were_broken_for_the_way_are_whole_again():
    raw = mail("This is one \nline.\n-- \nAda", kind="text/plain; charset=utf-8; format=flowed")

    assert read_mail(raw).text == "This is one line."


def test_a_long_answer_is_cut():
    assert len(read_mail(mail("word " * 10_000)).text) <= 20_000

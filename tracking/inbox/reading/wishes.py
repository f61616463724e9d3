"""Mails in which a person says that they want no more, and nothing else.

Exact and short, so that "please don't stop" and whatever else holds such a word stays an answer.
"""

import re

MAX_WORDS = 14
MAX_LENGTH = 140

_WISH = re.compile(
    r"unsubscribe|unsubscribe (?:me|us)|un subscribe|unsuscribe|unsubcribe|"
    r"(?:stop|cease|quit)(?: (?:it|this|now|please|mailing|emailing|e-mailing|contacting|spamming|writing)){0,2}|"
    r"(?:stop|quit) (?:emailing|e-mailing|mailing|contacting|spamming|messaging|writing|writing to|sending) (?:me|us|"
    r"to me|me (?:e-?mails?|mails?|messages?|this|these|these e-?mails?|spam))(?: (?:again|now|anymore|any more|"
    r"immediately))?|"
    r"stop sending (?:e-?mails?|mails?|messages?|these|this|spam|me anything)(?: (?:e-?mails?|mails?|messages?))?|"
    r"opt out|opt me out|optout|opt-out|opting out|i (?:want|wish|would like|d like) to (?:opt out|unsubscribe|"
    r"be removed|be unsubscribed)(?: from (?:this|your|the|these) (?:e-?mail |mailing )?(?:list|mails|e-?mails))?|"
    r"(?:remove|delete|take|unsubscribe) (?:me|us|my (?:e-?mail|e-?mail address|address|name|contact|details|data)|"
    r"this address|this e-?mail(?: address)?)(?: (?:off|from|out of) (?:this|your|the|all|any|"
    r"these)(?: \w+)? ?(?:list|lists|mailing list|mailing lists|database|e-?mails|mails|records|contacts|"
    r"distribution list)?)?(?: (?:now|immediately|asap|today))?|"
    r"(?:do not|don t|dont|never) (?:e-?mail|contact|write|write to|mail|message|spam) (?:me|us)(?: (?:again|anymore|"
    r"any more|any longer|ever again))?|"
    r"no more (?:e-?mails?|mails?|messages?|spam)|leave me alone|not interested (?:please )?(?:unsubscribe|remove me|"
    r"stop)(?: me)?|remove|take me off|"
    # German
    r"abmelden|abmeldung|austragen|abbestellen|(?:bitte )?(?:melden|tragen|nehmen|streichen|löschen) sie (?:mich|uns|"
    r"meine (?:adresse|daten|e-?mail(?: ?adresse)?)) ?(?:bitte )?(?:ab|aus|von (?:ihrer|der) liste|aus (?:ihrer|dem|"
    r"der|ihrem) (?:liste|verteiler|datenbank))?|"
    r"keine (?:weiteren |mehr )?(?:e-?mails?|mails?|werbung|nachrichten|newsletter)(?: mehr)?(?: senden| schicken|"
    r" an mich)?|stopp|aufhören|(?:bitte )?nicht mehr (?:schreiben|kontaktieren|anschreiben)|"
    r"schreiben sie mir (?:bitte )?nicht mehr|schicken sie mir (?:bitte )?keine (?:e-?mails?|mails?|werbung) mehr|"
    # French
    r"(?:se |me |nous )?désabonner|désabonnement|désinscription|désinscrire|désinscrivez moi|désabonnez moi|"
    r"désinscription s il vous plaît|(?:veuillez )?(?:me|nous) (?:désinscrire|désabonner|retirer|"
    r"supprimer)(?: de (?:votre|cette|la) (?:liste|base))?|"
    r"(?:merci de )?(?:ne (?:plus|pas) (?:me|nous) (?:contacter|écrire|envoyer de (?:mails?|e-?mails?|messages?)))|"
    r"retirez moi de (?:votre|cette|la) liste|arrêtez|arrêtez de m écrire|ne m écrivez plus|"
    # Spanish
    r"(?:darme |dar |dame |denme )?de baja|baja|desuscribir(?:me)?|cancelar (?:la )?suscripción|(?:quiero |"
    r"quisiera )?darme de baja|no (?:me )?(?:escriban?|contacten?|envíen?|manden?)(?: más)?(?: (?:correos?|e-?mails?|"
    r"mensajes))?|elimíneme de (?:su|la|esta) lista|(?:quítenme|bórrenme|elimínenme|sáquenme) de (?:su|la|"
    r"esta) lista|basta|"
    # Italian
    r"cancellami|cancellatemi|disiscrivi(?:mi|temi)?|disiscrizione|cancellazione|annulla iscrizione|(?:rimuovetemi|"
    r"rimuovimi|toglietemi|cancellatemi) (?:dalla|da questa|dalla vostra) (?:lista|mailing list)|non (?:scrivetemi|"
    r"contattatemi|inviatemi) più(?: (?:e-?mail|mail|messaggi))?|"
    # Portuguese
    r"descadastrar|descadastre me|cancelar (?:a )?(?:inscrição|assinatura|subscrição)|remover|(?:me )?(?:remova|"
    r"remover|retire|exclua)(?: me)?(?: (?:da|desta|de sua) lista)?|não (?:me )?(?:envie|enviem|escreva|contate|"
    r"contacte)(?: mais)?(?: (?:e-?mails?|mensagens))?|parar|pare|"
    # Dutch
    r"afmelden|uitschrijven|afmelding|(?:meld|schrijf|haal) (?:mij|me|ons) (?:af|uit|van (?:de|deze|uw|"
    r"jullie) lijst)|(?:geen|niet) (?:e-?mails?|mails?|berichten) meer|(?:mail|schrijf|benader) (?:mij|me) niet meer|"
    r"verwijder (?:mij|me) (?:van|uit) (?:de|deze|uw|jullie) (?:lijst|bestand|mailinglijst)|"
    # Polish, Swedish, Danish, Norwegian, Finnish, Czech
    r"wypisz|wypisz mnie|wypisać|proszę (?:mnie )?(?:wypisać|usunąć)(?: mnie)?(?: (?:z|ze) (?:listy|bazy))?|rezygnuję|"
    r"(?:proszę )?nie (?:pisać|wysyłać|kontaktować się)(?: (?:więcej|do mnie))*|proszę o (?:usunięcie|"
    r"wypisanie)(?: mnie)?(?: z (?:listy|bazy))?|"
    r"avregistrera|avregistrera mig|avprenumerera|ta bort mig(?: från (?:listan|er lista|denna lista|sändlistan))?|"
    r"sluta (?:maila|mejla|skriva till|kontakta) mig|inga fler (?:mail|mejl)|avsluta|"
    r"afmeld|afmeld mig|frameld|frameld mig|slet mig(?: fra (?:listen|jeres liste))?|fjern mig(?: fra (?:listen|"
    r"jeres liste))?|stop med at skrive(?: til mig)?|ingen flere mails?|"
    r"meld meg av|avmeld|fjern meg(?: fra (?:listen|deres liste|denne listen))?|slutt å (?:skrive|"
    r"sende mail)(?: til meg)?|ikke kontakt meg(?: igjen)?|"
    r"peruuta tilaus|poistakaa (?:minut|osoitteeni)(?: (?:listalta|postituslistalta))?|poista (?:minut|"
    r"osoitteeni)(?: (?:listalta|postituslistalta))?|älkää (?:lähettäkö|ottako yhteyttä)(?: enää)?|lopettakaa|"
    r"odhlásit|odhlaste mě|odhlásit odběr|odhlášení|vyřaďte mě(?: ze seznamu)?|(?:prosím )?už mi nepište|"
    r"nepište mi(?: už)?|"
    # Russian, Turkish, Hungarian, Japanese, Chinese, Korean
    r"отписаться|отпишите меня|отписка|(?:прошу )?(?:удалите|уберите|исключите|удалить|исключить) (?:меня|"
    r"мой адрес)(?: из (?:рассылки|списка|базы|вашего списка|вашей базы))?|не пишите мне(?: больше)?|"
    r"больше (?:мне )?не пишите|стоп|прекратите|"
    r"abonelikten çık|üyelikten çık|listeden çıkar|leiratkozás|leiratkozom|töröljenek a listáról|"
    r"配信停止|配信停止(?:希望|してください|お願いします|を希望します)|購読解除|解除|登録解除|メール不要|退订|退訂|"
    r"取消订阅|取消訂閱|请不要再发|不要再发(?:邮件)?(?:给我)?(?:了)?|请勿再发|수신 ?거부|구독 ?취소|"
    r"메일 ?보내지 ?마세요",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"(?:hi|hello|hey|dear|hallo|bonjour|hola|ciao|olá|hej|hei|moi|dobrý den|dzień dobry|здравствуйте|добрый день|"
    r"guten tag|good (?:morning|day|afternoon)|"
    r"sehr geehrte damen und herren|madame monsieur|sir|madam|team|all|there|"
    r"please|pls|plz|kindly|just|bitte|s il vous plaît|svp|merci de|veuillez|por favor|per favore|si prega di|"
    r"alstublieft|aub|graag|proszę|snälla|vänligen|venligst|vennligst|prosím|пожалуйста|お願いします|请|"
    r"thanks|thank you|thx|ty|danke|vielen dank|merci|gracias|grazie|obrigado|obrigada|bedankt|dank u|dank je|"
    r"dziękuję|tack|tak|takk|kiitos|děkuji|спасибо|"
    r"best|regards|best regards|kind regards|cheers|mfg|mit freundlichen grüßen|viele grüße|gruß|lg|cordialement|"
    r"saludos|saluti|cordiali saluti|atenciosamente|groet|groeten|pozdrawiam|mvh|hälsningar|hilsen|terveisin|"
    r"с уважением|"
    r"immediately|now|asap|and|und|et|y|e|en|och|og)",
    re.IGNORECASE,
)
_PUNCTUATION = re.compile(r"[^\w\s]+")
_SUBJECT = re.compile(
    r"(?:re|aw|sv|antw)?[: ]{0,3}(?:please |bitte )?(?:unsubscribe|opt[ -]?out|remove(?: me)?|abmelden|abmeldung|"
    r"désabonnement|désinscription|désabonner|se désabonner|baja|darme de baja|cancellami|"
    r"disiscrizione|descadastrar|afmelden|uitschrijven|wypisz|avregistrera|afmeld|avmeld|odhlásit|отписаться|отписка|"
    r"配信停止|退订|수신거부|stop)\W{0,5}",
    re.IGNORECASE,
)


def is_wish(text: str) -> bool:
    """Whether `text` is nothing but the wish to be left alone, politely or not."""
    if not text.strip() or len(text) > MAX_LENGTH:
        return False
    bare = " ".join(_PUNCTUATION.sub(" ", text.lower().replace("e-mail", "email")).split())
    words = bare.split(" ")
    if len(words) > MAX_WORDS:
        return False
    for begin in range(min(6, len(words))):
        if not _is_polite(words[:begin]):
            continue
        for end in range(len(words), max(begin, len(words) - 6), -1):
            if _is_polite(words[end:]) and _WISH.fullmatch(" ".join(words[begin:end])):
                return True
    return False


def is_wish_in_subject(subject: str) -> bool:
    return len(subject) < 80 and bool(_SUBJECT.fullmatch(subject.strip()))


def _is_polite(words: list[str]) -> bool:
    """Whether these words are nothing but politeness."""
    left = words
    while left:
        taken = next((n for n in range(min(5, len(left)), 0, -1) if _POLITE.fullmatch(" ".join(left[:n]))), 0)
        if not taken:
            return False
        left = left[taken:]
    return True

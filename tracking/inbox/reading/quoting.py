"""What mail programs write around a quoted mail, in the languages they write it in.

Each pattern is tried on a line, or a few lines in one, of bounded length.
"""

import re

MAX_LINE = 500  # characters of a line that are looked at


def _words(*words: str) -> str:
    return "|".join(words)


# On Tue, Ada wrote: - in as many words as there are programs. What is asked for is the word for writing, at the end.
_WROTE = _words(
    r"wrote|writes|has written|a écrit|écrivait|a ecrit|a scris|schrieb(?: am .{0,60}| im .{0,60}| folgendes)?|"
    r"hat .{0,80}geschrieben",
    r"geschrieben|escribió|escribi[oó]|ha escrito|ha scritto|scrive|escreveu|va escriure|schreef|"
    r"(?:het volgende )?geschreven",
    r"napisał(?:\(a\)|a|/a)?|pisze|napsal(?:\(a\)|a)?|napísal(?:\(a\)|a)?|skrev(?: følgende| följande)?|"
    r"kirjoitti(?: viestissä)?",
    r"ezt írta(?: .{0,60})?|írta|şunu yazdı|şunları yazdı|yazdı|написал(?:\(а\)|а)?|написав(?:\(ла\))?|написала|"
    r"пишет|пише|писал(?:\(а\)|а)?",
    r"написа|napisao(?:/la)?|napisala|je napisal(?:/-a)?|έγραψε|כתב(?:/ה)?|كتب|đã viết|menulis|rašė|rakstīja|"
    r"kirjutas",
    r"เขียน(?:ว่า)?|skrifaði",
)
_WROTE_UNSPACED = "のメッセージ|が書きました|は書きました|さんは書きました|のメール|写道|寫道|写到|님이 작성"
# Looked for first, since that is quick: a part of each of the words above.
_HINTS = (
    "wrot",
    "write",
    "writ",
    "crit",
    "scris",
    "schrieb",
    "schreef",
    "geschreven",
    "escri",
    "escreveu",
    "scritto",
    "scrive",
    "napis",
    "pisze",
    "napsal",
    "napísal",
    "skrev",
    "kirjoitti",
    "írta",
    "yazdı",
    "напис",
    "пишет",
    "пише",
    "писал",
    "έγραψε",
    "כתב",
    "كتب",
    "đã viết",
    "menulis",
    "rašė",
    "rakstīja",
    "kirjutas",
    "メッセージ",
    "書きました",
    "メール",
    "写道",
    "寫道",
    "写到",
    "작성",
    "เขียน",
    "skrifaði",
)
_AT_END = re.compile(
    rf"(?:(?:^|[\s\W])(?:{_WROTE})|{_WROTE_UNSPACED})(?:[^\w:：]{{0,6}}(?:<[^>]{{0,120}}>|"
    rf"[\w.-]{{0,40}}))?\s?[:：]?[\s*_]{{0,4}}$",
    re.IGNORECASE,
)
_ANYWHERE = re.compile(rf"(?:^|[\s\W])(?:{_WROTE})(?=\W)", re.IGNORECASE)  # the name stands behind it: "skrev Ada:"
_ENDS = re.compile(r"[:：][\s*_]{0,4}$")
# "Ada <ada@...> schrieb am Fr., 28. Apr. 2017 um 11:53 Uhr:" has the time behind the word.
_WITH_TIME_BEHIND = re.compile(
    rf"[>\"\w)] ?(?:{_WROTE}) "
    r"(?:\d{1,4}[./-] ?\d{1,2}[./-]|am|on|le|el|il|em|op|den|in|dne|dnia|v|w|\(|,).{0,80}\d.{0,40}[:：]\s{0,3}$",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    r"[\s>*_|]{0,6}(?:on|in article|at|am|le|el|il|em|op|den|dnia|w dniu|dne|v|u|dana|pe|la|în data|il giorno|na|на|"
    r"în|vào|pada|ngày|στις|ב|ב-|في|tarihinde|lör|mån|tis|ons|tor|fre|sön|pon|wt|śr|czw|pt|sob|niedz|"
    r"пн|вт|ср|чт|пт|сб|вс|нд|po|út|st|čt|pá|so|ne|ma|ti|ke|to|pe|la|su|mon|tue|wed|thu|fri|sat|sun|"
    r"mo|di|mi|do|fr|sa|so|lun|mar|mer|mié|jeu|jue|ven|vie|sam|sáb|dim|dom|gio|sab|qua|qui|sex|seg|ter|"
    r"\w{2,12}[.,]{0,2} \d{1,2}[. ]|\d{1,4}[./年-]|\d{1,2}\.? \w{3,12}\.? \d{2,4}|在|於|于|am\b)[\s,.\d(0-9]",
    re.IGNORECASE,
)
_ADDRESSED = re.compile(r"[<\[(]?[^\s<>@]{1,64}@[^\s<>@]{1,200}|<\s*(?:mailto:)?$|via \w")
# Some write no word for writing, but the time and the address.
_DATED = re.compile(
    r"\s{0,3}(?:(?:\w{2,12}[.,]{0,2} )?\d{1,2}\.? .{2,40}\d{4}.{0,40}\d{1,2}[:.]\d{2}|\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\D)"
)
_ADDRESS_LAST = re.compile(r"<\s?[^<>\s]{1,64}@[^<>\s]{1,200}>\s?[:：]?\s{0,3}$")
_DATED_IN_JAPAN = re.compile(r"\s{0,3}\d{4}年\d{1,2}月\d{1,2}日.{0,160}[:：]\s{0,3}$")
_USENET = re.compile(
    r"(?:\* )?(?:quoting|zitat von|citat av|citando|selon|citando a|quoth) .{1,200}[:：]?\s{0,3}$", re.IGNORECASE
)

_ORIGINAL = _words(
    r"original (?:message|e-?mail|appointment)|original-nachricht|urspr(?:ü|ue?)ngliche (?:nachricht|e-?mail|mail)|"
    r"originalnachricht|"
    r"message d['’]origine|"
    r"message original|mail original|courriel original|mensaje original|messaggio (?:originale|original)|"
    r"mensagem original|"
    r"oorspronkelijk(?:e)? bericht|oorspronkelijke e-mail|wiadomość oryginalna|oryginalna wiadomość|"
    r"ursprungligt meddelande|"
    r"originalmeddelande|oprindelig meddelelse|original meddelelse|opprinnelig melding|alkuperäinen viesti|"
    r"původní (?:zpráva|e-?mail)|pôvodná správa|исходное сообщение|оригинальное сообщение|первоначальное сообщение|"
    r"eredeti üzenet|mesaj original|mesajul original|orijinal mesaj|özgün ileti|originalna poruka|izvirno sporočilo|"
    r"元のメッセージ|元のメール|original message|原始邮件|原始郵件|原邮件|原信|원본 메시지|원본 메일|원본메일|"
    r"thư gốc|pesan asli|αρχικό μήνυμα|הודעה מקורית",
)
_FORWARDED = _words(
    r"forwarded (?:message|by .{1,80})|begin forwarded message|weitergeleitete nachricht|"
    r"anfang der weitergeleiteten (?:nachricht|e-?mail)|"
    r"message transféré|message transmis|début du message (?:transféré|réexpédié)|mensaje reenviado|"
    r"inicio del mensaje reenviado|messaggio inoltrato|inizio messaggio inoltrato|mensagem (?:encaminhada|"
    r"reencaminhada)|"
    r"início da mensagem (?:encaminhada|reencaminhada)|doorgestuurd bericht|begin doorgestuurd bericht|"
    r"przekazana wiadomość|wiadomość przekazana|vidarebefordrat meddelande|vidarebefordrat brev|"
    r"videresendt (?:meddelelse|melding)|start på videresendt besked|välitetty viesti|přeposlaná zpráva|"
    r"пересылаемое сообщение|пересланное сообщение|перенаправленное сообщение|начало переадресованного сообщения|"
    r"továbbított üzenet|mesaj redirecționat|mesaj redirecţionat|iletilen mesaj|yönlendirilmiş ileti|"
    r"転送メッセージ|転送されたメッセージ|转发的邮件|转发邮件|轉寄郵件|전달된 메시지|전달된 메일",
)
_MARK = re.compile(
    rf"[\s>*_|=~-]{{0,80}}(?:{_ORIGINAL}|{_FORWARDED})(?: from .{{1,80}})?[\s:*_|=~-]{{0,80}}$", re.IGNORECASE
)
_NAMES_FROM = _words(
    "from|von|de|da|från|fra|van|od|от|від|lähettäjä|feladó|gönderen|kimden|差出人|发件人|寄件者|寄件人|보낸 사람|"
    "보낸사람|odesílatel|"
    "expéditeur|remitente|mittente|remetente|afzender|nadawca|avsändare|afsender|expeditor|de la|από|מאת|من|från"
)
_NAMES_OTHER = _words(
    "sent|to|cc|bcc|date|subject|reply-to|reply to|importance|an|gesendet|datum|betreff|kopie|antwort an|à|a|envoyé|"
    "objet|"
    "envoyé le|date d['’]envoi|répondre à|copie à|para|enviado|enviado el|enviada em|enviado em|enviada|fecha|asunto|"
    "assunto|cco|data|inviato|oggetto|risposta|rispondi a|"
    "skickat|till|ämne|kopia|sendt|til|emne|dato|kopi|verzonden|aan|onderwerp|datum|beantwoorden|do|wysłano|wysłane|"
    "temat|dw|"
    "lähetetty|vastaanottaja|aihe|päivämäärä|kenelle|odesláno|komu|předmět|věc|odoslané|predmet|"
    "отправлено|кому|тема|дата|копия|надіслано|címzett|tárgy|elküldve|dátum|küldve|kime|konu|tarih|gönderildi|bilgi|"
    "gönderilme tarihi|"
    "送信日時|日時|宛先|件名|日付|发送时间|发送日期|收件人|抄送|主题|日期|寄件日期|傳送時間|收件者|主旨|副本|"
    "보낸 날짜|날짜|받는 사람|받는사람|제목|참조|trimis|către|subiect|στάλθηκε|προς|θέμα|ημερομηνία|נשלח|אל|נושא|תאריך"
)
_HEADER = re.compile(
    rf"[\s>|*_]{{0,8}}({_NAMES_FROM}|{_NAMES_OTHER})[ \xa0]?[*_]{{0,2}}[ \xa0]?[:：](?!//)[*_]{{0,2}}", re.IGNORECASE
)
_DELIMITER = re.compile(
    r"\s{0,8}(?:[-_,=+~#*—–]{2,}|[—–_]|(?:[-_=*] ){5,}[-_=*]?)\s{0,8}$|"
    r"[\s>#*-]{0,8}(?:(?:please )?(?:type|write|add) your reply above|reply above this line|"
    r"(?:to respond|um zu antworten).{0,20}above this line|do not (?:write|type) below this line).{0,80}$",
    re.IGNORECASE,
)
_DEVICE = (
    r"i ?phone|i ?pad|i ?pod|android|samsung|galaxy|blackberry|nokia|lumia|windows|outlook|yahoo|mail|mobile|"
    r"mobil\w*|handy|phone|"
    r"smartphone|tablet|htc|lg|sony|xperia|huawei|xiaomi|oneplus|pixel|motorola|moto|cell\w*|device|appareil|gerät|"
    r"telefon\w*|"
    r"téléphone|mac|watch|alcatel|zte|app|gmail|inbox|proton\w*|spark|boxer|k-9|fairphone|airmail|mailbox|postbox|"
    r"thunderbird|ti-85"
)
_SIGNATURE = re.compile(
    r"[\s<(\[*_—–-]{0,8}(?:"
    r"\[(?:cid:|image|inline image|logo|bild)[^\]]{0,150}|"
    r"(?:sent|posted|written|composed|typed|dictated) (?:from|via|with|by|using|on) .{1,120}|"
    rf"from my (?:\w+ ){{0,3}}(?:{_DEVICE})\b.{{0,40}}|\w{{1,30}} (?:\w{{1,30}} )?from (?:my )?(?:mobile|phone|iphone)|"
    r"get outlook for .{1,80}|get \[outlook for .{1,80}|(?:download|holen sie sich|obtenir|obtenga|scarica|"
    r"télécharge[rz]) outlook.{1,80}|"
    r"outlook (?:für|pour|para|per|voor) (?:ios|android).{0,80}|"
    r"envoyé (?:de|depuis|à partir|avec|par|via) .{1,120}|télécharger outlook.{1,80}|"
    rf"von meine[mr] .{{1,80}} gesendet.{{0,20}}|(?:gesendet|versendet|verschickt) (?:von|mit|über|aus|via) .{{1,120}}|"
    r"diese (?:nachricht|e-?mail|mail) wurde (?:von|mit|über) .{1,80}(?:gesendet|verfasst|versandt|verschickt).{0,20}|"
    r"(?:enviado|enviada) (?:desde|do|da|de|a partir|pelo|por|via|con) .{1,120}|mensaje enviado desde .{1,80}|"
    r"inviato (?:da|dal|con|tramite) .{1,120}|(?:verzonden|verstuurd) (?:met|vanaf|van|vanuit|via) .{1,120}|"
    r"(?:sendt|sent) (?:fra|med|via) .{1,120}|skickat (?:från|med|via) .{1,120}|"
    r"wysłan[eoya] (?:z|ze|za pomocą|przez|przy) .{1,120}|lähetetty .{1,120}|(?:odesláno|odoslané) (?:z|ze|"
    r"pomocí) .{1,120}|"
    r"отправлено (?:с|из|от|через) .{1,120}|надіслано (?:з|із) .{1,120}|trimis (?:de pe|din|cu) .{1,120}|"
    r".{1,60}(?:'dan|'den|ımdan|imden|umdan) gönderildi|được gửi từ .{1,120}|dikirim dari .{1,120}|"
    r"(?:poslano|poslato|послано) (?:s|z|sa|iz|из|от) .{1,120}|στάλθηκε από .{1,120}|נשלח מ.{1,80}|"
    r"elküldve .{1,80}|.{1,40}-?(?:ról|ről) küldve|"
    r"從我的 .{1,40} 傳送|从我的 .{1,40} 发送|发自我的 ?.{1,40}|发自 .{1,40}|發自我的 ?.{1,40}|"
    r".{0,40}から送信(?:された.{0,20})?|"
    r"나의 .{1,40}에서 보냄|내 .{1,40}에서 보냄|.{1,40}에서 보냄"
    r")[\s>)\].*_!]{0,8}$",
    re.IGNORECASE,
)
_RULED = re.compile(r"\s{0,8}-{3,}[^-]{1,80}-{3,}\s{0,8}$")
_QUOTED = re.compile(r"\s{0,4}(?:>|\||\w{1,12}> )")


def is_attribution(text: str) -> bool:
    """Whether these words, some lines in one, say who wrote what is quoted below."""
    line = text[:MAX_LINE]
    if len(text) > MAX_LINE or not any(letter.isdigit() or letter in "@<" for letter in line):
        return bool(len(text) < 200 and _USENET.match(line.strip()))
    bare = line.strip(" >*_|-\t\u200e\u200f\u202a\u202c\xa0")
    if line.rstrip().endswith(">"):
        bare += ">"
    if _DATED_IN_JAPAN.match(bare) or (_ADDRESS_LAST.search(bare[-300:]) and _DATED.match(bare)):
        return True
    lowered = bare.lower()
    if not any(hint in lowered for hint in _HINTS):
        return False
    if _WITH_TIME_BEHIND.search(bare):
        return True
    if _BEGINS.match(bare) and (_AT_END.search(bare) or (_ENDS.search(bare) and _ANYWHERE.search(bare))):
        return True
    return bool(_AT_END.search(bare) and _ENDS.search(bare))


def may_begin_attribution(line: str) -> bool:
    """Whether an attribution that runs over several lines may begin with this one."""
    return len(line) <= MAX_LINE and bool(_BEGINS.match(line) or _ADDRESSED.search(line))


def is_mark(line: str) -> bool:
    """Whether a line says that the original, or a forwarded mail, follows."""
    return len(line) <= MAX_LINE and bool(_MARK.match(line))


def is_header(line: str) -> bool:
    """Whether a line looks like one of From, Sent, To and Subject above a mail."""
    return bool(_HEADER.match(line[:MAX_LINE]))


def is_delimiter(line: str) -> bool:
    """Whether a line ends what the writer wrote: the one before a signature, or one drawn across."""
    return len(line) <= MAX_LINE and bool(_DELIMITER.match(line))


def is_ruled(line: str) -> bool:
    """Whether a line has words between two rules, as above the head of a quoted mail."""
    return len(line) <= 200 and bool(_RULED.match(line))


def is_signature(line: str) -> bool:
    """Whether a line is what phones and programs put below a mail."""
    return len(line) <= 200 and bool(_SIGNATURE.match(line))


def is_quoted(line: str) -> bool:
    return bool(_QUOTED.match(line[:40]))

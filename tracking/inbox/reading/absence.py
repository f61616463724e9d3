"""Words that only a note left behind has: of somebody who is away or has left, or of a program about itself.

Alone, without any header, they must be beyond doubt, since a person who mentions a holiday has answered: somebody is
away, somebody else is named for what is urgent, and nothing is asked or wanted of us.
"""

import re

MAX_LOOKED_AT = 1_500  # characters


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


ABSENT = _any(
    r"out of (?:the |my )?office|not in (?:the|my) office|(?<!was )(?<!were )on (?:\w+ )?(?:leave|vacation|"
    r"holidays?)\b|"
    r"(?:am|m|be|is) (?:currently )?(?:away|travell?ing)\b|office (?:is|will be|remains) closed|(?:have|"
    r"has) left (?!you|a\b|the (?!company|firm|organi))|"
    r"moved on from|no longer (?:with|work\w*|employed|monitored|in use)",
    r"nicht (?:im (?:büro|haus|dienst|office)|am platz)|nicht .{0,40}erreichbar|im urlaub|abwesend|(?:büro|kanzlei|"
    r"praxis|geschäft|"
    r"betrieb) ist .{0,60}geschlossen|wieder für sie (?:da|erreichbar)|(?:außer|ausser) haus|in elternzeit|"
    r"im mutterschutz|nicht mehr (?:für|bei|im unternehmen|tätig)|ausgeschieden|unternehmen verlassen",
    r"\babsente?\b|en congés?|en vacances|en déplacement|hors du bureau|bureaux? (?:est|sont|sera|seront) fermés?|"
    r"quitté (?:la société|l['’]entreprise)|"
    r"ne (?:travaille|fais|fait) plus",
    r"fuera de (?:la |mi )?oficina|de vacaciones|\bausente|ya no (?:trabaj|form)\w+",
    r"fuori (?:ufficio|sede)|in ferie|\bassente|in maternità|non lavor\w+ più",
    r"fora do escritório|(?:de|em) férias|de licença|(?:já não|não) (?:trabalho|faço)",
    r"afwezig|niet (?:aanwezig|op kantoor)|(?:op|met) (?:vakantie|verlof)|niet (?:meer|langer) werkzaam|uit dienst",
    r"na urlopie|nieobecn|poza biurem|(?:nie pracuj\w+ już|już nie pracuj)",
    r"på semester|på kontoret|frånvarande|föräldraledig|på ferie|fraværende|borte fra|på barsel|i permisjon|"
    r"ikke l[æe]ng?ere?\b",
    r"lomalla|\bpoissa|en ole (?:paikalla|toimistolla)",
    r"na dovolen|mimo kancelář|nepřítom|neprítom|nepracuj",
    r"в отпуск|у відпустці|отсутств|відсутн|вне офиса|не будет в офисе|не буде в офісі|больше не работа",
    r"szabadságon|házon kívül|nem vagyok (?:elérhető|az irodában)|\bizinde|tatilde|ofis dışında|în concediu|"
    r"in concediu",
    r"εκτός γραφείου|σε άδεια|休暇|休業|不在|休假|出差|휴가|부재|출장",
)
_INSTEAD = _any(
    r"urgen[tcz]|urgên|emergenc|immediate (?:assist|attention|help)|limited access|time[- ]sensitive|in my absence|"
    r"(?:reply|respond|answer)\w* (?:to )?(?:your|all|any) (?:e-?mails?|messages?)|(?:on|upon|after) my return|"
    r"not (?:be )?(?:forwarded|read|monitored)|future correspondence",
    r"dringend|eilig|notf[aä]ll|vertret|wird nicht (?:weitergeleitet|gelesen|bearbeitet)",
    r"à mon retour|dès mon retour|spoed|piln[ey]|nagł|brådskande|hastesag|ved hast|haster|kiireelli|naléhav|naliehav",
    r"срочн|неотложн|термінов|sürgős|\bacil|επείγ|お急ぎ|緊急|至急|急事|紧急|급한|긴급",
    # Whom to write to.
    r"(?:contact|kontakt|contatt|contat|reach|writ|schreib|e-?mail|direct|wend|adress|escrib|scriv|обра[щт]|contacte|"
    r"ota yht|"
    r"联系|聯絡|連絡|연락)[^@]{0,100}@[^\s<>@]{1,200}|@[^\s<>@]{1,200}[^@]{0,20}(?:联系|聯絡|連絡|연락|iletişim|kontakt)",
)
_WANTS = _any(
    r"[?？]|(?<!your )(?<!ihr )(?<!votre )(?<!su )(?<!seu )(?<!uw )(?:interest|interess|intéress)|zainteres|заинтерес|"
    r"kiinnost|zájem|érdekl|ilgilen|興味|感兴趣|관심|"
    r"\b(?:price|quote|demo|call me|sorry(?! for (?:any|the) inconv)|send (?:me|us|the|it|him|her|over)|let['’]?s|"
    r"let us|meet)\b",
)
_BY_ITSELF = _any(
    r"this is an? auto\w*(?:[ -]generated)? (?:message|response|reply|e-?mail|mail|answer|acknowledg\w+|confirmation)|"
    r"(?:message|e-?mail|mail|response|reply) (?:was|is|has been) (?:sent )?auto\w+ ?(?:generated|sent|created)?\b|"
    r"(?:mailbox|inbox|address|account) is (?:not|no longer|un) ?(?:monitored|read|checked|attended)|"
    r"automatic(?:ally)?[ -]generated (?:message|response|e-?mail|mail|reply)",
    r"automatisch (?:generiert|erstellt|erzeugt|versendet|versandt)|automatische (?:antwort|nachricht|"
    r"eingangsbestätigung)",
    r"(?:message|réponse|courriel|e-?mail|mail) (?:est )?(?:généré |envoyé )?automatique",
    r"(?:mensaje|respuesta|correo) (?:es )?(?:generad[oa] )?autom[aá]tic|mensagem (?:é )?(?:gerada )?autom[aá]tica|"
    r"(?:messaggio|risposta|e-?mail) (?:generat[oa] )?automatic",
    r"automatisch (?:gegenereerd|verzonden|bericht)|wygenerowan\w+ automatycznie|automatycznie wygenerowan|"
    r"automatiskt? (?:genererat|skickat|svar|besked|melding|meddelande)|automaattinen (?:viesti|vastaus)|"
    r"automatick[áy] (?:zpráva|odpověď|e-?mail|vygenerovan)",
    r"автоматическ\w+ (?:сообщение|ответ|уведомление|письмо)|(?:создано|отправлено|сформировано) автоматически|"
    r"автоматичн\w+ (?:повідомлення|відповідь)",
    r"自動(?:送信|返信|応答|配信)|自动(?:发送|回复|发出|生成)|自動(?:回覆|發送)|자동(?:으로)? ?(?:발송|발신|회신|응답)",
)
_RECEIVED = _any(
    r"(?:have|has been|we(?:'ve)?|was) (?:successfully )?(?:received|registered|logged|created)|bei uns eingegangen|"
    r"(?:avons|a été) (?:bien )?(?:reçu|enregistré)|hemos recibido|recebemos|abbiamo ricevuto|hebben .{0,40}ontvangen",
)
_TICKET = _any(
    r"\b(?:ticket|case|request|reference|incident|vorgangs|anfrage|demande|solicitud|aanvraag)[ -]?"
    r"(?:number|id|no\b|nr|nummer|#|numéro|número)|\bticket\b"
)
_CONFIRM = _any(
    r"(?:click|follow) .{0,40}link .{0,80}(?:deliver|verify|confirm)|guest list .{0,60}(?:deliver|inbox)|"
    r"(?:verify|confirm|prove) .{0,40}(?:you are (?:a )?(?:human|person|not a robot)|sender)"
)


def note_left_behind(text: str) -> str:
    """Why these words, without any header, are those of a machine; "" where a person may have written them."""
    words = " ".join(text[:MAX_LOOKED_AT].split())
    said = _BY_ITSELF.search(words)
    if said and "?" not in words[: said.end() + 3]:
        return "it says of itself that a machine wrote it"
    if _RECEIVED.search(words) and _TICKET.search(words) and "?" not in words:
        return "it confirms that something was received, under a number"
    if _CONFIRM.search(words):
        return "it asks to be confirmed before a mail is let in"
    if ABSENT.search(words) and _INSTEAD.search(words) and not _WANTS.search(words):
        return "it says who is away and whom to turn to, and nothing else"
    return ""

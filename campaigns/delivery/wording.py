"""The words in which mail servers refuse, in the languages they do it in. What follows from them is `classify`'s."""

import re


def _phrases(*patterns: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b", re.IGNORECASE)


POLICY = _phrases(
    *(
        r"spam\w*",
        r"spoof\w*",
        "unsolicited",
        r"black ?list\w*",
        r"(?:block|deny) ?list\w*",
        "(?:unwanted|bulk) (?:bulk )?e?-?mail",
        r"block(?:ed)?",
        "banned",
        "barracuda",
        r"dnsbls?",
        r"rbls?",
    ),
    *(
        "reputation",
        r"polic(?:y|ies)",
        r"relay(?! recipient table)\w*",
        "not authori[sz]ed",
        r"authenticat\w+",
        "dmarc",
        "spf",
        "dkim",
    ),
    *("ptr", "rdns", "reverse (?:dns|lookup|host)", "client host", "helo", r"rate limit\w*", "frequency limited"),
    r"(?:unknown|bad|invalid|no such) (?:host|client|domain)\W{1,3}\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}",  # whoever calls
    r"too many(?! hops| (?:e?-?mails|messages) (?:on|in))",
    r"sender (?:address )?(?:rejected|denied|verif\w+)",
    # Many servers say only in answer to RCPT what they have against the sender, often in the words for a dead address.
    r"(?:your|sender(?:'s)?|sending|outgoing) (?:\w+ )?(?:account|domain|host(?:name)?|ip)",
    r"(?:sender(?:'s)?|sending) mailbox",  # but not yours: whose provider is to be asked is nobody's fault
    *(r"(?:domain|address) of (?:the )?sender", r"(?:account|mailbox) [\w ]{0,30}for sending", "smtp account", "ehlo"),
    *("envelope sender", r"send\w* (?:\w+ )?(?:limit|quota)", r"outgoing (?:\w+ )?(?:limit|quota)"),
    *(r"(?:bad|invalid|unknown|unverified|non-?existent|forged) sender", r"sender (?:is|does|was|unknown|invalid)"),
    *(
        r"sender(?:'s)? (?:e-?mail )?address (?:is|does|was|not)",
        r"return[ -](?:address|path)",
        "(?:mail|envelope) from",
        "from: (?:domain|address)",
    ),
    *(r"not allowed to send", r"(?:content|connection|service) denied", r"service refus\w+", r"suspect\w*"),
    *("refused due to", "recipient preferences", "poor quality", "not accepted from", "access denied by"),
    *("your (?:daily|hourly) limit", r"(?:e?-?mails|messages|recipients) per (?:hour|day|minute)", "sending activity"),
)
_BOX = (
    r"(?:(?:mail ?|in)box|mail ?folder|storage|postfach|speicher\w*|bo[iî]te|compte|buz[oó]n|cuenta|casella|caixa|"
    r"conta|postvak|skrzynk\w*|schr[aá]nk\w*|ящик)"
)
FULL = _phrases(
    *("mailbox (?:is )?full", "full mailbox", r"(?:over|\w{0,10}disk ?)?quota"),
    *("out of (?:storage|space)", "insufficient (?:system )?storage", "storage (?:limit|allocation)"),
    rf"{_BOX}(?: [\w@.'\u2019-]+){{0,5}} (?:full|voll|pleine?|llen[oa]|pien[oa]|chei[oa]|vol|"
    r"peł\w+|pln[áýé]|переполнен\w*)",
    rf"{_BOX}(?: \w+){{0,4}} limit",
    r"disk space limit",
    r"(?:reached|exhausted|exceed(?:s|ed|ing)?) (?:\w+ ){1,3}(?:space|storage)",
    *(r"enough (?:\w+ )?space", "space (?:is )?not enough", "space has been used up", "receiving limits?"),
    r"too many (?:e?-?mails|messages) (?:on|in) (?:the |his |their )?(?:server|mailbox|inbox|account)",
)
TOO_BIG = _phrases("too (?:big|large|long)", "message size", "size limit", r"maximum (?:\w+ )?size")
CONTENT = _phrases(
    *(r"attachment\w*", "virus", "malware", "malformed", "content rejected", "message content", "line too long"),
)
PASSING = _phrases(
    *(r"temporar\w+", r"(?:try|retry|again|resend) (?:\w+ ){0,4}(?:later|some other time)", "at this time"),
    # Nobody who cannot look somebody up knows that they are not there.
    *(
        "internal (?:server )?error",
        "(?<!dns )lookup failure",
        "database",
        "ldap",
        "servfail",
        r"time ?out",
        "timed out",
    ),
    *("maintenance", r"migrat\w+", "currently(?! available)", r"in (?:\d+|a few|some) (?:seconds|minutes|hours|days)"),
    *(r"not found,? try again", "later time", r"(?:too (?:quickly|fast)|at a rate)"),
)
# Whoever speaks of the sender may mean them by whatever else it says.
OF_SENDER = re.compile(r"(?<!to )(?<!to the )\bsender\b", re.IGNORECASE)
# The mailbox is there, but closed to us and others outside: neither dead nor any fault of the sender's.
RESTRICTED = _phrases(
    r"RESOLVER\.RST[\w.]*",  # Exchange's name for it
    r"(?:not|only|n'?t) (?:accept|receiv)\w* (?:\w+ )?(?:only )?from (?:external|outside|members|internal|known|"
    r"unknown|authenticated|this sender)",
    r"(?:accepts|receives|for) (?:only )?internal (?:e?-?mails?|messages|use|senders)",
    *("blocked - user (?:domain )?entry", r"(?:white|allow|safe) ?list\w*"),
)
# A server that has had enough for now, or minds something about the sender; few say by the code that it is that.
FOR_ALL = _phrases(
    *("too (?:many|much|fast|quickly)", r"throttl\w*", r"(?:rate|frequency)[ -]?limit\w*"),
    r"(?:sending|sender|message|unusual|connection) rate",
    *(r"exceed\w*", r"(?:over|reached) (?:\w+ )?(?:limit|quota)", r"(?:limit|quota) (?:\w+ )?reached", "over ?limit"),
    *("(?:hourly|daily) (?:limit|quota)", "server (?:is )?(?:too )?busy", "too busy", "concurrent connections"),
    "(?:client host|helo command|sender address) rejected",
)
# A quota in these words is the sender's own, and no full mailbox.
OWN_QUOTA = _phrases(r"throttl\w*", r"(?:daily|hourly|sending|submission|outgoing) (?:\w+ )?quota")
GREYLISTED = re.compile(r"gr[ae]y[ -]?list", re.IGNORECASE)  # each recipient has to be asked for once, and goes later

_SOMEONE = (
    r"(?:(?:user|recipient|addressee|mail ?box|inbox|account|alias|host|domain|local part|person|e-?mail name)s?|"
    r"(?:e-?mail )?address(?:es)?|mail drop)"
)
_GONE = r"(?:unavailable|disabled|inactive|inactivated|deactivated|suspended|closed|discontinued|locked)"
SUSPENDED = _phrases(
    rf"{_SOMEONE}(?: \w+)? (?:(?:is|was|has been) )?(?:now )?{_GONE}",
    rf"{_SOMEONE} that you tried to reach (?:is|was|has been) {_GONE}",
    rf"{_GONE} (?:\w+ )?{_SOMEONE}",
    r"is now disabled",
)
_NOT_THERE = r"(?:found|known|valid|listed|exist\w*|recogni[sz]ed|local|present|a member)"
_QUI = r"(?:destinataire|utilisateur|adresse|compte|bo[iî]te)s?"
_QUIEN = r"(?:usuario|destinatario|cuenta|buz[oó]n|direcci[oó]n|usu[aá]rio|destinat[aá]rio|conta|caixa|endere[cç]o)"
_CHI = r"(?:utente|destinatario|indirizzo|casella|account)"
_WER = r"(?:(?:e-?mail-?)?(?:empf(?:ä|ae)nger|benutzer|postfach|adresse|konto)\w{0,10})"
_KTO = r"(?:u[zż]ytkownik|adresat|odbiorca|konto|adres|skrzynka|u[zž]ivatel|schr[aá]nka|adresa|p[rř][ií]jemce)"
_CHEY = r"(?:пользовател\w|получател\w|адрес\w?|адресат\w?|(?:почтовый )?ящик)"
_BETWEEN = r"(?: [\w.'\u2019-]+){0,2}"
UNKNOWN = _phrases(
    rf"{_SOMEONE}(?: (?!may)[\w.()-]+)? (?:is |was |were |are )?(?:unknown|invalid|unrecogni[sz]ed|non-?existent)",
    rf"{_SOMEONE}(?: (?!may)[\w.()-]+)? (?:is |was |were |does |do |could )?(?:not|not be) {_NOT_THERE}",
    rf"(?:not|isn'?t|aren'?t) an? (?:valid|known|registered|active|local|recogni[sz]ed) (?:\w+ )?{_SOMEONE}",
    rf"(?:unknown|invalid|bad|wrong|non-?existent|non existent)[ -](?:\w+ )?{_SOMEONE}",
    *(
        r"no such (?!file|command|function|message|object)\w+",
        "userunknown",
        r"in my (?:bad|valid)(?:rcpt|recipient)to",
    ),
    *("badrcptto", "recipient domain must exist", r"no (?:\w+ )?in (?:the )?(?:name |address )?directory"),
    rf"no (?:\w+ )?(?:{_SOMEONE}|one) (?:here|found|by (?:that|this)|with (?:that|this)|of (?:that|this)|available for|"
    r"at (?:this|that))",
    rf"no valid {_SOMEONE}",
    rf"{_SOMEONE}(?: \w+)? (?:(?:has been|was|is) )?(?:permanently )?(?:deleted|removed|terminated)",
    rf"{_SOMEONE} you (?:are trying|tried) to reach (?:has been|was|is) (?:permanently )?(?:deleted|removed)",
    *(r"(?:does|do|did)(?: not|n'?t) exist", "doesn'?t have an? .{0,30}account", "no mailbox", "has moved"),
    *("(?:does|do)(?: not|n't) have an account", "unrouteable"),
    r"no longer (?:\w+ )?(?:available|valid|active|accepts?|accepting|in use|employed|here|exists?|on (?:this )?server|"
    r"with (?:us|the company))",
    *("recipient (?:address )?rejected: access denied", "not our customer", "null mx", "recip(?:ient)?notfound"),
    *("address (?:couldn['\u2019]?t|could not) be found", "does ?n[o']?t accept (?:any )?mail", "no smtp service"),
    *(r"not listed in (?:[\w.']+ ){0,2}(?:directory|name|address)", "no such domain", "name (?:is )?not recogni[sz]ed"),
    # German, French, Spanish and Portuguese, Italian, Dutch
    rf"kein {_WER}|aucun {_QUI}|no se ha encontrado la dirección|nie znaleziono adresu|no existe (?:\w+ )?(?:persona|"
    rf"{_QUIEN})|n[aã]o existe (?:\w+ )?{_QUIEN}|"
    rf"nessun {_CHI}|geen (?:gebruiker|ontvanger|postvak)",
    rf"{_WER}{_BETWEEN} (?:existiert nicht|(?:ist )?(?:unbekannt|ung(?:ü|ue)ltig)|"
    r"(?:wurde |ist )?nicht (?:bekannt|gefunden|vorhanden))",
    rf"(?:unbekannte|ung(?:ü|ue)ltige)[rs]? {_WER}",
    rf"{_QUI}{_BETWEEN} (?:est )?(?:inconnue?s?|inexistante?s?|invalides?|introuvables?|n['\u2019]existe (?:pas|plus))",
    rf"{_QUIEN}{_BETWEEN} (?:es )?(?:descon(?:oc|hec)id[oa]|inexistente|inv[aá]lid[oa]|"
    r"n[aã]?o (?:existe|encontrad[oa]))",
    rf"{_CHI}{_BETWEEN} (?:sconosciut[oa]|inesistente|non (?:esiste|trovat[oa]|valid[oa]))",
    r"(?:gebruiker|ontvanger|adres|postvak) (?:is )?(?:onbekend|bestaat niet|niet gevonden)",
    # Swedish, Danish and Norwegian, Hungarian, Turkish
    r"(?:ok[äa]nd|ukendt|ukjent) (?:mottagare|modtager|mottaker|användare|bruger|bruker|adress\w*)|"
    r"(?:mottagaren?|användaren?|adressen?|(?:modtager|mottaker|bruger|bruker)(?:en)?) (?:finns inte|finn?d?es ikke|"
    r"eksisterer ikke)|ismeretlen (?:címzett|felhasználó)|(?:al\u0131c\u0131|kullan\u0131c\u0131) bulunamad\u0131",
    # Polish, Czech, Russian
    rf"{_KTO}{_BETWEEN} (?:nie istnieje|neexistuje|nieznany|nezn[aá]m[yý])",
    rf"(?:nieznany|nezn[aá]m[yý]) {_KTO}",
    r"nie ma takiego (?:konta|adresu|u[zż]ytkownika)",
    rf"{_CHEY}{_BETWEEN} (?:не (?:существует|найден\w?)|неизвест\w+)|нет такого (?:пользователя|адреса|ящика)",
)
# Without spaces between words, and hence without their bounds.
UNKNOWN_UNSPACED = re.compile(
    r"(?:用户|用戶|收件人|收件者|帐号|账号|帳號|邮箱|信箱|地址|宛先|ユーザー?|アドレス|メールボックス).{0,6}"
    r"(?:不存在|存在しません|見つかりません)|无此用户|查无此人|존재하지 않는 (?:사용자|주소|계정)"
)

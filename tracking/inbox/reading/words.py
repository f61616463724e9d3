"""How mail systems say that a mail failed or waits, in the languages they say it in."""

import re


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# At the beginning of a subject, so that an answer to a bounce ("Re: ...") is none.
FAILURE_SUBJECT = _any(
    r"(?:fwd?:\s*)?returned mail\b",
    r"(?:fwd?:\s*)?undeliver(?:able|ed)\b",
    r"(?:automatic(?:ally)?|auto) (?:generated )?undeliver",
    r"(?:mail|message|e-?mail) (?:delivery |system )?(?:fail|error|undeliver|status|could not)",
    r"(?:mail|message|e-?mail) (?:has been |was |is )?(?:returned|rejected|blocked|undeliverable|not delivered)",
    r"(?:permanent )?(?:delivery|mail|message) (?:has failed|failure|failed|error|notification|status|problem|report)",
    r"delivery (?:status )?(?:notification|failure|report|unsuccessful|error|has failed)",
    r"message delivery (?:has failed|failure|failed)",
    r"failure notice",
    r"failed (?:mail|delivery|message)",
    r"(?:rejected|bounced|blocked|failed|returned)[: ].{0,20}(?:mail|message|delivery)",
    r"returning message",
    r"warning: (?:message|could not|mail|e-?mail)",
    r"unable to deliver",
    r"non[- ]?(?:delivery|remise|delivered)",
    r"nondeliverable",
    r"could not deliver",
    r"problems? (?:delivering|sending)",
    r"(?:unzustellbar|nicht zustellbar|mail delivery|fehler bei der|zustellung|unzustellbarkeit|"
    r"benachrichtigung (?:zum|über))",
    r"(?:non remis|échec|echec|avis de non|notification d'échec|message non)",
    r"(?:no se puede entregar|error de entrega|mensaje no|devuelto|no entregado|notificación de estado)",
    r"(?:mancato recapito|mancata consegna|non recapitabile|impossibile recapitare|posta non)",
    r"(?:não entregue|nao entregue|mensagem não|falha na entrega|não é possível entregar|notificação de falha)",
    r"(?:onbestelbaar|niet bestelbaar|kan niet worden bezorgd)",
    r"(?:niedostarczon|nie można dostarczyć|zwrot)",
    r"(?:olevererbart|kunde inte levereras|kan ikke leveres|ikke levert|toimitus epäonnistui|lähetys epäonnistui)",
    r"(?:niet te bestellen|gick inte att leverera|toimittaminen epäonnistui|ei voi(?:da|tu)? toimittaa|teslim edileme|"
    r"kézbesíthetetlen|nelivrabil|не вда(?:лося|ється) доставити|не уда(?:лось|ется|ётся) доставить|"
    r"письмо не доставлено|"
    r"δεν παραδόθηκε|αδύνατη η παράδοση)",
    r"(?:未传递|无法传递|未傳遞|無法傳遞|未送達|無法遞送|배달되지 않음|배달할 수 없)",
    r"(?:vrácen|vracen|nedoruč|недоставлен|не доставлен|ваше сообщение не|возврат|недоставк)",
    r"(?:配信不能|配信失敗|配信エラー|送信エラー|送信失敗|未配信|エラーメール|返信不能|退信|系统退信|退件|邮件无法|"
    r"投递失败|전송 실패|반송)",
)
FAILURE = _any(
    r"(?:could|can|was|were|has|have|is|are|will) ?(?:not|n't) (?:be |been )?(?:able to )?(?:be )?(?:deliver|reach|"
    r"relay|transmit|sen[dt])",
    r"cannot be delivered",
    r"did not reach the following",
    r"(?:unable|failed|failure|error|attempt\w*|trouble|problems?) (?:to |in |while |trying to )?(?:\w+ ){0,3}deliver",
    r"delivery (?:to|of|for|has|attempt|failed|failure|error|problem|status|to the following).{0,60}(?:fail|error|"
    r"unsuccess|reject)",
    r"deliver(?:y|ed|ing|able)? (?:has )?(?:permanently )?(?:failed|failure|error|problem|unsuccessful)",
    r"had (?:permanent )?(?:fatal |delivery |non-fatal |delivery )?(?:errors|problems)",
    r"transcript of (?:the )?session follows",
    r"rejected (?:by|your|the|for)",
    r"(?:was|were|been) (?:rejected|returned|refused|bounced)",
    r"undeliver(?:able|ed)",
    r"returned (?:to sender|mail|message)",
    r"permanent (?:fatal )?(?:error|failure)",
    r"following address(?:es|\(es\))? (?:had|has|have|failed)",
    r"user unknown|unknown user|no such user|invalid user|user not (?:found|known|listed)|does not exist|"
    r"mailbox (?:is )?full|over quota",
    r"final-recipient:",
    r"konnte nicht (?:zugestellt|übermittelt)|nicht zugestellt werden",
    r"n'a pas pu|n'ont pas pu|n'a pu être|non remis|impossible de (?:remettre|livrer)",
    r"no se (?:ha podido|pudo|puede) (?:entregar|enviar)|no ha podido",
    r"non (?:è stato possibile|può essere|è stata) (?:consegn|recapit)|impossibile (?:recapitare|consegnare)",
    r"não (?:foi possível|pôde ser|pode ser) (?:entreg|enviad)|falha",
    r"ka?o?n niet worden (?:bezorgd|afgeleverd)|niet (?:bezorgd|afgeleverd)",
    r"gick inte att leverera|kunde inte levereras|(?:kunne|kan) ikke leveres|ei voi(?:da|tu)? toimittaa|"
    r"teslim edileme|kézbesítése nem sikerült|nem (?:sikerült|lehetett) kézbesít|nu a putut fi livrat|"
    r"(?:se )?ne(?:povedlo|podařilo) doručit|ne(?:mohla být|byla|bola) doručen|nepodarilo sa doručiť|nelze doručit|"
    r"не вдалося доставити|не вдається доставити|"
    r"δεν ήταν δυνατή η παράδοση",
    r"nie (?:mogła|można|udało|został)\w* .{0,30}dostarcz",
    r"не (?:может быть|было|удалось|доставлено|удаётся|удается)",
    r"送信できません|配信できません|送れませんでした|届きません|見つからない|見つかりませんでした|できませんでした|無法|无法(?:传递|投递|发送|送达)|被退回|"
    r"(?:전송|발송)에 실패|(?:전달|배달)(?:되지|할 수)",
)
DELAY = _any(
    r"\(delay(?:ed)?\)",
    r"delivery (?:is |has been |status notification \()?delay",
    r"(?:has|have|was|were|is) (?:been )?delayed",
    r"delivery delayed",
    r"warning: (?:message|could not send|mail).{0,40}(?:delayed|still|hours|for past|undelivered)",
    r"this is a warning (?:message )?only",
    r"(?:you )?do(?:es)? not need to (?:resend|re-send|send)",
    r"no action is required on your part",
    r"(?:will|shall) (?:be retried|keep trying|continue (?:to try|trying|attempting|to attempt))",
    r"will (?:retry|try (?:again )?(?:for|to deliver)|continue)",
    r"still (?:being (?:tried|retried)|trying|undelivered|in (?:the )?queue)",
    r"had transient non-fatal errors",
    r"nicht (?:erneut|noch einmal) (?:zu )?senden|verzögert|noch nicht (?:zugestellt|übermittelt)",
    r"remise (?:est |a été )?(?:retardée|différée)|est retardée|pas encore été (?:remis|livré|distribué)",
    r"entrega .{0,60}(?:retrasad|atrasad)|(?:todavía|aún) no se ha entregado|ainda não (?:foi|pôde)",
    r"consegna .{0,60}(?:ritard|in ritardo)|non è ancora stat|(?:bezorging|aflevering) .{0,60}vertraagd|"
    r"nog niet bezorgd",
    r"opóźnion|jeszcze nie (?:został|dostarcz)|försena|fördröj|forsinke|viiväst|zpožděn|ještě nebyla doručen|késik",
    r"задерж(?:ана|ка|ивается)|(?:пока|ещё|еще) не (?:доставлен|удалось)|затрим",
    r"遅延|遅れて|再試行|延迟|延遲|지연",
)

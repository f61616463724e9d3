"""What a cell says of whether one may write to somebody: the marks of other systems and languages.

A word that is in neither list is not guessed at: its row is a problem, so that nobody is written to for a word that we
did not know, and nobody is shut out for good by one either.
"""
# ruff: noqa: RUF001

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from leads.cleaning import clean_line
from leads.imports.errors import shortened
from leads.imports.folding import folded
from leads.imports.rules import RowError

_YES = """
    true, yes, y, t, x, xx, on, checked, marked, ja, j, wahr, oui, vrai, sí, si, verdadero, sim, verdadeiro, sì, vero,
    tak, prawda, ano, áno, pravda, igen, igaz, da, adevărat, evet, doğru, kyllä, joo, tosi, sand, sann, sant, waar, да,
    истина, так, ναι, はい, 是, 예, 네
"""
_NO = """
    false, no, n, f, off, none, null, never, unchecked, unmarked, nein, falsch, non, faux, falso, não, nao, nie, fałsz,
    ne, nepravda, nem, hamis, nu, fals, hayır, yanlış, ei, epätosi, nej, nei, nee, falsk, falskt, usann, usant, onwaar,
    нет, ложь, не, ні, όχι, いいえ, 否, 不, 아니요
"""
# What systems write into a column of the state somebody is in: these words tell what the column is, too.
_OUT = """
    unsubscribed, unsubscribe, unsub, globally unsubscribed, opted out, opt out, optedout, cleaned, bounced, bounce,
    hard bounce, hard bounced, hardbounced, complained, complaint, spam complaint, spam, marked as spam, abuse, blocked,
    blocklisted, blacklisted, suppressed, do not contact, do not email, do not mail, do not send, dnc, no consent,
    do not allow, not allowed, abgemeldet, ausgetragen, désabonné, désabonnée, désinscrit, désinscrite, dado de baja,
    de baja, baja, disiscritto, disiscritta, descadastrado, cancelou inscrição, afgemeld, uitgeschreven, avregistrerad,
    avanmäld, afmeldt, avmeldt, odhlášen, odhlášený, odhlásený, wypisany, wypisana, leiratkozott, dezabonat,
    abonelikten çıktı, отписан, отписался, отписана, відписаний, 配信停止, 退订, 已退订, 수신거부
"""
_IN = """
    subscribed, resubscribed, opted in, opt in, angemeldet, abonniert, abonné, abonnée, inscrit, suscrito, iscritto,
    inscrito, aangemeld, ingeschreven, prenumererar, tilmeldt, påmeldt, přihlášen, odebírá, zapisany, subskrybuje,
    feliratkozott, abonat, abone, подписан, підписаний, 購読中, 已订阅, 구독
"""
# Usual beside those, and elsewhere too: a customer is active as well.
_FINE = "active, ok, okay, allow, allowed, contactable, confirmed, verified, valid, deliverable, not unsubscribed"
_SIGNS = {**dict.fromkeys("✓✔☑✅☒", True), "☐": False}
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_ENOUGH = 0.6  # of the cells that are filled, for a column to be taken for one of states
_CELL_MAX = 200  # characters that are looked at


def _words(text: str) -> frozenset[str]:
    return frozenset(map(folded, text.split(",")))


_STATES_OUT, _STATES_IN = _words(_OUT), _words(_IN)
_MARKED, _UNMARKED = _words(_YES) | _STATES_OUT, _words(_NO) | _STATES_IN | _words(_FINE)


@lru_cache(maxsize=4_096)  # of a million rows nearly all say the same few words
def is_opted_out(cell: str) -> bool | None:
    """Whether a cell says that somebody must not be written to; None where it says neither that nor the contrary.

    A number other than 0 says so, and a day: that of the opting out. Nothing, and a date of noughts, says nothing.
    """
    text = clean_line(cell[:_CELL_MAX]).rstrip("\ufe0f")  # which only says how a sign is drawn
    if not text:
        return False
    if text in _SIGNS:
        return _SIGNS[text]
    word = folded(text)
    if word in _MARKED or word in _UNMARKED:
        return word in _MARKED
    if word.isdecimal():
        return any(unicodedata.decimal(digit) for digit in word)
    return True if _YEAR.search(text) else None


def require_known(cell: str, column: str) -> None:
    """Say no to a row whose mark is a word that nobody knows."""
    if is_opted_out(cell) is None:
        message = f"“{shortened(cell.strip())}” says neither yes nor no: write unsubscribed, or leave it empty."
        raise RowError("unknown_mark", column, message)


def tells_states(cells: Sequence[str]) -> bool:
    """Whether most of the cells are states that somebody's subscription can be in, and not only such as “active”."""
    filled = [cell for cell in cells if cell.strip()]
    known = [cell for cell in filled if is_opted_out(cell) is not None and not cell.strip().isdecimal()]
    of_states = any(folded(cell[:_CELL_MAX]) in _STATES_OUT | _STATES_IN for cell in filled)
    return of_states and len(known) >= _ENOUGH * len(filled)

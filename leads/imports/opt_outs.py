"""What a cell says of whether one may write to somebody: the marks of other systems and languages.

A word that is in neither list is not guessed at: its row is a problem, so that nobody is written to for a word that we
did not know, and nobody is shut out for good by one either.
"""
# ruff: noqa: RUF001

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
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
# Usual beside those, and elsewhere too: a customer is active as well. The later ones are how far a sequence, or a sale,
# has come: they say nothing of whether one may write. What might (disabled, paused, not interested) is not among them.
_FINE = """
    active, ok, okay, allow, allowed, contactable, confirmed, verified, valid, deliverable, not unsubscribed,
    enabled, new, open, not contacted, not yet contacted, contacted, unresponsive, in progress, started, completed,
    finished, sent, delivered, opened, clicked, replied, interested, cold, approaching, engaged, qualified,
    prospect, lead, customer
"""
# Said of other things too, of a deal that is blocked or of Baja in Hungary: in a column of any name these say nothing.
_OF_OTHER_THINGS = """
    cleaned, bounce, spam, abuse, blocked, suppressed, no consent, do not allow, not allowed, ausgetragen,
    de baja, baja, uitgeschreven, wypisany, wypisana
"""
_SIGNS = {**dict.fromkeys("✓✔☑✅☒", True), "☐": False}
# Columns called so are empty but where somebody is out, and have then a text of a server or of the person.
_REASONS = """
    hard bounce reason, email hard bounce reason, hard bounced reason, portal bounce, global bounce, unsubscribe reason,
    unsubscribed reason, reason for unsubscribing, opt out reason, email opt out reason, do not contact reason
"""
ANY_OTHER = "*"  # among decided words: whatever is in no list
OUT, IN = "out", "in"
MOST_WORDS = 50  # different ones, of a column that tells states; more are texts of another kind
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
_ENOUGH = 0.6  # of the cells that are filled, for a column to be taken for one of states
_CELL_MAX = 200  # characters that are looked at


def _words(text: str) -> frozenset[str]:
    return frozenset(map(folded, text.split(",")))


_STATES_OUT, _STATES_IN = _words(_OUT), _words(_IN)
_MARKED, _UNMARKED = _words(_YES) | _STATES_OUT, _words(_NO) | _STATES_IN | _words(_FINE)
_OF_REASONS = _words(_REASONS)
_SURE = _STATES_OUT - _words(_OF_OTHER_THINGS)

type Judge = Callable[[str], bool | None]


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


def key_of(word: str) -> str:
    """A word as it is compared with others; of numbers and mere signs every character counts: -1 is not 1."""
    text = clean_line(word)
    word = folded(text)
    return word if word and not word.isdecimal() else text.casefold()


def judging(column: str, decided: Mapping[str, str]) -> Judge:
    """`is_opted_out` for the cells of a column, but for the words that somebody has decided.

    OUT or IN by word, whatever its case and punctuation (`key_of`); by ANY_OTHER for whatever nobody knows, which in a
    column of reasons says that somebody is out.
    """
    is_of_reasons = folded(column) in _OF_REASONS
    if not decided and not is_of_reasons:
        return is_opted_out
    of_words = {key_of(word): said == OUT for word, said in decided.items() if word != ANY_OTHER}
    of_others = decided[ANY_OTHER] == OUT if ANY_OTHER in decided else True if is_of_reasons else None

    @lru_cache(maxsize=4_096)
    def judge(cell: str) -> bool | None:
        key = key_of(cell[:_CELL_MAX])
        if key and key in of_words:
            return of_words[key]
        known = is_opted_out(cell)
        return of_others if known is None else known

    return judge


def require_known(judge: Judge, cell: str, column: str) -> None:
    """Say no to a row whose mark is a word that nobody knows."""
    if judge(cell) is None:
        message = (
            f"“{shortened(cell.strip())}” says neither yes nor no: write unsubscribed, or leave it empty; or say for "
            "the whole file what this word means."
        )
        raise RowError("unknown_mark", column, message)


def tells_states(words: Mapping[str, int]) -> bool:
    """Whether most cells of a column are states that a subscription can be in, and not only such as “active”.

    `words` are its different texts with the number of rows that have them.
    """
    filled = {word: rows for word, rows in words.items() if word.strip()}
    known = sum(
        rows for word, rows in filled.items() if is_opted_out(word) is not None and not word.strip().isdecimal()
    )
    of_states = any(folded(word[:_CELL_MAX]) in _STATES_OUT | _STATES_IN for word in filled)
    return of_states and known >= _ENOUGH * sum(filled.values())


def out_for_sure(words: Iterable[str]) -> list[str]:
    """Those of the words that mean it whatever the column is called."""
    return [word for word in words if folded(word[:_CELL_MAX]) in _SURE]


class Words:
    """The different texts of one column and how many rows have each, as long as there are no more than MOST_WORDS."""

    def __init__(self) -> None:
        self._counts = Counter[str]()
        self.are_few = True  # so far; what comes later is not looked at otherwise

    def look(self, cells: Iterable[str]) -> None:
        """Some further cells."""
        known = len(self._counts)
        if self.are_few:
            self._counts.update(cells)
        now = len(self._counts)
        if now > known and (now > MOST_WORDS + 1 or max(map(len, self._counts)) > _CELL_MAX):  # the empty one is none
            self._counts, self.are_few = Counter(), False

    @property
    def found(self) -> dict[str, int]:
        """The most frequent first, each as it is written most; none where they are too many, or no words but texts."""
        found = Counter[str]()
        written: dict[str, str] = {}
        for text, rows in self._counts.most_common():
            if word := text.strip():
                found[written.setdefault(key_of(word), word)] += rows
        return dict(found.most_common())

"""Why somebody must not be written to, as far as their row says it: in its cell, or in what its column is called."""

# ruff: noqa: RUF001

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from leads.imports.folding import folded
from leads.models import GIVEN_REASONS, SuppressionReason
from leads.suppression import weight_of

# Whole words, of the languages and systems whose marks are known (`opt_outs`).
_WORDS = {
    SuppressionReason.COMPLAINT: "complained, complaint, complaints, spam, abuse",
    SuppressionReason.LEGAL: "legal, gdpr, dsgvo, rgpd",
    SuppressionReason.UNSUBSCRIBED: (
        "unsubscribed, unsubscribe, unsub, unsubscribes, opted out, opt out, optedout, optout, abgemeldet, "
        "ausgetragen, désabonné, désabonnée, désinscrit, désinscrite, dado de baja, de baja, baja, disiscritto, "
        "disiscritta, descadastrado, cancelou inscrição, afgemeld, uitgeschreven, avregistrerad, avanmäld, afmeldt, "
        "avmeldt, odhlášen, odhlášený, odhlásený, wypisany, wypisana, leiratkozott, dezabonat, abonelikten çıktı"
    ),
    # Of an address that was cleaned there is a time of it; clean it is where it was verified.
    SuppressionReason.HARD_BOUNCE: (
        "bounced, bounce, bounces, hardbounce, hardbounced, cleaned, clean time, invalid address, user unknown"
    ),
}
_WEIGHTIEST = sorted(_WORDS, key=weight_of, reverse=True)  # of several that are found the first counts
_FOR_A_WHILE = frozenset({"soft", "temporary", "deferred"})  # such a bounce says nothing of the address
_OF_ANYTHING = frozenset({SuppressionReason.MANUAL, SuppressionReason.IMPORT})
_DEPARTMENTS = frozenset({"legal", "abuse"})
_PLACES = frozenset({"baja", "baja california", "baja california sur"})  # and what a Spaniard calls opting out
_CELL_MAX = 200  # characters that are looked at
_STATE = 4  # words at most; a longer cell is a text of a server or of the person, and may speak of anything
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class OptedOut(NamedTuple):
    """The normalized address of somebody who must not be written to, and why."""

    address: str
    reason: SuppressionReason


def why(marks: Iterable[tuple[str, str]]) -> SuppressionReason:
    """The weightiest reason that the marked cells of a row tell, each given with the header of its column.

    What a cell says goes before what its column is called; where neither says anything it was imported, and no more.
    """
    found = {_said(cell[:_CELL_MAX], most=_STATE) or _said(header[:_CELL_MAX]) for cell, header in marks}
    return next((reason for reason in _WEIGHTIEST if reason in found), SuppressionReason.IMPORT)


def reason_in(cell: str, header: str) -> SuppressionReason | None:
    """The reason that a cell names: by its code, as our own lists write it, or in the words of others; else None.

    Not that of an erased person, which only an erasure gives. That somebody was imported, or added by hand, is a reason
    only below a header that is a word for it: below others it says where anything at all comes from.
    """
    text = cell[:_CELL_MAX].strip().lower()
    own = _OWN.get(text)
    if own in _OF_ANYTHING and not _is_of_reasons(header):
        return None
    return own or _said(text, most=_STATE)


def is_about_being_out(header: str, cells: Iterable[str]) -> bool:
    """Whether what a column says are reasons not to write: by its header, or by one cell that can be nothing else.

    “Legal” is a department as well, and so is “Abuse”.
    """
    words = _words(header[:_CELL_MAX])
    says_so = _is_of_reasons(header) or _said(header) is not None or any(word.startswith(_OUT) for word in words)
    return says_so or any(_is_nothing_else(cell[:_CELL_MAX].strip().lower()) for cell in cells)


@lru_cache(maxsize=256)
def _is_of_reasons(header: str) -> bool:
    words = _words(header[:_CELL_MAX])
    return any(word in _HEADERS or word.endswith(_ENDS_OF_HEADERS) for word in words)


@lru_cache(maxsize=4_096)
def _is_nothing_else(text: str) -> bool:
    if text in _OWN:
        return _OWN[text] not in _OF_ANYTHING | {SuppressionReason.LEGAL}
    words = [word for word in _words(text) if word not in _DEPARTMENTS]
    return text not in _PLACES and _said(" ".join(words), most=_STATE) is not None


_OWN = {text.lower(): SuppressionReason(code) for code, label in GIVEN_REASONS for text in (code, label)}


@lru_cache(maxsize=4_096)  # of a million rows nearly all say the same few words
def _said(text: str, *, most: int = _CELL_MAX) -> SuppressionReason | None:
    words = _words(text)
    if len(words) > most or not _FOR_A_WHILE.isdisjoint(words):
        return None
    line = f" {' '.join(words)} "
    return next((reason for reason, known in _KNOWN if any(f" {word} " in line for word in known)), None)


def _words(text: str) -> list[str]:
    return [folded(word) for word in re.findall(r"[^\W\d_]+", _CAMEL.sub(" ", text))]


_KNOWN = [(reason, [" ".join(_words(word)) for word in _WORDS[reason].split(",")]) for reason in _WEIGHTIEST]
_HEADERS = frozenset(
    _words(
        "reason, reasons, why, cause, grund, gründe, begründung, ursache, raison, motif, motivo, motivos, razón, "
        "causa, razão, reden, oorzaak, powód, przyczyna, důvod, dôvod, orsak, anledning, årsag, årsak, syy, indok, "
        "motiv, neden, sebep, причина, λόγος, 理由, 原因, 사유"
    )
)
_OUT = ("suppress", "block", "sperr", "unsubscri", "optout", "blacklist")  # how headers begin that are about it
# Of the languages that write two words as one: Sperrgrund, afmeldreden, avregistreringsorsak, estosyy.
_ENDS_OF_HEADERS = tuple(
    _words("grund, gründe, begründung, ursache, reden, oorzaak, orsak, anledning, årsag, årsak, syy, 理由, 原因, 사유")
)

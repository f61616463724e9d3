"""Which letters beyond A-Z the languages of Europe write: what tells Windows-1250 from Windows-1252 in a list of names.

Statistical detectors need paragraphs; a list of leads has words. A wrong encoding turns names into words that mix
letters of no one language, put a capital after a small letter or a sign inside a word. All of that shows in a word.
"""

# ruff: noqa: RUF001

import re
from string import ascii_letters

_LETTERS = {
    "German": "äöüß",
    "French": "àâæçèéêëîïôœùûüÿ",
    "Spanish": "áéíñóúüªº",
    "Portuguese": "áàâçéêíóôúüªº",
    "Italian": "àèéìíîòóù",
    "Dutch": "áéëïóöüèê",
    "Catalan": "àçèéíïòóúü",
    "Danish and Norwegian": "åæøéèêóòôäöü",
    "Swedish and Finnish": "åäöéèàü",
    "Icelandic": "áðéíóúýþæö",
    "Irish": "áéíóú",
    "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž",
    "Polish": "ąćęłńóśźż",
    "Hungarian": "áéíóöőúüű",
    "Romanian": "ăâîșțşţ",
    "Croatian, Slovene and Serbian": "čćđšž",
    "Estonian": "äõöüšž",
    "Latvian": "āčēģīķļņšūž",
    "Lithuanian": "ąčęėįšųūž",
    "Turkish": "çğıöşüâîûi̇",
    "Russian": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
    "Ukrainian": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
    "Bulgarian": "абвгдежзийклмнопрстуфхцчшщъьюя",
    "Serbian in Cyrillic": "абвгдђежзијклљмнњопрстћуфхцчџш",
    "Greek": "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ",
    "Hebrew": "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
}
# Scripts of their own, never mixed with a-z in one word.
_OWN_SCRIPT = ("Russian", "Ukrainian", "Bulgarian", "Serbian in Cyrillic", "Greek", "Hebrew")
_ALPHABETS = {
    language: frozenset(letters + letters.upper() + ("" if language in _OWN_SCRIPT else ascii_letters))
    for language, letters in _LETTERS.items()
}
_BETWEEN_CELLS = re.compile(r"[\s,;|\t\"'()\[\]/\\.:&+@_-]+")
_PUNCTUATION = str.maketrans("", "", "’‘‚“”„«»‹›–—…•·\xa0")
# Portuguese writes ã and õ before o, e and i or at the end; elsewhere they are a misread Romanian ă or Hungarian ő.
_NASAL = re.compile("[ãõ](?=[oei]|s?$)|[ÃÕ](?=[OEI]|S?$)")
_AFTER_WORDS = "®™°€£²³½"  # a sign before or inside a word (©koda for Škoda) is what a wrong encoding makes


def plausibility(text: str) -> float:
    """How much of the words with letters beyond A-Z could be words of one language, from 0 to 1.

    1.0 also for text without such letters: nothing speaks against it.
    """
    words = [word for word in _words(text) if not word.isascii()]
    if not words:
        return 1.0
    letters = [frozenset(word) for word in words if word.isalpha() and _is_cased_like_a_word(word)]
    return max(sum(used <= alphabet for used in letters) for alphabet in _ALPHABETS.values()) / len(words)


def _words(text: str) -> list[str]:
    words = (word.translate(_PUNCTUATION).rstrip(_AFTER_WORDS) for word in _BETWEEN_CELLS.split(text))
    return [_NASAL.sub("a", word) for word in words]


def _is_cased_like_a_word(word: str) -> bool:
    """Řezníček, ŘEZNÍČEK, řezníček; not øEZNÍèEK, which is what a wrong encoding makes of it."""
    return word[1:] == word[1:].lower() or word == word.upper()

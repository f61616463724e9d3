"""A full name in one cell, split into first and last name as well as that can be done."""

import re

# Words that open a family name of several words: Ludwig | van Beethoven, Oscar | de la Hoya.
_PARTICLES = re.compile(
    r"a[fl]|av|ben|bin|d'|da[ls]?|de|degli|de[ilnr]|della|di|d[ou]|dos|el|ibn|l[ae]|los|san|st\.?|te[nr]|v[ao]n|vom|y|zum?|zur",
    re.IGNORECASE,
)
_TITLES = re.compile(r"(?:dr|m|mgr|mme|mrs?|ms|prof|ing|hr|fr)\.|dr|mgr|mrs?|ms|prof|ing|herr|frau", re.IGNORECASE)
_SUFFIXES = re.compile(r"[js]r\.?|i{2,3}|iv|ph\.?d\.?|mba|cpa|m\.?d\.?|d?r?csc\.?|drsc\.", re.IGNORECASE)


def split_full_name(name: str) -> tuple[str, str]:
    """First and last name: `Dr. Ana de la Cruz` -> Ana, de la Cruz; `Novák, Jiří` -> Jiří, Novák; `Cher` -> Cher, "".

    Scripts without spaces between the names (山田太郎) stay whole, as the first name: nothing tells where to cut.
    """
    family, comma, given = name.partition(",")
    if comma and given.strip() and not _SUFFIXES.fullmatch(given.strip()):
        return " ".join(given.split()), " ".join(family.split())
    words = _without_titles((family if comma else name).split())
    cut = _start_of_family_name(words)
    return " ".join(words[:cut]), " ".join(words[cut:])


def _without_titles(words: list[str]) -> list[str]:
    start, end = 0, len(words)
    while end - start > 1 and _TITLES.fullmatch(words[start]):
        start += 1
    while end - start > 2 and _SUFFIXES.fullmatch(words[end - 1]):
        end -= 1
    return words[start:end]


def _start_of_family_name(words: list[str]) -> int:
    for position in range(1, len(words) - 1):
        if _PARTICLES.fullmatch(words[position]):
            return position
    return max(len(words) - 1, 1)

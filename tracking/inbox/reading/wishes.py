"""Mails in which a person says that they want no more, and nothing else.

Told by a closed vocabulary: something that ends it, or refuses to be written to, and otherwise no word but those that
such a wish is made of. So "please don't stop", "remove me from the invitation" and whatever else it talks about stay
answers, and a wish that nobody has listed is found by its parts.
"""

import re

from tracking.inbox.reading.addresses import first_address
from tracking.inbox.reading.wish_words import ENDS, FILLERS, NOES, REFUSES, UNSPACED

MAX_WORDS = 25
MAX_LENGTH = 200
MAX_SIGNATURE = 8  # lines below the wish
MAX_SIGNATURE_LINE = 70  # characters

_ENDING = re.compile(rf"\b(?:{ENDS})\b")
_REFUSING = re.compile(rf"\b(?:{REFUSES})\b")
_NEGATED = re.compile(
    r"\b(?:do not|don t|dont|never|nicht|no|ne|non|não|niet|nie|inte|ikke|не|nu)"
    rf"(?: (?:me|to|mich|uns|nous|nos|den|mij|mig|meg|mi))? (?:{ENDS})\b"
)
_PUNCTUATION = re.compile(r"[^\w\s]+")
_CLAUSES = re.compile(r"[.!?,;:\n]+")
_ASKED = re.compile(r"\b(?:you|please|pls|bitte|sie|vous|svp|favore?)\b")  # for it: "could you take me off"
_IS_REPLY = re.compile(r"\s*(?:re|aw|sv|antw|odp|vs|rif|res|отв)\s?[:：]", re.IGNORECASE)


def is_wish(text: str, *, sender: str = "") -> bool:
    """Whether `text` is nothing but the wish to be left alone, politely or not.

    The name and the address of its `sender` (From) may stand in it.
    """
    text = _without_own_address(text.strip(), sender)
    names = frozenset(name for name in _bare(sender).split() if len(name) > 1)
    if len(text) <= MAX_LENGTH and _is_wish(text, names):
        return True
    first, _, below = text.partition("\n\n")
    return len(first) <= MAX_LENGTH and _is_signature(below, names) and _is_wish(first, names)


def is_wish_in_subject(subject: str, *, sender: str = "") -> bool:
    """Whether a subject is, of a mail that has no words of its own."""
    subject = _without_own_address(subject, sender)
    return len(subject) < MAX_LENGTH and _is_wish(_IS_REPLY.sub("", subject, count=1), frozenset())


def _without_own_address(text: str, sender: str) -> str:
    own = first_address(sender)
    return re.sub(re.escape(own), " ", text, flags=re.IGNORECASE) if own else text


def _is_wish(text: str, names: frozenset[str]) -> bool:
    bare = _bare(text)
    if "?" in text and not _ASKED.search(bare):
        return False
    if not bare or bare.count(" ") >= MAX_WORDS:
        return False
    if UNSPACED.fullmatch(bare.replace(" ", "")):
        return True
    rest, found = _REFUSING.subn(_without_ends, bare)
    rest, ended = _ENDING.subn(" ", rest)
    return (
        bool(found + ended) and not _is_negated(text) and all(word in FILLERS or word in names for word in rest.split())
    )


def _is_negated(text: str) -> bool:
    """Whether the end is what is not wanted: "don't stop", but not "no, stop"."""
    return any(_NEGATED.search(_bare(clause)) for clause in _CLAUSES.split(text))


def _bare(text: str) -> str:
    return " ".join(_PUNCTUATION.sub(" ", text.lower().replace("e-mail", "email").replace("e-post", "epost")).split())


def _without_ends(found: re.Match[str]) -> str:
    """What stands between a no and what it refuses: words such as "hesitate to" make it something else."""
    words = found.group().split()[:-1]
    return f" {' '.join(word for word in words if word not in NOES)} "


def _is_signature(below: str, names: frozenset[str]) -> bool:
    """Whether these lines are the writer's name with what stands beneath it: short ones that ask nothing."""
    lines = [line.strip() for line in below.split("\n") if line.strip()]
    if not lines or len(lines) > MAX_SIGNATURE or any(len(line) > MAX_SIGNATURE_LINE for line in lines):
        return False
    return bool(names & set(_bare(lines[0]).split())) and not any("?" in line for line in lines)

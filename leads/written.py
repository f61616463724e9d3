"""Addresses and domains as people write them: with a name and <>, as a link, several in a row."""

import re

_WRAPPED = re.compile(r"(?:mailto:\s*)?(?:[^<>@]*<([^<>]+)>|(.+))\Z", re.IGNORECASE | re.DOTALL)
_QUOTES = "\u2018\u2019\u201a\u201c\u201d\u201e\u2039\u203a\xab\xbb"  # of typography, in all languages
_EDGE = rf"\s<>,;|/()\[\]\"':{_QUOTES}"
_WHOLE = re.compile(rf"(?<![^{_EDGE}])[^{_EDGE}@]+@[^{_EDGE}@]+(?![^{_EDGE}])")
_AROUND = f" \t,;.\"'{_QUOTES}"  # what is left around an address that was copied out of a list or a sentence
_QUERY = re.compile(r"(mailto:[^?]*)\?.*", re.IGNORECASE | re.DOTALL)  # ?subject=... of a link (RFC 6068)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_BEHIND_HOST = re.compile(r"[/?#:]")


def addresses_in(text: str) -> list[str]:
    """The different addresses that stand whole in the text, as they are written there."""
    return list({found.strip(_AROUND).lower(): found for found in _WHOLE.findall(text)}.values())


def unwrapped(text: str) -> str:
    """The one address of a text without what is around it: a name and <>, mailto:, a comma."""
    if text.count("@") > 1 and (whole := addresses_in(text)):  # its own name: "ana@acme.example" <ana@acme.example>
        text = whole[0]
    found = _WRAPPED.match(_QUERY.sub(r"\1", text))
    return ((found[1] or found[2]) if found else text).strip(_AROUND)


def has_scheme(text: str) -> bool:
    """Whether the text begins as a link does."""
    return _SCHEME.match(text) is not None


def host_of(text: str) -> str:
    """The name behind a link, an address or a name of a host, in small letters and without the www. of web servers."""
    name = _BEHIND_HOST.split(_SCHEME.sub("", text, count=1).strip("/"))[0].rpartition("@")[2].lower()
    bare = name.removeprefix("www.")
    return bare if "." in bare else name  # www.com is a name of its own

"""What a single cell must be. Each rule answers the value, or says no to the row by raising RowError."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from campaigns_project.accounts.timezones import known_zones
from campaigns_project.errors import Refused
from leads.addresses import read_address
from leads.cleaning import UNCALCULATED, has_control, is_damaged, is_error
from leads.imports.errors import shortened
from leads.written import addresses_in, unwrapped

# Addresses of letters, digits and single inner signs under an ordinary domain, which `read_address` gives back as they
# are (a test says so). It is asked about all others, and takes many times as long.
_PLAIN = re.compile(
    r"(?=.{6,254}\Z)(?=[^@]{1,64}@)"
    r"[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*@"
    r"(?:(?=[^.]{1,63}\.)[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?!local\b|arpa\b|onion\b|invalid\b|localhost\b)[a-z]{2,24}\Z"
)
_ROLES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)  # Info@ and info@ are one mailbox by RFC 2142: written small
_EMAIL_CELL_MAX = 1_000  # characters that the patterns below may have to look at
# Domains of which everybody who writes them means another; most belong to those who collect such mail.
_SLIPS = {
    **dict.fromkeys(
        ("gmial.com", "gmai.com", "gamil.com", "gnail.com", "gmal.com", "gmil.com", "gmaill.com"), "gmail.com"
    ),
    **dict.fromkeys(
        ("gmail.cm", "gmail.om", "gmail.comm", "gmail.cmo", "gmali.com", "gemail.com", "gmailcom"), "gmail.com"
    ),
    **dict.fromkeys(
        ("hotmial.com", "hotmai.com", "hotmal.com", "hotmil.com", "hormail.com", "hotmail.cm"), "hotmail.com"
    ),
    **dict.fromkeys(("yaho.com", "yahooo.com", "yhoo.com", "yahho.com", "yahoo.cm", "yaoo.com"), "yahoo.com"),
    **dict.fromkeys(("outlok.com", "outllok.com", "outlool.com", "outloo.com", "outlook.cm"), "outlook.com"),
    **dict.fromkeys(("iclod.com", "icoud.com", "icloud.cm", "iclould.com"), "icloud.com"),
}
_NO_TLDS = {"con": "com", "cmo": "com", "ocm": "com", "comm": "com", "vom": "com", "ogr": "org", "nte": "net"}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)  # `acme.example:8080` has a port, no scheme
# Links that `_is_web` has nothing against (a test says so): a host without a port, then what a path is written with.
_PLAIN_LINK = re.compile(r"(https?://)?[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+(?:/[A-Za-z0-9._~/%?=&+-]*)?\Z")
_SHORTENED = re.compile(r"(\d)[.,](\d+)E\+?(\d{1,2})\Z", re.IGNORECASE)
_ERROR_SENTENCES = {
    UNCALCULATED: "The formula here has no value yet: open the file in a spreadsheet and save it.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row became no lead: `column` is the header as the file writes it, empty where it is about the whole row."""

    code: str
    column: str
    message: str


class RowError(Exception):
    """A rule said no to the row; the file goes on."""

    def __init__(self, code: str, column: str, message: str):
        super().__init__(message)
        self.problem = Problem(code, column, message)


def email(text: str, column: str) -> tuple[str, str]:
    """The address as written and its normal form; a name and <>, mailto: or a comma around it are seen through.

    The code of a problem is `missing_email`, `several_emails`, `mistyped_email` or `invalid_email`.
    """
    if _PLAIN.match(text):
        lowered = text.lower()
        normal = text if lowered == text else lowered  # most are: one text in memory and not two
        address = normal if normal.partition("@")[0] in _ROLES else text
    elif text:
        address, normal = _read(text, column)
    else:
        raise RowError("missing_email", column, "The row has no e-mail address.")
    domain = normal.rpartition("@")[2]
    if (meant := _meant(domain)) is not None:
        raise RowError("mistyped_email", column, f"“{shortened(text)}” is mistyped: {meant} instead of {domain}?")
    return address, normal


def _read(text: str, column: str) -> tuple[str, str]:
    within(text, column, "e-mail", _EMAIL_CELL_MAX)
    if len(addresses_in(text)) > 1:
        message = f"“{shortened(text)}” is more than one address: one row per person."
        raise RowError("several_emails", column, message)
    try:
        return read_address(unwrapped(text))
    except Refused as refused:
        raise RowError("invalid_email", column, refused.message) from None


def _meant(domain: str) -> str | None:
    rest, _, last = domain.rpartition(".")
    return _SLIPS.get(domain) or (f"{rest}.{_NO_TLDS[last]}" if last in _NO_TLDS else None)


def link(text: str, column: str, limit: int) -> str:
    """A web address with its scheme; http and https only, since it becomes a link on our pages. Empty stays empty."""
    if not text:
        return ""
    if plain := _PLAIN_LINK.match(text):
        address = text if plain[1] else f"https://{text}"
    else:
        address = text if _SCHEME.match(text) else f"https://{text.lstrip('/')}"
        if not _is_web(address):
            raise RowError("invalid_link", column, f"“{shortened(text)}” is not a web address (http or https).")
    return within(address, column, "web address", limit)


def _is_web(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in ("http", "https") and "." in (parts.hostname or "") and " " not in address
    except ValueError:
        return False


def phone(text: str, column: str) -> str:
    """A number as it is written; one that a spreadsheet shows as 4.2E+11 only where none of its digits are lost."""
    found = _SHORTENED.match(text)
    if not found:
        return text
    whole, rest, places = found[1], found[2], int(found[3])
    if len(rest) != places:
        message = (
            f"“{text}” is a phone number that a spreadsheet has shortened, and its last digits are lost: export it as "
            "text, or leave the column out."
        )
        raise RowError("error_value", column, message)
    return whole + rest


def zone(text: str, column: str) -> str:
    """The name of a time zone as IANA writes it: `europe/prague` and `America/New York` are understood."""
    if not text:
        return ""
    name = _zones().get(_zone_key(text))
    if name is None:
        message = f"“{shortened(text)}” is not a time zone; write a name such as Europe/Prague, or leave it empty."
        raise RowError("invalid_timezone", column, message)
    return name


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {_zone_key(name): name for name in known_zones()}


def _zone_key(text: str) -> str:
    return "_".join(text.replace("_", " ").casefold().split())


def within(text: str, column: str, label: str, limit: int) -> str:
    """A text of no more characters than the database takes."""
    if len(text) > limit:
        raise RowError("too_long", column, f"The {label} has {len(text):,} characters; {limit:,} is the limit.")
    return text


def readable(text: str, column: str) -> str:
    """A text that is a value, without control characters, and without traces of characters that were lost."""
    if is_error(text):
        raise RowError("error_value", column, _ERROR_SENTENCES.get(text, f"“{text}” is an error of the spreadsheet."))
    if is_damaged(text):
        message = f"“{shortened(text)}” holds characters that were lost when the file was saved (shown as �)."
        raise RowError("damaged_text", column, message)
    if has_control(text):
        raise RowError("control_character", column, f"“{shortened(text)}” holds a control character (shown as �).")
    return text

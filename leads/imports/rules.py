"""What a single cell must be. Each rule answers the value, or says no to the row by raising RowError."""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from campaigns_project.accounts.timezones import known_zones
from campaigns_project.errors import Refused
from leads.addresses import domain_of, normalize_address, read_address
from leads.imports.cleaning import has_control, is_damaged
from leads.imports.errors import shortened
from leads.imports.sizes import read_size

# Addresses of letters, digits and single inner signs under an ordinary domain, which `read_address` gives back as they
# are (a test says so). It is asked about all others, and takes many times as long.
_PLAIN = re.compile(
    r"(?=.{6,254}\Z)(?=[^@]{1,64}@)"
    r"[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*@"
    r"(?:(?=[^.]{1,63}\.)[a-z0-9]+(?:-[a-z0-9]+)*\.)+(?!local\b|arpa\b|onion\b|invalid\b|localhost\b)[a-z]{2,24}\Z"
)
_ROLES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)  # Info@ and info@ are one mailbox by RFC 2142: written small
_EMAIL_CELL_MAX = 1_000  # characters that the patterns below may have to look at
_WRAPPED = re.compile(r"(?:mailto:\s*)?(?:[^<>@]*<([^<>]+)>|(.+))\Z", re.IGNORECASE | re.DOTALL)
_SEVERAL = re.compile(r"@[^\s,;]+[\s,;]+[^\s,;]*@")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:(?!\d)", re.IGNORECASE)  # `acme.example:8080` has a port, no scheme
_SIZE_MAX = 2**31 - 1  # of the database's integer
_SENIORITIES = {  # as Apollo writes them, by the letters of what others do
    **{name.replace("_", ""): name for name in ("owner", "founder", "c_suite", "partner", "vp", "head", "director")},
    **{name: name for name in ("manager", "senior", "entry", "intern")},
    **dict.fromkeys(("clevel", "cxo", "cxos", "csuite", "executive", "cxolevel"), "c_suite"),
    **dict.fromkeys(("vicepresident", "vplevel", "vps"), "vp"),
    **dict.fromkeys(("directorlevel", "directors"), "director"),
    **dict.fromkeys(("managerlevel", "managers"), "manager"),
    **dict.fromkeys(("entrylevel", "junior"), "entry"),
    **dict.fromkeys(("internship", "training", "trainee"), "intern"),
    **dict.fromkeys(("cofounder", "founders"), "founder"),
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
    """The address as written and its normal form; `Ana <ana@acme.example>` and mailto: are seen through."""
    if _PLAIN.match(text):
        normal = text.lower()
        return (normal if normal.partition("@")[0] in _ROLES else text), normal
    if not text:
        raise RowError("missing_email", column, "The row has no e-mail address.")
    within(text, column, "e-mail", _EMAIL_CELL_MAX)
    if _SEVERAL.search(text):
        message = f"“{shortened(text)}” is more than one address: one row per person."
        raise RowError("several_emails", column, message)
    found = _WRAPPED.match(text)
    try:
        return read_address((found[1] or found[2]) if found else text)
    except Refused as refused:
        raise RowError("invalid_email", column, refused.message) from None


def link(text: str, column: str, limit: int) -> str:
    """A web address with its scheme; http and https only, since it becomes a link on our pages. Empty stays empty."""
    if not text:
        return ""
    address = text if _SCHEME.match(text) else f"https://{text.lstrip('/')}"
    try:
        parts = urlsplit(address)
        is_web = parts.scheme in ("http", "https") and "." in (parts.hostname or "") and " " not in address
    except ValueError:
        is_web = False
    if not is_web:
        raise RowError("invalid_link", column, f"“{shortened(text)}” is not a web address (http or https).")
    return within(address, column, "web address", limit)


def zone(text: str, column: str) -> str:
    """The name of a time zone as IANA writes it: `europe/prague` and `America/New York` are understood."""
    if not text:
        return ""
    name = _zones().get(_zone_key(text))
    if name is None:
        message = f"“{shortened(text)}” is not a time zone; write a name such as Europe/Prague, or leave it empty."
        raise RowError("invalid_timezone", column, message)
    return name


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalpha())


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {_zone_key(name): name for name in known_zones()}


def _zone_key(text: str) -> str:
    return "_".join(text.replace("_", " ").casefold().split())


def seniority(text: str, column: str) -> str:
    """The word lead providers use where it is known under another name (`C-Level` -> c_suite), else as written."""
    return _SENIORITIES.get(_letters(text), text)


def company_domain(text: str, column: str) -> str:
    """The name of a website's host in ASCII, from a name, an address or a link: `https://www.müller.example/de`."""
    name = _SCHEME.sub("", text, count=1).strip("/").partition("/")[0].partition(":")[0].rpartition("@")[2]
    try:
        return domain_of(normalize_address(f"someone@{name.lower().removeprefix('www.')}"))
    except Refused:
        message = f"“{shortened(text)}” is not a domain; write acme.com, for one, or leave it empty."
        raise RowError("invalid_domain", column, message) from None


def company_size(text: str, column: str) -> str:
    """How many people work there, in digits: of a range its lower end, which is sure (`51-200`, `1,000+`, `<10`: 1)."""
    size = read_size(text)
    if size is None or size > _SIZE_MAX:
        message = f"“{shortened(text)}” is not a number of people; write 51 or 51-200, or leave it empty."
        raise RowError("invalid_company_size", column, message)
    return str(size)


def within(text: str, column: str, label: str, limit: int) -> str:
    """A text of no more characters than the database takes."""
    if len(text) > limit:
        raise RowError("too_long", column, f"The {label} has {len(text):,} characters; {limit:,} is the limit.")
    return text


def readable(text: str, column: str) -> str:
    """A text without control characters, and without traces of characters that were lost."""
    if is_damaged(text):
        message = f"“{shortened(text)}” holds characters that were lost when the file was saved (shown as �)."
        raise RowError("damaged_text", column, message)
    if has_control(text):
        raise RowError("control_character", column, f"“{shortened(text)}” holds a control character (shown as �).")
    return text

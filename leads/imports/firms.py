"""What the cells about a lead's firm and place in it must be; each rule says no as those of `rules` do."""

from functools import lru_cache

from campaigns_project.errors import Refused
from leads.addresses import domain_of, normalize_address
from leads.imports.errors import shortened
from leads.imports.rules import RowError
from leads.imports.sizes import read_size
from leads.written import host_of

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


def seniority(text: str, column: str) -> str:
    """The word lead providers use where it is known under another name (`C-Level` -> c_suite), else as written."""
    return _known_seniority(text) or text


def company_domain(text: str, column: str) -> str:
    """The name of a website's host in ASCII, from a name, an address or a link: `https://www.müller.example/de`."""
    try:
        return _normalized(host_of(text))
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


@lru_cache(maxsize=1_024)
def _known_seniority(text: str) -> str | None:
    return _SENIORITIES.get("".join(c for c in text.casefold() if c.isalpha()))


@lru_cache(maxsize=4_096)  # a list has several people of each firm, and judging a domain takes 50 µs
def _normalized(domain: str) -> str:
    return domain_of(normalize_address(f"someone@{domain}"))

"""One normal form for an address, so that a person is one person however the address is written."""

from email_validator import EmailNotValidError, validate_email

from campaigns_project.errors import Refused


def normalize_address(text: str) -> str:
    """The form addresses are compared by: the local part in lower case, the domain in ASCII (IDNA 2008).

    Refused with the code `invalid_address` and the reason when it is no address that can be written to. Case in the
    local part is significant by RFC 5321 section 2.4, but no mailbox provider uses that, and two rows for one person
    would be written to twice.
    """
    return read_address(text)[1]


def stored_form(address: str) -> str:
    """The normal form of an address that stands in one of our rows.

    One of an older rule, or written by hand, that `normalize_address` would refuse is itself in lower case: whom we
    wrote to can be counted and left alone, whatever today's rules say.
    """
    try:
        return normalize_address(address)
    except Refused:
        return address.lower()


def read_address(text: str) -> tuple[str, str]:
    """The address as to be shown and written to, and its normal form; Refused as `normalize_address`."""
    try:
        found = validate_email(text.strip(), check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError as error:
        raise Refused("invalid_address", f"“{text.strip()[:100]}” is not an e-mail address: {error}") from None
    return found.normalized, f"{found.local_part.lower()}@{found.ascii_domain.lower()}"


def kept_form(text: str) -> str:
    """The form in which an address or a domain is kept: to look for one that is written with letters of any language.

    What is neither, or has none of them, is only put in lower case.
    """
    text = text.strip().lower()
    if text.isascii():
        return text
    try:
        return normalize_address(text) if "@" in text else domain_of(normalize_address(f"someone@{text}"))
    except Refused:
        return text


def domain_of(address: str) -> str:
    """The part behind the last @ of a normalized address."""
    return address.rpartition("@")[2]

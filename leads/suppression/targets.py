"""What can be suppressed: an address, or a domain with everybody under exactly that name."""

import re

from django.db.models import Q, QuerySet

from campaigns_project.accounts.models import Organization
from campaigns_project.errors import Refused
from leads.addresses import normalize_address
from leads.cleaning import clean_line
from leads.models import Lead
from leads.written import addresses_in, has_scheme, host_of, unwrapped

_LONGEST_LINE = 20_000  # characters; some 500 addresses in one line
_NOTE = re.compile(r"(?:^#(?=\s|$)|\s#).*")
_AROUND = " \t,;\"'<>"
_EVERYBODY_AT = re.compile(r"[*%]?@([^@*%]+)")
_SUBDOMAINS_OF = re.compile(r"(?:[*%]?@)?[*%]?\.([^@*%]+)")


def targets_in(text: str) -> list[str]:
    """What one line of a list names, each as it is written there: mostly one, none where it says nothing or is a note.

    Several addresses stand between semicolons or commas; so do domains where there is no address.
    """
    text = _NOTE.sub("", clean_line(text)).strip()
    if not text or len(text) > _LONGEST_LINE or ("@" in text and len(addresses_in(text)) < 2):
        return [text] if text else []
    between = ";" if ";" in text else ","
    pieces = [piece.strip() for piece in re.findall(rf'(?:"[^"]*"|[^{between}])+', text)]
    return [target for piece in pieces if piece for target in _side_by_side(piece)]


def normalize_target(text: str) -> str:
    """The form a suppressed address or domain is kept in; a name and <>, a link, a note behind # are seen through.

    A domain covers the addresses under exactly that name: example.com says nothing of mail.example.com, which is
    another name with other mailboxes (and of a name such as co.uk or a mail provider's, everybody's). `*@example.com`
    is that domain. The www. of a web server is left out, but for `@www.example.com`, which can mean mail alone.
    Refused with `invalid_address` or `invalid_domain` when `text` is neither, with `invalid_wildcard` for any other
    wildcard, and with `several_emails`.
    """
    targets = targets_in(text)
    if len(targets) > 1:
        message = f"“{text.strip()[:100]}” is more than one address or domain."
        raise Refused("several_emails", message, "Give one at a time, or all of them as a list.")
    written = "".join(targets).lower()
    _refuse_subdomains(written)
    bare = unwrapped(written[:_LONGEST_LINE])
    if everybody := _EVERYBODY_AT.fullmatch(bare):
        return _domain(everybody[1], written)
    if "@" in bare and not has_scheme(bare):
        _refuse_wildcards(bare, written)
        return normalize_address(bare)
    host = host_of(bare.strip(_AROUND))
    _refuse_wildcards(f"@{host}", written)
    return _domain(host, written)


def _side_by_side(piece: str) -> list[str]:
    several = addresses_in(piece)
    return several if len(several) > 1 else [piece]


def _domain(name: str, written: str) -> str:
    try:
        return normalize_address(f"someone@{name}").partition("@")[2]
    except Refused as error:
        message = f"“{written[:100]}” is neither an e-mail address nor a domain."
        raise Refused("invalid_domain", message, "Write it as ana@example.com or example.com.") from error


def _refuse_subdomains(written: str) -> None:
    if found := _SUBDOMAINS_OF.fullmatch(written.strip(_AROUND)):
        domain = found[1][:100]
        raise Refused(
            "invalid_wildcard",
            f"“{written[:100]}” means names under a domain, and a domain covers the addresses under exactly its name.",
            f"Write {domain} for everybody there, and each name below it, such as mail.{domain}, by itself.",
        )


def _refuse_wildcards(address: str, written: str) -> None:
    """An address may be spelled with these signs, so one that is meant for many would be taken, and stop nobody."""
    local, _, domain = address.rpartition("@")
    is_meant_for_many = {"*", "?"} & {*local} or local != local.strip("%") or {"*", "%"} & {*domain}
    if is_meant_for_many:
        raise Refused(
            "invalid_wildcard",
            f"“{written[:100]}” has a wildcard, which is taken only for everybody at a domain.",
            "Write each address, or the domain: *@example.com or example.com.",
        )


def people_of(organization: Organization, targets: list[str]) -> QuerySet[Lead]:
    """The leads whom these normalized addresses and domains are about; nobody where there are none."""
    addresses = [target for target in targets if "@" in target]
    domains = [target for target in targets if "@" not in target]
    # Both named always: a condition left out would stand for everybody.
    asked = Q(email_normalized__in=addresses) | Q(domain__in=domains)
    return Lead.objects.for_organization(organization).filter(asked)

"""Questions to DNS, all of them together within one wall clock."""

import time
from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

ONE_SECONDS = 3.0  # for one question, tries at several servers included
ALL_SECONDS = 12.0  # for all of them


class CannotAskError(Exception):
    """No answer, which says nothing about what is there: no resolver, a time-out, servers that fail."""


class Lookup:
    """Asks `resolver` (address or address:port), or the system's where it is empty."""

    def __init__(self, resolver: str = "", *, seconds: float = ALL_SECONDS):
        self._ends = time.monotonic() + seconds
        try:
            self._resolver = dns.resolver.Resolver(configure=not resolver)
        except dns.resolver.NoResolverConfiguration as error:
            raise CannotAskError("this machine has no resolver configured") from error
        if resolver:
            host, _, port = resolver.rpartition(":") if resolver.count(":") == 1 else (resolver, "", "")
            self._resolver.nameservers = [host]
            self._resolver.port = int(port or 53)
        self._resolver.timeout = ONE_SECONDS / 2

    def texts(self, name: str) -> list[str]:
        """The TXT records of `name`, each put together from its strings; none where there is nothing."""
        return [b"".join(record.strings).decode("utf-8", "replace") for record in self._ask(name, dns.rdatatype.TXT)]

    def mail_servers(self, name: str) -> list[str]:
        """The hosts of the MX records of `name`, the preferred first; "" stands for a null MX (RFC 7505)."""
        records = self._ask(name, dns.rdatatype.MX)
        found = sorted((record.preference, record.exchange.to_text(omit_final_dot=True)) for record in records)
        return ["" if host == "." else host for _, host in found]

    def addresses(self, name: str) -> list[str]:
        """The IPv4 and IPv6 addresses of `name`."""
        kinds = (dns.rdatatype.A, dns.rdatatype.AAAA)
        return [record.address for kind in kinds for record in self._ask(name, kind)]

    def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> Sequence[Any]:
        left = min(ONE_SECONDS, self._ends - time.monotonic())
        if left <= 0:
            raise CannotAskError("DNS was too slow to ask for everything")
        try:
            answer = self._resolver.resolve(name, kind, lifetime=left, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            return []
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, UnicodeError):
            return []  # a name that cannot be in DNS is not there
        except dns.exception.Timeout as error:
            raise CannotAskError(f"DNS did not answer in time for {name}") from error
        except dns.exception.DNSException as error:
            raise CannotAskError(f"DNS could not answer for {name} ({type(error).__name__})") from error
        except OSError as error:
            raise CannotAskError(f"DNS cannot be reached: {error}") from error
        return list(answer.rrset or ())

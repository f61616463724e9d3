"""What else the domain of a sender says in DNS: who takes its mail, its signing key, and its wish for forgeries."""

import base64
import binascii
import re
from collections.abc import Callable
from functools import partial

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from campaigns.health.findings import Finding, HealthCheck, HealthStatus
from campaigns.health.lookup import CannotAskError, Lookup
from campaigns.health.spf import check_spf

LEAST_BITS, GOOD_BITS = 1024, 2048  # RFC 8301 3.2: shorter keys are not believed; 2048 is what one should have
_TAG = re.compile(r"\s*([a-z][a-z0-9_]*)\s*=\s*([^;]*?)\s*(?:;|$)", re.IGNORECASE)


def check_records(
    domain: str, *, selector: str, by_service: bool, resolver: str, return_path: str = ""
) -> list[Finding]:
    """MX, SPF, DKIM and DMARC of `domain` (ASCII), whatever of them could be asked within the time.

    SPF is about the domain of the return path, where that is another one (RFC 7208 2.4).
    """
    checks: tuple[tuple[HealthCheck, Callable[[Lookup], Finding]], ...] = (
        (HealthCheck.MX, partial(check_mx, domain)),
        (HealthCheck.SPF, partial(check_spf, return_path or domain, by_service=by_service)),
        (HealthCheck.DKIM, partial(check_dkim, domain, selector)),
        (HealthCheck.DMARC, partial(check_dmarc, domain)),
    )
    try:
        lookup = Lookup(resolver)
    except CannotAskError as error:
        return [_unknown(code, error) for code, _ in checks]
    return [_asked(code, check, lookup) for code, check in checks]


def check_mx(domain: str, lookup: Lookup) -> Finding:
    """Whether replies and bounces arrive anywhere."""
    finding = partial(
        Finding, HealthCheck.MX, where=domain, expected="an MX record", hint="Publish an MX record for it."
    )
    hosts = lookup.mail_servers(domain)
    if "" in hosts:
        return finding(HealthStatus.FAIL, f"{domain} says that it takes no mail: replies are lost.", found="0 .")
    if hosts:
        return finding(HealthStatus.OK, f"{hosts[0]} takes its mail.", found="\n".join(hosts), hint="")
    addresses = lookup.addresses(domain)
    if addresses:
        message = f"{domain} has no MX record; mail goes to the server of its web pages, if that takes any."
        return finding(HealthStatus.WARN, message, found="\n".join(addresses))
    return finding(HealthStatus.FAIL, f"{domain} takes no mail: replies and bounces are lost.")


def check_dkim(domain: str, selector: str, lookup: Lookup) -> Finding:
    """Whether the key of `selector` is there and strong enough."""
    finding = partial(Finding, HealthCheck.DKIM, expected="a TXT record with p=…, the public key")
    if not selector:
        hint = "Whoever signs the mails tells the selector; enter it as DKIM selector of the sender."
        return finding(HealthStatus.UNKNOWN, "The selector is not known, so the key cannot be looked up.", hint=hint)
    name = f"{selector}._domainkey.{domain}"
    finding = partial(finding, where=name)
    records = [text for text in lookup.texts(name) if "p" in _tags(text)]
    if not records:
        hint = f"Publish the record for {name} that the signing server or service shows."
        return finding(HealthStatus.FAIL, f"There is no key at {name}.", hint=hint)
    key, found = _tags(records[0])["p"], "\n".join(records)
    if not key:
        return finding(HealthStatus.FAIL, f"The key at {name} was revoked (p= is empty).", found=found)
    return _strength(name, key, partial(finding, found=found))


def check_dmarc(domain: str, lookup: Lookup) -> Finding:
    """The policy of the domain, or of the nearest domain above that has one (RFC 7489 6.6.3)."""
    finding = partial(Finding, HealthCheck.DMARC, expected="one TXT record at _dmarc: v=DMARC1; p=…")
    for above in _tree(domain):
        at_name = partial(finding, where=f"_dmarc.{above}")
        records = [text for text in lookup.texts(f"_dmarc.{above}") if re.match(r"v\s*=\s*DMARC1\b", text, re.I)]
        if len(records) > 1:
            message = f"_dmarc.{above} has {len(records)} records, and receivers then believe none."
            return at_name(HealthStatus.FAIL, message, found="\n".join(records), hint="Leave one of them.")
        if records:
            return _policy(above, records[0], at_name)
    hint = f"Publish “v=DMARC1; p=none; rua=mailto:…” at _dmarc.{domain}; large receivers ask senders of bulk for it."
    message = f"Neither {domain} nor a domain above it has a DMARC record."
    return finding(HealthStatus.FAIL, message, hint=hint, where=f"_dmarc.{domain}", publish="v=DMARC1; p=none")


def _policy(at: str, record: str, finding: Callable[..., Finding]) -> Finding:
    tags = _tags(record)
    policy = tags.get("p", "").lower()
    if policy not in {"none", "quarantine", "reject"}:
        message = f"The record at _dmarc.{at} has no policy that exists."
        return finding(HealthStatus.FAIL, message, found=record, hint="p= is none, quarantine or reject.")
    strict = [name for tag, name in (("aspf", "SPF"), ("adkim", "DKIM")) if tags.get(tag, "r").lower() == "s"]
    aligned = f"{' and '.join(strict)} must match the domain exactly" if strict else "a domain below it aligns too"
    return finding(HealthStatus.OK, f"Policy {policy} at _dmarc.{at}; {aligned}.", found=record)


def _strength(name: str, key: str, finding: Callable[..., Finding]) -> Finding:
    try:
        public = load_der_public_key(base64.b64decode(re.sub(r"\s", "", key), validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        # 32 bytes without a wrapping are an Ed25519 key (RFC 8463); anything else is broken.
        if len(key) == 44:
            return finding(HealthStatus.OK, f"An Ed25519 key at {name}.")
        message = f"What stands at {name} is not a key."
        return finding(HealthStatus.FAIL, message, hint="Copy the record again, all of it.")
    bits = public.key_size if isinstance(public, RSAPublicKey) else 0
    if bits and bits < LEAST_BITS:
        return finding(HealthStatus.FAIL, f"The key at {name} has {bits} bits; receivers do not believe it.")
    if bits and bits < GOOD_BITS:
        message = f"The key at {name} has {bits} bits, which is little."
        return finding(HealthStatus.WARN, message, hint=f"Have a new one made with {GOOD_BITS} bits.")
    return finding(HealthStatus.OK, f"A key of {bits} bits at {name}." if bits else f"A key at {name}.")


def _tags(record: str) -> dict[str, str]:
    return {name.lower(): value for name, value in _TAG.findall(record[:4_000])}


def _tree(domain: str) -> list[str]:
    """The domain and those above it, but for the last label; at most eight."""
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(max(0, len(labels) - 8), max(1, len(labels) - 1))]


def _asked(code: HealthCheck, check: Callable[[Lookup], Finding], lookup: Lookup) -> Finding:
    try:
        return check(lookup)
    except CannotAskError as error:
        return _unknown(code, error)


def _unknown(code: HealthCheck, error: CannotAskError) -> Finding:
    return Finding(code, HealthStatus.UNKNOWN, f"{error}; that is not counted as failed.", is_down=True)

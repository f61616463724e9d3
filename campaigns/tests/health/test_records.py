"""What a domain says in DNS, asked of a real DNS server."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from campaigns.health import lookup, records
from campaigns.health.findings import HealthCheck, HealthStatus
from campaigns.health.records import check_records
from campaigns.tests.health.dns_server import FAILS, SILENT, DnsServer

OK, WARN, FAIL, UNKNOWN = HealthStatus.OK, HealthStatus.WARN, HealthStatus.FAIL, HealthStatus.UNKNOWN
DOMAIN = "sender.example"


def txt(text):
    """A TXT record as a zone file has it, in strings of at most 255 bytes."""
    return " ".join(f'"{text[start : start + 250]}"' for start in range(0, max(len(text), 1), 250))


def look(zone, *, selector="s1", by_service=False):
    with DnsServer(zone) as server:
        found = check_records(DOMAIN, selector=selector, by_service=by_service, resolver=server.address)
    return {finding.code: finding for finding in found}


def spf(*texts, **below):
    zone = {(DOMAIN, "TXT"): [txt(text) for text in texts]}
    zone |= {(f"{name}.example", "TXT"): [txt(text)] for name, text in below.items()}
    return look(zone)[HealthCheck.SPF]


def key(bits=2048):
    public = rsa.generate_private_key(65537, bits).public_key()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def dkim(text):
    return look({(f"s1._domainkey.{DOMAIN}", "TXT"): [txt(text)]})[HealthCheck.DKIM]


def test_a_domain_with_everything_is_well():
    found = look(
        {
            (DOMAIN, "MX"): ["20 backup.sender.example.", "10 mx.sender.example."],
            (DOMAIN, "TXT"): [txt("some other text"), txt("v=spf1 ip4:192.0.2.1 -all")],
            (f"s1._domainkey.{DOMAIN}", "TXT"): [txt(f"v=DKIM1; k=rsa; p={key()}")],
            (f"_dmarc.{DOMAIN}", "TXT"): [txt("v=DMARC1; p=quarantine; adkim=s")],
        }
    )

    assert [(code.value, finding.status) for code, finding in found.items()] == [
        ("mx", OK),
        ("spf", OK),
        ("dkim", OK),
        ("dmarc", OK),
    ]
    assert found[HealthCheck.MX].found == "mx.sender.example\nbackup.sender.example"
    assert "2048 bits" in found[HealthCheck.DKIM].message
    assert "Policy quarantine" in found[HealthCheck.DMARC].message


def test_a_domain_with_nothing_fails_and_says_what_to_publish():
    found = look({})

    assert {finding.status for finding in found.values()} == {FAIL}
    assert all(finding.hint and finding.expected for finding in found.values())
    assert not any(finding.is_down for finding in found.values())


@pytest.mark.parametrize(
    ("zone", "status"),
    [
        ({(DOMAIN, "MX"): ["0 ."]}, FAIL),
        ({(DOMAIN, "A"): ["192.0.2.1"]}, WARN),
        ({(DOMAIN, "TXT"): [txt("nothing to do with it")]}, FAIL),
    ],
)
def test_replies_need_somebody_who_takes_them(zone, status):
    assert look(zone)[HealthCheck.MX].status == status


@pytest.mark.parametrize(
    ("texts", "status", "words"),
    [
        (["v=spf1 -all"], OK, "0 of at most 10"),
        (["V=SPF1 mx a ~all"], OK, "2 of at most 10"),
        (["v=spf1"], WARN, "does not say"),
        (["v=spf1 mx ?all"], WARN, "does not say"),
        (["v=spf1 mx all"], FAIL, "everybody"),
        (["v=spf1 mx +all"], FAIL, "everybody"),
        (["v=spf1 -all", "v=spf1 mx -all"], FAIL, "2 SPF records"),
        (["v=spf10 -all", "spf1 -all"], FAIL, "says nowhere"),
        (["v=spf1 " + " ".join(f"exists:{n}.example" for n in range(11)) + " -all"], FAIL, "11 DNS look-ups"),
        (["v=spf1 exists:%{i}.x.example redirect=%{d}.y.example"], OK, "2 of at most 10"),
        (["v=spf1 all:foo amx -all"], OK, "0 of at most 10"),
    ],
)
def test_one_spf_record_with_an_end_and_not_too_many_look_ups(texts, status, words):
    finding = spf(*texts)

    assert (finding.status, words in finding.message) == (status, True), finding


def test_look_ups_of_what_a_record_includes_count_too():
    finding = spf(
        "v=spf1 include:one.example include:two.example -all",
        one="v=spf1 a mx include:three.example ~all",
        two="v=spf1 a mx ptr exists:x.example ~all",
        three="v=spf1 a:a.example mx ~all",
    )

    assert (finding.status, "11 DNS look-ups" in finding.message) == (FAIL, True), finding


def test_an_include_of_nothing_makes_receivers_believe_none_of_it():
    finding = spf("v=spf1 include:gone.example -all")

    assert (finding.status, "gone.example" in finding.message) == (FAIL, True)


def test_records_that_include_each_other_are_not_followed_for_ever():
    finding = spf("v=spf1 include:one.example -all", one=f"v=spf1 include:{DOMAIN} -all")

    assert finding.status == FAIL


def test_spf_is_about_the_domain_of_the_return_path():
    with DnsServer({("bounces.example", "TXT"): [txt("v=spf1 -all")], (DOMAIN, "A"): ["192.0.2.1"]}) as server:
        found = check_records(
            DOMAIN, selector="", by_service=False, resolver=server.address, return_path="bounces.example"
        )

    assert [finding.status for finding in found if finding.code == HealthCheck.SPF] == [OK]


def test_behind_a_service_a_missing_spf_record_is_a_lesser_thing():
    assert look({(DOMAIN, "A"): ["192.0.2.1"]}, by_service=True)[HealthCheck.SPF].status == WARN


def test_without_a_selector_the_key_is_unknown_and_not_failed():
    finding = look({(DOMAIN, "A"): ["192.0.2.1"]}, selector="")[HealthCheck.DKIM]

    assert (finding.status, finding.is_down, "selector" in finding.hint) == (UNKNOWN, False, True)


def test_a_short_key_is_told_from_a_good_one():
    assert dkim(f"k=rsa; p={key(1024)}").status == WARN
    assert dkim(f"v=DKIM1; p={key(2048)}").status == OK


def test_an_ed25519_key_is_a_key():
    raw = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    assert dkim(f"v=DKIM1; k=ed25519; p={base64.b64encode(raw).decode()}").status == OK


@pytest.mark.parametrize("text", ["v=DKIM1; p=", "v=DKIM1; p=notakey", "v=DKIM1; p=!!", "v=DKIM1; k=rsa"])
def test_a_key_that_is_none_fails(text):
    assert dkim(text).status == FAIL


def test_the_policy_of_a_domain_above_counts():
    above = {("_dmarc.example.org", "TXT"): [txt("v=DMARC1; p=reject")]}
    with DnsServer(above) as server:
        found = check_records("mail.news.example.org", selector="", by_service=False, resolver=server.address)

    assert (found[-1].status, "_dmarc.example.org" in found[-1].message) == (OK, True)
    assert ("_dmarc.org", "TXT") not in server.asked


@pytest.mark.parametrize("texts", [["v=DMARC1; p=maybe"], ["v=DMARC1"], ["v=DMARC1; p=none", "v=DMARC1; p=reject"]])
def test_a_policy_that_is_none_fails(texts):
    zone = {(f"_dmarc.{DOMAIN}", "TXT"): [txt(text) for text in texts]}

    assert look(zone)[HealthCheck.DMARC].status == FAIL


def test_no_answer_is_unknown_and_not_failed(monkeypatch):
    monkeypatch.setattr(lookup, "ONE_SECONDS", 0.2)
    found = look(
        {(DOMAIN, "MX"): SILENT, (DOMAIN, "TXT"): FAILS, (f"_dmarc.{DOMAIN}", "TXT"): [txt("v=DMARC1; p=none")]}
    )

    assert [(finding.status, finding.is_down) for finding in found.values()] == [
        (UNKNOWN, True),
        (UNKNOWN, True),
        (FAIL, False),
        (OK, False),
    ]
    assert "not counted as failed" in found[HealthCheck.MX].message


def test_a_resolver_that_is_silent_costs_no_more_than_the_time_for_all(monkeypatch):
    monkeypatch.setattr(lookup, "ONE_SECONDS", 0.2)
    monkeypatch.setattr(records, "Lookup", lambda resolver: lookup.Lookup(resolver, seconds=0.3))
    zone = dict.fromkeys([(DOMAIN, "MX"), (DOMAIN, "TXT"), (f"s1._domainkey.{DOMAIN}", "TXT")], SILENT)

    found = look(zone)

    assert {finding.status for finding in found.values()} == {UNKNOWN}
    assert "too slow to ask for everything" in found[HealthCheck.DMARC].message

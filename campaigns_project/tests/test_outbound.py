"""Where we may connect to, whatever way the address is spelled."""

import socket
from threading import Event

import pytest

from campaigns_project.outbound import AddressNotAllowed, HostUnknown, addresses_of, is_allowed

INSIDE = [
    *("127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.254", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.9"),
    *("224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fe80::1", "fe80::1%1", "fc00::1", "fd12:3456::1", "fec0::1", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:7f00:1", "::127.0.0.1", "::a00:1"),
    *("64:ff9b::127.0.0.1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1", "100::1"),
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo, of 10.0.0.1
]
SPELLINGS = [
    *("2130706433", "0x7f000001", "017700000001", "0177.0.0.1", "0x7f.1", "127.1", "127.0.1", "0", "00.0.0.0"),
    *("167772161", "0xa9fea9fe", "2852039166", "0251.0376.0251.0376", "[::1]", "::ffff:127.1"),
    *("localhost", "LOCALHOST", "localhost."),
]
OUTSIDE = ["8.8.8.8", "1.1.1.1", "185.199.108.153", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.fixture(autouse=True)
def _nothing_allowed(settings):
    settings.OUTBOUND_ALLOW_HOSTS = []


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_is_refused(address):
    assert not is_allowed(address)
    with pytest.raises((AddressNotAllowed, HostUnknown)):
        addresses_of(address, port=25)


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_an_inside_address_gets_through(host):
    with pytest.raises((AddressNotAllowed, HostUnknown)):
        addresses_of(host, port=25)


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_is_taken_as_it_is(address):
    assert is_allowed(address)
    assert addresses_of(address, port=25) == [address]


@pytest.mark.parametrize("entry", ["127.0.0.1", "127.0.0.0/8", "localhost", "LocalHost."])
def test_what_an_administrator_allows_is_let_through(settings, entry):
    settings.OUTBOUND_ALLOW_HOSTS = [entry]

    assert "127.0.0.1" in addresses_of("localhost" if "ocal" in entry else "127.0.0.1", port=25)


def test_allowing_one_network_allows_no_other(settings):
    settings.OUTBOUND_ALLOW_HOSTS = ["10.0.0.0/8"]

    assert is_allowed("10.1.2.3")
    assert is_allowed("::ffff:10.1.2.3")
    assert not is_allowed("192.168.0.1")


def test_a_host_with_one_address_inside_is_refused_as_a_whole(monkeypatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 25)) for ip in ("8.8.8.8", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: both)

    with pytest.raises(AddressNotAllowed, match=r"10\.0\.0\.1"):
        addresses_of("two-faced.example", port=25)


@pytest.mark.parametrize("host", ["", "a\0b", "nobody.invalid", "x" * 300, "é" * 70, "exa mple.com", "%00"])
def test_a_host_that_has_no_address_is_said_to_have_none(host):
    with pytest.raises(HostUnknown, match="no address in DNS"):
        addresses_of(host, port=25)


def test_a_resolver_that_does_not_answer_is_not_waited_for(monkeypatch):
    asked = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: [asked.wait(5)][1:])

    with pytest.raises(HostUnknown, match=r"within 0\.05 s"):
        addresses_of("slow.example", port=25, seconds=0.05)

    asked.set()

"""Signed tokens for tracking links, and the one keyed MAC behind them and behind Message-IDs.

A token is base64url(version, message id, a second id, 128-bit tag): 28 characters for a message id in the millions, no
personal data, nothing stored.
Each purpose has a key of its own, so that a token made for one never opens another.
"""

import base64
import binascii
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes

VERSION = 1
TAG_BYTES = 16  # 128 bits: nobody guesses or forges one
MAX_ID = 2**63 - 1  # bigint
ELSEWHERE = MAX_ID  # nor this one: of a mail that somebody else sends for us, whose opt-out goes by the lead
TEST_MESSAGE = 0  # no message has this id: what the opt-out of a test mail is signed for, which does nothing
MAX_TOKEN_LENGTH = 47  # version, two ids of nine bytes each and the tag, in base64; longer is not ours

_VERSION = bytes([VERSION])
_SHORT = [bytes([number]) for number in range(0x80)]
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Purpose(StrEnum):
    OPEN = "open"
    CLICK = "click"
    UNSUBSCRIBE = "unsubscribe"
    BOUNCE = "bounce"
    MESSAGE_ID = "message_id"
    RETURN_PATH = "return_path"  # not BOUNCE: that one's tokens are never put in a mail
    CALENDAR = "calendar"  # a feed, and how often its address was renewed
    WEBHOOK = "webhook"  # of a sender, and how often its address was renewed
    INSTANTLY = "instantly"  # of an account at Instantly


@dataclass(frozen=True, slots=True)
class Token:
    """What a token stands for: a message and the link of a click, or the lead of an opt-out; else 0.

    The lead is named so that somebody may still opt out when campaign and message are gone.
    """

    message_id: int
    second_id: int = 0


class Signer:
    """Makes the tokens of one purpose under one key, which is worked in once: half the work of a short MAC."""

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes):
        # BLAKE2b with a key (RFC 7693 2.9): a MAC by itself, and half the work of HMAC; a mail holds eight of them.
        self._keyed = blake2b(digest_size=TAG_BYTES, key=key)

    def sign(self, message_id: int, second_id: int = 0) -> str:
        """The token for a message (and a link in it, or its lead); the same ids and key always give the same text."""
        payload = _head(message_id) + _varint(second_id)
        return _encode(payload + self.tag(payload))

    def tag(self, payload: bytes) -> bytes:
        """The 128-bit MAC of `payload`."""
        mac = self._keyed.copy()
        mac.update(payload)
        return mac.digest()


def signer(purpose: Purpose) -> Signer:
    """What signs for `purpose` under the present SECRET_KEY; for a job, not for the life of the process."""
    return _signer(settings.SECRET_KEY, purpose)


def sign(purpose: Purpose, message_id: int, second_id: int = 0) -> str:
    """One token; see Signer."""
    return signer(purpose).sign(message_id, second_id)


def read(purpose: Purpose, token: str) -> Token | None:
    """What `token` stands for, or None for anything but the exact text sign() makes under a present key."""
    parsed = _parse(token)
    if parsed is None:
        return None
    payload = _payload(parsed.message_id, parsed.second_id)
    # The whole text is compared, not only the tag: a second spelling of the same bytes (padding bits, a longer number)
    # is refused, so that a token can be logged, counted and rate-limited as text.
    wanted = [_encode(payload + candidate) for candidate in tags(purpose, payload)]
    matches = [hmac.compare_digest(token, text) for text in wanted]
    return parsed if any(matches) else None


def tag(purpose: Purpose, payload: bytes) -> bytes:
    """The 128-bit MAC of `payload` under the present SECRET_KEY, bound to `purpose`."""
    return signer(purpose).tag(payload)


def tags(purpose: Purpose, payload: bytes) -> Iterator[bytes]:
    """The MAC under the present key, then under each of SECRET_KEY_FALLBACKS: what a reader accepts."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield _signer(secret, purpose).tag(payload)


def without_case(mac: bytes) -> str:
    """A MAC in lower-case base32, for what other systems may change the case of."""
    return base64.b32encode(mac).rstrip(b"=").decode().lower()


# Cached by the secret itself, so a changed setting is a changed key at once.
@lru_cache(maxsize=64)
def _signer(secret: str | bytes, purpose: Purpose) -> Signer:
    info = f"fairlead token v{VERSION} {Purpose(purpose).value}".encode()
    return Signer(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(force_bytes(secret)))


def _payload(message_id: int, second_id: int) -> bytes:
    return _head(message_id) + _varint(second_id)


# A mail has one for each of its links and ways out, made one after the other.
@lru_cache(maxsize=64)
def _head(message_id: int) -> bytes:
    return _VERSION + _varint(message_id)


def _varint(number: int) -> bytes:
    if 0 <= number <= 0x7F:
        return _SHORT[number]
    if not 0 <= number <= MAX_ID:
        raise ValueError(f"a token holds ids from 0 to {MAX_ID}, not {number}")
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _parse(token: str) -> Token | None:
    if not token.isascii() or len(token) > MAX_TOKEN_LENGTH:
        return None
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        return None
    body = raw[:-TAG_BYTES]
    if len(body) < 3 or body[0] != VERSION:
        return None
    numbers = _numbers(body[1:])
    if len(numbers) != 2 or max(numbers) > MAX_ID:
        return None
    return Token(*numbers)


def _numbers(data: bytes) -> list[int]:
    numbers, value, shift = [], 0, 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            numbers.append(value)
            value, shift = 0, 0
    return numbers if shift == 0 else []


def _encode(raw: bytes) -> str:
    return binascii.b2a_base64(raw, newline=False).translate(_URL_SAFE, b"=").decode()

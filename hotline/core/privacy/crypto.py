"""Personal data at rest: AES-256-GCM, and a keyed hash to find a value without reading any.

A row's first two bytes are the version of its key, so keys change without rewriting the table:
the newest key writes, older ones still read. Encrypted: version, 12 random bytes, ciphertext with
its tag; the version is authenticated too. Hashed: version, HMAC-SHA256.

A key is written `version:base64 of 32 bytes`. Lists of keys are newest first. Encryption and hash
keys are apart: whoever holds the hash key alone can test a guess but read nothing.

Random nonces are safe for about 2^32 values under one key; a city of 25 million people that files
for years stays far below it, and a new key starts the count anew.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import re
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
VERSION_BYTES = 2
NONCE_BYTES = 12
TAG_BYTES = 16

_KEY = re.compile(r"([1-9][0-9]{0,4}):([A-Za-z0-9+/_-]+={0,2})", re.ASCII)


class BadKey(ValueError):
    """The operator's keys cannot be used as they are written. Never quotes a key."""


class Undecryptable(ValueError):
    """What is stored cannot be read with the keys at hand: one is missing, or wrong, or the bytes
    are damaged. Never quotes what is stored."""


def encrypt(text: str, keys: Sequence[str]) -> bytes:
    """The text as it is stored, under the newest key. Raises BadKey."""
    header, cipher = _newest_cipher(tuple(keys))
    nonce = os.urandom(NONCE_BYTES)
    return header + nonce + cipher.encrypt(nonce, text.encode(), header)


def decrypt(stored: bytes, keys: Sequence[str]) -> str:
    """The text that was stored, whichever of the keys wrote it. Raises BadKey, Undecryptable."""
    if len(stored) < VERSION_BYTES + NONCE_BYTES + TAG_BYTES:
        raise Undecryptable("the stored value is too short to be encrypted data")
    header, body = stored[:VERSION_BYTES], stored[VERSION_BYTES:]
    version = int.from_bytes(header)
    cipher = _ciphers(tuple(keys)).get(version)
    if cipher is None:
        raise Undecryptable(f"there is no key of version {version}: add it behind the newest one")
    try:
        return cipher.decrypt(body[:NONCE_BYTES], body[NONCE_BYTES:], header).decode()
    except InvalidTag:
        raise Undecryptable(
            f"the key of version {version} is not the one that wrote this value, "
            "or the value is damaged"
        ) from None


def keyed_hash(text: str, keys: Sequence[str]) -> bytes:
    """What a value is found by, under the newest key: equal values, equal bytes. Raises BadKey."""
    version, key = next(iter(_parsed(tuple(keys)).items()))
    return _hashed(text, version, key)


def keyed_hashes(text: str, keys: Sequence[str]) -> list[bytes]:
    """The value's hashes under every key, newest first: search for any of them while rows of an
    older key remain. Raises BadKey."""
    return [_hashed(text, version, key) for version, key in _parsed(tuple(keys)).items()]


def key_version(stored: bytes) -> int:
    """Which key wrote an encrypted or hashed value: rows below the newest wait for rewriting."""
    return int.from_bytes(stored[:VERSION_BYTES])


def check_keys(encryption_keys: Sequence[str], hash_keys: Sequence[str]) -> None:
    """Raises BadKey when a key is malformed or one serves both purposes. For the start-up check."""
    shared = set(_parsed(tuple(encryption_keys)).values()) & set(_parsed(tuple(hash_keys)).values())
    if shared:
        raise BadKey("a hash key is also an encryption key: make two keys")


def _hashed(text: str, version: int, key: bytes) -> bytes:
    return version.to_bytes(VERSION_BYTES) + hmac.digest(key, text.encode(), "sha256")


# A handful of key lists exists in a process: settings, and the tests' own.
@lru_cache(maxsize=32)
def _parsed(keys: tuple[str, ...]) -> dict[int, bytes]:
    """Key by version, newest first."""
    if not keys:
        raise BadKey("there is no key")
    parsed: dict[int, bytes] = {}
    for place, written in enumerate(keys, start=1):
        match = _KEY.fullmatch(written.strip())
        if match is None or int(match[1]) >= 1 << (8 * VERSION_BYTES):
            raise BadKey(f"key {place} is not written as version:base64, with a version of 1…65535")
        version = int(match[1])
        if version in parsed:
            raise BadKey(f"two keys have the version {version}")
        parsed[version] = _key_bytes(match[2], place)
    return parsed


def _key_bytes(encoded: str, place: int) -> bytes:
    padded = encoded.rstrip("=").translate(str.maketrans("-_", "+/"))
    padded += "=" * (-len(padded) % 4)
    try:
        key = base64.b64decode(padded, validate=True)
    except binascii.Error:
        raise BadKey(f"key {place} is not base64") from None
    if len(key) != KEY_BYTES:
        raise BadKey(f"key {place} has {len(key)} bytes instead of {KEY_BYTES}")
    return key


@lru_cache(maxsize=32)
def _ciphers(keys: tuple[str, ...]) -> dict[int, AESGCM]:
    return {version: AESGCM(key) for version, key in _parsed(keys).items()}


@lru_cache(maxsize=32)
def _newest_cipher(keys: tuple[str, ...]) -> tuple[bytes, AESGCM]:
    version, cipher = next(iter(_ciphers(keys).items()))
    return version.to_bytes(VERSION_BYTES), cipher

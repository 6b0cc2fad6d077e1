"""Encrypted values, keyed hashes, and what happens when keys change or are wrong."""

from __future__ import annotations

import base64
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.privacy.crypto import (
    BadKey,
    Undecryptable,
    check_keys,
    decrypt,
    encrypt,
    key_version,
    keyed_hash,
    keyed_hashes,
)


def key(version: int, byte: int) -> str:
    return f"{version}:{base64.b64encode(bytes([byte]) * 32).decode()}"


OLD, NEW, OTHER = key(1, 1), key(2, 2), key(1, 9)


@given(st.text())
def test_what_was_encrypted_is_read_again(text):
    assert decrypt(encrypt(text, [OLD]), [OLD]) == text


def test_equal_texts_are_stored_differently_and_carry_their_keys_version():
    first, second = encrypt("13812345678", [NEW, OLD]), encrypt("13812345678", [NEW, OLD])

    assert first != second
    assert first[:2] == b"\x00\x02"
    assert key_version(first) == 2
    assert b"1381" not in first


def test_keys_change_and_old_rows_stay_readable():
    before = encrypt("张三", [OLD])

    assert decrypt(before, [NEW, OLD]) == "张三"
    assert key_version(encrypt("张三", [NEW, OLD])) == 2
    assert decrypt(encrypt(decrypt(before, [NEW, OLD]), [NEW, OLD]), [NEW]) == "张三"


def test_a_missing_key_is_named_by_its_version():
    with pytest.raises(Undecryptable, match="no key of version 1"):
        decrypt(encrypt("张三", [OLD]), [NEW])


def test_a_wrong_key_of_the_right_version_is_said_to_be_wrong():
    with pytest.raises(Undecryptable, match="version 1 is not the one that wrote"):
        decrypt(encrypt("张三", [OLD]), [OTHER])


@given(st.integers(0, 33), st.integers(1, 255))
def test_one_changed_byte_is_noticed(place, change):
    stored = bytearray(encrypt("张三", [OLD, NEW]))
    stored[place] ^= change

    with pytest.raises(Undecryptable):
        decrypt(bytes(stored), [OLD, NEW])


@given(st.integers(0, 33))
def test_a_shortened_value_is_noticed(length):
    with pytest.raises(Undecryptable):
        decrypt(encrypt("张三", [OLD])[:length], [OLD])


@given(st.text(), st.text())
def test_a_keyed_hash_is_equal_for_equal_texts_only(one, other):
    assert (keyed_hash(one, [OLD]) == keyed_hash(other, [OLD])) == (one == other)


def test_a_keyed_hash_depends_on_the_key_and_carries_its_version():
    assert keyed_hash("13812345678", [OLD])[:2] == b"\x00\x01"
    assert len(keyed_hash("13812345678", [OLD])) == 34
    assert keyed_hash("13812345678", [OLD]) != keyed_hash("13812345678", [OTHER])


def test_rows_hashed_with_an_old_key_are_still_found():
    stored = keyed_hash("13812345678", [OLD])

    assert keyed_hashes("13812345678", [NEW, OLD]) == [
        keyed_hash("13812345678", [NEW]),
        stored,
    ]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ([], "no key"),
        (["secret"], "not written as version:base64"),
        (["0:" + "A" * 44], "not written as"),
        (["65536:" + "A" * 43 + "="], "not written as"),
        (["1:###"], "not written as"),
        (["1:" + base64.b64encode(b"short").decode()], "5 bytes instead of 32"),
        (["1:AAAAA"], "not base64"),
        ([OLD, OTHER], "two keys have the version 1"),
    ],
)
def test_keys_that_cannot_be_used_are_refused_with_the_reason(keys, said):
    for act in (lambda: encrypt("x", keys), lambda: keyed_hash("x", keys)):
        with pytest.raises(BadKey, match=said):
            act()


def test_errors_never_quote_a_key():
    secret = base64.b64encode(b"k" * 31).decode()

    with pytest.raises(BadKey) as refused:
        encrypt("x", [f"1:{secret}"])

    assert secret not in str(refused.value)


def test_keys_may_be_written_url_safe_and_without_padding():
    raw = bytes([0xFB, 0xEF, 0xFF] * 10 + [0xFB, 0xEF])
    plain = f"1:{base64.b64encode(raw).decode()}"
    safe = f"1:{base64.urlsafe_b64encode(raw).decode().rstrip('=')}"

    assert plain != safe
    assert decrypt(encrypt("张三", [plain]), [safe]) == "张三"


def test_one_key_for_both_purposes_is_refused():
    check_keys([OLD], [NEW])
    with pytest.raises(BadKey, match="make two keys"):
        check_keys([NEW, OLD], [key(7, 1)])


def test_a_value_costs_a_few_microseconds():
    keys = [NEW, OLD]
    stored = encrypt("+8613812345678", keys)

    for act in (
        lambda: encrypt("+8613812345678", keys),
        lambda: decrypt(stored, keys),
        lambda: keyed_hash("+8613812345678", keys),
    ):
        fastest = min(_seconds(act) for _ in range(5))
        assert fastest / 1000 < 20e-6


def _seconds(act) -> float:
    began = time.perf_counter()
    for _ in range(1000):
        act()
    return time.perf_counter() - began

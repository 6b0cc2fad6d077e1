"""Identity numbers: the check character, and the writings people use. All numbers are invented."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.privacy.identity import (
    check_character,
    is_valid_identity,
    is_valid_old_identity,
    normalise_identity,
)
from hotline.core.text import InputRefused

places = st.sampled_from(["110101", "310115", "659001", "710000", "810000", "911100"])
birthdays = st.dates(dt.date(1900, 1, 1), dt.date(2025, 12, 31))


@st.composite
def identities(draw):
    serial = draw(st.integers(0, 999))
    digits = f"{draw(places)}{draw(birthdays):%Y%m%d}{serial:03}"
    return digits + check_character(digits)


def test_the_check_character_of_the_published_example():
    # The example of the national standard GB 11643.
    assert check_character("11010519491231002") == "X"
    assert is_valid_identity("11010519491231002X")


@given(identities(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_one_wrong_character_is_caught(number, place, other):
    wrong = number[:place] + other + number[place + 1 :]

    assert is_valid_identity(number)
    assert is_valid_identity(wrong) == (wrong == number)


@given(identities(), st.integers(0, 16))
def test_two_neighbours_exchanged_are_caught(number, place):
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]

    assert is_valid_identity(swapped) == (swapped == number)


@pytest.mark.parametrize(
    "digits", ["11010519490231002", "00010519491231002", "16010519491231002", "11010518491231002"]
)
def test_an_impossible_birthday_or_place_is_not_valid_although_the_check_character_is(digits):
    assert not is_valid_identity(digits + check_character(digits))


@given(identities(), st.sampled_from(["", " ", "-", "　", "－"]))
def test_usual_writings_are_one_number(number, separator):
    written = separator.join([number[:6], number[6:14], number[14:]])

    assert normalise_identity(written.lower()) == number
    assert (
        normalise_identity(
            written.translate(str.maketrans("0123456789X", "０１２３４５６７８９Ｘ"))
        )
        == number
    )


def test_numbers_of_the_first_generation_have_fifteen_digits():
    assert is_valid_old_identity("110105491231002")
    assert normalise_identity("110105 491231 002") == "110105491231002"
    assert not is_valid_old_identity("110105491331002")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("", "text_required"),
        ("110***********002X", "masked_value"),
        ("110105194912310021", "identity_invalid"),
        ("abc", "identity_invalid"),
        ("1" * 10_000, "identity_invalid"),
    ],
)
def test_what_is_no_identity_number_is_refused(written, code):
    with pytest.raises(InputRefused) as refused:
        normalise_identity(written)

    assert refused.value.code == code

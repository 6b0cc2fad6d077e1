"""Ticket numbers: made, checked, and never mistaken for another's."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hotline.core.text import InputRefused
from intake.numbering import LAST_SEQUENCE, _interim, is_valid, make, normalise

numbers = st.builds(
    make, st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)), st.integers(1, LAST_SEQUENCE)
)


def test_a_number_shows_its_day_and_its_place_in_the_sequence():
    number = make(dt.date(2026, 11, 22), 123)

    assert number[:15] == "202611220000123"
    assert len(number) == 16
    assert is_valid(number)


def test_the_check_digit_is_damms():
    # The published example of the algorithm: 572 has the check digit 4.
    assert _interim("572") == "4"
    assert _interim("5724") == "0"


@given(numbers, st.integers(0, 15), st.sampled_from("0123456789"))
def test_every_single_wrong_digit_is_caught(number, place, digit):
    wrong = number[:place] + digit + number[place + 1 :]

    assert is_valid(number)
    assert is_valid(wrong) == (wrong == number)


@given(numbers, st.integers(0, 14))
def test_every_exchange_of_two_neighbours_is_caught(number, place):
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]

    assert is_valid(swapped) == (swapped == number)


@given(
    st.dates(dt.date(2000, 1, 1), dt.date(2099, 12, 31)),
    st.lists(st.integers(1, LAST_SEQUENCE), unique=True, min_size=2, max_size=5),
)
def test_different_tickets_of_a_day_have_different_numbers_in_order(day, sequences):
    made = [make(day, sequence) for sequence in sorted(sequences)]

    assert made == sorted(set(made))


@given(numbers, st.sampled_from([" ", "-", "－", "　", " - ", "\u200b"]), st.booleans())
def test_a_number_is_read_as_people_write_it(number, separator, is_wide):
    written = separator.join([number[:8], number[8:12], number[12:]])
    if is_wide:
        written = written.translate(str.maketrans("0123456789", "０１２３４５６７８９"))

    assert normalise(f" {written}\n") == number


@pytest.mark.parametrize("sequence", [0, -1, LAST_SEQUENCE + 1])
def test_a_sequence_outside_seven_digits_is_refused(sequence):
    with pytest.raises(ValueError, match="sequence number"):
        make(dt.date(2026, 11, 22), sequence)


@pytest.mark.parametrize(
    "text",
    [
        "2026112200001230",
        "12345",
        "abc",
        "9" * 16,
        "0" * 16,
        "20261122000012312345",
        "٢٠٢٦١١٢٢٠٠٠٠١٢٣٤",
        "1" * 100_000,
    ],
)
def test_what_is_no_ticket_number_is_refused(text):
    assert not is_valid(text)
    with pytest.raises(InputRefused) as refused:
        normalise(text)
    assert refused.value.code == "ticket_number_invalid"
    assert len(refused.value.parameters["number"]) <= 32


def test_no_number_at_all_is_asked_for():
    with pytest.raises(InputRefused) as refused:
        normalise("  ")
    assert refused.value.code == "text_required"


def test_a_day_that_does_not_exist_is_not_valid_although_the_check_digit_is():
    digits = "202602300000001"

    assert not is_valid(digits + _interim(digits))

"""The ticket number: the business day, a cycling sequence, a check digit (2026112200001234).

The last digit is Damm's: one wrong digit, or two neighbours exchanged, is never a valid number, so
a number misheard on the phone finds no ticket rather than somebody else's.
"""

from __future__ import annotations

import datetime as dt
import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.core.text import InputRefused, without_invisible_marks
from hotline.core.violations import register_sentences

register_sentences({"ticket_number_invalid": _("“%(number)s”不是有效的工单编号，请核对。")})

DAY_DIGITS = 8
SEQUENCE_DIGITS = 7
LAST_SEQUENCE = 10**SEQUENCE_DIGITS - 1

_NUMBER = re.compile(f"[0-9]{{{DAY_DIGITS + SEQUENCE_DIGITS + 1}}}")
_NARROW = str.maketrans("０１２３４５６７８９", "0123456789")
_SEPARATORS = re.compile(r"[\s\-－‐‑‒–—―]+")

# Damm's quasigroup of order 10: row = interim digit, column = next digit.
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


def make(day: dt.date, sequence: int) -> str:
    """The number of the `sequence`-th ticket (1 to 9,999,999) for a business day.

    Raises ValueError for a sequence outside that.
    """
    if not 1 <= sequence <= LAST_SEQUENCE:
        raise ValueError(f"a ticket's sequence number is 1 to {LAST_SEQUENCE}, not {sequence}")
    digits = f"{day:%Y%m%d}".zfill(DAY_DIGITS) + f"{sequence:0{SEQUENCE_DIGITS}}"
    return digits + _interim(digits)


def is_valid(number: str) -> bool:
    """Whether this is a ticket number in its one spelling: a real day and a right check digit."""
    if _NUMBER.fullmatch(number) is None or _interim(number) != "0":
        return False
    try:
        dt.date(int(number[:4]), int(number[4:6]), int(number[6:8]))
    except ValueError:
        return False
    return number[DAY_DIGITS:-1] != "0" * SEQUENCE_DIGITS


def normalise(text: str, *, field: str = "number", label: str | Promise | None = None) -> str:
    """The number as people write it (spaces, hyphens, full-width digits) in its one spelling.

    Raises InputRefused `text_required` or `ticket_number_invalid`.
    """
    number = _SEPARATORS.sub("", without_invisible_marks(text).translate(_NARROW))
    if not number:
        raise InputRefused("text_required", field=field, label=label)
    if not is_valid(number):
        raise InputRefused("ticket_number_invalid", field=field, label=label, number=number[:32])
    return number


def _interim(digits: str) -> str:
    """Damm's interim digit after all digits; appended, it becomes 0."""
    interim = "0"
    for digit in digits:
        interim = _DAMM[int(interim)][int(digit)]
    return interim

"""Numbers of Chinese identity documents: 居民身份证, and residence permits built like it."""

from __future__ import annotations

import datetime as dt
import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.core.text import InputRefused, without_invisible_marks
from hotline.core.violations import register_sentences

register_sentences({"identity_invalid": _("%(field)s不是有效的身份证号码，请核对。")})

_WIDE = str.maketrans("０１２３４５６７８９Ｘｘx", "0123456789XXX")
_SEPARATORS = re.compile(r"[\s\-－–—]+")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
# Provinces, Taiwan 71 and 83, Hong Kong 81, Macau 82, and 9x on foreigners' residence permits.
_BEGINNING = re.compile("(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[0-9])[0-9]{4}")


def check_character(first_seventeen: str) -> str:
    """The last character that 17 digits call for (ISO 7064 MOD 11-2)."""
    total = sum(
        int(digit) * weight for digit, weight in zip(first_seventeen, _WEIGHTS, strict=True)
    )
    return _CHECKS[total % 11]


def is_valid_identity(number: str) -> bool:
    """Whether 18 plain characters are an identity number: place, birthday and check character."""
    return (
        re.fullmatch("[0-9]{17}[0-9X]", number) is not None
        and _BEGINNING.match(number) is not None
        and _is_day(number[6:14])
        and check_character(number[:17]) == number[17]
    )


def is_valid_old_identity(number: str) -> bool:
    """Whether 15 digits can be a number of the first generation (before 1999, no check digit)."""
    return (
        re.fullmatch("[0-9]{15}", number) is not None
        and _BEGINNING.match(number) is not None
        and _is_day("19" + number[6:12])
    )


def plain_identity(text: str) -> str:
    """The number in narrow digits and a capital X, without spaces and dashes. Not checked."""
    return _SEPARATORS.sub("", without_invisible_marks(text).translate(_WIDE))


def normalise_identity(
    text: str, *, field: str = "identity", label: str | Promise | None = None
) -> str:
    """The identity number in its one spelling. Raises InputRefused `text_required`,
    `masked_value` or `identity_invalid`."""
    number = plain_identity(text)
    if not number:
        raise InputRefused("text_required", field=field, label=label)
    if "*" in number or "＊" in number:
        raise InputRefused("masked_value", field=field, label=label)
    if is_valid_identity(number) or is_valid_old_identity(number):
        return number
    raise InputRefused("identity_invalid", field=field, label=label)


def _is_day(written: str) -> bool:
    """Whether YYYYMMDD is a day on which somebody alive can have been born."""
    try:
        day = dt.date(int(written[:4]), int(written[4:6]), int(written[6:]))
    except ValueError:
        return False
    return 1850 <= day.year < 2100

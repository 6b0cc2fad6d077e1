"""Phone numbers in any usual writing become one; and what is shown of a person in a list."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.core.text import InputRefused, without_invisible_marks
from hotline.core.violations import register_sentences

register_sentences(
    {
        "phone_not_a_number": _("%(field)s里有不属于电话号码的内容，请只填写一个号码。"),
        "phone_too_short": _("%(field)s位数不足，请核对；固定电话请加区号。"),
        "phone_too_long": _("%(field)s位数过多，请只填写一个号码。"),
        "phone_service_number": _(
            "%(field)s填的是公共服务短号，无法联系到诉求人，请填写本人的手机或带区号的固定电话。"
        ),
        "phone_invalid": _("%(field)s不是有效的电话号码，请核对。"),
    }
)

# What people write for the same sign.
_SAME_SIGN = str.maketrans(
    "０１２３４５６７８９＋（）［］【】＃－‐‑‒–—―ー－／．·•・　\u00a0\t＊",
    "0123456789+()()()#---------/....   *",
)
_EXTENSION = re.compile(
    r"\s*(?:转接?|轉|分机号?|内线|ext\.?|extension|x|#|,)\s*[:：]?\s*([0-9]{1,6})$", re.IGNORECASE
)
_DASHED_EXTENSION = re.compile(r"\s*-\s*([0-9]{1,5})$")
_SEPARATORS = re.compile(r"[\s\-/.()]+")
# Before a Chinese number: the country, the trunk zero, the cheap-call prefixes of the carriers.
_BEFORE = r"(?:(?:\+|00)?86)?(?:0|179[0-9]{2}|12593)?"
_BEFORE_MOBILE = re.compile(f"{_BEFORE}(1[3-9][0-9]{{9}})")
_LOCAL = re.compile("[2-8][0-9]{6,7}")
# Emergency and service numbers: 110, 12345, 10086, 95598, 96156, 1010 and 9510 lines.
_SERVICE = (
    "1[0-2][0-9]|11[0-9]{3}|12[0-9]{3,4}|100[0-9]{2,3}|1010[0-9]{4}|9[56][0-9]{3,6}|16[08][0-9]{5}"
)
# A Chinese line has ten digits with its area code; what is shorter is a service behind one.
_FEWEST_DIGITS_OF_A_LINE = 10
FEWEST_DIGITS, MOST_DIGITS = 7, 15
_SHOWN_PARTS = re.compile(
    r"\+86(?:(?P<range>1[3-9][0-9]|[48]00|950)|(?P<area>10|2[0-9]|[3-9][0-9]{2}))"
    "[0-9]{4}(?P<last>[0-9]{3,4})"
)


def normalise_phone(
    text: str,
    region: str = "CN",
    *,
    area_code: str = "10",
    field: str = "phone",
    label: str | Promise | None = None,
) -> str:
    """The one spelling of a phone number: E.164 (`+8613812345678`), and `;ext=123` behind it where
    there is an extension, because without it nobody can call back.

    A local number without area code is read with `area_code`, the city's own. Chinese mobile
    numbers are accepted by their form alone: a range opened after this software was built must
    not shut a citizen out. Service numbers (12345, 10086, 95598) reach nobody and are refused;
    400 and 800 lines are accepted.

    Raises InputRefused `text_required`, `masked_value`, `phone_not_a_number`, `phone_too_short`,
    `phone_too_long`, `phone_service_number` or `phone_invalid`.
    """
    written = without_invisible_marks(text).translate(_SAME_SIGN).strip()
    if not written:
        raise InputRefused("text_required", field=field, label=label)
    if "*" in written:
        raise InputRefused("masked_value", field=field, label=label)
    found = _read(written, region, area_code)
    if found:
        return found
    raise InputRefused(_why_refused(written), field=field, label=label)


def mask_phone(number: str) -> str:
    """What a list shows of a normalised number: four digits hidden, 138****5678, 010****5678,
    0316****678. The extension is left out."""
    line = number.partition(";")[0]
    parts = _SHOWN_PARTS.fullmatch(line)
    if parts is None:
        return _hidden(line)
    trunk = "0" if parts["area"] else ""
    return f"{trunk}{parts['area'] or parts['range']}****{parts['last']}"


def mask_name(name: str) -> str:
    """What a list shows of a name: 张*, 张**. Never more stars, so that none shows its length."""
    name = unicodedata.normalize("NFC", name).strip()
    if not name:
        return ""
    return name[0] + "*" * min(max(len(name) - 1, 1), 2)


def mask_identity(number: str) -> str:
    """What is shown of an identity number: the province and the last four, never the birthday."""
    number = number.strip()
    if len(number) in (15, 18):
        return number[:3] + "*" * (len(number) - 7) + number[-4:]
    return _hidden(number)


def _hidden(value: str) -> str:
    """At most a quarter of an unusual value at each end."""
    shown = len(value) // 4
    return value[:shown] + "****" + value[len(value) - shown :] if value else ""


def _read(written: str, region: str, area_code: str) -> str | None:
    """The normalised number, trying the extension only where there is one."""
    marked = _EXTENSION.search(written)
    if marked:
        line = _read_line(written[: marked.start()], region, area_code)
        return f"{line};ext={marked[1]}" if line else None
    line = _read_line(written, region, area_code)
    dashed = _DASHED_EXTENSION.search(written)
    if line is None and dashed:
        line = _read_line(written[: dashed.start()], region, area_code)
        if line and not _BEFORE_MOBILE.fullmatch(line):
            return f"{line};ext={dashed[1]}"
        return None
    return line


def _read_line(written: str, region: str, area_code: str) -> str | None:
    digits = _SEPARATORS.sub("", written)
    if not re.fullmatch(r"\+?[0-9]+", digits):
        return None
    if region == "CN":
        mobile = _BEFORE_MOBILE.fullmatch(digits)
        if mobile:
            return f"+86{mobile[1]}"
        if _LOCAL.fullmatch(digits):
            digits = f"0{area_code}{digits}"
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if number.startswith("+86"):
        if len(number) - 3 < _FEWEST_DIGITS_OF_A_LINE:
            return None
        if not re.fullmatch(_BEFORE + re.escape(number[3:]), digits):
            return None  # the library dropped leading digits that are no prefix: a slip
    return number


def _why_refused(written: str) -> str:
    digits = _SEPARATORS.sub("", _EXTENSION.sub("", written))
    if not re.fullmatch(r"\+?[0-9]+", digits):
        return "phone_not_a_number"
    if re.fullmatch(f"{_BEFORE}(?:10|2[0-9]|[3-9][0-9]{{2}})?(?:{_SERVICE})", digits):
        return "phone_service_number"
    if len(digits) < FEWEST_DIGITS:
        return "phone_too_short"
    if len(digits) > MOST_DIGITS:
        return "phone_too_long"
    return "phone_invalid"

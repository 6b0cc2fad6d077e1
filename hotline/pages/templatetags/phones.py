"""A telephone number as people dial it."""

from __future__ import annotations

import phonenumbers
from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def dialled(number: str) -> str:
    """What a person in this country dials for a normalised number: 138 1234 5678,
    010 6512 3456 转 12; a foreign number keeps its plus sign."""
    line, _sign, extension = number.partition(";ext=")
    try:
        parsed = phonenumbers.parse(line)
    except phonenumbers.NumberParseException:
        return number
    style = phonenumbers.PhoneNumberFormat
    is_home = parsed.country_code == 86
    words = phonenumbers.format_number(parsed, style.NATIONAL if is_home else style.INTERNATIONAL)
    if extension:
        return _("%(line)s 转 %(extension)s") % {"line": words, "extension": extension}
    return words

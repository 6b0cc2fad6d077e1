"""How gains and losses are written in the tables of the assessment."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def signed(value: Decimal) -> str:
    """Points with their sign: +1.20, −0.35, and 0 without one."""
    if not value:
        return "0"
    return f"{'+' if value > 0 else '−'}{abs(value)}"


@register.filter
def places(lost: int) -> str:
    """Places lost, or gained below 0, in words."""
    if not lost:
        return _("没有升降")
    words = _("下降 %(n)s 位") if lost > 0 else _("上升 %(n)s 位")
    return words % {"n": abs(lost)}

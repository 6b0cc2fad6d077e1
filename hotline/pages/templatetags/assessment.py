"""The pages about the assessment, as one row of tabs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django import template
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Role
from hotline.pages.contradictions import READERS as CONTRADICTION_READERS
from hotline.pages.month import Number
from hotline.pages.schemes import READERS
from hotline.pages.workplaces import TABLE_ROLES

register = template.Library()

_OVERSEERS = frozenset({Role.CITY_SUPERVISOR, Role.AUDITOR})


@dataclass(frozen=True)
class Tab:
    """One page: the address by name, and who reads it."""

    url_name: str
    label: str | Promise
    roles: frozenset[Role]


TABS = (
    Tab("monthly", _("排名"), TABLE_ROLES),
    Tab("months", _("考评月份"), TABLE_ROLES),
    Tab("bulletins", _("通报"), TABLE_ROLES),
    Tab("years", _("年度"), TABLE_ROLES),
    Tab("course", _("走势"), TABLE_ROLES),
    Tab("schemes", _("方案"), READERS),
    Tab("pleas", _("剔除与申诉"), READERS),
    Tab("indicators", _("指标"), TABLE_ROLES),
    Tab("contradictions", _("说法不一"), CONTRADICTION_READERS),
    Tab("pressure", _("压力线索"), _OVERSEERS),
)


@register.simple_tag(takes_context=True)
def assessment_tabs(context: Context) -> list[dict[str, str | Promise]]:
    """The tabs that the reader may open, each with its address."""
    actor = context["request"].actor
    return [
        {"name": tab.url_name, "label": tab.label, "url": url}
        for tab in TABS
        if actor.has(*tab.roles) and (url := _address(tab.url_name))
    ]


# A table has thousands of these cells; a template of its own for each would take most of the time.


@register.simple_tag
def number_cells(numbers: Sequence[Number]) -> SafeString:
    """Cells of one part of a line: a count that opens its tickets, or a quiet nothing."""
    return mark_safe("".join(_cell(n, "group-start" * (not i)) for i, n in enumerate(numbers)))  # noqa: S308


def _cell(number: Number, kind: str) -> str:
    told: str = _NOTHING
    if number.value:
        told = format_html(
            '<a class="stat{}" href="{}" aria-label="{} {}">{}</a>',
            f" stat-{number.kind}" if number.kind else "",
            number.url, number.label, number.value, number.value,
        )  # fmt: skip
    return f'<td class="{kind}">{told}</td>' if kind else f"<td>{told}</td>"


@register.simple_tag
def rate_link(rate: Decimal | None, url: str) -> SafeString:
    """A rate in percent that opens the answers it is made of; a dash where nobody was asked."""
    if rate is None:
        return _UNKNOWN
    return format_html('<a class="stat" href="{}">{}%</a>', url, rate)


_NOTHING = mark_safe('<span class="muted">0</span>')
_UNKNOWN = mark_safe('<span class="muted">—</span>')


def _address(url_name: str) -> str:
    """Empty for a page that this deployment does not have."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""

"""The pages about the assessment, as one row of tabs."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.template import Context
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hotline.core.models import Role
from hotline.pages.contradictions import READERS as CONTRADICTION_READERS
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


def _address(url_name: str) -> str:
    """Empty for a page that this deployment does not have."""
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""

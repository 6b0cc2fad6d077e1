"""Numbers of the dashboard and the lists they open."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import get_script_prefix, reverse
from django.utils.functional import Promise

from evaluation.scopes import Scope
from hotline.pages.month import Number, tickets_address


def number(
    label: str | Promise, value: int, scope: Scope, *, kind: str = "", **conditions: str
) -> Number:
    """A count and the address of its list; nothing has no list."""
    return Number(
        label=label,
        value=value,
        url=tickets_url(scope, **conditions) if value else "",
        kind=kind if value else "",
    )


def tickets_url(scope: Scope, **conditions: str) -> str:
    """The list of a scope's tickets under some conditions of the ticket filter."""
    query = urlencode({"scope": scope.code, **conditions})
    return f"{tickets_address(get_script_prefix())}?{query}"


def dashboard_url(scope: Scope, month: str) -> str:
    return f"{reverse('dashboard')}?{urlencode({'scope': scope.code, 'period': month})}"

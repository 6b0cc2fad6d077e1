"""Numbers of the dashboard and the lists they open."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise

from evaluation.scopes import Scope
from hotline.pages.month import Number


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
    return f"{reverse('tickets')}?{urlencode({'scope': scope.code, **conditions})}"


def dashboard_url(scope: Scope, month: str) -> str:
    return f"{reverse('dashboard')}?{urlencode({'scope': scope.code, 'period': month})}"

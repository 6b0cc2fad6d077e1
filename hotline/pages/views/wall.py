"""The wall board, and its panels alone for the board that hangs there and asks again."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from hotline.pages import wall as board
from hotline.pages.dashboard import whole
from hotline.pages.doors import StaffRequest, staff_page
from hotline.pages.workplaces import TABLE_ROLES


@require_GET
@staff_page(*TABLE_ROLES)
def wall(request: StaffRequest) -> HttpResponse:
    """The whole board of the city, a district or a unit."""
    return render(request, "pages/wall.html", _context(request))


@require_GET
@never_cache
@staff_page(*TABLE_ROLES)
def panels(request: StaffRequest) -> HttpResponse:
    """The same figures anew, without the frame."""
    return render(request, "pages/wall_panels.html", _context(request))


def _context(request: StaffRequest) -> dict[str, Any]:
    at, actor = timezone.now(), request.actor
    scope = whole.scope_asked_for(request.GET.get("scope", ""), actor)
    group = request.GET.get("group", "")
    return {
        "wall": board.wall(scope, group, actor, at),
        "panels": board.panels(scope),
        "scope": scope,
        "group": group,
        "as_of": at,
    }

"""What the shell of every page shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from hotline.core.actors import Actor
from hotline.core.deployment import deployment
from hotline.core.places import units
from hotline.pages.bell import unread_count
from hotline.pages.workplaces import workplaces_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """The strip, and for a signed-in person the navigation, the name and the bell."""
    context: dict[str, Any] = {
        "is_simulated": deployment().is_simulated,
        "city_name": deployment().city_name,
    }
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None or actor.kind != "staff":
        return context
    # Asked for only where the bell is drawn: a fragment has none.
    return context | {
        "nav": _navigation(request, actor),
        "staff_name": actor.name,
        "unit_name": _unit_name(actor),
        "notices_url": reverse("notices"),
        "unread_notices": SimpleLazyObject(lambda: unread_count(actor)),
    }


def _navigation(request: HttpRequest, actor: Actor) -> list[dict[str, Any]]:
    """Links by role; where two places share an address, the one whose filter is in force."""
    places = workplaces_of(actor)
    here = request.get_full_path()
    exact = next((p for p in places if p.query and here.startswith(p.url)), None)
    name = request.resolver_match.url_name if request.resolver_match else ""
    exact = exact or next((p for p in places if name in p.pages), None)
    active = exact or next(
        (p for p in places if not p.query and request.path.startswith(p.url)), None
    )
    return [{"url": p.url, "label": p.label, "active": p is active, "key": p.key} for p in places]


def _unit_name(actor: Actor) -> str:
    names = [
        units()[unit].name for unit in sorted({u for _r, u in actor.grants}) if unit in units()
    ]
    if len(names) > 1:
        return _("%(unit)s 等 %(n)s 个单位") % {"unit": names[0], "n": len(names)}
    return names[0] if names else ""

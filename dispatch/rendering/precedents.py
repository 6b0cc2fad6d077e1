"""How a precedent reads in the timeline."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dispatch.rendering.assisting import unit_called
from dispatch.rendering.catalogue import class_name
from hotline.core.places import area_by_code
from intake.rendering import register_events


def _made(data: dict[str, Any]) -> str:
    area = area_by_code(data["area"]) if data["area"] else None
    return _("%(area)s，%(class)s → %(unit)s") % {
        "area": area.name if area else data["area"] or _("全市"),
        "class": class_name(data["category"]),
        "unit": unit_called(data["unit"]),
    }


register_events(
    {"precedent_made": gettext_lazy("裁定作为先例")},
    {"precedent_made": _made},
)

"""How the liaison mechanism reads in the timeline."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from dispatch.models import OrganisationKind
from intake.rendering import register_events

register_events(
    {"passed_to_liaison": gettext_lazy("转央地军地联动")},
    {
        "passed_to_liaison": lambda data: str(OrganisationKind(data["organisation_kind"]).label),
    },
)

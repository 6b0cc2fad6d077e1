"""How the rungs of the ladder read in the timeline."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from intake.rendering import clock_label, register_events


def _rung(data: dict[str, Any]) -> str:
    """Which promise; a rung that fell due and came to nothing says so."""
    promise = clock_label(data["kind"])
    if data["is_over"]:
        return _("%(promise)s（已补办或已终止，仅作记录）") % {"promise": promise}
    return promise


register_events(
    {
        "urged": gettext_lazy("催办"),
        "ordered": gettext_lazy("超时督办"),
        "criticised": gettext_lazy("书面批评"),
    },
    {"urged": _rung, "ordered": _rung, "criticised": _rung},
)

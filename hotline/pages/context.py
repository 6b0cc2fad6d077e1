"""What the shell of every page shows."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from hotline.core.deployment import deployment


def shell(request: HttpRequest) -> dict[str, Any]:
    return {"is_simulated": deployment().is_simulated, "city_name": deployment().city_name}

"""Whether this process lives, and whether the site can do its work."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

logger = logging.getLogger("hotline.health")

# Says what is wrong in a sentence, or nothing when all is well.
Check = Callable[[], str | None]
_CHECKS: dict[str, Check] = {}
BROKER_SECONDS = 2


def register_check(name: str, check: Check) -> None:
    """Called from an app's `ready()`: `/readyz` asks it every time."""
    _CHECKS[name] = check


@never_cache
@require_safe
def livez(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """503 with what is wrong when the database or the broker is away or clocks are not swept."""
    wrong: dict[str, str] = {}
    for name, check in _CHECKS.items():
        try:
            trouble = check()
        except Exception as error:  # a check that fails is itself the finding
            # An error's own words may name hosts and accounts; the log has them.
            logger.warning("readiness: %s failed: %s", name, error)
            trouble = _("检查未能完成（%(error)s）") % {"error": type(error).__name__}
        if trouble:
            wrong[name] = trouble
    answer = {name: wrong.get(name, "ok") for name in _CHECKS}
    body = {"status": "unavailable" if wrong else "ok", "checks": answer}
    return JsonResponse(body, status=503 if wrong else 200)


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _broker() -> None:
    from kombu import Connection  # a tenth of a second that only this question costs

    with Connection(settings.CELERY_BROKER_URL, connect_timeout=BROKER_SECONDS) as broker:
        broker.channel().close()


register_check("database", _database)
register_check("broker", _broker)

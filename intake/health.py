"""Whether the clocks are being looked at."""

from __future__ import annotations

import time

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _

# One interval may be missed by chance; three mean that nobody sweeps.
INTERVALS = 3


def sweep_is_late() -> str | None:
    """A sentence when the last sweep is older than three intervals or unknown."""
    from intake.tasks import LAST_SWEEP  # loads Celery, which web processes otherwise do without

    last = cache.get(LAST_SWEEP)
    if last is None:
        return _("还没有时限巡检的记录：请检查 Celery 的 worker 和 beat。")
    age = time.time() - last
    if age <= INTERVALS * settings.SWEEP_INTERVAL_SECONDS:
        return None
    return _("最近一次时限巡检在 %(seconds)d 秒前：请检查 Celery 的 worker 和 beat。") % {
        "seconds": age
    }

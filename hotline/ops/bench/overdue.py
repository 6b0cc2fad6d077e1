"""How fast promises are found to be broken: thousands fall due, and two sweeps run at once."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import time
from dataclasses import dataclass

import django
from django.db import connections

SWEEPS = 2
_FALL_DUE = """
WITH late AS (
    SELECT DISTINCT ON (ticket_id) id FROM intake_clock
    WHERE stopped_at IS NULL AND breached_at IS NULL AND paused_at IS NULL AND due_at > %(at)s
      AND kind IN ('feedback', 'promise', 'callback', 'sign', 'first_contact', 'dispatch')
    ORDER BY ticket_id, id LIMIT %(count)s
)
UPDATE intake_clock AS c SET opens_at = least(opens_at, %(at)s), due_at = %(at)s,
    warn_at = %(at)s, warned_at = %(at)s, sweep_at = %(at)s
FROM late WHERE c.id = late.id RETURNING c.id
"""
_BREACHES = """
SELECT count(*), count(DISTINCT data->>'clock'),
       count(*) FILTER (WHERE occurred_at <> %(at)s)
FROM intake_ticketevent
WHERE type = 'breached' AND recorded_at > %(at)s AND (data->>'clock')::bigint = ANY(%(ids)s)
"""


@dataclass(frozen=True)
class Swept:
    """How long both sweeps took together, and what the breaches came to."""

    clocks: int
    seconds: float
    events: int
    different: int
    wrong_time: int

    @property
    def is_right(self) -> bool:
        """Each promise broken once, at its own due time."""
        return self.clocks == self.events == self.different and not self.wrong_time


def measure(count: int, at: dt.datetime) -> Swept:
    """Let `count` promises of as many tickets fall due at `at`, run two sweeps at the same
    moment in processes of their own, and count what they wrote."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(_FALL_DUE, {"at": at, "count": count})
        ids = [row[0] for row in cursor.fetchall()]
    sweeps = [
        subprocess.Popen(
            [sys.executable, "-m", "hotline.ops.bench.overdue"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for _ in range(SWEEPS)
    ]
    for sweep in sweeps:
        assert sweep.stdout is not None
        sweep.stdout.readline()  # ready
    began = time.perf_counter()
    for sweep in sweeps:
        sweep.communicate(b"go\n")
    seconds = time.perf_counter() - began
    with connections["owner"].cursor() as cursor:
        cursor.execute(_BREACHES, {"at": at, "ids": ids})
        events, different, wrong_time = cursor.fetchone()
    return Swept(len(ids), seconds, events, different, wrong_time)


def main() -> None:
    """One sweep of the two: says when it is ready, waits for the word."""
    django.setup()
    from django.utils import timezone

    from hotline.core.models import ClockKind
    from intake.models import Clock
    from intake.services import sweep

    Clock.objects.filter(kind=ClockKind.PROMISE).first()
    print("ready", flush=True)
    sys.stdin.readline()
    sweep(at=timezone.now())


if __name__ == "__main__":
    main()

"""What goes on in the office while its supervisors look at results: every two seconds the whole
life of another ticket through the services, and what the worker does beside it: the
deliveries that follow, and counting ahead."""

from __future__ import annotations

import datetime as dt
import itertools
import time

import django

SECONDS = 2.0
# The lives end today, and began in the running month.
AGE = dt.timedelta(days=14)


def main() -> None:
    """Goes on until it is ended; says one line for every life."""
    django.setup()
    from django.utils import timezone

    from evaluation.tasks import count_ahead
    from hotline.core.outbox import deliver_all
    from hotline.ops.bench import cast, clock, patterns

    clock.set_back()
    people, city = cast.people_here(), patterns.City.here()
    for k in itertools.count():
        began = time.monotonic()
        now = timezone.now()
        # Every fifth of the patterns is an order, and each goes to another street.
        patterns.live(city, people, 5 * k, accepted_at=now - AGE, now=now)
        deliver_all(at=now)
        count_ahead()
        print(k, flush=True)
        time.sleep(max(0.0, SECONDS - (time.monotonic() - began)))


if __name__ == "__main__":
    main()

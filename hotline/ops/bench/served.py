"""The site's entry with the city's clock, which tells how long each request was worked on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from django.core.wsgi import get_wsgi_application

from hotline.ops.bench import clock

HEADER = "Server-Timing"
site = get_wsgi_application()
clock.set_back()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The application's own time goes along with its answer. What a request waits for a free
    thread before is not in it: the reader's time has that."""
    began = time.perf_counter()

    def timed(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
        took = 1000 * (time.perf_counter() - began)
        return start_response(status, [*headers, (HEADER, f"app;dur={took:.2f}")], *rest)

    answered: Iterable[bytes] = site(environ, timed)
    return answered

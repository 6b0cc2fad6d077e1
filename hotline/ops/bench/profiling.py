"""`manage.py bench --profile OPERATION`: where one worker spends its time on one operation.

The site's own application runs in a single worker under cProfile; only requests of that operation
carry the mark that turns the profiler on.
"""

from __future__ import annotations

import cProfile
import functools
import io
import os
import pstats
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.core.wsgi import get_wsgi_application

if TYPE_CHECKING:
    from hotline.ops.bench.run import Bench

MARK = "X-Bench-Profile"
FILE = "BENCH_PROFILE"
LINES = 45
_EVERY = 20

_profile = cProfile.Profile()
_seen = 0


@functools.cache
def _site() -> Callable[..., Iterable[bytes]]:
    """The same application that the web server loads, made when the first request comes."""
    return get_wsgi_application()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """The site's entry with the profiler around marked requests; written out now and then, since a
    worker does not announce its end."""
    global _seen
    site = _site()
    if "HTTP_" + MARK.upper().replace("-", "_") not in environ:
        return site(environ, start_response)
    _profile.enable()
    try:
        response: Iterable[bytes] = site(environ, start_response)
    finally:
        _profile.disable()
    _seen += 1
    if _seen % _EVERY == 0:
        _profile.dump_stats(os.environ[FILE])
    return response


def main(bench: Bench) -> int:
    """Run the bench's own phases in front of one profiled worker and print what it did."""
    from hotline.localstack import paths

    file = paths.data_folder() / "profile"
    os.environ[FILE] = str(file)
    bench.profile()
    print(summary(file, bench.options.lives - bench.options.lives % _EVERY), flush=True)
    return 0


def summary(file: Path, requests: int) -> str:
    """The functions that take most, with the time per request."""
    out = io.StringIO()
    stats = pstats.Stats(str(file), stream=out)
    stats.strip_dirs().sort_stats("tottime").print_stats(LINES)
    stats.sort_stats("cumulative").print_stats(LINES)
    total = stats.total_tt  # type: ignore[attr-defined]
    each = 1000 * total / max(requests, 1)
    return f"{requests} 个请求，每个 {each:.2f} ms（含剖析开销）\n{out.getvalue()}"

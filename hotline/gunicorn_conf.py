"""How the web server runs, by `make run` and in the image.

Used as `gunicorn -c python:hotline.gunicorn_conf`. What depends on the machine may be changed
through the environment.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from hotline.core.logs import WithoutTokens

wsgi_app = "hotline.wsgi:application"
bind = os.environ.get("BIND", "127.0.0.1:8000")
# Threads wait for the database while another serves; processes use the second core.
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
# Longer than the 20 s poll of the live lists, so that a browser keeps its connection.
keepalive = 30
# A request ends within the database's five seconds; half a minute means a stuck process.
timeout = 30
graceful_timeout = 10
# A leak never grows old; the jitter keeps the workers from leaving at the same moment.
max_requests = int(os.environ.get("WEB_MAX_REQUESTS", "20000"))
max_requests_jitter = max_requests // 10
# The heartbeat file must not wait for a busy disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 (a memory disk)
# The control socket in the home folder would be left behind, and nobody uses it.
control_socket_disable = True
loglevel = os.environ.get("WEB_LOG_LEVEL", "warning")
accesslog = os.environ.get("WEB_ACCESS_LOG") or None
errorlog = "-"


class QuietLogger(Logger):
    """gunicorn's own logs, the access log above all, without what opens a rating link."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log in (self.access_log, self.error_log):
            if not any(isinstance(known, WithoutTokens) for known in log.filters):
                log.addFilter(WithoutTokens())


logger_class = QuietLogger


def post_worker_init(worker: Any) -> None:
    """A page makes tens of thousands of short-lived objects; looking for cycles among them every
    seven hundred, with the whole of Django each time, costs a tenth of its time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)

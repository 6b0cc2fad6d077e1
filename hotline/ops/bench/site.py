"""The throw-away site that the bench measures: its own data folder, servers as in `make run`, and
the web server started as the launcher starts it."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from hotline.localstack import LocalStackError, Stack, paths, processes
from hotline.ops.bench import processor

START_SECONDS = 60.0
HOST = "127.0.0.1"
# Addresses of an operator's own servers: the bench must never write there.
_FOREIGN = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_APP_URL", "REDIS_URL",
            "CELERY_BROKER_URL", "CACHE_URL")  # fmt: skip


@contextmanager
def throwaway_folder() -> Iterator[dict[str, str]]:
    """A data folder on the disk of the real one, with both servers running in it as durable as
    in `make run`: what a commit costs belongs to the figures. Yields the environment in which
    everything of the project finds it, and leaves nothing behind.

    Raises LocalStackError with one sentence when the servers cannot be started.
    """
    with new_folder() as folder, servers_in(folder) as environment:
        yield environment


@contextmanager
def new_folder() -> Iterator[Path]:
    """An empty data folder on the disk of the real one, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=paths.make_data_folder()))
    if paths.is_root():
        folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def servers_in(folder: Path, *, durable: bool = True) -> Iterator[dict[str, str]]:
    """Both servers in a data folder, while they are needed. Yields the environment of it."""
    before = os.environ.get("HOTLINE_DATA_DIR")
    os.environ["HOTLINE_DATA_DIR"] = str(folder)
    paths.make_data_folder()
    stack = Stack(durable=durable)
    try:
        stack.start()
        environment = {name: value for name, value in os.environ.items() if name not in _FOREIGN}
        yield environment | {"DJANGO_SETTINGS_MODULE": "hotline.ops.bench.settings"}
    finally:
        stack.stop()
        shutil.rmtree(paths.run_folder(), ignore_errors=True)
        if before is None:
            del os.environ["HOTLINE_DATA_DIR"]
        else:
            os.environ["HOTLINE_DATA_DIR"] = before


@dataclass(frozen=True)
class Web:
    """A running web server and the database behind it."""

    port: int
    process: subprocess.Popen[bytes]
    postmaster: int

    def seconds(self) -> tuple[float, float]:
        """Processor used so far by the web server and by PostgreSQL, all their processes."""
        return processor.seconds(self.process.pid), processor.seconds(self.postmaster)


@contextmanager
def web(*, model: Sequence[str] = (), application: str = "") -> Iterator[Web]:
    """gunicorn with the site's own configuration on a free port. `model` are options that replace
    parts of it, `application` another entry than the site's."""
    port = _free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "python:hotline.gunicorn_conf"]
    command += ["--bind", f"{HOST}:{port}", *model]
    process = processes.spawn(
        [*command, *([application] if application else [])],
        cwd=Path(settings.BASE_DIR),
        env=dict(os.environ),
    )
    try:
        if not processes.wait_until(lambda: _answers(port), START_SECONDS, every=0.1):
            raise LocalStackError("网站没有应答，测速无法进行：原因见上面的输出。")
        yield Web(port, process, _postmaster())
    finally:
        processes.end_child(process, signal.SIGTERM, patience=15)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def _postmaster() -> int:
    return int((paths.data_folder() / "postgres" / "postmaster.pid").read_text().split()[0])

"""Both servers together."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hotline.localstack import paths
from hotline.localstack.postgres import Postgres
from hotline.localstack.server import Server
from hotline.localstack.valkey import Valkey


class Stack:
    """The servers that this process needs: it keeps those that nobody else keeps."""

    def __init__(self, *, postgres: bool = True, valkey: bool = True, durable: bool = True) -> None:
        self.servers: list[Server] = []
        if postgres:
            self.servers.append(Postgres(durable=durable))
        if valkey:
            self.servers.append(Valkey(durable=durable))

    @classmethod
    def needed(cls) -> Stack:
        """Only the servers for which the operator names none of their own."""
        given = os.environ.get
        broker = given("REDIS_URL") or (given("CELERY_BROKER_URL") and given("CACHE_URL"))
        return cls(postgres=not given("DATABASE_URL"), valkey=not broker)

    def start(self) -> None:
        """Make every server answer.

        Raises LocalStackError; those already started are stopped again.
        """
        try:
            for server in self.servers:
                server.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End what this process keeps, the database last."""
        for server in reversed(self.servers):
            server.stop()


_kept: Stack | None = None


def start(*, postgres: bool = True, valkey: bool = True, durable: bool = True) -> Stack:
    """Start what is not running; it ends with `stop()` or with this process.

    Raises LocalStackError with one sentence that says what to do.
    """
    global _kept
    stack = Stack(postgres=postgres, valkey=valkey, durable=durable)
    stack.start()
    _kept = stack
    return stack


def stop() -> None:
    """End both servers of this data folder, whoever started them."""
    global _kept
    if _kept is not None:
        _kept.stop()
        _kept = None
    for server in reversed(Stack().servers):
        if paths.data_folder().exists():
            server.stop_whoever_keeps_it()


def running() -> bool:
    """Whether both servers answer."""
    return all(server.is_answering() for server in Stack().servers)


@contextmanager
def ensure() -> Iterator[None]:
    """For a command typed by hand: use the running stack, or start one and stop it at the end.

    Servers named by `DATABASE_URL` and `REDIS_URL` are the operator's: nothing starts for them.
    """
    stack = Stack.needed()
    stack.start()
    try:
        yield
    finally:
        stack.stop()


@contextmanager
def throwaway() -> Iterator[Path]:
    """A second stack in a temporary folder, fast because nothing of it has to survive.

    Never touches the data of this checkout: `HOTLINE_DATA_DIR` points to the temporary folder
    meanwhile.
    """
    before = os.environ.get("HOTLINE_DATA_DIR")
    folder = Path(tempfile.mkdtemp(prefix="hotline-test-"))
    if paths.is_root():
        folder.chmod(0o711)
    os.environ["HOTLINE_DATA_DIR"] = str(folder)
    stack = Stack(durable=False)
    try:
        stack.start()
        yield folder
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(paths.run_folder(), ignore_errors=True)
        if before is None:
            del os.environ["HOTLINE_DATA_DIR"]
        else:
            os.environ["HOTLINE_DATA_DIR"] = before

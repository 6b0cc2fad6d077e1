"""The processes of a running site, and who keeps them alive.

The launcher starts web, worker and beat, looks after them and the embedded servers, and ends
them in order. Every child carries a token in its environment: the next launcher finds by it
what a killed one left behind, grandchildren included, and can never end a stranger.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from hotline.localstack import LocalStackError, Stack, processes

TOKEN = "HOTLINE_RUN"  # noqa: S105 (the name of an environment variable)
# Root must run the worker as root where the project folder is closed to everybody else; only JSON
# is accepted from the broker, which is what the warning is about.
QUIET = {"PYTHONWARNINGS": "ignore:You're running the worker with superuser"}
LONGEST_PAUSE_SECONDS = 30.0
STABLE_AFTER_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.5


@dataclass
class Backoff:
    """Ever longer pauses between restarts, until something has run for a while."""

    pause: float = 1.0
    since: float = field(default_factory=time.monotonic)

    def next_pause(self) -> float:
        """Seconds to wait before the next attempt."""
        if time.monotonic() - self.since > STABLE_AFTER_SECONDS:
            self.pause = 1.0
        pause, self.pause = self.pause, min(self.pause * 2, LONGEST_PAUSE_SECONDS)
        self.since = time.monotonic() + pause
        return pause


@dataclass
class Child:
    """One process of the site; `title` is what the operator reads about it."""

    title: str
    command: Sequence[str]
    # How it is asked to finish what it is doing and end.
    stop_patience: float = 15.0
    process: Popen[bytes] | None = None
    backoff: Backoff = field(default_factory=Backoff)
    restart_at: float | None = None

    def start(self, environment: dict[str, str], folder: Path) -> None:
        """Start the process; it ends when the launcher does, however that ends."""
        self.process = processes.spawn(self.command, env=environment, cwd=folder)
        self.restart_at = None

    def has_died(self) -> bool:
        """Whether the process ended without being asked."""
        return self.process is not None and self.process.poll() is not None

    def stop(self) -> None:
        """End the process, politely at first."""
        if self.process is not None:
            # SIGQUIT is a worker's second, shorter word before the kill.
            processes.end_child(
                self.process, signal.SIGTERM, signal.SIGQUIT, patience=self.stop_patience
            )
            self.process = None


class Supervisor:
    """Keeps the children and the embedded servers running until told to stop."""

    def __init__(
        self, children: Sequence[Child], stack: Stack, *, record: Path, folder: Path
    ) -> None:
        self.children = children
        self.stack = stack
        self.record = record
        self.folder = folder
        self.environment = {**os.environ, TOKEN: secrets.token_hex(16), **QUIET}
        self._stack_backoff = Backoff()
        self._stack_retry_at = 0.0

    def start(self) -> None:
        """Write down the token first, so that nothing is ever started unrecorded."""
        write_record(self.record, self.environment[TOKEN])
        for child in self.children:
            child.start(self.environment, self.folder)

    def stop(self) -> None:
        """Ask every child to end in the order of the list, then end whatever they left."""
        for child in self.children:
            child.stop()
        end_leftovers(self.record)

    def watch(self) -> None:
        """Look after everything, for ever: only a signal ends this."""
        while True:
            self.look_after()
            time.sleep(LOOK_EVERY_SECONDS)

    def look_after(self) -> None:
        """Restart what has died, with growing pauses; the servers before those who need them."""
        self._look_after_stack()
        now = time.monotonic()
        for child in self.children:
            if child.restart_at is None and child.has_died():
                pause = child.backoff.next_pause()
                child.restart_at = now + pause
                code = child.process.returncode if child.process else None
                report(f"{child.title}意外退出({_ending(code)}),{pause:.0f} 秒后重新启动。")
            if child.restart_at is not None and now >= child.restart_at:
                child.start(self.environment, self.folder)

    def _look_after_stack(self) -> None:
        if time.monotonic() < self._stack_retry_at:
            return
        for server in self.stack.servers:
            try:
                if server.restart_if_dead():
                    report(f"{server.title} 意外退出，已重新启动。")
            except LocalStackError as error:
                pause = self._stack_backoff.next_pause()
                self._stack_retry_at = time.monotonic() + pause
                report(f"{error}({pause:.0f} 秒后再试)")


def report(sentence: str) -> None:
    """A line for the operator, beside whatever the children write."""
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def write_record(record: Path, token: str) -> None:
    """Remember the token of this run until everything of it has ended."""
    temporary = record.with_suffix(".new")
    temporary.write_text(json.dumps({"token": token, "launcher": os.getpid()}))
    temporary.replace(record)


def end_leftovers(record: Path, *, patience: float = 10.0) -> int:
    """End every process of the recorded run and forget the record; how many there were."""
    try:
        token = str(json.loads(record.read_text())["token"])
    except FileNotFoundError:
        return 0
    except (ValueError, KeyError, TypeError):  # half-written by a full disk: it names nobody
        record.unlink()
        return 0
    found = processes.carrying(TOKEN, token)
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for pid in processes.carrying(TOKEN, token):
            _signal(pid, sign)
        if processes.wait_until(lambda: not processes.carrying(TOKEN, token), patience, every=0.1):
            break
    record.unlink(missing_ok=True)
    return len(found)


def answers(ask: Callable[[], bool], children: Sequence[Child], seconds: float) -> bool:
    """Wait until the site answers; False when it did not, or when a child died instead."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not any(child.has_died() for child in children):
        if ask():
            return True
        time.sleep(0.1)
    return False


def _signal(pid: int, sign: signal.Signals) -> None:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return f"信号 {signal.Signals(-code).name}"
    return f"代码 {code}"

"""Starting a child that never outlives us, and ending a process that may not be ours any more."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
# Looked up before any fork: between fork and exec nothing may be resolved or allocated lightly.
_prctl = ctypes.CDLL(None).prctl


def spawn(
    command: Sequence[str],
    *,
    death_signal: signal.Signals = signal.SIGTERM,
    user: tuple[int, int] | None = None,
    output: IO[bytes] | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own that gets `death_signal` when this process dies.

    A session of its own, because Ctrl-C in a terminal reaches the whole foreground group: the
    database would go down before the web process has finished its requests. `user` is the
    (uid, gid) to become; only root may give it.
    """
    parent = os.getpid()

    def tie_to_parent() -> None:
        # Runs after the change of user, which would clear the death signal again.
        _prctl(PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # the parent died before the line above
            os._exit(1)

    uid, gid = user or (None, None)
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        cwd=cwd,
        env=dict(env) if env is not None else None,
        start_new_session=True,
        user=uid,
        group=gid,
        extra_groups=[] if user else None,
        umask=0o077 if user else -1,
        preexec_fn=tie_to_parent,
    )


def is_alive(pid: int) -> bool:
    """Whether a process of that number runs (a zombie has ended)."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (OSError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def runs_in(pid: int, program: str, folder: Path) -> bool:
    """Whether that process is `program` working in `folder`: numbers of processes are reused,
    and a stale pid file must never end a stranger."""
    try:
        executable = Path(os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)"))
        working = Path(os.readlink(f"/proc/{pid}/cwd"))
    except OSError:
        return False
    return is_alive(pid) and executable.name == program and working == folder.resolve()


def end(pid: int, *signals: signal.Signals, patience: float = 10.0) -> None:
    """Ask a process to end with each signal in turn, waiting `patience` seconds after each, and
    kill it at last. A child of ours must be reaped by its Popen object."""
    for sign in (*signals, signal.SIGKILL):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        if wait_until(lambda: not is_alive(pid), patience):
            return


def end_child(
    child: subprocess.Popen[bytes], *signals: signal.Signals, patience: float = 10.0
) -> None:
    """The same for a child of ours, and reap it."""
    for sign in (*signals, signal.SIGKILL):
        if child.poll() is not None:
            return
        child.send_signal(sign)
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        return


def wait_until(happened: Callable[[], bool], seconds: float, *, every: float = 0.02) -> bool:
    """Wait for something at most so long; whether it happened."""
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            return False
        time.sleep(every)
    return True


def carrying(variable: str, value: str) -> list[int]:
    """Every other process that was started with this environment variable, however deep in the
    family: how left-overs of a killed launcher are found without trusting numbers."""
    wanted = f"{variable}={value}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environment = (folder / "environ").read_bytes()
        except OSError:  # ended meanwhile, or another user's
            continue
        if wanted in environment.split(b"\0") and is_alive(int(folder.name)):
            found.append(int(folder.name))
    return found


def require_linux() -> None:
    """The embedded stack reads /proc and uses prctl."""
    if sys.platform != "linux":
        from hotline.localstack.errors import LocalStackError

        raise LocalStackError(
            "内置数据库只支持 Linux：请用 DATABASE_URL 和 REDIS_URL 指定外部服务，"
            "或使用 docker compose。"
        )

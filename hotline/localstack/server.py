"""What the two embedded servers have in common: one keeper, a log, a private folder."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import IO, ClassVar

from hotline.localstack import paths, processes
from hotline.localstack.binaries import ServiceUser, service_user
from hotline.localstack.errors import LocalStackError

START_SECONDS = 30.0
LOG_BYTES = 10 * 1024 * 1024
# Below this PostgreSQL may stop in the middle of a write: better not to start at all.
LEAST_FREE_BYTES = 200 * 1024 * 1024


class Server(ABC):
    """A server that belongs to the process which started it, and ends with it.

    A lock on a file says who keeps the server; the kernel releases it however the keeper ends.
    Whoever finds the lock taken uses the server as a guest and never stops it; whoever finds it
    free may be sure that a server still running is a left-over.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    program: ClassVar[str]
    # How the server is asked to end at once but cleanly.
    stop_signals: ClassVar[Sequence[signal.Signals]]

    def __init__(self, *, durable: bool = True) -> None:
        self.durable = durable
        self.process: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None

    @property
    def folder(self) -> Path:
        """The server's own data."""
        return paths.data_folder() / self.name

    @property
    def log_path(self) -> Path:
        """Where the server writes what happened to it."""
        return paths.data_folder() / "log" / f"{self.name}.log"

    @property
    def is_ours(self) -> bool:
        """Whether this process keeps the server."""
        return self._lock is not None

    @abstractmethod
    def is_answering(self) -> bool:
        """Whether the server answers on its socket."""

    @abstractmethod
    def leftover(self) -> int | None:
        """The number of a server process of this folder that is running, whoever started it."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The command line of the server."""

    @abstractmethod
    def _create(self, user: ServiceUser | None) -> None:
        """Make the data folder on first use; check it afterwards."""

    def _prepare(self) -> None:  # noqa: B027 (a hook that not every server needs)
        """What must hold in the server once it answers."""

    def _forget_traces(self) -> None:  # noqa: B027 (the same)
        """Remove what a killed server leaves behind."""

    def start(self) -> None:
        """Make the server answer; keep it unless another process already does.

        Raises LocalStackError with one sentence when that is impossible.
        """
        processes.require_linux()
        try:
            self._make_folders()
            if not self._claim():
                self._await_the_keeper()
                return
            try:
                user = service_user()
                self._end_leftover()
                self._create(user)
                self._launch(user)
                self._prepare()
            except BaseException:
                self.stop()
                raise
        except OSError as error:
            raise LocalStackError(self._explain(str(error), error.errno)) from error

    def stop(self) -> None:
        """End the server if this process keeps it; a guest leaves it alone."""
        if not self.is_ours:
            return
        if self.process is not None:
            processes.end_child(self.process, *self.stop_signals, patience=30)
            self.process = None
        self._forget_traces()
        self._release()

    def restart_if_dead(self) -> bool:
        """For the keeper: start the server again when it died; whether it had."""
        if self.is_ours:
            if self.process is not None and self.process.poll() is None:
                return False
            user = service_user()
            self._end_leftover()
            self._launch(user)
            return True
        # A guest takes over when the keeper has gone and its server with it.
        if self.is_answering():
            return False
        self.start()
        return True

    def stop_whoever_keeps_it(self) -> None:
        """End the server of this data folder from any process."""
        if self.is_ours:
            self.stop()
            return
        self._end_leftover()
        self._forget_traces()

    # --- one keeper -----------------------------------------------------------------------
    def _claim(self) -> bool:
        if self.is_ours:
            return True
        lock = (paths.data_folder() / f"{self.name}.lock").open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            return False
        self._lock = lock
        return True

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _await_the_keeper(self) -> None:
        if not processes.wait_until(self.is_answering, START_SECONDS, every=0.1):
            raise LocalStackError(
                f"另一个进程正在管理 {self.title}，但它 {START_SECONDS:.0f} 秒内没有应答："
                f"请稍候再试，或查看日志 {self.log_path}。"
            )

    def _end_leftover(self) -> None:
        pid = self.leftover()
        if pid is not None:
            processes.end(pid, *self.stop_signals, patience=15)

    # --- starting -------------------------------------------------------------------------
    def _make_folders(self) -> None:
        folder = paths.make_data_folder()
        if shutil.disk_usage(folder).free < LEAST_FREE_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        (folder / "log").mkdir(exist_ok=True, mode=0o700)
        user = service_user()
        if user is not None:
            self._require_passage(folder, user)
        run = paths.run_folder()
        run.parent.mkdir(exist_ok=True, mode=0o755)
        self._private_folder(run, user)

    @staticmethod
    def _private_folder(folder: Path, user: ServiceUser | None) -> None:
        """A folder that only the server's user (and root) may enter."""
        folder.mkdir(exist_ok=True, mode=0o700)
        if user is not None:
            os.chown(folder, *user.ids, follow_symlinks=False)

    @staticmethod
    def _require_passage(folder: Path, user: ServiceUser) -> None:
        """Root may put its data anywhere, but the unprivileged server must get there."""
        for step in (folder, *folder.parents):
            found = step.stat()
            shift = 6 if found.st_uid == user.uid else 3 if found.st_gid == user.gid else 0
            if not (found.st_mode >> shift) & 0o1:
                raise LocalStackError(
                    f"以 root 运行时，数据库用户必须能够进入 {step}：请执行 chmod o+x {step},"
                    "或用环境变量 HOTLINE_DATA_DIR 指定另一个文件夹。"
                )

    def _launch(self, user: ServiceUser | None) -> None:
        """Start the process and wait until it answers; try again while a killed predecessor's
        memory is still in use, which lasts about a second."""
        until = time.monotonic() + START_SECONDS
        while True:
            self._forget_traces()
            size_before = self._turn_log()
            with self.log_path.open("ab") as log:
                self.process = processes.spawn(
                    self._command(),
                    death_signal=self.stop_signals[0],
                    user=user.ids if user else None,
                    output=log,
                    cwd=self.folder,
                    env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
                )
            processes.wait_until(self._has_settled, until - time.monotonic())
            if self.process.poll() is None and self.is_answering():
                return
            processes.end_child(self.process, *self.stop_signals, patience=5)
            said = self._said_since(size_before)
            if time.monotonic() > until or not self._is_passing(said):
                raise LocalStackError(self._explain(said))
            time.sleep(0.2)

    def _has_settled(self) -> bool:
        return self.process is None or self.process.poll() is not None or self.is_answering()

    def _is_passing(self, said: str) -> bool:
        """Whether that failure goes away by itself."""
        return False

    def _turn_log(self) -> int:
        """Keep one older log; the size of the current one."""
        if not self.log_path.exists():
            return 0
        size = self.log_path.stat().st_size
        if size > LOG_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
            return 0
        return size

    def _said_since(self, size: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(size)
            return log.read().decode(errors="replace").strip()

    # --- what to tell the operator --------------------------------------------------------
    def _explain(self, said: str, number: int | None = None) -> str:
        """One sentence about a failure: what it is and what to do."""
        folder = paths.data_folder()
        if number in {errno.ENOSPC, errno.EDQUOT} or "No space left on device" in said:
            return (
                f"磁盘空间不足，{self.title} 无法在 {folder} 写入：请清理磁盘，"
                "或用环境变量 HOTLINE_DATA_DIR 指定另一块磁盘上的文件夹。"
            )
        if number in {errno.EACCES, errno.EPERM, errno.EROFS} or "Permission denied" in said:
            return (
                f"没有权限读写数据文件夹 {folder}：请改正它的所有者和权限(它和其中的文件应属于"
                "启动者)，或用环境变量 HOTLINE_DATA_DIR 指定另一个文件夹。"
            )
        if number in {errno.ENOTDIR, errno.EEXIST}:
            return (
                f"{folder} 里应当是文件夹的地方有一个同名文件（{said}）：请移走那个文件，"
                "或用环境变量 HOTLINE_DATA_DIR 指定另一个文件夹。"
            )
        last = said.splitlines()[-1] if said else "没有任何输出"
        return f"{self.title} 没有启动（{last}）：请查看日志 {self.log_path} 并排除原因后再启动。"

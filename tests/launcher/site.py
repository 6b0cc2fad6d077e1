"""Starting `manage.py up` as a person would, in a data folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hotline.localstack import paths, processes

PROJECT = Path(__file__).resolve().parents[2]
# What the test session itself was given must not reach a site that is started for a test.
OURS = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_APP_URL", "REDIS_URL")
OURS += ("CELERY_BROKER_URL", "CACHE_URL", "HOTLINE_DATA_DIR")


class Site:
    """One installation: a data folder, a port, and at most one launcher at a time."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.launcher: subprocess.Popen[str] | None = None
        self.lines: list[str] = []

    def environment(self, **changes: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name not in OURS}
        return kept | {"HOTLINE_DATA_DIR": str(self.data), "PYTHONUNBUFFERED": "1"} | changes

    def begin(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start the launcher and return at once."""
        self.lines = []
        launcher = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--port", str(self.port), "--no-demo", *arguments],
            cwd=PROJECT,
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=(launcher,), daemon=True).start()
        self.launcher = launcher
        return launcher

    def up(self, **environment: str) -> None:
        """Start the launcher and wait for its greeting."""
        launcher = self.begin(**environment)
        greeted = processes.wait_until(
            lambda: launcher.poll() is not None or "按 Ctrl-C 停止" in self.said, 90, every=0.05
        )
        assert greeted, self.said
        assert launcher.poll() is None, self.said

    def refuse(self, *arguments: str, **environment: str) -> str:
        """Start the launcher where it must give up; what it said."""
        launcher = self.begin(*arguments, **environment)
        launcher.wait(60)
        time.sleep(0.2)  # the reading thread takes the last line

        assert launcher.returncode == 1, self.said
        assert "Traceback" not in self.said
        return self.said

    def down(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Ask the launcher to stop, and wait."""
        assert self.launcher is not None
        self.launcher.send_signal(sign)
        return self.launcher.wait(60)

    def kill(self) -> None:
        """What a careless administrator does."""
        assert self.launcher is not None
        self.launcher.kill()
        self.launcher.wait()

    @property
    def said(self) -> str:
        return "".join(self.lines)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5):
                return True
        except urllib.error.HTTPError as refusal:
            return refusal.code < 500
        except OSError:
            return False

    def processes(self, *words: str) -> list[int]:
        """Every process of this installation with all these words in its command line."""
        found = []
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or not processes.is_alive(int(folder.name)):
                continue
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (folder / "environ").read_bytes()
            except OSError:
                continue
            ours = str(self.data).encode() in environment or str(self.data) in command
            if ours and set(words) <= set(command.split()):
                found.append(int(folder.name))
        return found

    def traces(self) -> list[str]:
        """Sockets, pid files and records that a stopped site must not leave."""
        run = self.data / "run"
        left = [path.name for path in run.iterdir()] if run.exists() else []
        left += [path.name for path in self.data.rglob("*.pid")]
        return left + [path.name for path in self.data.glob("up.json*")]

    def database(self, role: str = paths.OWNER_ROLE) -> str:
        return f"postgresql://{role}@/{paths.DATABASE}?host={self.data / 'run'}"

    def _read(self, launcher: subprocess.Popen[str]) -> None:
        assert launcher.stdout is not None
        for line in launcher.stdout:
            self.lines.append(line)


@contextmanager
def site() -> Iterator[Site]:
    """An installation that is gone afterwards, whatever the test did to it."""
    with tempfile.TemporaryDirectory(prefix="hotline-site-") as folder:
        Path(folder).chmod(0o711)
        installation = Site(Path(folder) / "data")
        try:
            yield installation
        finally:
            launcher = installation.launcher
            if launcher is not None and launcher.poll() is None:
                launcher.terminate()
                launcher.wait(60)
            for pid in installation.processes():
                processes.end(pid, signal.SIGKILL)


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])

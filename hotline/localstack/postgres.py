"""The embedded PostgreSQL: one cluster, two roles, one database, a socket and no port."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import ClassVar

from hotline.localstack import paths, processes
from hotline.localstack.binaries import ServiceUser, postgres_programs
from hotline.localstack.errors import LocalStackError
from hotline.localstack.server import Server

SUPERUSER = "postgres"

SETTINGS = {
    "listen_addresses": "",  # the private socket folder is the only way in
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "synchronous_commit": "on",  # an accepted call is never lost
    "max_wal_size": "1GB",
    "random_page_cost": "1.1",  # solid-state disks
    "jit": "off",  # compiling costs more than our short queries
    "log_timezone": "Asia/Shanghai",
    "timezone": "Asia/Shanghai",
    "log_line_prefix": "%m [%p] %q%u ",
    "log_checkpoints": "off",
}
# A throw-away cluster for tests: nothing needs to survive the machine.
THROWAWAY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "128MB",
    "autovacuum": "off",
}


class Postgres(Server):
    """PostgreSQL of the wheel, run without its Python wrapper, which would leak the server."""

    name = "postgres"
    title = "PostgreSQL"
    program = "postgres"
    # SIGINT is the fast shutdown (SIGTERM would wait for every client), SIGQUIT the immediate.
    stop_signals: ClassVar = (signal.SIGINT, signal.SIGQUIT)

    def is_answering(self) -> bool:
        import psycopg2

        try:
            # template1 is always there, the project's database only after the first start.
            connection = psycopg2.connect(
                host=str(paths.run_folder()), user=SUPERUSER, dbname="template1", connect_timeout=5
            )
        except psycopg2.OperationalError:
            return False
        connection.close()
        return True

    def leftover(self) -> int | None:
        try:
            pid = int((self.folder / "postmaster.pid").read_text().split()[0])
        except (OSError, ValueError, IndexError):
            return None
        return pid if processes.runs_in(pid, self.program, self.folder) else None

    def _forget_traces(self) -> None:
        """A clean stop removes these itself; after `kill -9` they stay. Nobody runs any more:
        this process holds the lock and has ended the left-over."""
        if self.leftover() is None:
            run = paths.run_folder()
            for trace in (
                self.folder / "postmaster.pid",
                run / paths.POSTGRES_SOCKET,
                run / f"{paths.POSTGRES_SOCKET}.lock",
            ):
                trace.unlink(missing_ok=True)

    def _command(self) -> list[str]:
        settings = SETTINGS | ({} if self.durable else THROWAWAY)
        command = [str(postgres_programs() / "postgres"), "-D", str(self.folder)]
        command += ["-k", str(paths.run_folder())]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        return command

    def _is_passing(self, said: str) -> bool:
        # The orphaned back ends of a killed postmaster hold its memory for about a second.
        return "shared memory block" in said or "lock file" in said

    # --- the data folder ------------------------------------------------------------------
    def _create(self, user: ServiceUser | None) -> None:
        if not self.folder.exists():
            self._initialise(user)
        self._check(user)

    def _initialise(self, user: ServiceUser | None) -> None:
        """Run `initdb` beside the final place and move it there, so that an interrupted one is
        never taken for a database."""
        fresh = self.folder.with_name(f"{self.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._private_folder(fresh, user)
        command = [str(postgres_programs() / "initdb"), "-D", str(fresh), "-U", SUPERUSER]
        command += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
        # Whoever may enter the 0700 socket folder may connect; the network may not.
        command += ["--auth-local=trust", "--auth-host=reject"]
        if not self.durable:
            command.append("--no-sync")
        result = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=fresh,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches it through us, not through the terminal
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
        if result.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            raise LocalStackError(self._explain(result.stderr.strip()))
        fresh.rename(self.folder)

    def _check(self, user: ServiceUser | None) -> None:
        version_file = self.folder / "PG_VERSION"
        wanted = _major_version()
        move = f"请移走 {self.folder}(或从备份恢复)后重新启动，将建立一个新的空数据库。"
        if not self.folder.is_dir() or not version_file.exists():
            raise LocalStackError(f"{self.folder} 不是 PostgreSQL 的数据文件夹：{move}")
        version = version_file.read_text().strip()
        if version != wanted:
            raise LocalStackError(
                f"{self.folder} 是 PostgreSQL {version or '?'} 的数据，而程序是 {wanted} 版："
                f"请用 {version or '原来'} 版的 pg_dump 导出后再导入；不需要旧数据时，{move}"
            )
        found = self.folder.stat()
        owner = user.uid if user else os.geteuid()
        if found.st_uid != owner:
            raise LocalStackError(
                f"{self.folder} 属于另一个用户(编号 {found.st_uid}):"
                f"请执行 chown -R {owner} {self.folder}，或用原来的用户启动。"
            )
        if found.st_mode & 0o027:
            raise LocalStackError(
                f"{self.folder} 的权限过宽,PostgreSQL 拒绝使用：请执行 chmod 0700 {self.folder}。"
            )

    # --- roles and database ---------------------------------------------------------------
    def _prepare(self) -> None:
        """The two roles and the database; each is looked for first, since an earlier start may
        have been interrupted anywhere."""
        import psycopg2

        connection = psycopg2.connect(
            host=str(paths.run_folder()), user=SUPERUSER, dbname="template1"
        )
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT rolname FROM pg_roles")
                roles = {row[0] for row in cursor.fetchall()}
                # The owner makes test databases and may step into the application's role.
                if paths.APP_ROLE not in roles:
                    cursor.execute(f"CREATE ROLE {paths.APP_ROLE} LOGIN")
                if paths.OWNER_ROLE not in roles:
                    cursor.execute(
                        f"CREATE ROLE {paths.OWNER_ROLE} LOGIN CREATEDB IN ROLE {paths.APP_ROLE}"
                    )
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [paths.DATABASE])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {paths.DATABASE} OWNER {paths.OWNER_ROLE}")
        finally:
            connection.close()


def _major_version() -> str:
    sample: Path = postgres_programs().parent / "share" / "postgres.bki"
    return sample.read_text().splitlines()[0].split()[-1]

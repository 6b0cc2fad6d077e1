"""Where the embedded stack keeps its data, its sockets and its secrets.

Everything is computed from the project folder, so that the web process, the worker and a
command typed by hand agree without asking each other. Nothing is started here, and nothing
heavy is imported: the settings read this module.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import stat
import string
import tempfile
from pathlib import Path
from urllib.parse import quote

from hotline.localstack.errors import LocalStackError

PROJECT = Path(__file__).resolve().parents[2]
DATABASE = "hotline"
OWNER_ROLE = "hotline_owner"
APP_ROLE = "hotline_app"

# The kernel allows 107 bytes for the path of a socket (sun_path, less its closing zero).
SOCKET_PATH_BYTES = 107
POSTGRES_SOCKET = ".s.PGSQL.5432"
VALKEY_SOCKET = "valkey.sock"

# Root's share: the project folder may be closed to everyone else, and PostgreSQL refuses to
# run as root, so its data cannot live inside the project.
SYSTEM_FOLDER = Path("/var/lib/hotline")
SYSTEM_RUN_FOLDER = Path("/run/hotline")


def is_root() -> bool:
    """Whether this process is root, which decides where everything lives."""
    return os.geteuid() == 0


def data_folder() -> Path:
    """The folder of this checkout's data; `HOTLINE_DATA_DIR` moves it."""
    given = os.environ.get("HOTLINE_DATA_DIR")
    if given:
        return Path(given).absolute()
    if is_root():
        return SYSTEM_FOLDER / _short_hash(PROJECT)
    return PROJECT / "var"


def run_folder() -> Path:
    """The private folder of the sockets, short enough for the kernel.

    Normally inside the data folder; when that path is too long, a folder named after the data
    folder where the system keeps such things: `/run/hotline` for root, `/tmp` for others
    (`/run/user` comes and goes with logins, and two shells must agree on the address).

    Raises LocalStackError when somebody else already owns that folder.
    """
    folder = data_folder() / "run"
    if len(os.fsencode(folder / POSTGRES_SOCKET)) <= SOCKET_PATH_BYTES:
        return folder
    name = _short_hash(data_folder())
    if is_root():
        return SYSTEM_RUN_FOLDER / name
    folder = Path(f"/tmp/hotline-{os.geteuid()}-{name}")  # noqa: S108 (owner and mode are checked)
    _refuse_foreign(folder)
    return folder


def secrets_folder() -> Path:
    """Where keys and the signing secret are kept, readable by nobody else."""
    return data_folder() / "secrets"


def database_url(role: str) -> str:
    """Address of the embedded database as one of its two roles."""
    return f"postgresql://{role}@/{DATABASE}?host={quote(str(run_folder()), safe='/')}"


def broker_url() -> str:
    """Address of the embedded Valkey for Celery."""
    return f"redis+socket://{run_folder() / VALKEY_SOCKET}?virtual_host=0"


def cache_url() -> str:
    """Address of the embedded Valkey for the cache, apart from the broker's numbers."""
    return f"unix://{run_folder() / VALKEY_SOCKET}?db=2"


def make_data_folder() -> Path:
    """Create the data folder. Root's may be entered, but not listed, by the unprivileged user
    that PostgreSQL runs as; anybody else's is closed to the others."""
    folder = data_folder()
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o700)
        if is_root():
            # Not through mkdir's mode: the umask of a careful root would take the bits away.
            folder.chmod(0o711)
            if folder.parent == SYSTEM_FOLDER:
                SYSTEM_FOLDER.chmod(0o755)
    return folder


def secret(name: str) -> str:
    """A secret of this installation, made on first use and kept afterwards.

    Losing `encryption_key` makes every phone number unreadable, so a secret is written whole
    or not at all, and two processes that start together read the same one.

    Raises LocalStackError when the folder cannot be written or the file is empty.
    """
    folder = secrets_folder()
    path = folder / name
    try:
        if not path.exists():
            make_data_folder()
            folder.mkdir(exist_ok=True, mode=0o700)
            _write_once(path, _new_secret(name))
        text = path.read_text().strip()
    except OSError as error:
        raise LocalStackError(
            f"密钥文件夹 {folder} 无法读写（{error.strerror}）：请改正它的权限，"
            "或用环境变量 HOTLINE_DATA_DIR 指定另一个可写的文件夹。"
        ) from error
    if not text:
        raise LocalStackError(
            f"密钥文件 {path} 是空的：请从备份恢复它；如果还没有任何数据，删除它后重新启动即可。"
        )
    return text


def _new_secret(name: str) -> str:
    if name in {"encryption_key", "hash_key"}:
        return base64.b64encode(secrets.token_bytes(32)).decode()
    letters = string.ascii_letters + string.digits
    return "".join(secrets.choice(letters) for _ in range(50))


def _write_once(path: Path, text: str) -> None:
    """Create the file whole with mode 0600; the first of two writers wins."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        # A hard link fails when the name exists: unlike a rename it never replaces a key.
        os.link(temporary, path)
    except FileExistsError:
        return
    finally:
        os.unlink(temporary)


def _refuse_foreign(folder: Path) -> None:
    """A folder in /tmp may be a trap laid by another user: ours, a real folder, closed."""
    try:
        found = folder.lstat()
    except FileNotFoundError:
        return
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != os.geteuid()
        or stat.S_IMODE(found.st_mode) & 0o077
    ):
        raise LocalStackError(
            f"{folder} 已存在且不属于当前用户（或对他人开放）：请删除它后再启动，"
            "或用环境变量 HOTLINE_DATA_DIR 指定一个路径较短的文件夹。"
        )


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]

"""Everything that must be in place before the site serves: schema, rights, reference data, assets.

Each step looks first and does nothing when there is nothing to do, so a start after the first
takes seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import OperationalError, connections
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from hotline.localstack import LocalStackError
from hotline.ops.simulation.months import last_closable

# A small city that a newcomer sees alive, from the first day of the last assessment month that can
# be closed (57 to 89 days ago) until now. That month gets enough messages for some units to be
# ranked (ten answers); the weeks since, which a first start lives through too, half as many.
DEMO = {"days": 120, "per_day": 40, "later_per_day": 20, "seed": 1, "if_empty": True}


def prepare(*, demo: bool, say: Callable[[str], None], city: str | None = None) -> None:
    """Bring database and assets to the state of this code; `city` names the reference data of a
    new database, an existing one keeps its own.

    Raises LocalStackError when the database cannot be reached.
    """
    require_database()
    if migrations_are_due():
        say("更新数据库结构……")
        call_command("migrate", database="owner", interactive=False, verbosity=0)
    call_command("grants")
    call_command("seed", *([city] if city else []))
    if demo:
        month = last_closable(timezone.now())
        call_command("simulate", start=month.start.date(), later_from=month.end.date(), **DEMO)
    if assets_have_changed():
        say("收集前端资源……")
        collect_assets()
    connections.close_all()


def require_database() -> None:
    """Refuse with one sentence when either role cannot connect; never shows a password."""
    for alias in ("owner", "default"):
        try:
            connections[alias].ensure_connection()
        except OperationalError as error:
            database = settings.DATABASES[alias]
            where = f"{database['HOST'] or 'localhost'}:{database['PORT'] or 5432}"
            reason = str(error).strip().splitlines()[-1].strip()
            raise LocalStackError(
                f"连不上数据库 {database['NAME']}({database['USER']}@{where}:{reason}):"
                "请检查 DATABASE_URL 的地址、账号和网络，或去掉它以使用内置数据库。"
            ) from error


def migrations_are_due() -> bool:
    """Whether the database is older than the code."""
    executor = MigrationExecutor(connections["owner"])
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def assets_have_changed() -> bool:
    """Whether the served assets were collected from other sources than today's."""
    stamp = _stamp()
    return not stamp.exists() or stamp.read_text() != _fingerprint()


def collect_assets() -> None:
    """Copy, name by content and compress every static file. Older files stay: a page that was
    open during the change still finds its own."""
    fingerprint = _fingerprint()
    try:
        call_command("collectstatic", interactive=False, verbosity=0)
        _stamp().write_text(fingerprint)
    except OSError as error:
        raise LocalStackError(
            f"前端资源无法写入 {settings.STATIC_ROOT}({error.strerror})：请检查磁盘空间和权限。"
        ) from error


def _stamp() -> Path:
    return Path(settings.STATIC_ROOT) / ".collected"


def _fingerprint() -> str:
    """Names, sizes and times of all sources: no content is read, so it costs milliseconds."""
    digest = hashlib.sha256(settings.STORAGES["staticfiles"]["BACKEND"].encode())
    for finder in get_finders():
        for name, storage in sorted(finder.list([]), key=lambda found: str(found[0])):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()

"""The embedded servers: created, killed, recovered, refused."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from hotline.localstack import LocalStackError, paths, processes
from hotline.localstack.stack import Stack
from tests.launcher.site import PROJECT, Site

pytestmark = pytest.mark.processes


@pytest.fixture
def data(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of its own, with the servers in it ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="hotline-data-") as folder:
        Path(folder).chmod(0o711)
        monkeypatch.setenv("HOTLINE_DATA_DIR", f"{folder}/data")
        yield Path(folder) / "data"


@pytest.fixture
def stack(data: Path) -> Iterator[Stack]:
    """A running stack as the launcher keeps it: with all its promises of durability."""
    servers = Stack()
    servers.start()
    yield servers
    servers.stop()


def query(sql: str, *, role: str = paths.OWNER_ROLE) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(paths.database_url(role))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def queue() -> redis.Redis:
    return redis.Redis(unix_socket_path=str(paths.run_folder() / paths.VALKEY_SOCKET))


def test_rows_and_queued_tasks_survive_kill_9_of_both_servers(stack: Stack) -> None:
    query("CREATE TABLE kept AS SELECT 1 AS number")
    queue().lpush("celery", "a queued task")
    for server in stack.servers:
        assert server.process is not None
        os.kill(server.process.pid, signal.SIGKILL)
        server.process.wait()

    restarted = [server.restart_if_dead() for server in stack.servers]

    assert restarted == [True, True]
    assert query("SELECT number FROM kept") == [(1,)]
    assert queue().lrange("celery", 0, -1) == [b"a queued task"]


def test_the_two_roles_differ_and_the_database_speaks_chinese(stack: Stack) -> None:
    query("CREATE TABLE owned (id int)")

    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        query("SELECT * FROM owned", role=paths.APP_ROLE)

    assert query("SELECT length('噪音扰民'), current_user", role=paths.APP_ROLE) == [
        (4, "hotline_app")
    ]
    assert query("SELECT rolcreatedb, rolsuper FROM pg_roles WHERE rolname = current_user") == [
        (True, False)
    ]


def test_a_guest_uses_the_running_servers_and_never_stops_them(data: Path, stack: Stack) -> None:
    script = (
        "from hotline import localstack\n"
        "with localstack.ensure():\n"
        "    print(localstack.running())\n"
    )

    said = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env=Site(data).environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stdout == "True\n"
    assert all(server.is_answering() for server in stack.servers)


def test_servers_end_with_the_process_that_keeps_them_and_the_next_start_has_the_rows(
    data: Path,
) -> None:
    keeper = subprocess.Popen(
        [sys.executable, "-m", "hotline.localstack"],
        cwd=PROJECT,
        env=Site(data).environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert keeper.stdout is not None
    assert keeper.stdout.readline().startswith("DATABASE_URL=postgresql://hotline_app@/hotline")
    query("CREATE TABLE kept AS SELECT 2 AS number")

    keeper.kill()
    keeper.wait()
    servers = Stack()
    servers.start()

    assert query("SELECT number FROM kept") == [(2,)]
    servers.stop()
    assert list((data / "run").iterdir()) == []


def test_a_pid_file_that_names_a_stranger_ends_nobody(data: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        servers = Stack(postgres=False)
        servers.start()
        servers.stop()
        (data / "run" / "valkey.pid").write_text(str(stranger.pid))

        servers.start()
        servers.stop()

        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda folder: (folder / "PG_VERSION").unlink(), "不是 PostgreSQL 的数据文件夹"),
        (lambda folder: (folder / "PG_VERSION").write_text("15\n"), "是 PostgreSQL 15 的数据"),
        (lambda folder: folder.chmod(0o755), "chmod 0700"),
        (lambda folder: shutil.rmtree(folder / "global"), "没有启动"),
    ],
    ids=["not a database", "another version", "open to others", "damaged"],
)
def test_a_broken_data_folder_is_one_sentence_that_says_what_to_do(
    spoiled_copy: Path, spoil: object, sentence: str
) -> None:
    assert callable(spoil)
    spoil(spoiled_copy / "postgres")

    with pytest.raises(LocalStackError) as refusal:
        Stack(valkey=False).start()

    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not Stack(valkey=False).servers[0].is_answering()


@pytest.fixture(scope="module")
def pristine() -> Iterator[Path]:
    """A data folder made once; each broken one is a copy of it."""
    with tempfile.TemporaryDirectory(prefix="hotline-data-") as folder:
        Path(folder).chmod(0o711)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HOTLINE_DATA_DIR", f"{folder}/data")
            servers = Stack(valkey=False, durable=False)
            servers.start()
            servers.stop()
        yield Path(folder) / "data"


@pytest.fixture
def spoiled_copy(pristine: Path, data: Path) -> Path:
    subprocess.run(["cp", "-a", str(pristine), str(data)], check=True)
    return data


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_full_disk_is_one_sentence_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with tempfile.TemporaryDirectory(prefix="hotline-full-") as folder:
        Path(folder).chmod(0o711)
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=16m,mode=711", "tmpfs", folder], check=False
        )
        if mounted.returncode:
            pytest.skip("this root may not mount")
        try:
            monkeypatch.setenv("HOTLINE_DATA_DIR", f"{folder}/data")

            with pytest.raises(LocalStackError, match="磁盘空间不足") as early:
                Stack().start()
            monkeypatch.setattr("hotline.localstack.server.LEAST_FREE_BYTES", 0)
            with pytest.raises(LocalStackError, match="磁盘空间不足") as late:
                Stack().start()

            assert "HOTLINE_DATA_DIR" in str(early.value)
            assert "HOTLINE_DATA_DIR" in str(late.value)
        finally:
            subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_it_from_a_private_folder(data: Path) -> None:
    python = shutil.which("python3", path="/usr/bin")
    packages = Path(psycopg2.__file__).parents[1]
    if python is None or not _readable_by_all(packages):
        pytest.skip("no Python that another user may run with these packages")
    same = subprocess.run(
        [python, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True
    )
    if same.stdout.strip() != str(sys.version_info[:2]):
        pytest.skip("the system's Python is another version than these packages are for")
    with tempfile.TemporaryDirectory(prefix="hotline-home-") as home:
        project = Path(home) / "project"
        (project / "hotline").mkdir(parents=True)
        shutil.copy(PROJECT / "hotline" / "__init__.py", project / "hotline")
        shutil.copytree(PROJECT / "hotline" / "localstack", project / "hotline" / "localstack")
        subprocess.run(["chown", "-R", "65534:65534", home], check=True)
        Path(home).chmod(0o700)
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(packages), "HOME": home}
        script = (
            "from hotline import localstack\n"
            "from hotline.localstack import paths\n"
            "with localstack.ensure():\n"
            "    print(localstack.running(), paths.data_folder())\n"
        )

        said = subprocess.run(
            [
                *("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"),
                *(python, "-c", script),
            ],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
        )

        assert said.stdout == f"True {project}/var\n", said.stderr
        assert stat.S_IMODE((project / "var").stat().st_mode) == 0o700
        assert list((project / "var" / "run").iterdir()) == []


def _readable_by_all(folder: Path) -> bool:
    return all(step.stat().st_mode & 0o005 == 0o005 for step in (folder, *folder.parents))


def test_a_child_dies_with_its_parent_even_when_that_is_killed() -> None:
    script = (
        "import sys\n"
        "from hotline.localstack import processes\n"
        "child = processes.spawn([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert processes.is_alive(child)

    parent.kill()
    parent.wait()

    assert processes.wait_until(lambda: not processes.is_alive(child), 5)

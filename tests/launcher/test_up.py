"""`make run` as the newcomer, the impatient and the careless meet it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator

import psycopg2
import pytest
from django.test import override_settings

from hotline.localstack import processes
from hotline.ops import launcher
from tests.launcher.site import Site, free_port, site

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def prepared() -> Iterator[Site]:
    """One installation for the tests that leave it able to start again."""
    with site() as installation:
        yield installation


def write_row(installation: Site, text: str) -> None:
    connection = psycopg2.connect(installation.database())
    with connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS kept_row (text text)")
        cursor.execute("INSERT INTO kept_row VALUES (%s)", [text])
    connection.close()


def rows(installation: Site) -> list[str]:
    connection = psycopg2.connect(installation.database())
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT text FROM kept_row ORDER BY text")
        found = [row[0] for row in cursor.fetchall()]
    connection.close()
    return found


def test_ctrl_c_leaves_no_process_no_socket_and_no_pid_file(prepared: Site) -> None:
    prepared.up()
    assert prepared.answers()
    assert len(prepared.processes("celery", "beat")) == 1
    assert f"http://127.0.0.1:{prepared.port}/" in prepared.said

    code = prepared.down(signal.SIGINT)

    assert code == 0
    assert prepared.processes() == []
    assert prepared.traces() == []
    assert "Traceback" not in prepared.said


def test_a_killed_launcher_takes_everything_with_it_and_the_next_start_has_every_row(
    prepared: Site,
) -> None:
    prepared.up()
    write_row(prepared, "before the kill")

    prepared.kill()
    prepared.up()

    assert rows(prepared) == ["before the kill"]
    assert len(prepared.processes("celery", "beat")) == 1
    assert len(prepared.processes("gunicorn")) == 3
    prepared.down()
    assert prepared.processes() == []
    assert prepared.traces() == []


def test_killed_parts_come_back_while_the_site_runs(prepared: Site) -> None:
    prepared.up()
    write_row(prepared, "while running")
    postmaster = int((prepared.data / "postgres" / "postmaster.pid").read_text().split()[0])
    valkey = int((prepared.data / "run" / "valkey.pid").read_text())
    (beat,) = prepared.processes("celery", "beat")

    for pid in (postmaster, valkey, beat):
        os.kill(pid, signal.SIGKILL)

    expected = ("PostgreSQL 意外退出", "Valkey 意外退出", "定时器意外退出")
    assert processes.wait_until(
        lambda: (
            all(part in prepared.said for part in expected)
            and len(prepared.processes("celery", "beat")) == 1
        ),
        20,
    ), prepared.said
    assert "while running" in rows(prepared)
    assert processes.wait_until(prepared.answers, 10)
    prepared.down()
    assert prepared.processes() == []


def test_a_second_launcher_beside_a_running_one_says_so(prepared: Site) -> None:
    prepared.up()
    beside = Site(prepared.data)

    said = beside.refuse()

    assert "已经在运行" in said
    assert prepared.answers()
    prepared.down()


def test_a_taken_port_is_named_with_the_way_out(prepared: Site) -> None:
    prepared.port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", prepared.port))
        taken.listen()

        said = prepared.refuse()

    assert f"{prepared.port} 端口" in said
    assert "PORT=" in said
    assert prepared.processes() == []


def test_a_data_folder_that_cannot_be_written_is_one_sentence(prepared: Site) -> None:
    said = prepared.refuse(HOTLINE_DATA_DIR="/proc/nowhere")

    assert "/proc/nowhere" in said
    assert "HOTLINE_DATA_DIR" in said


def test_an_unreachable_database_is_one_sentence_without_the_password(prepared: Site) -> None:
    address = "postgresql://someone:geheim@127.0.0.1:1/hotline"

    said = prepared.refuse(DATABASE_URL=address, REDIS_URL="redis://127.0.0.1:1/0")

    assert "连不上数据库 hotline" in said
    assert "geheim" not in said


def test_an_unreachable_broker_is_a_warning_because_calls_are_accepted_without_it() -> None:
    said: list[str] = []

    with override_settings(CELERY_BROKER_URL="redis://127.0.0.1:1/0"):
        launcher.warn_without_broker(said.append)

    assert "连不上 REDIS_URL" in said[0]


def test_a_reachable_broker_needs_no_word() -> None:
    said: list[str] = []

    launcher.warn_without_broker(said.append)

    assert said == []


def test_with_a_database_and_a_broker_of_ones_own_nothing_embedded_starts(prepared: Site) -> None:
    with site() as other:
        given = {
            "DATABASE_URL": os.environ["DATABASE_URL"],
            "CELERY_BROKER_URL": os.environ["CELERY_BROKER_URL"],
            "CACHE_URL": os.environ["CACHE_URL"],
        }

        other.up(**given)

        assert other.answers()
        assert not (other.data / "postgres").exists()
        assert not (other.data / "valkey").exists()
        other.down()
        assert other.processes() == []

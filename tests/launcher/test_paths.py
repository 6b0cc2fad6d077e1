"""Addresses and secrets are computed, the same for every process of one checkout."""

from __future__ import annotations

import base64
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hotline.localstack import LocalStackError, paths
from tests.launcher.site import PROJECT


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def test_a_secret_is_made_once_and_nobody_else_may_read_it(data: Path) -> None:
    first = paths.secret("encryption_key")

    again = paths.secret("encryption_key")

    assert again == first
    assert len(base64.b64decode(first)) == 32
    assert stat.S_IMODE((data / "secrets" / "encryption_key").stat().st_mode) == 0o600
    assert [path.name for path in (data / "secrets").iterdir()] == ["encryption_key"]


def test_the_signing_secret_has_fifty_characters() -> None:
    assert len(paths.secret("secret_key")) == 50


def test_processes_that_start_together_read_the_same_secret(data: Path) -> None:
    script = "from hotline.localstack import paths; print(paths.secret('hash_key'))"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script], cwd=PROJECT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]

    read = {process.communicate()[0] for process in started}

    assert len(read) == 1
    assert read != {""}


def test_an_empty_secret_is_refused_rather_than_replaced(data: Path) -> None:
    paths.secret("encryption_key")
    (data / "secrets" / "encryption_key").write_text("")

    with pytest.raises(LocalStackError, match="从备份恢复"):
        paths.secret("encryption_key")


def test_a_data_folder_that_is_a_file_is_one_sentence(data: Path) -> None:
    data.write_text("")

    with pytest.raises(LocalStackError, match="HOTLINE_DATA_DIR"):
        paths.secret("secret_key")


def test_a_long_path_gets_a_short_socket_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / ("很长的路径" * 8) / "data"))

    socket = paths.run_folder() / paths.POSTGRES_SOCKET

    assert len(os.fsencode(socket)) <= 107
    assert socket == paths.run_folder() / paths.POSTGRES_SOCKET


def test_a_socket_folder_of_somebody_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "is_root", lambda: False)
    monkeypatch.setenv("HOTLINE_DATA_DIR", str(tmp_path / ("x" * 120)))
    folder = paths.run_folder()
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    try:
        with pytest.raises(LocalStackError, match="不属于当前用户"):
            paths.run_folder()
    finally:
        folder.rmdir()


def test_the_addresses_name_the_role_and_the_socket(data: Path) -> None:
    assert paths.database_url("hotline_app") == (
        f"postgresql://hotline_app@/hotline?host={data}/run"
    )
    assert paths.broker_url() == f"redis+socket://{data}/run/valkey.sock?virtual_host=0"
    assert paths.cache_url() == f"unix://{data}/run/valkey.sock?db=2"

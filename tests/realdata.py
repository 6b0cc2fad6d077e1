"""Where a developer keeps the test-only data: real messages and calendars that are not ours to
publish. A user has none of it, and every test that wants it skips with a reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def path(name: str) -> Path | None:
    """The file of that name, or None where this machine has no test data.

    HOTLINE_TEST_DATA names the folder.
    """
    folder = os.environ.get("HOTLINE_TEST_DATA")
    file = Path(folder) / name if folder else None
    return file if file and file.is_file() else None


def required(name: str) -> Path:
    """The file of that name; the calling test is skipped where it is absent."""
    file = path(name)
    if file is None:
        pytest.skip(f"test data {name} is not on this machine (HOTLINE_TEST_DATA names its folder)")
    return file

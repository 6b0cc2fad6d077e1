"""`make mutate`: each rule's guards are switched off in turn, and its tests must notice.

`make mutate ARGS="R-031 R-049"` looks at these rules only. One throw-away stack and one test
database serve the whole run; every guard gets a process of its own. Before that all tests must pass
with every guard in place, or their failing afterwards would say nothing.

What the database itself holds is switched off by making the database without it. These guards come
last, each with a database of its own, so that no other is tried on one that lacks something.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from hotline import localstack
from hotline.localstack import paths
from tests.mutation import ROOT, Guard, guards

PATIENCE = 300  # seconds; a guard whose absence hangs its tests has been noticed by nobody


def main(chosen: Sequence[str]) -> int:
    """0 when no guard's absence goes unnoticed."""
    todo = [g for g in guards() if not chosen or g.rule in chosen or g.name in chosen]
    if not todo:
        sys.stderr.write(f"no such rule: {' '.join(chosen)}\n")
        return 2
    todo.sort(key=_is_in_the_database)
    with localstack.throwaway():
        _use_the_stack()
        tests = sorted({test for guard in todo for test in guard.tests})
        sys.stdout.write(f"{len(todo)} guards, {len(tests)} tests\n")
        sys.stdout.flush()
        if _pytest(["--create-db", *tests]).returncode:
            sys.stdout.write("the tests do not pass with every guard in place\n")
            return 1
        unnoticed = [guard for guard in todo if not _is_noticed(guard)]
    sys.stdout.write(f"{len(todo) - len(unnoticed)} noticed, {len(unnoticed)} not\n")
    return 1 if unnoticed else 0


def _use_the_stack() -> None:
    """The addresses that `tests/conftest.py` would otherwise start servers for."""
    owner = paths.database_url(paths.OWNER_ROLE)
    os.environ["DATABASE_URL"] = os.environ["DATABASE_OWNER_URL"] = owner
    os.environ["DATABASE_APP_URL"] = paths.database_url(paths.APP_ROLE)
    os.environ["CELERY_BROKER_URL"] = paths.broker_url()
    os.environ["CACHE_URL"] = paths.cache_url()


def _pytest(arguments: list[str], **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "tests.mutation", "--no-header", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environ, text=True, check=False, timeout=PATIENCE,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode and not environ:
        sys.stdout.write(done.stdout)
    return done


def _is_in_the_database(guard: Guard) -> bool:
    return "/migrations/" in guard.file


def _is_noticed(guard: Guard) -> bool:
    """Whether every test of the guard fails without it, saying so; prints the line of the table."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        try:
            _pytest(
                ["--create-db" if _is_in_the_database(guard) else "--reuse-db", *guard.tests],
                HOTLINE_MUTATE=guard.name,
                HOTLINE_MUTATE_REPORT=str(report),
            )
            found = json.loads(report.read_text()) if report.exists() else {}
        except subprocess.TimeoutExpired:
            found = {}
    verdict = _verdict(guard, found)
    where = f"{Path(guard.file).stem}.{guard.function}"
    seconds = f"{time.monotonic() - begun:.0f} s"
    sys.stdout.write(f"{guard.name:9} {_padded(where, 44)} {seconds:>5}  {verdict or 'noticed'}\n")
    sys.stdout.flush()
    return not verdict


def _verdict(guard: Guard, found: dict) -> str:
    """What is wrong with the proof; empty where each test says that something is."""
    if not found.get("was_off"):
        return "NOT RUN: the guard's module was never imported without it"
    wrong = []
    for test in guard.tests:
        name = test.rpartition("::")[2]
        own = {how for node, how in found["tests"].items() if _is_of(node, test)}
        if "said so" not in own:
            wrong.append(f"{name}: {', '.join(sorted(own)) or 'not run'}")
    return f"UNNOTICED by {'; '.join(wrong)}" if wrong else ""


def _is_of(node: str, test: str) -> bool:
    return node == test or node.startswith(f"{test}[")


def _padded(text: str, width: int) -> str:
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return text + " " * (width - len(text) - wide)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

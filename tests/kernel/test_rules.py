"""`tests/rules.toml` says what is true: of every rule where it is held and what proves it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.mutation import ROOT, Guard, guards, rules

EVERY = [f"R-{number:03}" for number in (*range(30, 71), *range(81, 103))]
# Rules whose absence `make mutate` can show; the number only grows.
LEAST_GUARDS = 250


def test_every_rule_of_the_chapter_is_spoken_of_once() -> None:
    assert list(rules()) == EVERY


@pytest.mark.parametrize("rule", EVERY)
def test_a_rule_is_held_by_guards_or_says_why_it_is_not(rule: str) -> None:
    table = rules()[rule]

    ways = [way for way in ("guards", "not_built", "unguarded") if table.get(way)]

    assert len(ways) == 1, f"{rule} is held, or not built, or held by nothing: {ways}"
    assert table["rule"].endswith(".")
    assert bool(table.get("tests")) == (ways == ["guards"])


@pytest.mark.parametrize("guard", guards(), ids=lambda guard: guard.name)
def test_a_guard_stands_where_the_table_says_and_what_replaces_it_is_code(guard: Guard) -> None:
    source = (ROOT / guard.file).read_text()

    without = guard.mutated(source)

    assert without != source
    compile(without, guard.file, "exec")


@pytest.mark.parametrize("guard", guards(), ids=lambda guard: guard.name)
def test_the_tests_that_prove_a_guard_are_there(guard: Guard) -> None:
    assert guard.tests
    for test in guard.tests:
        file, _, name = test.partition("::")
        assert name in functions_of(ROOT / file), test


def test_no_guard_is_written_down_twice() -> None:
    texts = [(g.file, g.function, g.find, g.instead) for g in guards()]

    assert len(texts) == len(set(texts)) >= LEAST_GUARDS


def test_a_text_that_is_not_there_exactly_once_is_refused() -> None:
    guard = Guard("R-000", 0, "none.py", "held", "x = 1", "x = 2", ())

    assert guard.mutated("def held():\n    x = 1\n") == "def held():\n    x = 2\n"
    for source in ("def held():\n    pass\n", "def held():\n    x = 1; x = 1\n", "x = 1\n"):
        with pytest.raises(ValueError, match="held"):
            guard.mutated(source)


@cache
def functions_of(file: Path) -> frozenset[str]:
    functions = (n for n in ast.parse(file.read_text()).body if isinstance(n, ast.FunctionDef))
    return frozenset(function.name for function in functions)

"""A rule's guard switched off while its module is imported; the file itself is never touched.

Loaded with `pytest -p tests.mutation`, before Django is. Does nothing unless `HOTLINE_MUTATE` names
a rule and one of its guards (`R-031:0`); what became of each test is then written as JSON to the
file that `HOTLINE_MUTATE_REPORT` names.
"""

from __future__ import annotations

import ast
import json
import os
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

import pytest
from django.core.exceptions import MultipleObjectsReturned, ObjectDoesNotExist
from hypothesis import Phase, settings

ROOT = Path(__file__).parents[1]
RULES = Path(__file__).with_name("rules.toml")
# How a test says that something is not as it should be, on a line of its own: `assert`, a refusal
# that did not come, a row or an entry that is not there exactly once. An error from the code under
# test only says that the change was in the way.
_SAYS_SO = (
    AssertionError, pytest.fail.Exception, LookupError, ValueError, ObjectDoesNotExist,
    MultipleObjectsReturned,
)  # fmt: skip


@dataclass(frozen=True)
class Guard:
    """The text inside a function or class that holds a rule, and what puts it out of action; an
    empty `function` is the whole module."""

    rule: str
    index: int
    file: str
    function: str
    find: str
    instead: str
    tests: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.rule}:{self.index}"

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    def mutated(self, source: str) -> str:
        """The module's source without the guard.

        Raises ValueError where the function is not there, or the text not exactly once in it.
        """
        lines = source.splitlines(keepends=True)
        first, last = 0, len(lines)
        if self.function:
            first, last = _span(ast.parse(source), self.function)
        inside = "".join(lines[first:last])
        if (found := inside.count(self.find)) != 1:
            where = f"{self.file} {self.function}"
            raise ValueError(f"{self.name}: {self.find!r} is {found} times in {where}")
        inside = inside.replace(self.find, self.instead)
        return "".join([*lines[:first], inside, *lines[last:]])


def _span(tree: ast.AST, path: str) -> tuple[int, int]:
    """The lines of a function or class, by its name inside the module: `Act.stop_clock`."""
    node = tree
    for name in path.split("."):
        named = (n for n in ast.iter_child_nodes(node) if getattr(n, "name", None) == name)
        found = next(named, None)
        if not isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            raise ValueError(f"there is no {path}")
        node = found
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return node.lineno - 1, node.end_lineno or 0


def rules() -> dict[str, dict]:
    """The table of rules as written."""
    return tomllib.loads(RULES.read_text())


def guards() -> list[Guard]:
    """Every guard; one that names no tests of its own is proved by all of its rule's."""
    return [
        Guard(
            rule, index, guard["file"], guard["function"], guard["find"], guard["instead"],
            tuple(guard.get("tests", table["tests"])),
        )
        for rule, table in rules().items()
        for index, guard in enumerate(table.get("guards", ()))
    ]  # fmt: skip


# --- while importing ----------------------------------------------------------------------


class _Without(SourceFileLoader):
    """Loads one module without its guard; never from, and never into, a file of bytecode."""

    guard: Guard

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.guard.mutated(self.get_source(fullname) or ""), self.path, "exec")


class _Finder(MetaPathFinder):
    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.was_asked = False

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != self.guard.module:
            return None
        spec = PathFinder.find_spec(name, path)
        assert spec is not None
        assert spec.origin is not None
        spec.loader = loader = _Without(name, spec.origin)
        loader.guard, self.was_asked = self.guard, True
        return spec


# --- as a plugin of pytest ----------------------------------------------------------------


def _says_so(error: pytest.ExceptionInfo[BaseException]) -> bool:
    own = [Path(entry.path) for entry in error.traceback]
    lines = [path for path in own if path.is_relative_to(ROOT) and ".venv" not in path.parts]
    return issubclass(error.type, _SAYS_SO) and lines[-1].is_relative_to(ROOT / "tests")


class _Report:
    def __init__(self, finder: _Finder, file: Path) -> None:
        self.finder, self.file = finder, file
        self.became: dict[str, str] = {}

    def pytest_pycollect_makemodule(self) -> None:
        """That a property fails is enough; nobody reads its smallest example."""
        settings.load_profile("any-failure")

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]
        """How each test ended: `passed`, `said so`, or the class of another error."""
        yield
        error = call.excinfo
        if error is not None and not issubclass(error.type, pytest.skip.Exception):
            says_so = call.when == "call" and _says_so(error)
            self.became[item.nodeid] = "said so" if says_so else error.type.__name__
        elif call.when == "call":
            self.became.setdefault(item.nodeid, "passed" if error is None else "skipped")

    def pytest_sessionfinish(self) -> None:
        was_off = self.finder.was_asked
        self.file.write_text(json.dumps({"was_off": was_off, "tests": self.became}))


def pytest_configure(config: pytest.Config) -> None:
    if _finder is not None:
        settings.register_profile(
            "any-failure", deadline=None, database=None, derandomize=True,
            phases=(Phase.explicit, Phase.generate), report_multiple_bugs=False,
        )  # fmt: skip
        report = Path(os.environ["HOTLINE_MUTATE_REPORT"])
        config.pluginmanager.register(_Report(_finder, report), "mutation-report")


def _install() -> _Finder | None:
    name = os.environ.get("HOTLINE_MUTATE")
    if not name:
        return None
    guard = next(guard for guard in guards() if guard.name == name)
    assert guard.module not in sys.modules, f"{guard.module} was imported too early"
    finder = _Finder(guard)
    sys.meta_path.insert(0, finder)
    return finder


_finder = _install()

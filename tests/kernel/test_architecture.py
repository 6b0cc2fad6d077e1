"""The house's rules that a reader cannot be trusted to notice, read from the source itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps

from hotline.core.violations import SENTENCES
from intake import rendering, verbs
from intake.models import Ticket

ROOT = Path(__file__).resolve().parents[2]
APPS = ("hotline", "knowledge", "intake", "dispatch", "evaluation", "governance")
LONGEST_VIEW = 25
# Views that are longer than they should be; the list only ever shrinks.
LONG_VIEWS: frozenset[str] = frozenset()
LONGEST_MODULE = 400

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> dict[Path, ast.Module]:
    """Our modules by path below the root, without migrations."""
    return {
        path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8"))
        for app in APPS
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.parts
    }


SOURCES = sources()


def is_service(path: Path) -> bool:
    return "services" in path.parts or path.name == "services.py"


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def name_of(call: ast.Call) -> str:
    """The last part of what is called: `save` of `ticket.save()`."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def whole_name_of(call: ast.Call) -> str:
    return ast.unparse(call.func)


def offenders(wrong: Callable[[Path, ast.Call], bool]) -> list[str]:
    """Where a call of a kind stands, as an editor opens it."""
    return [
        f"{path}:{call.lineno} {whole_name_of(call)}"
        for path, tree in SOURCES.items()
        for call in calls(tree)
        if wrong(path, call)
    ]


def test_the_sources_are_found() -> None:
    assert len(SOURCES) > 50
    assert any(is_service(path) for path in SOURCES)


# === State ==================================================================================


def test_only_services_move_a_ticket() -> None:
    moves = {name for name in dir(Ticket) if name.startswith("mark_")}
    assert len(moves) == 12

    assert not offenders(lambda path, call: name_of(call) in moves and not is_service(path))


def test_no_update_goes_around_the_state_machine() -> None:
    """An assignment's states are a plain column, and its services may; a ticket's are not."""

    def wrong(path: Path, call: ast.Call) -> bool:
        if name_of(call) == "update":
            written = {keyword.arg for keyword in call.keywords}
            splat = "state" in ast.unparse(call) and None in written
            return ("state" in written or splat) and "ssignment" not in path.read_text()
        if name_of(call) == "bulk_update":
            return "state" in ast.unparse(call)
        return name_of(call) == "setattr" and "'state'" in ast.unparse(call)

    def on_tickets(call: ast.Call) -> bool:
        return bool(re.match(r"Ticket\.objects|(\w+\.)*tickets?\.", ast.unparse(call.func)))

    assert not offenders(wrong)
    assert not offenders(
        lambda _path, call: (
            name_of(call) == "update"
            and on_tickets(call)
            and any(keyword.arg in ("state", None) for keyword in call.keywords)
        )
    )


def test_nobody_assigns_the_state_of_a_ticket() -> None:
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in SOURCES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        for part in ast.walk(target)
        if isinstance(part, ast.Attribute)
        and part.attr == "state"
        and re.search(r"ticket\b", ast.unparse(part.value))
    ]

    assert not wrong


def test_rows_are_written_column_by_column() -> None:
    """`save()` without `update_fields` would write back what somebody else has changed."""
    allowed = {"update_fields", "force_insert", "force_update"}

    def wrong(path: Path, call: ast.Call) -> bool:
        return (
            name_of(call) == "save"
            and is_service(path)
            and not allowed & {keyword.arg for keyword in call.keywords}
        )

    assert not offenders(wrong)


# === Time ===================================================================================


def test_business_columns_get_their_time_passed_down() -> None:
    fields = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model.__module__.partition(".")[0] in APPS
        for field in model._meta.get_fields()
        if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
    ]

    assert not fields


def test_services_never_ask_what_time_it_is() -> None:
    asking = {"now", "utcnow", "today", "time", "localdate", "localtime"}
    modules = {"timezone", "datetime", "dt.datetime", "dt.date", "date", "time"}

    def wrong(path: Path, call: ast.Call) -> bool:
        module, _dot, name = whole_name_of(call).rpartition(".")
        return is_service(path) and name in asking and module in modules and not call.args

    assert not offenders(wrong)


def test_no_deadline_hangs_on_a_queued_task() -> None:
    late = {"eta", "countdown"}

    assert not offenders(
        lambda _path, call: (
            bool(late & {keyword.arg for keyword in call.keywords})
            and name_of(call) in {"apply_async", "send_task", "signature", "s", "si", "retry"}
        )
    )


def test_web_requests_never_speak_to_the_broker() -> None:
    assert not offenders(
        lambda path, call: (
            name_of(call) in {"delay", "apply_async", "send_task"} and "tasks" not in path.name
        )
    )


# === Services ===============================================================================


def test_every_verb_takes_who_and_when_by_keyword_and_knows_a_version() -> None:
    for verb in verbs.all_verbs():
        code = verb.service.__code__
        keywords = code.co_varnames[: code.co_kwonlyargcount]

        assert code.co_argcount == 0, f"{verb.name} takes positional arguments"
        assert {"number", "actor", "at", "version"} <= set(keywords), verb.name


def test_every_service_with_an_actor_takes_it_by_keyword() -> None:
    wrong = []
    for path, tree in SOURCES.items():
        for node in tree.body if is_service(path) else ():
            if not isinstance(node, Function) or node.name.startswith("_"):
                continue
            positional = {a.arg for a in (*node.args.posonlyargs, *node.args.args)}
            # Questions about a row that is already fetched read naturally with two arguments.
            asks = positional & {"ticket", "period", "a", "area"}
            if {"actor", "at"} & positional and not asks and "number" in positional:
                wrong.append(f"{path}:{node.lineno} {node.name}")

    assert not wrong


def test_services_say_what_they_mean() -> None:
    wrong = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in SOURCES.items()
        if is_service(path)
        for node in tree.body
        if isinstance(node, Function)
        and {"actor", "at"} <= {a.arg for a in node.args.kwonlyargs}
        and not ast.get_docstring(node)
    ]

    assert not wrong


def test_no_rule_is_a_signal() -> None:
    """Reference data that is remembered is forgotten by a signal; nothing else is."""
    wrong = offenders(
        lambda path, call: (
            name_of(call) in {"connect", "receiver"}
            and re.search(
                r"\b(pre|post)_(save|delete|init)|m2m_changed|receiver", ast.unparse(call)
            )
            is not None
            and path != Path("hotline/core/reference.py")
        )
    )

    assert not wrong


# === Views ==================================================================================


def views() -> Iterator[tuple[Path, Function]]:
    for path, tree in SOURCES.items():
        if "views" not in path.parts and path.name not in ("views.py", "api.py"):
            continue
        for node in ast.walk(tree):
            if isinstance(node, Function):
                arguments = [argument.arg for argument in node.args.args]
                if arguments[:1] == ["request"] or arguments[:2] == ["self", "request"]:
                    yield path, node


def test_views_are_short() -> None:
    """Authorise, fetch, parse, call one service, render."""
    long = set()
    for path, view in views():
        body = view.body[1:] if ast.get_docstring(view) else view.body
        lines = (view.end_lineno or 0) - body[0].lineno + 1 if body else 0
        if lines > LONGEST_VIEW:
            long.add(f"{path}:{view.name}")

    assert long == LONG_VIEWS


def test_views_open_no_ticket_but_through_what_the_actor_may_see() -> None:
    """Whoever narrows tickets says in the same function or class whom they are narrowed for."""
    direct = re.compile(r"\b(Ticket|Assignment)\.objects\.(?!visible_to\b|none\b)\w+")
    wrong = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in SOURCES.items()
        if "pages" in path.parts or path.name in ("views.py", "api.py", "serializers.py")
        for node in tree.body
        if isinstance(node, Function | ast.ClassDef)
        and direct.search(ast.unparse(node))
        and "visible_to(" not in ast.unparse(node)
    ]

    assert not wrong


def test_modules_have_one_reason_to_be_opened() -> None:
    long = {
        str(path): lines
        for path in SOURCES
        if (lines := (ROOT / path).read_text(encoding="utf-8").count("\n")) > LONGEST_MODULE
    }

    assert not long


# === Words ==================================================================================

RAISED = {"RuleViolation", "IllegalMove", "NotPermitted", "InputRefused"}


def raised() -> Iterator[tuple[str, str, set[str | None]]]:
    """Where, which code, and the parameters, of every refusal whose code is written out."""
    for path, tree in SOURCES.items():
        for call in calls(tree):
            if name_of(call) in RAISED and call.args:
                codes = [
                    node.value
                    for node in ast.walk(call.args[0])
                    if isinstance(node, ast.Constant) and isinstance(node.value, str)
                ]
                for code in codes:
                    given = {keyword.arg for keyword in call.keywords}
                    if name_of(call) == "IllegalMove":
                        given.discard("number")  # names the ticket, fills no sentence
                    yield f"{path}:{call.lineno}", code, given | {"field"}


def test_every_refusal_has_a_sentence_and_everything_the_sentence_needs() -> None:
    import_module("hotline.urls")  # the API's own sentences come with its modules
    wrong = []
    for where, code, given in raised():
        needed = set(re.findall(r"%\((\w+)\)s", str(SENTENCES.get(code, "%(sentence)s"))))
        if None not in given and not needed <= given:
            wrong.append(f"{where} {code} lacks {needed - given}")

    assert not wrong, "\n".join(wrong)


def test_every_sentence_is_said_somewhere() -> None:
    texts = "\n".join((ROOT / path).read_text(encoding="utf-8") for path in SOURCES)
    unsaid = [code for code in SENTENCES if len(re.findall(rf'"{code}"', texts)) < 2]

    assert not unsaid


def test_every_event_has_a_name_to_read() -> None:
    written = {
        call.args[0].value
        for path, tree in SOURCES.items()
        for call in calls(tree)
        if name_of(call) == "record"
        and call.args
        and isinstance(call.args[0], ast.Constant)
        and "services" in str(path) + "services" * (path.name == "acts.py")
    } | {"accepted"}
    unnamed = [type for type in written if rendering.event_label(type) == type]

    assert len(written) > 20
    assert not unnamed


@pytest.mark.parametrize("app", APPS)
def test_every_module_says_what_belongs_in_it(app: str) -> None:
    wrong = [
        str(path)
        for path, tree in SOURCES.items()
        if path.parts[0] == app
        and path.name not in ("__init__.py", "apps.py")
        and not ast.get_docstring(tree)
    ]

    assert not wrong

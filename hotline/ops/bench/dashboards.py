"""How fast the pages of results are in a large city: 20 supervisors, a million tickets a month.

`python -m hotline.ops.bench.dashboards build|measure '{…}'`, started by `manage.py bench
--dashboards`: the city is built once in its data folder and measured there as often as one likes,
each time from the moment that it was built for.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import django

MARK = "city.json"
AIM_MILLISECONDS = 300
# Before it is measured they have looked around for a third of that time.
WARM_SHARE = 3


def main() -> int:
    """Build or measure, as the command line says."""
    django.setup()
    what, asked = sys.argv[1], json.loads(sys.argv[2])
    return {"build": _build, "measure": _measure}[what](asked)


# --- building ---------------------------------------------------------------------------------


def _build(asked: dict[str, Any]) -> int:
    from django.core.management import call_command
    from django.utils import timezone

    from hotline.localstack import paths
    from hotline.ops.bench import big_city, cast, clock, year

    began = time.monotonic()
    clock.set_to(clock.full_month_before(timezone.now()))
    say = _said(began)
    say("准备数据库……")
    call_command("migrate", database="owner", interactive=False, verbosity=0)
    call_command("grants")
    call_command("seed", "city", verbosity=0)
    big_city.grow(timezone.localdate())
    say(f"生成 {asked['tickets']:,} 件工单，其中本月 {asked['month']:,} 件……")
    lives = min(year.LIVES, asked["tickets"] // 8)
    built = year.build(asked["tickets"], asked["month"], cast.assemble().people, lives)
    made = asdict(built) | {"seconds": round(time.monotonic() - began)}
    (paths.data_folder() / MARK).write_text(json.dumps(made))
    say("城市建成。")
    return 0


def _said(began: float) -> Callable[[str], None]:
    return lambda line: print(f"[{time.monotonic() - began:4.0f} 秒] {line}", flush=True)


# --- measuring --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Look:
    """One page opened by nobody else's side: what the server took, and what it answered."""

    status: int
    served: float


@dataclass(frozen=True)
class Watched:
    """Twenty people for a while: by page what the server took and what the reader waited."""

    served: dict[str, list[float]]
    took: dict[str, list[float]]
    measured: Any
    lives: int | None = None


def _measure(asked: dict[str, Any]) -> int:
    from django.core.cache import cache
    from django.core.management import call_command
    from django.db import connections

    from evaluation.tasks import count_ahead, count_districts_ahead
    from hotline.localstack import paths
    from hotline.ops import preparation
    from hotline.ops.bench import clock, site, supervisors

    began = time.monotonic()
    say = _said(began)
    built = json.loads((paths.data_folder() / MARK).read_text())
    clock.set_to(dt.datetime.fromisoformat(built["at"]))
    call_command("migrate", database="owner", interactive=False, verbosity=0)
    call_command("grants")
    if preparation.assets_have_changed():
        preparation.collect_assets()
    cache.clear()
    people = supervisors.assemble()
    connections.close_all()
    served = "hotline.ops.bench.served:application"
    with site.web(model=asked["model"], application=served) as web:
        say("每页先各看一次……")
        cold = _looks(web.port, people)
        missing = {name: look.status for name, look in cold.items() if look.status != 200}
        if len(missing) == len(cold):
            print(f"✗ 没有一页打得开：{missing}", flush=True)
            return 1
        count_ahead()  # as the worker does
        count_districts_ahead()
        say(f"{len(people)} 人同时查看，每次操作前停 {asked['thinking']:g} 秒……")
        each = max(1, asked["lives"] // len(people))
        _watch(web, people, missing, max(1, each // WARM_SHARE), asked["thinking"])
        quiet = _watch(web, people, missing, each, asked["thinking"])
        say("同时有人办理工单……")
        busy = _beside_acts(lambda: _watch(web, people, missing, each, asked["thinking"]))
    for line in _report(built, cold, quiet, busy):
        print(line, flush=True)
    failed = quiet.measured.count + busy.measured.count < 2 * len(people)
    return 1 if failed or missing else 0


def _looks(port: int, people: Sequence[Any]) -> dict[str, Look]:
    """Every page of every role once, by one reader, with nothing remembered."""
    found: dict[str, Look] = {}
    for person in people:
        for page, path in person.pages.items():
            name = f"{person.role} {page}"
            if name not in found:
                found[name] = _look(port, path, person.headers)
    return found


def _look(port: int, path: str, headers: dict[str, str]) -> Look:
    from hotline.ops.bench import site

    connection = http.client.HTTPConnection(site.HOST, port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
    finally:
        connection.close()
    told = re.search(r"dur=([\d.]+)", answer.headers.get("Server-Timing", ""))
    return Look(answer.status, float(told[1]) if told else 0.0)


def _watch(
    web: Any, people: Sequence[Any], missing: dict[str, int], opened: int, thinking: float
) -> Watched:
    """All of them at once; each begins at another page, and thinks before every one."""
    from hotline.ops.bench import run

    scripts = []
    for n, person in enumerate(people):
        pages = [
            (name, path)
            for page, path in person.pages.items()
            if (name := f"{person.role} {page}") not in missing
        ]
        script = [_request(*pages[(n + k) % len(pages)], person.headers) for k in range(opened)]
        for request in script:
            request["pause"] = thinking
        script[0]["pause"] = thinking * n / len(people)
        scripts.append(script)
    measured, said = run.play(web, scripts, len(scripts))
    for failure in said["failures"]:
        print(f"✗ {failure}", flush=True)
    return Watched(said["served"], said["took"], measured)


def _request(name: str, path: str, headers: dict[str, str]) -> dict[str, Any]:
    return {
        "operation": name,
        "method": "GET",
        "path": path,
        "headers": "".join(f"{header}: {value}\r\n" for header, value in headers.items()),
        "body": "",
        "expected": [200],
        "creates": False,
    }


def _beside_acts(watch: Callable[[], Watched]) -> Watched:
    """The same while tickets are lived through the services and delivered."""
    acts = subprocess.Popen(
        [sys.executable, "-m", "hotline.ops.bench.side"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert acts.stdout is not None
        acts.stdout.readline()
        watched = watch()
    finally:
        acts.terminate()
        lines, _none = acts.communicate(timeout=30)
    return Watched(watched.served, watched.took, watched.measured, len(lines.splitlines()))


# --- the report -------------------------------------------------------------------------------


def _report(
    built: dict[str, Any], cold: dict[str, Look], quiet: Watched, busy: Watched
) -> list[str]:
    from hotline.ops.bench.report import table

    said = [
        "",
        "模拟数据。",
        (
            f"城市：{built['tickets']:,} 件工单，本月 {built['of_month']:,} 件，未办结 "
            f"{built['open']:,} 件；考评事实 {built['outcomes']:,} 条，本月 "
            f"{built['outcomes_of_month']:,} 条；{built['units']} 个单位；"
            f"已封账 {built['closed_months']} 个月；{built['megabytes']:,} MB，"
            f"建成用 {built['seconds']} 秒。"
        ),
        (
            f"　　　{built['lives']} 件由业务服务走出来，其余由 SQL 照样复制到一年里，各有自己的"
            "时间、地点、分类、单位、答复；复制的是工单、文字、派单、可见范围、未停时钟和考评事实，"
            "不含事件、诉求人和回访记录。"
        ),
        (
            f"时钟：{_present(built):%Y-%m-%d %H:%M}，本月将满。每格为毫秒："
            "“服务”是网站自己用的，“读者”是打开所等的。"
        ),
        "",
    ]
    heads = ["页面", "次", "首次", "服务p50", "服务p95", "读者p50", "读者p95"]
    rows = [[*heads, *(f"{head}（有人办理）" for head in heads[3:]), "目标"]]
    for name, look in cold.items():
        if look.status != 200:
            rows.append([name, *["—"] * (len(rows[0]) - 2), f"✗ 打不开：{look.status}"])
            continue
        rows.append(_row(name, look, quiet, busy))
    said += table(rows)
    for title, watched in (("无人办理", quiet), ("有人办理", busy)):
        said.append(_processor(title, watched))
    return said


def _present(built: dict[str, Any]) -> dt.datetime:
    from django.utils import timezone

    return timezone.localtime(dt.datetime.fromisoformat(built["at"]))


def _row(name: str, look: Look, quiet: Watched, busy: Watched) -> list[str]:
    from hotline.ops.bench.run import p95

    cells, worst = [], 0.0
    for watched in (quiet, busy):
        for times in (watched.served.get(name), watched.took.get(name)):
            cells += [f"{statistics.median(times):.0f}", f"{p95(times):.0f}"] if times else ["", ""]
        worst = max(worst, p95(watched.served.get(name) or [float("inf")]))
    mark = "✓" if worst < AIM_MILLISECONDS else "✗ 未达"
    count = len(quiet.took.get(name, ()))
    aim = f"{mark} 服务 p95 < {AIM_MILLISECONDS} ms"
    return [name, str(count), f"{look.served:.0f}", *cells, aim]


def _processor(title: str, watched: Watched) -> str:
    used = watched.measured
    parts = {
        "网站": used.web_seconds,
        "数据库": used.database_seconds,
        "发生器": used.load_seconds,
        "其他": used.others_seconds,
    }
    shares = "，".join(f"{who} {100 * part / used.seconds:.0f}%" for who, part in parts.items())
    lives = f"；其间走完 {watched.lives} 件工单" if watched.lives is not None else ""
    return f"{title}：{used.seconds:.0f} 秒，一核的占用 {shares}{lives}。"


if __name__ == "__main__":
    sys.exit(main())

"""What the bench says: figures beside aims, and misses marked."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hotline.ops.bench.operations import (
    LIFE,
    PEOPLE_ON_DUTY,
    READS,
    TITLES,
)
from hotline.ops.bench.run import CLIENTS, Figures, Measured, Options

MOST_STATEMENTS = 10
P95_ON_DUTY = 100
SWEEP_SECONDS = 10


@dataclass(frozen=True)
class Aim:
    """What a figure should reach: changes with all clients at once, lists for a reader alone."""

    said: str
    is_met: Callable[[Measured], bool]


def _rate(least: int) -> Aim:
    return Aim(f"≥ {least}/秒", lambda measured: measured.per_second >= least)


def _median(most: int) -> Aim:
    return Aim(f"单独 p50 < {most} ms", lambda measured: measured.median < most)


AIMS = {step: _rate(200) for step in LIFE} | {
    "create": _rate(150),
    "list": _median(40),
    "unit_list": _median(40),
    "inbox": _median(60),
    "list_page": _median(40),
    "inbox_page": _median(60),
}


def show(figures: Figures, options: Options) -> int:
    """Print everything; the exit code says whether every request was answered as it should be."""
    for line in lines(figures, options):
        print(line, flush=True)
    return 1 if figures.failed else 0


def lines(figures: Figures, options: Options) -> list[str]:
    """The report, line by line."""
    built = figures.built
    share = 100 * built.dispatched / built.tickets
    model = " ".join(options.model) or "设置与 make run 相同"
    said = [
        "",
        (
            f"数据：{built.tickets:,} 件工单（派单 {share:.0f}%，未办结 {built.open:,} 件），"
            f"{built.rows:,} 行，{built.megabytes:,} MB。"
        ),
        (
            f"　　　其中 {built.patterns} 件由业务服务按两个月内的时间走出来，其余由 SQL 成批复制"
            "（编号、时间、时钟、事件、诉求人各自成套），之后 VACUUM ANALYZE。"
        ),
        (
            f"环境：{os.cpu_count()} 核；PostgreSQL 设置与 make run 相同，每次提交落盘"
            f"（单独一次 {figures.commit_milliseconds:.1f} ms）；"
            f"gunicorn {model}；{CLIENTS} 个并发客户端。"
        ),
        "　　　“他占”是测量期间其他程序占用的处理器份额：超过一成时，绝对数字不可比，只看倍数。",
        "",
        *table(_rows(figures)),
        "",
        *_of_lives(figures),
        *_of_shift(figures, options.thinking),
        *_of_sweep(figures),
    ]
    if figures.failed:
        said += ["", f"✗ {figures.failed} 个请求没有得到应有的回答，例如："]
        said += [f"  {failure}" for failure in figures.failures]
    return said


def _of_lives(figures: Figures) -> list[str]:
    parts = figures.lives
    count = parts[0].count
    cpu = {
        "网站": sum(part.web_seconds for part in parts),
        "数据库": sum(part.database_seconds for part in parts),
        "负载发生器": sum(part.load_seconds for part in parts),
    }
    steps = " → ".join(TITLES[step].partition("（")[0] for step in LIFE)
    per_life = "，".join(f"{who} {1000 * used / count:.1f} ms" for who, used in cpu.items())
    share = 100 * cpu["负载发生器"] / max(sum(cpu.values()), 1e-9)
    statements = sum(figures.recorded[step].statements for step in LIFE)
    transactions = sum(len(figures.recorded[step].transactions) for step in LIFE)
    ratio = figures.bare_lives / figures.lives_per_second
    said = [
        (
            f"完整工单（{steps}）：{figures.lives_per_second:.1f} 件/秒；"
            f"只用 SQL 做同样的读写（{statements} 条语句，{transactions} 个事务）"
            f"{figures.bare_lives:.1f} 件/秒，平台为其 1/{ratio:.1f}。"
        ),
        (
            f"每件处理器时间：{per_life}（发生器占 {share:.0f}%）；"
            f"他占 {100 * max(part.others_share for part in parts):.0f}%。"
        ),
    ]
    return said


def _of_shift(figures: Figures, thinking: float) -> list[str]:
    """Twenty people at once; what each waits for."""
    if not figures.shift:
        return []
    others = 100 * next(iter(figures.shift.values())).others_share
    said = [
        "",
        (
            f"{PEOPLE_ON_DUTY} 人同时在岗（一半看派单台并派单，一半看逾期待办；每次操作前停 "
            f"{thinking:g} 秒；他占 {others:.0f}%）："
        ),
    ]
    for step, measured in figures.shift.items():
        mark = "✓" if measured.p95 < P95_ON_DUTY else "✗ 未达"
        said.append(
            f"  {TITLES[step]}：{measured.count} 次，p50 {measured.median:.0f} ms，"
            f"p95 {measured.p95:.0f} ms  {mark} p95 < {P95_ON_DUTY} ms"
        )
    return said


def _of_sweep(figures: Figures) -> list[str]:
    swept = figures.swept
    if swept is None:
        return []
    mark = "✓" if swept.seconds < SWEEP_SECONDS and swept.is_right else "✗ 未达"
    return [
        "",
        (
            f"扫描：{swept.clocks:,} 个时限同时到期，两个进程同时扫描 {swept.seconds:.1f} 秒；"
            f"超时事件 {swept.events:,} 条，涉及时限 {swept.different:,} 个，"
            f"时间不符 {swept.wrong_time} 条  {mark} < {SWEEP_SECONDS} 秒，每个一次"
        ),
    ]


_COLUMNS = (
    ("操作", ""), ("每秒", "次"), ("p50", "ms"), ("p95", "ms"), ("单独p50", "ms"),
    ("语句", "条"), ("网站", "CPU ms"), ("数据库", "CPU ms"), ("发生器", "CPU ms"),
    ("他占", ""), ("SQL每秒", "次"), ("倍数", ""), ("目标", ""),
)  # fmt: skip


def _rows(figures: Figures) -> list[list[str]]:
    rows = [list(names) for names in zip(*_COLUMNS, strict=True)]
    for step in (*LIFE, *READS):
        measured, statements = figures.operations[step], figures.recorded[step].statements
        if not measured.count:
            rows.append([TITLES[step], *["—"] * (len(_COLUMNS) - 2), "✗ 没有一个请求成功"])
            continue
        per_request = 1000 / measured.count
        rows.append(
            [
                TITLES[step],
                f"{measured.per_second:.0f}",
                f"{measured.median:.1f}",
                f"{measured.p95:.1f}",
                f"{figures.alone[step].median:.1f}" if step in figures.alone else "",
                str(statements),
                f"{measured.web_seconds * per_request:.1f}",
                f"{measured.database_seconds * per_request:.1f}",
                f"{measured.load_seconds * per_request:.2f}",
                f"{100 * measured.others_share:.0f}%",
                f"{figures.bare[step]:.0f}",
                f"{figures.bare[step] / measured.per_second:.1f}",
                _verdict(step, figures.alone.get(step, measured), statements),
            ]
        )
    return rows


def _verdict(step: str, measured: Measured, statements: int) -> str:
    """The aim with a mark, and a second mark for too many statements."""
    aim = AIMS.get(step)
    said = f"{'✓' if aim.is_met(measured) else '✗ 未达'} {aim.said}" if aim else ""
    if statements > MOST_STATEMENTS:
        said += f"  ✗ 语句多于 {MOST_STATEMENTS}"
    return said.strip()


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns side by side: the first and last to the left, numbers to the right."""
    widths = [max(_width(row[i]) for row in rows) for i in range(len(rows[0]))]
    said = []
    for row in rows:
        cells = [
            row[i] + pad if i in (0, len(row) - 1) else pad + row[i]
            for i, pad in enumerate(" " * (w - _width(c)) for w, c in zip(widths, row, strict=True))
        ]
        said.append("  ".join(cells).rstrip())
    return said


def _width(text: str) -> int:
    """Columns on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)

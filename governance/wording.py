"""The bulletin in words: one text, from which the document and the page are both made.

It is an official paper in Chinese, whatever language its reader uses, so nothing here is
translated. What is not ranked is not shown with rates: too few answers say nothing about a unit.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.utils import timezone, translation

from evaluation.models import ScoreMark, StreetClass
from governance.content import AverageContent, BulletinContent, GroupContent, LineContent

LANGUAGE = "zh-hans"
HEAD = "接诉即办工作通报"
NO_ISSUER = "（发布机关待定）"
_NOTHING = "—"
_NUMERALS = "一二三四五六七八九十"
# How many of the best units the text names; at the end those whom the scheme summons.
BEST = 3


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, its share of the width, and whether it holds numbers."""

    heading: str
    width: int
    is_number: bool = True


@dataclass(frozen=True)
class Block:
    """A part of the text: a heading of the first or second level, a paragraph (`small` for what
    only a machine reads), or a table with its caption as `text`."""

    kind: Literal["h2", "h3", "p", "small", "table"]
    text: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def told_rows(self) -> list[list[tuple[str, bool]]]:
        """The rows' cells, and of each whether it is a number."""
        kinds = [column.is_number for column in self.columns]
        return [list(zip(row, kinds, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Paper:
    """The whole paper: what stands on every page (`marks`), the red head, and the text. `dated`
    is empty before it is published."""

    marks: tuple[str, ...]
    head: str
    number: str
    issuer: str
    dated: str
    title: str
    blocks: tuple[Block, ...]


def paper(
    content: BulletinContent, *, number: str, published_at: dt.datetime | None = None
) -> Paper:
    """The bulletin as it is (or would be) published under this number."""
    with translation.override(LANGUAGE):
        blocks = tuple(_blocks(content))
    return Paper(
        marks=content.marks,
        head=HEAD,
        number=number,
        issuer=content.issuer,
        dated=_day(published_at) if published_at else "",
        title=content.title,
        blocks=blocks,
    )


def number_of(month: str, edition: int) -> str:
    """A month's bulletin is an issue of its year; a corrected one says which edition it is."""
    issue = f"{month[:4]}年第{int(month[5:])}期"
    return issue if edition == 1 else f"{issue}（第{edition}版）"


def title_of(city: str, month: str) -> str:
    return f"{city}{_month(month)}“接诉即办”考评情况通报"


# --- the text -----------------------------------------------------------------------------------


def _blocks(content: BulletinContent) -> Iterator[Block]:
    sections = [
        ("总体情况", list(_summary(content))),
        ("各组排名", list(_rankings(content))),
        ("单位分类和约谈", list(_consequences(content))),
        ("观察指标（权重为0，不参与排名）", list(_observed(content))),
        ("勘误", list(_errata(content))),
        ("有关说明", list(_notes(content))),
    ]
    told = [(heading, blocks) for heading, blocks in sections if blocks]
    for numeral, (heading, blocks) in zip(_NUMERALS, told, strict=False):
        yield Block("h2", f"{numeral}、{heading}")
        yield from blocks


_SUMMARY = (
    Column("考评组", 40, is_number=False), Column("平均方法", 20, is_number=False),
    Column("承办量", 19), Column("有效回访", 19), Column("响应率", 19), Column("解决率", 19),
    Column("满意率", 19), Column("基础分", 18),
)  # fmt: skip


def _summary(content: BulletinContent) -> Iterator[Block]:
    first, last = _day(content.period_start), _day(content.period_end - dt.timedelta(seconds=1))
    yield Block(
        "p",
        f"{_month(content.month)}考评月（{first}至{last}）已于{_day(content.closed_at)}封账。"
        f"现将{'、'.join(group.label for group in content.groups)}的考评情况通报如下。",
    )
    rows = []
    for group in content.groups:
        for name, mean in (("按回访", group.micro), ("按单位", group.macro)):
            valid = sum(line.valid for line in group.lines)
            counts = (str(group.volume), str(valid)) if name == "按回访" else ("", "")
            rows.append((group.label, name, *counts, *_average(mean)))
    yield Block("table", "各组总体情况（率为%）", _SUMMARY, tuple(rows))


_RANKING = (
    Column("名次", 11), Column("单位", 37, is_number=False), Column("承办量", 14),
    Column("有效回访", 18), Column("响应率", 17), Column("解决率", 17), Column("满意率", 17),
    Column("加分", 13), Column("得分", 14), Column("较上月", 14),
)  # fmt: skip
_UNRANKED = (
    Column("单位", 63, is_number=False), Column("承办量", 30), Column("有效回访", 30),
    Column("不参加排名的原因", 50, is_number=False),
)  # fmt: skip


def _rankings(content: BulletinContent) -> Iterator[Block]:
    for numeral, group in zip(_NUMERALS, content.groups, strict=False):
        yield Block("h3", f"（{numeral}）{group.label}")
        yield Block("p", _told_of(group))
        compared = [line for line in group.lines if line.mark in ("", ScoreMark.OBSERVED)]
        for band in sorted({line.band for line in compared}):
            caption = f"{group.label}排名{_band(content.volume_bands, band)}（率为%）"
            rows = tuple(_ranking_row(line) for line in compared if line.band == band)
            yield Block("table", caption, _RANKING, rows)
        others = [line for line in group.lines if line not in compared]
        if others:
            rows = tuple(_unranked_row(line) for line in others)
            yield Block("table", f"{group.label}不参加排名的单位", _UNRANKED, rows)
        if group.idle:
            yield Block("p", f"本月无承办的单位：{'、'.join(group.idle)}。")


def _told_of(group: GroupContent) -> str:
    ranked = group.ranked
    told = f"本月有承办的单位{len(group.lines)}个，参加排名{len(ranked)}个。"
    if len({line.band for line in ranked}) == 1:
        best = [line for line in ranked if (line.rank or 0) <= BEST]
        told += f"排名居前的是：{_named(best)}。"
    if group.last:
        told += f"排名居后的是：{_named(group.last)}。"
    return told


def _named(lines: Iterable[LineContent]) -> str:
    """Units with their places and points."""
    return "、".join(
        f"{line.unit_name}（第{line.rank}名，{_score(line.score)}分）" for line in lines
    )


def _ranking_row(line: LineContent) -> tuple[str, ...]:
    return (
        _NOTHING if line.rank is None else str(line.rank),
        line.unit_name,
        str(line.volume),
        str(line.valid),
        *(_rate(rate) for rate in (line.response, line.resolution, line.satisfaction)),
        _score(line.bonus),
        _score(line.score),
        _change(line.climbed),
    )


def _unranked_row(line: LineContent) -> tuple[str, ...]:
    return (line.unit_name, str(line.volume), str(line.valid), str(ScoreMark(line.mark).label))


_TALKS = (
    Column("考评组", 58, is_number=False), Column("单位", 63, is_number=False),
    Column("名次", 26), Column("得分", 26),
)  # fmt: skip


def _consequences(content: BulletinContent) -> Iterator[Block]:
    lines = [line for group in content.groups for line in group.lines]
    for of_class in StreetClass:
        named = [line.unit_name for line in lines if of_class and line.unit_class == of_class]
        if named:
            yield Block("p", f"{of_class.label}（{len(named)}个）：{'、'.join(named)}。")
    summoned = [(group.label, line) for group in content.groups for line in group.last]
    if not summoned:
        yield Block("p", "本月没有应约谈的单位。")
        return
    yield Block("p", f"按照考评方案，下列{len(summoned)}个单位居本组同档末位，列入本月约谈名单。")
    rows = tuple(
        (label, line.unit_name, str(line.rank), _score(line.score)) for label, line in summoned
    )
    yield Block("table", "约谈单位名单", _TALKS, rows)


_INDICATORS = (
    Column("范围", 58, is_number=False), Column("指标", 75, is_number=False), Column("数值", 40),
)  # fmt: skip
_COURSE = (
    Column("单位", 40, is_number=False), Column("重复诉求", 18), Column("超时", 15),
    Column("退单", 15), Column("不当退单", 18), Column("剔除", 15), Column("不计入", 16),
    Column("申诉成立", 18), Column("挂账", 18),
)  # fmt: skip


def _observed(content: BulletinContent) -> Iterator[Block]:
    if content.indicators:
        rows = tuple(
            (one.group_label or "全市", one.name, _suffixed(one.value, one.suffix))
            for one in content.indicators
        )
        yield Block("table", "观察指标", _INDICATORS, rows)
    for group in content.groups:
        courses = [(line.unit_name, *map(str, _course(line))) for line in group.lines]
        told = tuple(row for row in courses if any(cell != "0" for cell in row[1:]))
        if told:
            yield Block("table", f"{group.label}办理过程（件，不计分）", _COURSE, told)


def _course(line: LineContent) -> tuple[int, ...]:
    return (
        line.repeats, line.overdue, line.returned, line.improper, line.excluded,
        line.not_counted, line.set_aside, line.on_ledger,
    )  # fmt: skip


def _errata(content: BulletinContent) -> Iterator[Block]:
    for one in content.errata:
        whom = f"，{one.unit_name}" if one.unit_name else ""
        yield Block(
            "p",
            f"第{one.number}号（{_day(one.published_at)}{whom}）：原文“{one.wrong}”，"
            f"更正为“{one.right}”。原因：{one.reason.rstrip('。')}。",
        )


def _notes(content: BulletinContent) -> Iterator[Block]:
    weights = content.weights
    parts = (weights.response, weights.resolution, weights.satisfaction)
    response, resolution, satisfaction = (_plain(part * 100) for part in parts)
    floor = content.coverage_floor * 100
    coverage = f"、回访覆盖率低于{_plain(floor)}%" if floor else ""
    until = timezone.localtime(content.facts_until)
    notes = [
        (
            f"本通报按《{content.scheme_name}》第{content.scheme_version}版考评。响应率、解决率、"
            f"满意率的权重分别为{response}%、{resolution}%、{satisfaction}%，“基本满意”按"
            f"{_plain(content.basic_credit)}折算；得分为基础分与加分之和，率和得分由件数计算后一次"
            f"四舍五入。"
        ),
        (
            f"事实计至{_day(until)}{until:%H:%M}，封账后成绩不再改动；确有错误的发布勘误，并可另发"
            f"一版，原版照样保留。"
        ),
        (
            f"有效回访少于{content.min_sample}件{coverage}的单位，样本不足以比较，不参加排名；名次"
            f"只在同组同档之间比较。"
        ),
        "“按回访”平均以每件有效回访为单位，“按单位”平均以每个单位为单位，均不含加分。",
        "观察指标和办理过程各项的权重为0，不计入得分，不作排名。",
    ]
    if content.is_specimen:
        notes.append("本件为样张：发布机关尚未确定，不加盖印章，不作为正式通报。")
    if content.is_simulated:
        notes.append("本件为模拟数据：人员、单位、诉求和评分均为虚构。")
    for n, note in enumerate(notes, start=1):
        yield Block("p", f"{n}．{note}")
    yield Block("small", f"封账摘要（SHA-256）：{content.digest}")


# --- numbers and days in words --------------------------------------------------------------------


def _average(mean: AverageContent) -> tuple[str, ...]:
    values = (mean.response, mean.resolution, mean.satisfaction, mean.base_score)
    return tuple(_rate(value) for value in values)


def _rate(value: Decimal | None) -> str:
    return _NOTHING if value is None else f"{value:.2f}"


def _score(value: Decimal | None) -> str:
    """Points as they are ranked, to one decimal; a bonus may have two."""
    if value is None:
        return _NOTHING
    return f"{value:.1f}" if value == round(value, 1) else f"{value:.2f}"


def _suffixed(value: Decimal | None, suffix: str) -> str:
    return _NOTHING if value is None else f"{value:.2f}{suffix}"


def _change(climbed: int | None) -> str:
    if climbed is None:
        return _NOTHING
    return f"↑{climbed}" if climbed > 0 else f"↓{-climbed}" if climbed < 0 else "持平"


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _band(edges: tuple[int, ...], band: int) -> str:
    if not edges:
        return ""
    if band == 0:
        return f"·承办量{edges[0]}件及以下"
    if band < len(edges):
        return f"·承办量{edges[band - 1] + 1}至{edges[band]}件"
    return f"·承办量{edges[-1] + 1}件及以上"


def _month(label: str) -> str:
    return f"{label[:4]}年{int(label[5:])}月"


def _day(at: dt.datetime) -> str:
    local = timezone.localtime(at)
    return f"{local.year}年{local.month}月{local.day}日"

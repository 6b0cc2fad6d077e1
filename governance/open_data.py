"""The open data of a bulletin: the rankings, and how many requests of which class came from where.

Made once, when the bulletin is published, and kept with it. No personal data, nothing of units that
are not published, no count that points at a few people (`small_cells`). A published file is in the
city's language whoever opens it.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils import timezone, translation

from dispatch.spreadsheets import CSV_TYPE, quoted
from evaluation.models import ScoreMark
from evaluation.rules import PUBLISHED_GROUPS
from governance.content import BulletinContent, GroupContent, LineContent
from governance.models import FileKind
from governance.small_cells import Answers, Withheld, withheld, withheld_cells
from hotline.core.places import area_by_id
from intake.models import Ticket
from knowledge.models import Category, ancestors, categories

JSON_TYPE = "application/json"
SCHEMA_VERSION = 1
# A score stands without its counts where the unit had so many times the threshold: of that many
# possible numbers of answers one decimal does not tell which.
SCORE_ALONE = 10

File = tuple[str, str, str, bytes]
Record = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """A column: its name in JSON, its heading in CSV, what it is counted in, what it means."""

    name: str
    title: str
    kind: str
    unit: str = ""
    meaning: str = ""


def _counted(name: str, title: str, meaning: str) -> Field:
    return Field(name, title, "integer", "件", meaning)


def _share(name: str, title: str, meaning: str) -> Field:
    return Field(name, title, "number", "%", meaning)


RANKING = (
    Field("month", "考评月", "string"),
    Field("group", "考评组代码", "string"),
    Field("group_name", "考评组", "string", "", "名次只在同组同档之间比较"),
    Field("unit_code", "单位代码", "string"),
    Field("unit_name", "单位", "string"),
    Field("band", "承办量档", "integer"),
    Field("rank", "名次", "integer", "", "不排名的为空"),
    Field("previous_rank", "上月名次", "integer"),
    Field("mark", "不排名原因代码", "string"),
    Field("mark_name", "不排名原因", "string"),
    _counted("volume", "承办量", "本月交办的工单"),
    _counted("due", "应回访", "应当回访的工单"),
    _counted("valid", "有效回访", "三个问题都已回答的回访，各率的分母"),
    _counted("contacted", "已联系", "诉求人说单位联系过"),
    _counted("resolved", "已解决", "诉求人说已经解决"),
    _counted("satisfied", "满意", "诉求人说满意"),
    _counted("basically", "基本满意", "诉求人说基本满意，按方案折算"),
    _share("coverage", "回访覆盖率（%）", "有效回访÷应回访"),
    _share("response", "响应率（%）", "已联系÷有效回访"),
    _share("resolution", "解决率（%）", "已解决÷有效回访"),
    _share("satisfaction", "满意率（%）", "（满意＋折算的基本满意）÷有效回访"),
    Field("base_score", "基础分", "number", "分", "三率按权重合计"),
    Field("bonus", "加分", "number", "分"),
    Field("score", "得分", "number", "分", "基础分与加分之和，四舍五入一次"),
    Field("withheld", "隐去项", "string", "", "件数过少而不公布的栏目，以空格分隔"),
    Field("notice", "标记", "string", "", "样张、模拟数据的说明；正式数据为空"),
)
REQUESTS = (
    Field("month", "考评月", "string"),
    Field("class_code", "一级分类代码", "string", "", "未分类的为空"),
    Field("class_name", "一级分类", "string"),
    Field("district_code", "区代码", "string", "", "地点未定的为空"),
    Field("district_name", "区", "string"),
    _counted("requests", "受理量", "受理时间在考评月内的诉求"),
    Field("withheld", "隐去项", "string", "", "requests 表示件数过少或会推算出这样的件数，不公布"),
    Field("notice", "标记", "string", "", "样张、模拟数据的说明；正式数据为空"),
)
_ANSWERS = tuple(field.name for field in fields(Answers) if field.name != "volume")
_RATES = ("coverage", "response", "resolution", "satisfaction", "base_score")
_UNCLASSED, _UNPLACED = ("", "未分类"), ("", "地点未定")


def files(content: BulletinContent) -> list[File]:
    """Both datasets as CSV and as JSON: kind, name, content type and body of each."""
    with translation.override(settings.LANGUAGE_CODE):
        least = settings.OPEN_DATA_SMALL_CELL
        groups = [(one, _withheld(one, least)) for one in content.groups if _is_published(one)]
        ranking = [row for one, out in groups for row in _ranking(content, one, out, least)]
        requests = _requests(content, least)
        totals = {"groups": [_group(one, out) for one, out in groups]}
        return [
            _csv(FileKind.CSV, "rankings", content, RANKING, ranking),
            _json(FileKind.JSON, "rankings", content, RANKING, ranking, totals),
            _csv(FileKind.REQUESTS_CSV, _REQUESTS_NAME, content, REQUESTS, requests),
            _json(FileKind.REQUESTS_JSON, _REQUESTS_NAME, content, REQUESTS, requests, {}),
        ]


_REQUESTS_NAME = "requests-by-class-and-area"


# --- the rankings -----------------------------------------------------------------------------


def _is_published(group: GroupContent) -> bool:
    return group.group in PUBLISHED_GROUPS


def _answers(line: LineContent) -> Answers:
    return Answers(**{field.name: getattr(line, field.name) for field in fields(Answers)})


def _withheld(group: GroupContent, least: int) -> Withheld:
    return withheld([_answers(line) for line in group.lines], least)


def _ranking(
    content: BulletinContent, group: GroupContent, out: Withheld, least: int
) -> Iterator[Record]:
    for n, line in enumerate(group.lines):
        left_out = set[str]()
        if n in out.volumes:
            left_out.add("volume")
        if n in out.answers:
            left_out.update(_ANSWERS, _RATES)
            is_known_by_rank = line.rank is not None and n not in out.volumes
            if not is_known_by_rank or line.volume < SCORE_ALONE * least:
                left_out.add("score")
        told: Record = {
            "month": content.month,
            "group": group.group,
            "group_name": group.label,
            "unit_code": line.unit_code,
            "unit_name": line.unit_name,
            "band": line.band + 1,
            "mark": line.mark,
            "mark_name": str(ScoreMark(line.mark).label) if line.mark else "",
            "withheld": " ".join(field.name for field in RANKING if field.name in left_out),
            "notice": _notice(content),
        }
        counted = {f.name: getattr(line, f.name) for f in RANKING if f.name not in told}
        yield told | {name: None if name in left_out else v for name, v in counted.items()}


def _group(group: GroupContent, out: Withheld) -> Record:
    """A group's totals, as far as they tell nothing that is withheld."""
    total = asdict(sum((_answers(line) for line in group.lines), Answers()))
    shown = {"volume": not out.total_volume, **dict.fromkeys(_ANSWERS, not out.total_answers)}
    return {
        "group": group.group,
        "group_name": group.label,
        "totals": {name: count if shown[name] else None for name, count in total.items()},
        "idle_units": list(group.idle),
    }


# --- the requests -----------------------------------------------------------------------------


def _requests(content: BulletinContent, least: int) -> list[Record]:
    """What was accepted in the month by first-level class and district: only what may leave the
    office at all (`Ticket.public`)."""
    found = (
        Ticket.objects.public()
        .filter(accepted_at__gte=content.period_start, accepted_at__lt=content.period_end)
        .order_by()
        .values_list("category_id", "district_id")
        .annotate(n=Count("pk"))
    )
    classes: dict[str, str] = {}
    districts: dict[str, str] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for category_id, district_id, count in found:
        (class_code, class_name), (code, name) = _class(category_id), _district(district_id)
        classes[class_code], districts[code] = class_name, name
        counts[class_code, code] += count
    table = {(one, place): counts[one, place] for one in classes for place in districts}
    out = withheld_cells(table, least)
    return [
        {
            "month": content.month,
            "class_code": one,
            "class_name": classes[one],
            "district_code": place,
            "district_name": districts[place],
            "requests": None if (one, place) in out else table[one, place],
            "withheld": "requests" if (one, place) in out else "",
            "notice": _notice(content),
        }
        for one, place in sorted(table)
    ]


def _class(category_id: int | None) -> tuple[str, str]:
    category: Category | None = categories().get(category_id) if category_id else None
    if category is None:
        return _UNCLASSED
    first = (ancestors(category) or [category])[0]
    return first.code, first.name


def _district(area_id: int | None) -> tuple[str, str]:
    area = area_by_id(area_id)
    return (area.code, area.name) if area else _UNPLACED


# --- the files --------------------------------------------------------------------------------


def _csv(
    kind: str, dataset: str, content: BulletinContent, columns: Sequence[Field], rows: list[Record]
) -> File:
    """One head, one line per record and nothing else: every line bears the marks itself."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([column.title for column in columns])
    for row in rows:
        writer.writerow([_cell(row[column.name]) for column in columns])
    return kind, f"{_named(dataset, content)}.csv", CSV_TYPE, text.getvalue().encode("utf-8-sig")


def _cell(value: Any) -> str:
    return "" if value is None else quoted(str(value))


def _json(
    kind: str,
    dataset: str,
    content: BulletinContent,
    columns: Sequence[Field],
    rows: list[Record],
    more: Mapping[str, Any],
) -> File:
    """The records with all that a reader must know of them."""
    told = _head(dataset, content) | {
        "fields": [asdict(column) for column in columns],
        **more,
        "records": rows,
    }
    text = json.dumps(told, ensure_ascii=False, indent=1, default=_number)
    return kind, f"{_named(dataset, content)}.json", JSON_TYPE, text.encode()


def _head(dataset: str, content: BulletinContent) -> Record:
    most = settings.OPEN_DATA_SMALL_CELL - 1
    return {
        "dataset": dataset,
        "schema_version": SCHEMA_VERSION,
        "title": content.title,
        "issuer": content.issuer,
        "licence": settings.OPEN_DATA_LICENCE or "（开放许可待发布机关确定）",
        "is_simulated": content.is_simulated,
        "is_specimen": content.is_specimen,
        "notice": _notice(content),
        "month": content.month,
        "period_start": timezone.localtime(content.period_start).isoformat(),
        "period_end": timezone.localtime(content.period_end).isoformat(),
        "as_of": timezone.localtime(content.facts_until).isoformat(),
        "provenance": {
            "closed_at": timezone.localtime(content.closed_at).isoformat(),
            "month_digest": content.digest,
            "scheme_version": content.scheme_version,
            "scheme_name": content.scheme_name,
            "errata": [one.number for one in content.errata],
            "left_out": "保密件、军队和中央单位联络事项不在诉求量之内；二次接单单位不公布",
        },
        "small_cells": {
            "withheld_from": 1,
            "withheld_to": most,
            "explanation": "这一范围内的件数，以及能推算出它们的件数、率和得分，不公布，为空",
        },
    }


def _named(dataset: str, content: BulletinContent) -> str:
    """Copies that travel without their content say by their name what they are."""
    due = ((content.is_specimen, "specimen"), (content.is_simulated, "simulated"))
    return "-".join([dataset, content.month, *(word for is_due, word in due if is_due)])


def _notice(content: BulletinContent) -> str:
    due = (
        (content.is_specimen, "样张：发布机关待定"),
        (content.is_simulated, "模拟数据：人员、单位、诉求均为虚构"),
    )
    return "；".join(said for is_due, said in due if is_due)


def _number(value: object) -> float:
    """A decimal with two places is a number to every reader of JSON."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value))

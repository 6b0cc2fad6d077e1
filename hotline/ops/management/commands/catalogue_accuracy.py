"""manage.py catalogue_accuracy FILE — how often the catalogue names the unit that people named."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dispatch.services import propose_unit
from hotline.core.places import area_by_code
from knowledge.models import category_by_code, category_path

COLUMNS = ("id", "area", "category", "request_type", "lead")


@dataclass
class Tally:
    """Messages of a class, and those whose unit the catalogue names as people did."""

    messages: int = 0
    right: int = 0

    @property
    def share(self) -> float:
        return self.right / self.messages if self.messages else 0.0


@dataclass(frozen=True)
class Miss:
    """A message for which the catalogue names another unit than people did; empty: none."""

    id: str
    category: str
    wanted: str
    named: str


@dataclass
class Measured:
    """The whole, each first-level class by its code, and every miss."""

    total: Tally = field(default_factory=Tally)
    by_class: dict[str, Tally] = field(default_factory=dict)
    misses: list[Miss] = field(default_factory=list)


class Command(BaseCommand):
    help = "用人工标注的诉求量派单目录：建议的主办单位与标注一致的比例，总的和按一级分类的。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE.csv", help=f"列：{'、'.join(COLUMNS)}")
        parser.add_argument("--json", action="store_true", help="输出 JSON，含每一条不一致")
        parser.add_argument("--misses", action="store_true", help="表后列出每一条不一致")

    def handle(self, *args: Any, **options: Any) -> None:
        result = measure(_lines(Path(options["file"])))
        if options["json"]:
            self.stdout.write(json.dumps(as_json(result), ensure_ascii=False, indent=2))
            return
        for line in table(result):
            self.stdout.write(line)
        for miss in result.misses if options["misses"] else ():
            self.stdout.write(f"{miss.id}  {miss.category}  {miss.wanted} ← {miss.named or '无'}")


def measure(lines: Iterable[Mapping[str, str]]) -> Measured:
    """Ask the catalogue in force for every labelled message. The class is the labelled one, so
    this measures the catalogue and not whoever classifies. Raises CommandError for a code that
    the database does not have."""
    found, at = Measured(), timezone.now()
    for line in lines:
        category, area = category_by_code(line["category"]), area_by_code(line["area"])
        if category is None or area is None:
            raise CommandError(
                f"{line['id']}：数据库里没有分类 {line['category']} 或地点 {line['area']}。"
            )
        proposal = propose_unit(
            area, at=at, category=category, request_type=line["request_type"]
        )  # fmt: skip
        named = proposal.unit.code if proposal else ""
        is_right = named == line["lead"]
        for tally in (found.total, found.by_class.setdefault(category.code[:2], Tally())):
            tally.messages += 1
            tally.right += is_right
        if not is_right:
            found.misses.append(Miss(line["id"], category.code, line["lead"], named))
    return found


def table(result: Measured) -> list[str]:
    """The shares as lines for a terminal."""
    lines = [f"{'一致':>6}{'条数':>6}{'比例':>7}  分类"]
    for code, tally in sorted(result.by_class.items()):
        category = category_by_code(code)
        name = category_path(category.pk) if category else ""
        lines.append(f"{tally.right:>8}{tally.messages:>8}{tally.share:>9.1%}  {code} {name}")
    total = result.total
    return [*lines, f"{total.right:>8}{total.messages:>8}{total.share:>9.1%}  合计"]


def as_json(result: Measured) -> dict[str, Any]:
    return {
        "messages": result.total.messages,
        "right": result.total.right,
        "accuracy": result.total.share,
        "by_class": {
            code: {"messages": t.messages, "right": t.right, "accuracy": t.share}
            for code, t in sorted(result.by_class.items())
        },
        "misses": [vars(miss) for miss in result.misses],
    }


def _lines(file: Path) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise CommandError(f"{file} 缺少这些列：{'、'.join(missing)}。")
            return list(reader)
    except OSError as error:
        raise CommandError(f"读不了 {file}（{error.strerror}）。") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{file} 不是 UTF-8 的 CSV 文件。") from error

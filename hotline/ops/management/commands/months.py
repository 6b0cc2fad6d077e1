"""manage.py months — assessment months: how they stand, their draft, and made again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from evaluation import months as reading
from evaluation import scoring
from evaluation.models import MonthDraft
from evaluation.services.months import Recomputed, open_draft, recompute, recompute_all
from hotline.core.actors import SYSTEM
from hotline.core.patience import unhurried
from hotline.core.violations import RuleViolation


class Command(BaseCommand):
    help = "考评月份：list 列出，draft 生成公示，recompute 按封账前的事实重算并核对摘要。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=("list", "draft", "recompute"))
        parser.add_argument(
            "month", nargs="*", help="如 2026-01；recompute 不写则核对全部已封账月份"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        with unhurried():
            getattr(self, f"_{options['act']}")(options["month"])

    def _list(self, _months: list[str]) -> None:
        at = timezone.now()
        for draft in MonthDraft.objects.order_by("month"):
            stands = reading.month(draft.month, at=at)
            digest = stands.close.digest if stands.close else ""
            self.stdout.write(f"{draft.month} {stands.state_label} {digest}")

    def _draft(self, months: list[str]) -> None:
        for month in months:
            try:
                open_draft(month=month, actor=SYSTEM, at=timezone.now())
            except (RuleViolation, ValueError) as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{month} 已公示。")

    def _recompute(self, months: list[str]) -> None:
        """Exit code 1 when a month does not come out as it was published, or something in it was
        changed since."""
        at = timezone.now()
        again = (recompute(month=m, at=at) for m in months) if months else recompute_all(at=at)
        differing = 0
        try:
            for one in again:
                self.stdout.write(f"{one.month} {one.digest} {_told(one)}")
                differing += not one.is_unchanged
        except (RuleViolation, ValueError) as error:
            raise CommandError(str(error)) from error
        if differing:
            raise CommandError(f"{differing} 个月份的重算结果与封账不一致。")


def _told(one: Recomputed) -> str:
    """How the month came out, in a sentence."""
    if one.is_beyond_checking:
        return "封账早于评分程序版本的记录，当时的摘要不能由现在的程序核对。"
    if not one.is_unchanged:
        names = "、".join(f"{unit.name}（{unit.code}）" for unit in one.differing)
        where = f"，涉及：{names}" if names else ""
        return f"不一致：封账时为 {one.published}{where}"
    if one.is_other_version:
        versions = f"封账时由第 {one.scored_by} 版评分程序计算，现为第 {scoring.VERSION} 版"
        return f"{versions}，不能比较成绩；所依据的事实与已公布的成绩没有改动。"
    return "一致" if one.is_kept else "一致（已公布的明细或成绩不在库中，只核对了摘要）"

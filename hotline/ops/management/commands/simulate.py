"""manage.py simulate — a city in which everybody acts, in simulated time."""

from __future__ import annotations

import datetime as dt
import random
from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from evaluation import periods
from evaluation.models import MonthDraft
from hotline.core.models import Deployment
from hotline.core.working_time import ONE_DAY, business_day
from hotline.ops.simulation import summary
from hotline.ops.simulation.arrivals import Later, midnight
from hotline.ops.simulation.messages import FileProblem, FromFile, Invented
from hotline.ops.simulation.run import run
from intake.models import Ticket
from knowledge.models import categories

CITY = "city"


class Command(BaseCommand):
    help = "在示例市里模拟一段时间：诉求到来，各方按规则办理，全部经过正式的业务服务。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=_positive, default=60, help="模拟多少天，默认 60")
        parser.add_argument("--per-day", type=_positive, default=300, help="平均每天几件，默认 300")
        parser.add_argument("--later-per-day", type=_positive, help="--later-from 起平均每天几件")
        parser.add_argument("--later-from", type=dt.date.fromisoformat, metavar="YYYY-MM-DD")
        parser.add_argument("--seed", type=int, default=1, help="随机种子；相同则结果相同")
        parser.add_argument(
            "--messages", metavar="FILE.csv", help="用文件里的诉求，按顺序每行一件，用完为止"
        )
        parser.add_argument("--if-empty", action="store_true", help="已有工单时什么也不做")
        parser.add_argument(
            "--start", type=dt.date.fromisoformat, metavar="YYYY-MM-DD", help="默认为今天减去天数"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        deployment = Deployment.objects.first()
        is_fictitious = deployment is not None and deployment.reference == CITY
        if options["if_empty"] and (Ticket.objects.exists() or not is_fictitious):
            return
        if deployment is None or not is_fictitious:
            raise CommandError(
                "只能在虚构的示例市里模拟，真实地名旁边不能有编造的数据："
                "请在空库上先执行 seed city。"
            )
        start, end = period(options["start"], options["days"], timezone.now())
        _check_months(start)
        later = _later(options["later_from"], options["later_per_day"])
        total = expected(start, end, options["per_day"], later)
        rng = random.Random(options["seed"])
        source: Invented | FromFile
        try:
            file = options["messages"]
            names = {c.code: c.name for c in categories().values()}
            source = FromFile(Path(file), rng) if file else Invented(rng, names)
        except FileProblem as problem:
            raise CommandError(str(problem)) from problem
        if not deployment.is_simulated:
            deployment.is_simulated = True
            deployment.save(update_fields=["is_simulated"])
        is_quiet = options["verbosity"] == 0
        if isinstance(source, FromFile):
            total = min(total, len(source))
        elif not is_quiet:
            self.stdout.write("以下诉求的文字、人名、电话、地点全部是编造的。")
        with tqdm(total=total, unit="件", disable=True if is_quiet else None) as bar:
            result = run(
                source=source,
                start=start,
                end=end,
                per_day=options["per_day"],
                later=later,
                rng=rng,
                progress=bar.update,
            )
        if not is_quiet:
            for line in summary.lines(result, end):
                self.stdout.write(line)


def period(start: dt.date | None, days: int, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """From a local midnight to now; with a given first day at most `days` long, so that the same
    call gives the same city tomorrow."""
    if start is None:
        return midnight(business_day(now) - dt.timedelta(days=days)), now
    first = midnight(start)
    if first >= now:
        raise CommandError("开始日期必须在今天之前。")
    return first, min(midnight(start + dt.timedelta(days=days)), now)


def expected(start: dt.datetime, end: dt.datetime, per_day: float, later: Later | None) -> int:
    """How many messages that will be, about."""
    turn = min(max(later.since, start), end) if later else end
    after = (end - turn) / ONE_DAY * later.per_day if later else 0
    return round((turn - start) / ONE_DAY * per_day + after)


def _later(since: dt.date | None, per_day: int | None) -> Later | None:
    if since is None and per_day is None:
        return None
    if since is None or per_day is None:
        raise CommandError("--later-from 和 --later-per-day 要一起写。")
    return Later(midnight(since), per_day)


def _check_months(start: dt.datetime) -> None:
    """Nothing new can come into a month that units have seen: its result would be another."""
    drafted = MonthDraft.objects.order_by("-month").values_list("month", flat=True).first()
    if drafted is None:
        return
    end = periods.month_named(drafted).end
    if start < end:
        raise CommandError(
            f"{drafted} 考评月已公示或封账，不能再往里添加诉求："
            f"请用 --start {end:%Y-%m-%d} 或更晚的日期，或者换一个空库。"
        )


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise ArgumentTypeError("必须是正整数")
    return int(text)

"""`manage.py bench`: how fast the platform is on this machine."""

from __future__ import annotations

import json
import os
import signal
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from hotline.localstack import LocalStackError, processes
from hotline.ops.bench import site
from hotline.ops.bench.dashboards import MARK
from hotline.ops.bench.operations import THINKING_SECONDS, TITLES


class Command(BaseCommand):
    """Builds a throw-away site, drives whole lives of tickets through it, prints the figures."""

    help = "测速：在临时数据库里生成工单，经 HTTP 走完整工单，与只用 SQL 的同样读写相比。"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--tickets", type=int, default=100_000, help="先生成多少件工单")
        parser.add_argument(
            "--lives", type=int, default=400, help="每项测量走多少件工单（看板：开多少页）"
        )
        parser.add_argument("--profile", choices=sorted(TITLES), default="", help="剖析一项操作")
        parser.add_argument("--ranking", type=int, help="只测排名：一个月多少条考评事实")
        parser.add_argument("--dashboards", action="store_true", help="只测看板等成绩页面")
        parser.add_argument("--month", type=int, help="看板：其中多少件在本月，默认三分之一")
        parser.add_argument("--folder", type=Path, help="看板：城市建在这个文件夹里，留着下次用")
        parser.add_argument("--thinking", type=float, help="在岗的人每次操作前停几秒，默认 5")
        parser.add_argument("--workers", type=int, help="网站进程数，默认同 make run")
        parser.add_argument("--threads", type=int, help="每个进程的线程数，默认同 make run")
        parser.add_argument("--worker-class", help="gunicorn 的进程模型，默认同 make run")

    def handle(self, *args: Any, **options: Any) -> None:
        names = ("workers", "threads", "worker_class")
        given = [(name, options[name]) for name in names if options[name] is not None]
        model = [str(p) for name, value in given for p in (f"--{name.replace('_', '-')}", value)]
        asked = {name: options[name] for name in ("tickets", "lives", "profile")}
        if options["thinking"] is not None:
            asked["thinking"] = options["thinking"]
        signal.signal(signal.SIGTERM, _interrupt)
        asked["model"] = model
        try:
            if options["dashboards"]:
                asked["month"] = options["month"] or options["tickets"] // 3
                code = _dashboards(asked, options["folder"])
            else:
                with site.throwaway_folder() as environment:
                    code = _measure(options["ranking"], asked, environment)
        except LocalStackError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError("测速已中断，临时数据已清除。") from None
        if code:
            raise CommandError("测速没有完成：原因见上面的输出。")


def _measure(ranking: int | None, asked: dict[str, Any], environment: dict[str, str]) -> int:
    if ranking:
        return _run(["hotline.ops.bench.ranking", str(ranking)], environment)
    return _run(["hotline.ops.bench", json.dumps(asked)], environment)


def _dashboards(asked: dict[str, Any], folder: Path | None) -> int:
    """The pages of results in a large city, which is built where there is none yet. While it is
    built nothing needs to survive the machine."""
    asked.setdefault("thinking", THINKING_SECONDS)
    with ExitStack() as stack:
        if folder is None:
            folder = stack.enter_context(site.new_folder())
        elif folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
            raise CommandError(f"{folder} 里没有建成的城市：请换一个空的文件夹。")
        folder = folder.absolute()
        what = json.dumps(asked)
        if not (folder / MARK).exists():
            with site.servers_in(folder, durable=False) as environment:
                if code := _run(["hotline.ops.bench.dashboards", "build", what], environment):
                    return code
            os.sync()
        with site.servers_in(folder) as environment:
            return _run(["hotline.ops.bench.dashboards", "measure", what], environment)


def _run(module: list[str], environment: dict[str, str]) -> int:
    """The measuring, in a process whose settings are those of the throw-away site."""
    child = processes.spawn(
        [sys.executable, "-m", *module],
        env=environment,
        cwd=Path(settings.BASE_DIR),
    )
    try:
        return child.wait()
    finally:
        processes.end_child(child, signal.SIGTERM, patience=20)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt

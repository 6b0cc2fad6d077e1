"""`manage.py up`: the whole site on one machine."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from hotline.localstack import LocalStackError
from hotline.ops import launcher


class Command(BaseCommand):
    """Database, broker, web, worker and timer together; Ctrl-C ends them all."""

    help = "启动整个平台：数据库、消息队列、网站、后台任务和定时器；按 Ctrl-C 全部停止。"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="监听地址，默认只有本机能访问")
        parser.add_argument("--port", type=int, default=8000, help="监听端口")
        parser.add_argument("--no-demo", action="store_true", help="不生成模拟数据")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            launcher.run(
                host=options["host"],
                port=options["port"],
                demo=not options["no_demo"],
                say=self._say,
            )
        except LocalStackError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
            raise CommandError(
                f"数据库拒绝了准备工作（{first}）：请按原因处理（磁盘空间、权限、版本）后重新启动。"
            ) from error

    def _say(self, sentence: str) -> None:
        self.stdout.write(sentence)
        self.stdout.flush()

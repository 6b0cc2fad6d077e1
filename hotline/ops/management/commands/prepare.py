"""`manage.py prepare`: what `up` does before it serves, for servers that start each part alone."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from hotline.localstack import LocalStackError
from hotline.ops.preparation import prepare


class Command(BaseCommand):
    """Schema, rights, reference data and assets; safe to repeat."""

    help = "准备数据库和前端资源：结构、权限、基础数据；可重复执行。"
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--city", help="新数据库的基础数据:city(虚构，默认)或 beijing")
        parser.add_argument("--demo", action="store_true", help="数据库为空时生成模拟数据")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            prepare(demo=options["demo"], say=self.stdout.write, city=options["city"])
        except LocalStackError as error:
            raise CommandError(str(error)) from error

"""manage.py robot — a voice robot calls the invented requesters of the demo city, over HTTP."""

from __future__ import annotations

import random
from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from evaluation.forms.robot import MOST_CALLS
from evaluation.robot import Ending
from hotline.core.deployment import deployment
from hotline.core.models import ApiClient, Channel
from hotline.core.models.clients import Scope
from hotline.ops.management.commands.simulate import CITY
from hotline.ops.robot_calls import SiteRefused, play

NAME = "语音机器人（模拟）"


class Command(BaseCommand):
    help = "在示例市里用语音机器人回访：按正式接口取名单、放对话、登记结果（网站须在运行）。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--site", default="http://127.0.0.1:8000", help="网站地址，默认 %(default)s"
        )
        parser.add_argument("--calls", type=int, default=20, help="最多打几个，默认 20")
        parser.add_argument("--seed", type=int, default=1, help="随机种子")

    def handle(self, *args: Any, **options: Any) -> None:
        if deployment().reference != CITY:
            raise CommandError("只能在虚构的示例市里模拟，真实诉求人不能由它来答。")
        if not 1 <= options["calls"] <= MOST_CALLS:
            raise CommandError(f"一次 1 至 {MOST_CALLS} 个。")
        endings: Counter[str] = Counter()
        try:
            for call in play(
                options["site"].rstrip("/"),
                new_key(),
                calls=options["calls"],
                rng=random.Random(options["seed"]),
            ):
                endings[call.ending] += 1
                said = Ending(call.ending).label
                self.stdout.write(f"{call.number}  {' '.join(call.heard):<24} {said}")
        except SiteRefused as refusal:
            raise CommandError(f"网站没有受理：{refusal}") from refusal
        if not endings:
            self.stdout.write("现在没有可以由机器人回访的诉求人（或不在回访时间内）。")
        for ending, count in endings.most_common():
            self.stdout.write(f"{Ending(ending).label} {count}")


def new_key() -> str:
    """A fresh key for the simulated robot; the one of its last run stops working."""
    key = ApiClient.new_key()
    ApiClient.objects.update_or_create(
        name=NAME,
        defaults={
            "channel": Channel.objects.get(code="phone"),
            "scopes": [Scope.ROBOT],
            "key_hash": ApiClient.hash_key(key),
            "is_active": True,
        },
        create_defaults={
            "channel": Channel.objects.get(code="phone"),
            "scopes": [Scope.ROBOT],
            "key_hash": ApiClient.hash_key(key),
            "created_at": timezone.now(),
        },
    )
    return key

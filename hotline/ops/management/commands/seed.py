"""manage.py seed [city|beijing] — reference data, safe to run at every start."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from dispatch.reference_data.loading import load_catalogue, load_duties
from evaluation.reference_data.loading import load_scheme
from hotline.core import partitions
from hotline.core.calendar_loading import load_calendar
from hotline.core.models import Deployment
from hotline.core.reference import forget_all
from hotline.core.reference_data import loading
from hotline.ops import demo
from knowledge.reference_data.loading import load_categories, load_guide

CITIES = {"city": "示例市", "beijing": "北京市"}


class Command(BaseCommand):
    help = "装载基础数据：city 为虚构的示例市（默认），beijing 为北京市真实地名和单位。可重复执行。"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "city", nargs="?", choices=sorted(CITIES), help="不写则沿用数据库里已有的城市"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        changed = seed(options["city"])
        if changed and options["verbosity"]:
            self.stdout.write(f"基础数据：新增或更新 {changed} 行。")


@transaction.atomic
def seed(city: str | None = None) -> int:
    """Load the reference data of a city (of the one already here when none is named); returns
    how many rows changed.

    One deployment is one city: raises CommandError when another one is here already, since
    invented scores must never stand beside real names.
    """
    with connection.cursor() as cursor:
        # The application role's limit is meant for requests; the first load takes longer.
        cursor.execute("SET LOCAL statement_timeout = 0")
    now = timezone.now()
    # Two starts at once (web and worker containers): the second waits here and finds all done.
    Deployment.objects.get_or_create(pk=1, defaults={"city_name": ""})
    deployment = Deployment.objects.select_for_update().get(pk=1)
    city = city or deployment.reference or "city"
    if deployment.reference not in ("", city):
        here = CITIES.get(deployment.reference, deployment.city_name)
        raise CommandError(
            f"这个数据库装的是{here}，不能再装{CITIES[city]}：请换一个空的数据库（一个部署只服务一个城市）。"
        )
    changed = 0
    if not deployment.reference:
        deployment.city_name, deployment.reference = CITIES[city], city
        deployment.is_simulated = city == "city"
        deployment.save(update_fields=["city_name", "reference", "is_simulated"])
        changed += 1
    today = timezone.localdate(now)
    partitions.ensure_coming_months(today)
    changed += load_calendar(today=today)
    changed += loading.load_limits() + loading.load_channels()
    changed += loading.load_areas(city) + loading.load_units(city)
    changed += load_categories() + load_guide()
    changed += load_duties(today=today) + load_catalogue(at=now, today=today)
    changed += load_scheme(now)
    if city == "city":
        changed += demo.add_demo_staff(now)
    forget_all()
    return changed

"""manage.py offices — the usual offices, team and centres below a street."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dispatch.services import found_offices
from hotline.core.models import Unit
from hotline.core.violations import RuleViolation


class Command(BaseCommand):
    help = "Found a street's offices from the shipped template; safe to repeat."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("code", help="code of the street or town")

    def handle(self, *args: Any, **options: Any) -> None:
        street = Unit.objects.filter(code=options["code"]).first()
        if street is None:
            raise CommandError(f"没有代码为“{options['code']}”的单位。")
        try:
            founded = found_offices(street, timezone.localdate())
        except RuleViolation as refusal:
            raise CommandError(refusal.sentence()) from refusal
        for office in founded:
            self.stdout.write(f"{office.code} {office.name}")
        self.stdout.write(f"“{street}”新设 {len(founded)} 个内设机构。")

"""manage.py outcomes rebuild — every outcome made anew from the recorded facts."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from tqdm import tqdm

from evaluation.outcomes import rebuilding
from intake.models import Ticket


class Command(BaseCommand):
    help = "Make the outcomes of all tickets anew from events, answers and decisions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("act", choices=("rebuild",))

    def handle(self, *args: Any, **options: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 0")  # every ticket, not a request
        is_quiet = options["verbosity"] == 0
        total = Ticket.objects.count()
        with tqdm(total=total, unit="件", disable=True if is_quiet else None) as bar:
            done = list(rebuilding(at=timezone.now(), progress=bar.update))
        if not is_quiet:
            self.stdout.write(
                _("%(tickets)s 件工单，%(rows)s 行结果，其中 %(changed)s 行与原来不同。")
                % {
                    "tickets": sum(batch.tickets for batch in done),
                    "rows": sum(batch.rows for batch in done),
                    "changed": sum(batch.changed for batch in done),
                }
            )

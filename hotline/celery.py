"""The Celery application and everything that happens by the clock.

Started as `celery -A hotline.celery worker` and `… beat`; exactly one beat runs per city.
Nothing here is scheduled from the database: what runs when is read in this file.
"""

from __future__ import annotations

import os

from celery import Celery
from celery.schedules import crontab
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hotline.settings")

app = Celery("hotline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

app.conf.beat_schedule = {
    # Clocks that came due since the last look: warn, breach, call back. A sweep that waited
    # longer than one interval is pointless, the next one does its work.
    "sweep-clocks": {
        "task": "intake.tasks.sweep_clocks",
        "schedule": settings.SWEEP_INTERVAL_SECONDS,
        "options": {"expires": settings.SWEEP_INTERVAL_SECONDS},
    },
    # What happened reaches those who must know: notices, webhooks, derived rows. Web processes
    # never speak to the broker, so this tick is what drives every consequence.
    "deliver-outbox": {
        "task": "hotline.core.tasks.deliver_outbox",
        "schedule": 1.0,
        "options": {"expires": 5},
    },
    # What nobody has read yet is mailed: first-level notices at once, the rest every half hour. A
    # tick sends for less than a minute, so one that waited is pointless.
    "mail-notices": {
        "task": "hotline.core.tasks.mail_notices",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # The months ahead get their partitions before the first row of the month arrives.
    "keep-partitions": {
        "task": "hotline.core.tasks.keep_partitions",
        "schedule": crontab(hour=3, minute=10),
    },
    # A newly published year of holidays and make-up days.
    "load-calendar": {
        "task": "hotline.core.tasks.load_calendar",
        "schedule": crontab(hour=3, minute=20),
    },
    # Due times that were provisional become firm; those that still are, are said aloud.
    "firm-up-clocks": {
        "task": "intake.tasks.firm_up_clocks",
        "schedule": crontab(hour=3, minute=30),
    },
    # What clients sent more than a day ago is no longer compared with what they send now.
    "forget-requests": {
        "task": "hotline.core.tasks.forget_requests",
        "schedule": crontab(hour=3, minute=40),
    },
    # Which mails went out a month ago is forgotten.
    "forget-mails": {
        "task": "hotline.core.tasks.forget_mails",
        "schedule": crontab(hour=3, minute=50),
    },
    # Limits that expired and call-backs that fell due in silence reach the tickets' outcomes.
    "refresh-outcomes": {
        "task": "evaluation.tasks.refresh",
        "schedule": crontab(hour=4, minute=0),
    },
    # A month whose facts are complete is shown to the units, who may appeal.
    "open-drafts": {
        "task": "evaluation.tasks.open_drafts",
        "schedule": crontab(minute=20),
        "options": {"expires": 3000},
    },
    # A supervisor has decided that a month is closed; a tick that waited has been overtaken.
    "close-months": {
        "task": "evaluation.tasks.close_months",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # The counts of leaders' pages are kept warm; a tick that waited has been overtaken.
    "count-ahead": {
        "task": "evaluation.tasks.count_ahead",
        "schedule": 3.0,
        "options": {"expires": 3},
    },
    "count-districts-ahead": {
        "task": "evaluation.tasks.count_districts_ahead",
        "schedule": 120.0,
        "options": {"expires": 60},
    },
    # Reports that people asked for are made piece by piece; a tick that waited has been overtaken.
    "make-reports": {
        "task": "hotline.pages.tasks.make_reports",
        "schedule": 5.0,
        "options": {"expires": 5},
    },
    # Reports with a plan: what fell due is asked for.
    "start-due-reports": {
        "task": "hotline.pages.tasks.start_due_reports",
        "schedule": 60.0,
        "options": {"expires": 60},
    },
    # Files of reports whose days are over go.
    "clear-reports": {
        "task": "hotline.pages.tasks.clear_reports",
        "schedule": crontab(hour=4, minute=30),
    },
}

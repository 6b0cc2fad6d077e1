"""How the events of evaluations by the requester alone read."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from evaluation.models import CallbackChannel
from intake.rendering import register_events

register_events(
    {"rating_asked": gettext_lazy("请诉求人评价")},
    {"rating_asked": lambda data: str(CallbackChannel(data["channel"]).label)},
)

"""How the events of evaluations by the requester alone read."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from evaluation.models import CallbackChannel
from evaluation.robot import Ending
from intake.rendering import register_events

register_events(
    {
        "rating_asked": gettext_lazy("请诉求人评价"),
        "person_asked": gettext_lazy("机器人回访，转人工"),
    },
    {
        "rating_asked": lambda data: str(CallbackChannel(data["channel"]).label),
        "person_asked": lambda data: str(Ending(data["ending"]).label),
    },
)

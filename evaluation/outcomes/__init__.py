"""What became of every ticket in every unit's hands: the facts that scores are made of.

`fold` turns a ticket's recorded facts into rows; the rest reads the facts and keeps the rows.
"""

from .calendar import Calendar, Month, calendar
from .folding import fold, heard
from .histories import Answer, Codes, Event, History, Party, Ruling, histories
from .keeping import HEARD, Written, keep, keep_all, rebuild, rebuilding, refold, refresh

__all__ = [
    "HEARD",
    "Answer",
    "Calendar",
    "Codes",
    "Event",
    "History",
    "Month",
    "Party",
    "Ruling",
    "Written",
    "calendar",
    "fold",
    "heard",
    "histories",
    "keep",
    "keep_all",
    "rebuild",
    "rebuilding",
    "refold",
    "refresh",
]

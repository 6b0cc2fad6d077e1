"""The ticket and everything that belongs to it alone."""

from .access import Access
from .clocks import AdjustmentKind, Clock, ClockAdjustment
from .drafts import Draft
from .events import TicketEvent
from .notes import Note
from .requesters import Requester, TicketRequester
from .texts import TicketText, TicketTextRevision
from .tickets import CloseCode, Level, RequestType, State, Ticket, Urgency

__all__ = [
    "Access",
    "AdjustmentKind",
    "Clock",
    "ClockAdjustment",
    "CloseCode",
    "Draft",
    "Level",
    "Note",
    "RequestType",
    "Requester",
    "State",
    "Ticket",
    "TicketEvent",
    "TicketRequester",
    "TicketText",
    "TicketTextRevision",
    "Urgency",
]

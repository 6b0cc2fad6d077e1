"""What every app stands on: places, units, people, channels, limits, messages."""

from .audit import AuditEntry
from .clients import ApiClient, Channel
from .deployment import Deployment
from .limits import LASTING_KINDS, RISING_KINDS, CalendarDay, ClockKind, TimeLimit
from .messages import (
    ConsumerProgress,
    Delivery,
    IdempotencyKey,
    Notice,
    NoticeDigest,
    NoticeMail,
    OutboxMessage,
)
from .people import Membership, Role, Staff
from .places import Area, AreaAlias, AreaKind, AreaPopulation
from .reports import (
    Cadence,
    PauseReason,
    Report,
    ReportChunk,
    ReportRun,
    ReportSchedule,
    RunState,
)
from .units import ASSISTING_KINDS, AssessmentGroup, Unit, UnitKind

__all__ = [
    "ASSISTING_KINDS",
    "LASTING_KINDS",
    "RISING_KINDS",
    "ApiClient",
    "Area",
    "AreaAlias",
    "AreaKind",
    "AreaPopulation",
    "AssessmentGroup",
    "AuditEntry",
    "Cadence",
    "CalendarDay",
    "Channel",
    "ClockKind",
    "ConsumerProgress",
    "Delivery",
    "Deployment",
    "IdempotencyKey",
    "Membership",
    "Notice",
    "NoticeDigest",
    "NoticeMail",
    "OutboxMessage",
    "PauseReason",
    "Report",
    "ReportChunk",
    "ReportRun",
    "ReportSchedule",
    "Role",
    "RunState",
    "Staff",
    "TimeLimit",
    "Unit",
    "UnitKind",
]

"""Orders to units and everything that hangs on them."""

from .assignments import (
    ASSISTING_ROLES,
    Assignment,
    AssignmentQuerySet,
    AssignmentRole,
    AssignmentState,
    EndReason,
)
from .catalogue import CatalogueEntry, CatalogueVersion, Precedent
from .contacts import Contact, ContactMethod, Reply, ReplyKind, Solved
from .coordination import Coordination, CoordinationKind
from .duties import DutyItem, DutyList, ListedKind, Stance
from .liaison import Liaison, OrganisationKind
from .objections import WRONG_DISPATCH, Objection, ObjectionOutcome, ObjectionReason
from .onsite import OnsiteAttribution, OnsiteCall, OnsiteGround
from .supervision import LadderStep, OrderReason, Rung, SupervisionOrder
from .time_asked import (
    Decision,
    Extension,
    ExtensionReason,
    FactRequest,
    HoldKind,
    LedgerHold,
    LedgerReview,
)

__all__ = [
    "ASSISTING_ROLES",
    "WRONG_DISPATCH",
    "Assignment",
    "AssignmentQuerySet",
    "AssignmentRole",
    "AssignmentState",
    "CatalogueEntry",
    "CatalogueVersion",
    "Contact",
    "ContactMethod",
    "Coordination",
    "CoordinationKind",
    "Decision",
    "DutyItem",
    "DutyList",
    "EndReason",
    "Extension",
    "ExtensionReason",
    "FactRequest",
    "HoldKind",
    "LadderStep",
    "LedgerHold",
    "LedgerReview",
    "Liaison",
    "ListedKind",
    "Objection",
    "ObjectionOutcome",
    "ObjectionReason",
    "OnsiteAttribution",
    "OnsiteCall",
    "OnsiteGround",
    "OrderReason",
    "OrganisationKind",
    "Precedent",
    "Reply",
    "ReplyKind",
    "Rung",
    "Solved",
    "Stance",
    "SupervisionOrder",
]

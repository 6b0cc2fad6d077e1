"""One root number, a tree of orders: who helps the lead, how far they are, what the reply waits
for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from dispatch.models import ASSISTING_ROLES, Assignment, AssignmentState, Reply
from hotline.core.places import units
from hotline.pages.ticket.facts import Facts
from intake.models import Clock, State


@dataclass(frozen=True)
class Branch:
    """An order with what its unit owes next, what it has said, and the orders below it."""

    order: Assignment
    clock: Clock | None
    replies: list[Reply]
    children: list[Branch] = field(default_factory=list)

    @property
    def is_gone(self) -> bool:
        """Ended without a word of its own: released, or the whole order was taken back."""
        return self.order.state in (AssignmentState.ENDED, AssignmentState.RETURNED)


@dataclass(frozen=True)
class Tree:
    """The lead's order with everything below it, and how many of the parts have come back."""

    root: Branch
    done: int
    asked: int
    waits_for: list[str]


def assisting_tree(facts: Facts) -> Tree | None:
    """The tree of the order in charge; None where nobody was asked to help."""
    lead = facts.lead
    if lead is None:
        return None
    below: dict[int, list[Assignment]] = {}
    for order in facts.orders:
        if order.parent_id is not None:
            below.setdefault(order.parent_id, []).append(order)
    root = _branch(lead, below, facts)
    parts = [branch for branch in _walk(root) if branch.order.role in ASSISTING_ROLES]
    if not parts:
        return None
    asked = [part for part in parts if not part.is_gone]
    done = [part for part in asked if part.order.state == AssignmentState.REPLIED]
    return Tree(root, len(done), len(asked), waits_for(facts))


def _branch(order: Assignment, below: dict[int, list[Assignment]], facts: Facts) -> Branch:
    return Branch(
        order=order,
        clock=next(iter(facts.owed_on(order)), None),
        replies=[
            r
            for r in facts.replies
            if r.assignment_id == order.pk and order.role in ASSISTING_ROLES
        ],
        children=[_branch(child, below, facts) for child in below.get(order.pk, ())],
    )


def _walk(branch: Branch) -> Iterator[Branch]:
    yield branch
    for child in branch.children:
        yield from _walk(child)


def waits_for(facts: Facts) -> list[str]:
    """What the lead's reply waits for, in sentences; nothing where nobody could reply anyway."""
    if facts.ticket.state != State.HANDLING:
        return []
    found = []
    if facts.pending_objection is not None:
        found.append(_("派单异议还没有裁定"))
    if facts.open_assisting:
        names = _("、").join(units()[order.unit_id].name for order in facts.open_assisting)
        found.append(_("%(units)s 还没有反馈，也没有解除") % {"units": names})
    return found

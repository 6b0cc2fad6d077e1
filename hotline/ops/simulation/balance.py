"""Draws that keep their shares.

Independent coin flips scatter: after 200 call-backs a share of 78 % is off by more than two points
every second time. What a city measured would then appear or not by luck, and a test of it would be
a test of luck. So outcomes are dealt like cards: every block of ten holds them by their shares,
shuffled, and what could not be dealt whole (a tenth of an outcome) is carried to the next block.
The order stays irregular, and the shares hold after any number of draws to within a few items.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Generic, TypeVar

T = TypeVar("T")
BLOCK = 10


class Balanced(Generic[T]):
    """Outcomes with shares (any positive numbers); see the module for why not `random.choices`."""

    def __init__(self, shares: Mapping[T, float], rng: random.Random) -> None:
        whole = sum(shares.values())
        self._shares = {outcome: share / whole for outcome, share in shares.items() if share > 0}
        # What each outcome is still owed. A random start: a rare one comes at a random time.
        self._owed = {outcome: rng.uniform(-0.5, 0.5) for outcome in self._shares}
        self._block: list[T] = []
        self._rng = rng

    def draw(self) -> T:
        if not self._block:
            self._deal()
        return self._block.pop()

    def force(self, outcome: T) -> T:
        """What circumstances decided takes the place of a draw: of its own kind if the block has
        one, else the other one is owed."""
        if not self._block:
            self._deal()
        if outcome in self._block:
            self._block.remove(outcome)
        else:
            self._owed[self._block.pop()] += 1
            self._owed[outcome] -= 1
        return outcome

    def _deal(self) -> None:
        for outcome, share in self._shares.items():
            self._owed[outcome] += share * BLOCK
        for _ in range(BLOCK):
            outcome = max(self._owed, key=self._owed.__getitem__)
            self._owed[outcome] -= 1
            self._block.append(outcome)
        self._rng.shuffle(self._block)

"""Draws that keep their shares.

Independent coin flips scatter: after 200 call-backs a share of 78 % is off by more than two points
every second time. What a city measured would then appear or not by luck, and a test of it would be
a test of luck. So draws remember: every draw credits each outcome with its share, and what has
come up too rarely is preferred. The order stays irregular, the shares hold at any number of draws
to within a few items.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Generic, TypeVar

T = TypeVar("T")
# How many draws an outcome may run ahead of its share; more is more irregular, less is truer.
LEEWAY = 2.0


class Balanced(Generic[T]):
    """Outcomes with shares (any positive numbers); see the module for why not `random.choices`."""

    def __init__(self, shares: Mapping[T, float], rng: random.Random) -> None:
        whole = sum(shares.values())
        self._shares = {outcome: share / whole for outcome, share in shares.items() if share > 0}
        # A random start, so that rare outcomes do not all come at the same late draw.
        self._credits = {o: s * rng.random() for o, s in self._shares.items()}
        self._rng = rng

    def draw(self) -> T:
        for outcome, share in self._shares.items():
            self._credits[outcome] += share
        weights = [
            max(0.0, credit + LEEWAY * self._shares[outcome])
            for outcome, credit in self._credits.items()
        ]
        outcome = self._rng.choices(list(self._credits), weights)[0]
        self._credits[outcome] -= 1
        return outcome

    def force(self, outcome: T) -> T:
        """What circumstances decided; later draws make up for it."""
        for other, share in self._shares.items():
            self._credits[other] += share
        self._credits[outcome] -= 1
        return outcome

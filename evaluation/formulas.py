"""The indicators beside the score, each once, reading like its formula (F-9 to F-18, F-20, F-21).

All are exact fractions, rounded only when shown; None where the base is 0, because a share of
nothing is not 0. The three rates, the score and its averages (F-1 to F-7) are in `rates` and
`scoring`, periods (F-8) in `periods`, dispatch accuracy and returns (F-15) in `dispatch.accuracy`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final, Literal

from evaluation.rules import WhistleWeights

Number = int | Decimal | Fraction

# What a change is called where there was nothing before (新增).
NEW: Final = "new"
# Below it for a rolling day the hotline raises an alarm (F-12).
LEAST_CONNECTION = Fraction(95, 100)
DEFAULT_WHISTLE_WEIGHTS = WhistleWeights()


def ratio(part: Number, base: Number) -> Fraction | None:
    """part ÷ base, which may exceed 1; None where the base is 0. Raises ValueError when one of
    them is negative."""
    if part < 0 or base < 0:
        raise ValueError(f"a count is negative: {part} of {base}")
    return Fraction(part) / Fraction(base) if base else None


def share(part: Number, whole: Number) -> Fraction | None:
    """part ÷ whole, at most 1. Raises ValueError when the part is larger than the whole."""
    if part > whole:
        raise ValueError(f"a part is larger than the whole: {part} of {whole}")
    return ratio(part, whole)


def change(now: Number, last: Number | None) -> Fraction | Literal["new"]:
    """F-9: (now - last) ÷ last. Where there was nothing before, "new"; nothing after nothing is
    no change."""
    if not last:
        return NEW if now else Fraction(0)
    return (Fraction(now) - Fraction(last)) / Fraction(last)


def requests_per_10k(counted: int, residents: int) -> Fraction | None:
    """F-10 万人诉求比: counted requests per 10,000 residents. Observed, never scored."""
    return ratio(counted * 10_000, residents)


def requests_to_base(counted: int, base: Number) -> Fraction | None:
    """F-11 基数诉求比: counted requests per resident, household, registered enterprise, or request
    of the same period last year, as the city chooses. Observed, never scored."""
    return ratio(counted, base)


def connection_rate(answered: int, offered: int) -> Fraction | None:
    """F-12: calls answered ÷ calls offered to a person."""
    return share(answered, offered)


def is_connection_too_low(rate: Fraction | None) -> bool:
    """F-12: whether the hotline must be alarmed. Where nobody called, it must not."""
    return rate is not None and rate < LEAST_CONNECTION


def service_level(answered_in_15_seconds: int, answered: int) -> Fraction | None:
    """F-12: calls answered within 15 seconds ÷ calls answered."""
    return share(answered_in_15_seconds, answered)


def direct_answer_rate(closed_on_the_spot: int, accepted: int) -> Fraction | None:
    """F-13 直接答复率: closed in the contact in which they came in ÷ accepted."""
    return share(closed_on_the_spot, accepted)


def consult_solved_at_once(solved: int, consultations: int) -> Fraction | None:
    """F-13 咨询类一次性综合解决率: consultations closed at the first contact, with none on the
    matter in the seven days after, ÷ all consultations."""
    return share(solved, consultations)


def on_time_rate(kept: int, promised: int) -> Fraction | None:
    """F-14: promises kept ÷ promises of which something can be said. One figure each for signing,
    first contact, completion by the original and by the extended limit (超时办结 and 超期办结 are
    two facts), and the promise to the citizen."""
    return share(kept, promised)


def first_time_resolution(solved_at_first: int, valid: int) -> Fraction | None:
    """F-16 一次解决率: solved at the first call-back ÷ valid call-backs."""
    return share(solved_at_first, valid)


def resolution_by_round(solved: Sequence[int], valid: int) -> tuple[Fraction | None, ...]:
    """F-16: of the same base, first found solved after the first, second, third round of handling.
    Raises ValueError when more were solved in all than were valid."""
    share(sum(solved), valid)
    return tuple(share(one, valid) for one in solved)


def repeat_rate(repeats: int, accepted: int) -> Fraction | None:
    """F-17: requests of the same requester on the same matter within 90 days ÷ accepted."""
    return share(repeats, accepted)


def arrival_rate(arrived_in_time: int, called: int) -> Fraction | None:
    """F-18: units that arrived within their limit ÷ units whistled for."""
    return share(arrived_in_time, called)


def whistle_solved_rate(solved: int, whistles: int) -> Fraction | None:
    """F-18: whistles that solved the matter ÷ whistles."""
    return share(solved, whistles)


def mean_arrival_minutes(minutes: Iterable[Number]) -> Fraction | None:
    """F-18: how long those who came needed, on average."""
    known = [Fraction(one) for one in minutes]
    return ratio(sum(known, Fraction(0)), len(known))


def whistle_rate(whistles: int, orders: int) -> Fraction | None:
    """F-18: whistles ÷ orders; an order may need more than one."""
    return ratio(whistles, orders)


def reporter_score(
    arrival: Fraction | None,
    solved: Fraction | None,
    street_rating: Fraction | None,
    weights: WhistleWeights = DEFAULT_WHISTLE_WEIGHTS,
) -> Fraction | None:
    """F-18: what the unit that reported in is given, 0.4·arrival + 0.4·solved + 0.2·the street's
    rating, each from 0 to 1. None while a part is unknown."""
    return _weighted(
        (weights.arrival, arrival), (weights.solved, solved), (weights.street_rating, street_rating)
    )


def whistler_score(
    necessity: Fraction | None,
    organisation: Fraction | None,
    solved: Fraction | None,
    weights: WhistleWeights = DEFAULT_WHISTLE_WEIGHTS,
) -> Fraction | None:
    """F-18: what the unit that whistled is given, 0.5·necessity + 0.3·organisation + 0.2·solved,
    each from 0 to 1. None while a part is unknown."""
    return _weighted(
        (weights.necessity, necessity),
        (weights.organisation, organisation),
        (weights.whistle_solved, solved),
    )


def bonus_points(granted: Iterable[Decimal], cap: Decimal) -> Decimal:
    """F-20: the points granted to a unit for a month, at most the scheme's cap. Raises ValueError
    for points that take away: a bonus is no penalty."""
    points = list(granted)
    if any(one < 0 for one in points):
        raise ValueError(f"a bonus does not take away: {points}")
    return min(sum(points, Decimal(0)), cap)


def assessed_volume(total: int, excluded: int) -> int:
    """F-21: N_assess; an excluded order (剔除) leaves it and V, and stays in N_total."""
    return _without(total, excluded)


def counted_volume(total: int, not_counted: int) -> int:
    """F-21: N_counted; an order that is not counted (不计入诉求总量) leaves it."""
    return _without(total, not_counted)


def _without(total: int, left: int) -> int:
    if not 0 <= left <= total:
        raise ValueError(f"{left} cannot leave {total}")
    return total - left


def _weighted(*parts: tuple[Decimal, Fraction | None]) -> Fraction | None:
    total = Fraction(0)
    for weight, value in parts:
        if value is None:
            return None
        total += Fraction(weight) * value
    return total

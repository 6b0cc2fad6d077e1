"""What the answers of a unit are worth: the three rates, the base score and how sure it is.

In the plain case every answer weighs 1 and the rates are F-1 to F-3. With differentiated credit
(F-19) a ticket's answer weighs, for its lead, `shares.lead` where others co-operated and 1 where
none did; for each of n co-operating units `shares.cooperating / n`. Who was handed the whole
matter (转交办理) answers for it whole: weight 1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, lcm
from typing import TypeVar

from evaluation.models import OutcomeRole, Satisfaction
from evaluation.rules import Rules, Shares
from evaluation.tally import Tally

KindT = TypeVar("KindT")

ONE, NOTHING = Fraction(1), Fraction(0)
ROOT_PLACES = 12


@dataclass(frozen=True)
class Credit:
    """The rates (0 to 1) and the base score (0 to 100) of some answers; None without a sample
    (F-5). `error_squared` is the square of the score's standard error."""

    response: Fraction | None = None
    resolution: Fraction | None = None
    satisfaction: Fraction | None = None
    base: Fraction | None = None
    error_squared: Fraction | None = None

    def half_interval(self, z: Fraction) -> Fraction | None:
        """How far the interval reaches to either side of the score: z standard errors."""
        return None if self.error_squared is None else square_root(z * z * self.error_squared)


def weight(role: str, partner_count: int, shares: Shares | None) -> Fraction:
    """How much one answer counts for a unit in this role; 1 without differentiated credit."""
    if shares is None:
        return ONE
    if role == OutcomeRole.COOPERATE:
        # The unit itself is a partner, whatever the count says.
        return Fraction(shares.cooperating) / max(partner_count, 1)
    if role == OutcomeRole.LEAD and partner_count:
        return Fraction(shares.lead)
    return ONE


def earned_resolution(
    role: str, is_on_time: bool | None, is_resolved: bool, shares: Shares | None
) -> Fraction:
    """How much of its weight one answer earns toward the resolution rate (F-19).

    Solved: all of it. Unsolved, a unit loses from it: a lead the whole, and nothing is left; a
    co-operating unit `on_time_factor` times its weight if it kept its own date, `late_factor`
    times if it missed it (1.5 takes half a weight earned elsewhere), and the whole where nothing
    can be said of its date.
    """
    if is_resolved:
        return ONE
    if shares is None or role != OutcomeRole.COOPERATE or is_on_time is None:
        return NOTHING
    return 1 - Fraction(shares.on_time_factor if is_on_time else shares.late_factor)


def credit(answers: Collection[Tally], rules: Rules) -> Credit:
    """Rates, base score and its uncertainty, exactly.

    Response and satisfaction are weighted plainly: Σ weight where contacted ÷ Σ weight, and Σ
    weight × credit of the satisfaction ÷ Σ weight. Resolution is Σ weight × `earned_resolution` ÷
    Σ weight, its sum never below 0: losses take what was earned and no more.

    The score is the mean of the answers' points, 100·(w_response·contacted + w_resolution·earned +
    w_satisfaction·credit), so its standard error is that of a mean: s²/V, with the sample's s²
    (n - 1). With weights, V is the effective number of answers, (Σw)² ÷ Σw², which is V when all
    weigh the same. One best and one worst answer are thought of beside the real ones (for the
    error only, after Agresti and Coull): ten answers that are all alike do not prove the score.
    """
    whole = _Whole.of(answers, rules)
    total = squares = response = resolution = satisfaction = points_squared = 0
    for answer in answers:
        each = whole.weights[answer.role, answer.partner_count]
        weighed = each * answer.count
        contacted = int(answer.contacted)
        earned = whole.earned[answer.role, answer.is_on_time, answer.resolved]
        satisfied = whole.credits.get(answer.satisfaction, 0)
        total += weighed
        squares += weighed * each
        response += weighed * contacted
        resolution += weighed * earned
        satisfaction += weighed * satisfied
        points_squared += weighed * whole.points(contacted, earned, satisfied) ** 2
    if not total:
        return Credit()
    # Points are a sum of the three parts, so their sum is the points of the three sums. What a
    # weight was made of cancels out of every quotient.
    thought, best = total + 2 * whole.weight_unit, whole.weight_unit * whole.point_unit
    points = whole.points(response, resolution, satisfaction) + best
    mean = Fraction(points, thought * whole.point_unit)
    spread = Fraction(points_squared + best * whole.point_unit, thought * whole.point_unit**2)
    effective = Fraction(thought**2, squares + 2 * whole.weight_unit**2)
    rates = (
        Fraction(response, total),
        Fraction(max(resolution, 0), total * whole.earned_unit),
        Fraction(satisfaction, total * whole.credit_unit),
    )
    return Credit(
        *rates,
        base=_composite(*rates, rules),
        error_squared=100**2 * (spread - mean**2) / (effective - 1),
    )


def square_root(value: Fraction) -> Fraction:
    """The root cut off after twelve decimals, by whole numbers: no machine's floats decide who
    shares a band."""
    scale = 10**ROOT_PLACES
    return Fraction(isqrt(value.numerator * scale * scale // value.denominator), scale)


def _composite(
    response: Fraction, resolution: Fraction, satisfaction: Fraction, rules: Rules
) -> Fraction:
    """F-4 before rounding."""
    weights = rules.weights
    return 100 * (
        Fraction(weights.response) * response
        + Fraction(weights.resolution) * resolution
        + Fraction(weights.satisfaction) * satisfaction
    )


@dataclass(frozen=True)
class _Whole:
    """What answers weigh and earn, as whole numbers of small parts instead of fractions: as exact,
    and a city's month in a tenth of the time. A `unit` says how many parts make one."""

    weights: dict[tuple[str, int], int]
    weight_unit: int
    earned: dict[tuple[str, bool | None, bool], int]
    earned_unit: int
    credits: dict[str, int]
    credit_unit: int
    pulls: dict[str, int]
    point_unit: int

    @classmethod
    def of(cls, answers: Collection[Tally], rules: Rules) -> _Whole:
        shares, rates = rules.shares, rules.weights
        roles = {(a.role, a.partner_count) for a in answers}
        results = {(a.role, a.is_on_time, a.resolved) for a in answers}
        said = {
            Satisfaction.SATISFIED.value: ONE,
            Satisfaction.BASICALLY.value: Fraction(rules.basic_credit),
        }
        weights, weight_unit = _in_parts({role: weight(*role, shares) for role in roles})
        earned, earned_unit = _in_parts({r: earned_resolution(*r, shares) for r in results})
        credits, credit_unit = _in_parts(said)
        pulls, point_unit = _in_parts(
            {
                "contacted": Fraction(rates.response),
                "earned": Fraction(rates.resolution) / earned_unit,
                "satisfied": Fraction(rates.satisfaction) / credit_unit,
            }
        )
        return cls(
            weights, weight_unit, earned, earned_unit, credits, credit_unit, pulls, point_unit
        )

    def points(self, contacted: int, earned: int, satisfied: int) -> int:
        """F-4 for one answer, or for the sums over many; a hundredth of it, in parts."""
        pulls = self.pulls
        return (
            pulls["contacted"] * contacted
            + pulls["earned"] * earned
            + pulls["satisfied"] * satisfied
        )


def _in_parts(values: Mapping[KindT, Fraction]) -> tuple[dict[KindT, int], int]:
    """The values as whole numbers of one small part, and how many such parts make one."""
    unit = lcm(*(value.denominator for value in values.values()))
    return {kind: int(value * unit) for kind, value in values.items()}, unit

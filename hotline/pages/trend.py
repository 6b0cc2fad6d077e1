"""The last twelve months of an indicator: a line, and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from evaluation import indicators
from evaluation.indicators import Indicator, Shown, View
from hotline.pages.indicators import ToldReading, told, whole_of

SHOWN_MONTHS = 12
# The drawing in its own measure: the line keeps between `TOP` and `BOTTOM`, with room for the
# values above and the months below it.
STEP, SIDE = 60, 36
HEIGHT, TOP, BOTTOM, GROUND = 160, 30, 120, 136
# Of percentages a difference of ten points fills the height: small ones stay small.
LEAST_SPAN = Fraction(10, 100)


@dataclass(frozen=True)
class Dot:
    x: int
    y: int
    label: str
    value: str


@dataclass(frozen=True)
class Point:
    """One month of the table below the line."""

    label: str
    is_running: bool
    told: ToldReading


@dataclass(frozen=True)
class Trend:
    """`lines` are the stretches between months without a value: a gap stays a gap. `reference_y`
    is where a published figure lies, `begins` the first month with records where that is not
    twelve months ago. Oldest first."""

    points: list[Point]
    dots: list[Dot]
    lines: list[str]
    reference_y: int | None
    begins: str
    width: int
    height: int = HEIGHT
    ground: int = GROUND

    @property
    def is_drawn(self) -> bool:
        """One month alone has no course."""
        return len(self.dots) > 1

    @property
    def newest_first(self) -> list[Point]:
        return self.points[::-1]

    @property
    def is_estimate(self) -> bool:
        return any(point.told.reading.is_estimate for point in self.points)


def trend(indicator: Indicator, of: View, group: str) -> Trend | None:
    """The twelve months that end with this one, over the group or the city as the reader sees
    them, without those before anything was recorded; None where the group has no such indicator.
    Each month is read whole."""
    points: list[Point] = []
    first = indicators.first_month() or of.month.label
    for distance in range(SHOWN_MONTHS - 1, -1, -1):
        if distance and indicators.label_before(of.month.label, distance) < first:
            continue
        span = of if not distance else View(of.before(distance).month, of.actor, of.at)
        reading = indicators.overall([indicator], span, group).get(indicator.name)
        if reading is None:
            return None
        label, whose = span.month.label, whole_of(indicator, group)
        points.append(Point(label, span.is_running, told(reading, span, whose, name=label)))
    return _drawn(indicator, points)


def _drawn(indicator: Indicator, points: list[Point]) -> Trend:
    values = [_height_of(point) for point in points]
    reference = indicator.reference.value if indicator.reference else None
    known = [value for value in (*values, reference) if value is not None]
    low, high = _scale(known, indicator)
    places = [
        None if value is None else (SIDE + n * STEP, _y(value, low, high))
        for n, value in enumerate(values)
    ]
    return Trend(
        points=points,
        dots=[
            Dot(*place, label=point.label, value=point.told.value)
            for place, point in zip(places, points, strict=True)
            if place
        ],
        lines=_stretches(places),
        reference_y=None if reference is None else _y(reference, low, high),
        begins=points[0].label if len(points) < SHOWN_MONTHS else "",
        width=2 * SIDE + (len(points) - 1) * STEP,
    )


def _height_of(point: Point) -> Fraction | None:
    """What is drawn: the value, or of a plain count the count."""
    reading = point.told.reading
    return Fraction(reading.counted) if reading.base is None else reading.value


def _scale(known: Sequence[Fraction], indicator: Indicator) -> tuple[Fraction, Fraction]:
    low, high = (min(known), max(known)) if known else (Fraction(0), Fraction(0))
    missing = LEAST_SPAN - (high - low)
    if indicator.shown == Shown.PERCENT and missing > 0:
        low, high = low - missing / 2, high + missing / 2
    return low, high


def _y(value: Fraction, low: Fraction, high: Fraction) -> int:
    """Downwards, as drawings count; a line that never moves runs through the middle."""
    if high == low:
        return (TOP + BOTTOM) // 2
    return round(BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low))


def _stretches(places: Sequence[tuple[int, int] | None]) -> list[str]:
    found: list[list[str]] = [[]]
    for place in places:
        if place is None:
            found.append([])
        else:
            found[-1].append(f"{place[0]},{place[1]}")
    return [" ".join(stretch) for stretch in found if len(stretch) > 1]

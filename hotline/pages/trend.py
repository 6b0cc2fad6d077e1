"""The last twelve months of an indicator: a line, and the same numbers as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from evaluation import indicators
from evaluation.indicators import Indicator, View
from hotline.pages.indicators import ToldReading, told, whole_of

SHOWN_MONTHS = 12
# The drawing in its own measure: the line keeps inside the margin.
WIDTH, HEIGHT, MARGIN = 660, 120, 12


@dataclass(frozen=True)
class Dot:
    x: int
    y: int
    words: str


@dataclass(frozen=True)
class Point:
    """One month of the table below the line."""

    label: str
    is_running: bool
    told: ToldReading


@dataclass(frozen=True)
class Trend:
    """`lines` are the stretches between months without a value: a gap stays a gap. `reference_y`
    is where a published figure lies. Oldest first."""

    points: list[Point]
    dots: list[Dot]
    lines: list[str]
    reference_y: int | None
    width: int = WIDTH
    height: int = HEIGHT

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
    them; None where the group has no such indicator. Each month is read whole."""
    points: list[Point] = []
    for distance in range(SHOWN_MONTHS - 1, -1, -1):
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
    low, high = (min(known), max(known)) if known else (Fraction(0), Fraction(0))
    step = Fraction(WIDTH - 2 * MARGIN, SHOWN_MONTHS - 1)
    places = [
        None if value is None else (round(MARGIN + n * step), _y(value, low, high))
        for n, value in enumerate(values)
    ]
    return Trend(
        points=points,
        dots=[
            Dot(*place, words=f"{point.label} {point.told.value}")
            for place, point in zip(places, points, strict=True)
            if place
        ],
        lines=_stretches(places),
        reference_y=None if reference is None else _y(reference, low, high),
    )


def _height_of(point: Point) -> Fraction | None:
    """What is drawn: the value, or of a plain count the count, where there was anything at all."""
    reading = point.told.reading
    if reading.base is None:
        return Fraction(reading.counted) if reading.counted else None
    return reading.value


def _y(value: Fraction, low: Fraction, high: Fraction) -> int:
    """Downwards, as drawings count; a line that never moves runs through the middle."""
    if high == low:
        return HEIGHT // 2
    return round(HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * (value - low) / (high - low))


def _stretches(places: Sequence[tuple[int, int] | None]) -> list[str]:
    found: list[list[str]] = [[]]
    for place in places:
        if place is None:
            found.append([])
        else:
            found[-1].append(f"{place[0]},{place[1]}")
    return [" ".join(stretch) for stretch in found if len(stretch) > 1]

"""Charts as pages carry them: the numbers, their addresses, and the same as a table.

The browser draws (`static/js/charts.js`); whoever cannot see a drawing reads the table below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

Value = Decimal | int | None
Kind = Literal["line", "bar", "stacked"]

# The small drawing in its own measure: the line keeps `EDGE` away from the rim.
SPARK_WIDTH, SPARK_HEIGHT, EDGE = 96, 24, 3
# Fewer points say no more than their numbers do.
FEWEST_POINTS = 2


@dataclass(frozen=True)
class Series:
    """One line or colour of a chart: a value for every label, None for a gap. `urls` open the
    tickets behind the values, one for each or none at all; `open_places` are the places of values
    that may still change (a month that is not closed)."""

    name: str
    values: list[Value]
    urls: Sequence[str] = ()
    open_places: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        if self.urls and len(self.urls) != len(self.values):
            raise ValueError(f"{self.name}: {len(self.urls)} addresses, {len(self.values)} values")


@dataclass(frozen=True)
class Cell:
    """A value in the table below the chart, as it is written; `name` says what it is."""

    name: str
    told: str | None
    url: str
    is_open: bool


@dataclass(frozen=True)
class Row:
    label: str
    cells: list[Cell]


@dataclass(frozen=True)
class Chart:
    """One figure of a page. `key` is its own among those of the page; `unit` is what the values
    are counted in ("件", "%"); `is_share` says that 100 is the whole, `is_signed` that the values
    are differences."""

    key: str
    kind: Kind
    title: str
    unit: str
    labels: list[str]
    series: list[Series]
    note: str = ""
    is_share: bool = False
    is_signed: bool = False

    def __post_init__(self) -> None:
        for one in self.series:
            if len(one.values) != len(self.labels):
                raise ValueError(f"{self.key}: {one.name} has not one value for every label")

    @property
    def is_drawn(self) -> bool:
        """One number alone is better read than looked at."""
        known = sum(value is not None for one in self.series for value in one.values)
        return known >= FEWEST_POINTS

    @property
    def has_open(self) -> bool:
        return any(one.open_places for one in self.series)

    @property
    def data_id(self) -> str:
        return f"chart-{self.key}"

    @property
    def data(self) -> dict[str, Any]:
        """What the script draws."""
        return {
            "kind": self.kind,
            "title": self.title,
            "unit": self.unit,
            "isShare": self.is_share,
            "isSigned": self.is_signed,
            "labels": self.labels,
            "series": [
                {
                    "name": one.name,
                    "values": [_plain(value) for value in one.values],
                    "urls": list(one.urls),
                    "open": sorted(one.open_places),
                }
                for one in self.series
            ],
        }

    @property
    def rows(self) -> list[Row]:
        """The same values, label by label."""
        return [
            Row(label, [self._cell(label, one, place) for one in self.series])
            for place, label in enumerate(self.labels)
        ]

    def _cell(self, label: str, one: Series, place: int) -> Cell:
        value, url = one.values[place], one.urls[place] if one.urls else ""
        told = None if value is None else signed(value) if self.is_signed else str(value)
        return Cell(f"{one.name} {label}", told, url, place in one.open_places)


@dataclass(frozen=True)
class Sparkline:
    """A course as small as a word; what it says stands beside it. A gap stays a gap, and a value
    between two gaps is a dot."""

    lines: list[str]
    dots: list[tuple[int, int]] = field(default_factory=list)
    width: int = SPARK_WIDTH
    height: int = SPARK_HEIGHT

    @property
    def is_drawn(self) -> bool:
        return bool(self.dots)


def sparkline(values: Sequence[Value]) -> Sparkline:
    """The values from left to right, from the lowest to the highest; the newest is marked."""
    known = [value for value in values if value is not None]
    if len(known) < FEWEST_POINTS:
        return Sparkline([])
    low, high = Decimal(min(known)), Decimal(max(known))
    step = Decimal(SPARK_WIDTH - 2 * EDGE) / (len(values) - 1)
    stretches: list[list[tuple[int, int]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            stretches.append([])
        else:
            stretches[-1].append((round(EDGE + place * step), _height(value, low, high)))
    newest = [stretch for stretch in stretches if stretch][-1][-1]
    alone = [stretch[0] for stretch in stretches if len(stretch) == 1]
    return Sparkline(
        lines=[" ".join(f"{x},{y}" for x, y in one) for one in stretches if len(one) > 1],
        dots=[*(dot for dot in alone if dot != newest), newest],
    )


def signed(value: Decimal | int) -> str:
    """A difference as one writes it; none has no sign."""
    return f"{value:+}" if value else f"{abs(value)}"


def _height(value: Decimal | int, low: Decimal, high: Decimal) -> int:
    """Downwards, as drawings count; what never moves runs through the middle."""
    if high == low:
        return SPARK_HEIGHT // 2
    return round(SPARK_HEIGHT - EDGE - (SPARK_HEIGHT - 2 * EDGE) * (value - low) / (high - low))


def _plain(value: Value) -> float | int | None:
    return float(value) if isinstance(value, Decimal) else value

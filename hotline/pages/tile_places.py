"""Where the tiles of the districts lie: a map of equal squares, no boundary and no scale.

The places are our own, read off the compass: each district has its neighbours about it. A city of
which nobody has said where its districts lie gets them row by row.
"""

from __future__ import annotations

# By the district's code: row and column, from the north-west.
_BEIJING = {
    "110116": (1, 4), "110119": (1, 2), "110118": (1, 5), "110114": (2, 3), "110113": (2, 5),
    "110117": (2, 6), "110108": (3, 3), "110105": (3, 5), "110102": (4, 3), "110101": (4, 4),
    "110107": (4, 2), "110109": (3, 1), "110106": (5, 3), "110112": (4, 6), "110111": (5, 1),
    "110115": (5, 4),
}  # fmt: skip
_IN_A_ROW = 6


def place_of(code: str, n: int) -> tuple[int, int]:
    """The row and column of the n-th district."""
    return _BEIJING.get(code, (1 + n // _IN_A_ROW, 1 + n % _IN_A_ROW))

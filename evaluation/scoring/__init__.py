"""From what was counted to scores, places and classes; pure functions over plain values.

The same tallies and rules give the same lines on every machine and in every order of input.
"""

from .averages import Average, macro_average, micro_average
from .lines import Scored
from .places import score
from .years import MonthScore, Year, year_of

__all__ = [
    "Average",
    "MonthScore",
    "Scored",
    "Year",
    "macro_average",
    "micro_average",
    "score",
    "year_of",
]

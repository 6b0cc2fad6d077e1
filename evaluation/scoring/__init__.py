"""From what was counted to scores, places and classes; pure functions over plain values.

The same tallies and rules give the same lines on every machine and in every order of input.
"""

from .averages import Average, macro_average, micro_average
from .lines import Scored
from .places import Place, score
from .years import MonthScore, Year, year_of

# Of this package and of the counting before it: a month is made again by the version that made it.
# Whoever changes what comes out of them raises it.
VERSION = 1

__all__ = [
    "VERSION",
    "Average",
    "MonthScore",
    "Place",
    "Scored",
    "Year",
    "macro_average",
    "micro_average",
    "score",
    "year_of",
]

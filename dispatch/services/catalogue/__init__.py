"""The editions of the catalogue: rows in and out, checks, drafts, publication (R-039)."""

from .editions import (
    EDITORS,
    discard_draft,
    last_published,
    make_draft,
    publish,
    refill_draft,
)
from .findings import Finding, check_rows, gaps_and_conflicts
from .previews import Change, Preview, preview
from .rows import COLUMNS, Row, read_rows, rows_of

__all__ = [
    "COLUMNS",
    "EDITORS",
    "Change",
    "Finding",
    "Preview",
    "Row",
    "check_rows",
    "discard_draft",
    "gaps_and_conflicts",
    "last_published",
    "make_draft",
    "preview",
    "publish",
    "read_rows",
    "refill_draft",
    "rows_of",
]

"""How much processor a process and all its children have used, as the kernel counts it."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds(root: int) -> float:
    """User and system time of a process, its living descendants, and those that have ended."""
    parents, used = _all()
    family = {root}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        grown = bool(more)
        family |= more
    return sum(used.get(pid, 0) for pid in family) / _TICKS


def _all() -> tuple[dict[int, int], dict[int, int]]:
    """Parent and ticks of every process. The ticks of children that were waited for count with
    their parent, so that nothing is lost when a worker or a backend ends."""
    parents: dict[int, int] = {}
    used: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # ended meanwhile
            continue
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        used[pid] = sum(int(ticks) for ticks in fields[11:15])
    return parents, used

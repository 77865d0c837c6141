"""Timing side by side: candidates run in turn, ratios are formed round by round, other people's work is noticed.

A machine is seldom ours alone. Each round records the processor time that other processes
took (/proc/stat less our own tree); rounds that gave away more than 0.08 of a core are
dropped where five clean ones are left, else the line says DIRTY.
"""

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

FOREIGN: float = 0.08
"""Cores of foreign work that a round may contain."""
ENOUGH = 5
"""Clean rounds that make a figure."""
_ASLEEP = 0.05
"""Seconds in which the threads of a library that has just worked fall asleep."""
_TICK = 1 / os.sysconf("SC_CLK_TCK")
Candidate = Callable[[], float]
"""Does its work; the seconds that it took."""


class Round(NamedTuple):
    """Seconds by candidate, and the cores that others used meanwhile."""

    seconds: dict[str, float]
    foreign: float


def interleaved(candidates: Mapping[str, Candidate], rounds: int) -> list[Round]:
    """Run all candidates in turn, so many times; each has run once before, to compile."""
    for candidate in candidates.values():
        candidate()
    told = []
    for _ in range(rounds):
        busy, own, begin = _busy(), _own(), time.perf_counter()
        seconds = {}
        for name, candidate in candidates.items():
            time.sleep(_ASLEEP)
            seconds[name] = candidate()
        spent = time.perf_counter() - begin
        told.append(Round(seconds, max(0.0, (_busy() - busy) - (_own() - own)) / spent))
    return told


def ratio(rounds: Sequence[Round], above: str, below: str) -> str:
    """The median of the ratios of two candidates with its quartiles, and whether it can be trusted."""
    clean = [one for one in rounds if one.foreign <= FOREIGN]
    dirty = len(clean) < ENOUGH
    used = rounds if dirty else clean
    ratios = [one.seconds[above] / one.seconds[below] for one in used]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else (ratios[0],) * 3
    foreign = max(one.foreign for one in used)
    mark = f" DIRTY ({foreign:.2f} foreign cores)" if dirty else ""
    return f"{middle:.3g} [{low:.3g}, {high:.3g}]{mark}"


def median(rounds: Sequence[Round], above: str, below: str) -> float:
    """The same median alone."""
    return float(ratio(rounds, above, below).split()[0])


def timed(work: Callable[[], object]) -> float:
    """Seconds of something that has finished when it returns."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def _busy() -> float:
    """Processor seconds that this machine has spent, idle and waiting left out."""
    ticks = [int(part) for part in Path("/proc/stat").read_text().splitlines()[0].split()[1:8]]
    return (sum(ticks) - ticks[3] - ticks[4]) * _TICK


def _own() -> float:
    """Processor seconds of this process and all that descend from it, the ended ones included."""
    parents, spent = {}, {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(place.name)] = int(fields[1])
        spent[int(place.name)] = sum(int(part) for part in fields[11:15]) * _TICK
    mine = {os.getpid()}
    while grown := {pid for pid, parent in parents.items() if parent in mine} - mine:
        mine |= grown
    return sum(spent.get(pid, 0.0) for pid in mine)

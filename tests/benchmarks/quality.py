"""How right the sharpness is, step by step, against float64 along the very run that was tracked.

    python tests/benchmarks/quality.py [cheb toy2d digits …] [--windows quick|all]
        [--settings 'top=1, method="tracked"'] [--held-out] [--worst 5] [--save FOLDER]

A row is a phase of a run. Errors are relative to the true largest eigenvalue; shares count
steps from 20 on. "> bar" is the share of readings whose true error exceeds their error bar,
"> res" that of readings whose true error exceeds ‖Hv−λv‖, "silent" that of readings which are
off by more than 1e-3 although their bar promises less. Goals, in % of the steps from 20 on: cheb
99.5 and 99 within 1e-2 and 1e-3, toy2d 99.5 and 95, digits 99 and 85; within 1e-3 with
``precise = true``: 99, 99.5, 99.
"""

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from dltlab.engine import machine

machine.prepare()

import held_out  # noqa: E402
import tracked  # noqa: E402
import workloads  # noqa: E402
from tracked import SETTLED, Tracked  # noqa: E402
from workloads import Window, Workload  # noqa: E402

SILENT = 1e-3
HEAD = (
    *("workload", "steps", "products", "median", "99 %", "max (step)"),
    *("< 1e-2", "< 1e-3", "bar", "> bar", "> res", "silent"),
)
Phase = tuple[str, np.ndarray]
"""Its name, and which of the compared steps belong to it."""


def phases(told: Tracked, windows: tuple[Window, ...]) -> Iterable[Phase]:
    """The windows, the time before and at the edge, and everything."""
    if len(windows) > 1:
        for low, high in windows:
            yield f"{low}–{high - 1}", (told.steps >= low) & (told.steps < high)
    settled = told.steps >= SETTLED
    before = told.steps < told.crossing
    if (settled & before).any() and (settled & ~before).any():
        yield f"before the edge ({told.crossing})", settled & before
        yield "at the edge", settled & ~before
    if (~settled).any():
        yield f"0–{SETTLED - 1}", ~settled
    yield f"all from {SETTLED}", settled


def row(name: str, phase: str, told: Tracked, here: np.ndarray) -> str:
    """A line of the table."""
    if not here.any():
        return f"| {name} | {phase} |" + " – |" * (len(HEAD) - 2)
    off, size = told.off[here], np.abs(told.truth[here, 0])
    absolute, bar = off * size, told.error[here] / np.abs(told.values[here])
    worst = int(np.nanargmax(off)) if np.isfinite(off).any() else 0
    cells = (
        name,
        phase,
        f"{np.mean(told.products[here]):.2f}",
        f"{np.median(off):.0e}",
        f"{np.quantile(off, 0.99):.0e}",
        f"{off[worst]:.1e} ({told.steps[here][worst]})",
        share(off < 1e-2),
        share(off < 1e-3),
        f"{np.median(bar):.0e}",
        share(~(absolute <= told.error[here])),
        share(~(absolute <= told.residual[here])),
        share(~(off <= SILENT) & (bar <= SILENT)),
    )
    return f"| {' | '.join(cells)} |"


def share(which: np.ndarray) -> str:
    """In per cent."""
    return f"{100 * np.mean(which):.1f} %"


def worst(told: Tracked, count: int) -> Iterable[str]:
    """The readings that were most wrong."""
    for i in np.argsort(-told.off)[:count]:
        high, second = told.truth[i]
        yield (
            f"  step {told.steps[i]:5d}: read {told.values[i]:.5f} ± {told.error[i]:.1e} (residual "
            f"{told.residual[i]:.1e}, {told.products[i]:.0f} products), true {high:.5f} and {second:.5f}; "
            f"off by {told.off[i]:.1e}"
        )


def report(name: str, workload: Workload, given: argparse.Namespace, folder: Path) -> None:
    """The rows of a workload."""
    begin = time.perf_counter()
    windows = (workload.quick if given.windows == "quick" else ()) or workload.windows or ((0, workload.steps),)
    told = tracked.run(workload, windows, workloads.sharpness(given.settings), folder)
    if given.save is not None:
        given.save.mkdir(parents=True, exist_ok=True)
        np.savez(given.save / f"{name}.npz", **told._asdict())
    for phase, here in phases(told, windows):
        print(row(name, phase, told, here), flush=True)
    for line in worst(told, given.worst):
        print(line)
    print(f"{name}: {time.perf_counter() - begin:.0f} s", file=sys.stderr)


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(description="The sharpness against float64, at every step.")
    known = workloads.WORKLOADS | held_out.WORKLOADS
    parser.add_argument("workloads", nargs="*", help=", ".join(known))
    parser.add_argument("--windows", choices=("quick", "all"), default="all")
    parser.add_argument("--settings", default=workloads.SETTINGS, help="of the probe, as in a TOML inline table")
    parser.add_argument("--held-out", action="store_true", help="the networks that the tracker was not tuned on")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="the N worst readings of each run")
    parser.add_argument("--save", type=Path, metavar="FOLDER", help="keep the readings and the truth there, as .npz")
    given = parser.parse_args()
    names = given.workloads or ([] if given.held_out else ["cheb", "toy2d", "digits"])
    names += list(held_out.WORKLOADS) if given.held_out else []
    if unknown := [name for name in names if name not in known]:
        parser.error(f"no workload {unknown[0]!r}; there are {', '.join(known)}.")
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    with workloads.scratch() as folder:
        for name in names:
            report(name, known[name], given, Path(folder))


if __name__ == "__main__":
    main()

"""What it takes to draw four plots over a session of 100,000 frames, on a bench of 120x40.

    python tests/benchmarks/frames.py

Each way of looking: first drawn (every reading is thinned), then drawn again. Goal: 30 ms for
all four together. Processor time is told, so that what else the machine does is left out.
"""

import statistics
import time

import numpy as np

from dltlab.panels import Curves
from dltlab.records import FORMAT, Array, Frames, Header, Part, Series
from dltlab.session.history import History
from dltlab.terminal.drawing.span import Span
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels import draw
from dltlab.terminal.panels.panel import Look

FRAMES = 100_000
SIZE = (58, 14)
ROUNDS = 25
WAYS = {
    "all of it": Look(),
    "all of it, at a cursor": Look(cursor=40_000),
    "an eighth of it": Look(cursor=45_000, window=Span(40_000, 52_500)),
    "two hundred steps": Look(window=Span(40_000, 40_200)),
    "all of it, smoothed": Look(smoothing="short"),
    "an eighth of it, smoothed": Look(window=Span(40_000, 52_500), smoothing="long"),
}


def session() -> History:
    """Noisy readings of four kinds, one with a theory."""
    series = (
        Series("loss", "loss", scale="log"),
        Series("sharpness", "sharpness", ("eigenvalue",), (3,)),
        Series("sharpness.theory", "2/η"),
        Series("movement", "‖θ − θ₀‖"),
        Series("oscillation", "x"),
    )
    header = Header(
        FORMAT, "frames", "", "Frames", {}, "frames", FRAMES, 1, None, (0,), series, (), 1, "float64",
        "gradient_descent", {}, {}, 1, "",
    )  # fmt: skip
    history = History(header)
    random = np.random.default_rng(0)
    for first in range(0, FRAMES, 1000):
        steps = first + np.arange(1000)
        columns = {
            "loss": np.exp(-steps / 2e4 + 0.1 * random.standard_normal(1000)),
            "sharpness": 5 + random.standard_normal((1000, 3)),
            "sharpness.theory": np.full(1000, 5.0),
            "movement": np.sqrt(steps),
            "oscillation": random.standard_normal(1000),
        }
        part = Part(first, 1, 1000, {name: Array.of(values) for name, values in columns.items()})
        history.extend([Frames(first + 999, (part,), 1e-3 * first, 1e-3)])
    return history


def main() -> None:
    """The table."""
    traces = Traces(session())
    panels = [Curves([name]) for name in ("loss", "sharpness", "movement", "oscillation")]
    for name, look in WAYS.items():
        taken = []
        for _ in range(ROUNDS):
            begin = time.process_time()
            for panel in panels:
                draw(panel, traces, *SIZE, look)
            taken.append(1e3 * (time.process_time() - begin))
        then = f"{statistics.median(taken[1:]):.0f} ms, worst {max(taken[1:]):.0f}"
        print(f"{name:<30}first {taken[0]:>4.0f} ms, then {then:<24}≤ 30 ms", flush=True)


if __name__ == "__main__":
    main()

"""The networks that the sharpness is measured on: full batch, L = Σ(f − y)²/2n unless said, float32.

cheb    20 × 1      1-100-1 tanh, T₅ on a line             300 parameters   sharpens for 1200 steps, then the edge
toy2d   200 × 2     2-50-50-1 tanh, two noisy spirals      2751             the edge at step 80, violent at first
digits  1000 × 64   64-100-100-10 tanh, one-hot            17,610           the edge at step 360; several pinned there
cifar   5000 × 3072 3072-200-200-10 tanh, one-hot          656,810          synthetic, with a power-law spectrum
cifar1k its first 1000 examples; with the edge suffix, at a learning rate that has it there by step 61
cifar500 its first 500
"""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tomli

from dltlab import scenario
from dltlab.engine import experiment
from dltlab.engine.experiment import Experiment

Window = tuple[int, int]
"""Consecutive steps: the first, and the one after the last."""
Table = dict[str, Any]
Examples = tuple[np.ndarray, np.ndarray]
"""Inputs of shape (n, d); labels of shape (n,) or targets of shape (n, c)."""


class Workload(NamedTuple):
    """A network, its data and its way down."""

    problem: Table
    optimizer: Table
    steps: int
    windows: tuple[Window, ...] = ()
    """Where its sharpness is compared with float64; everywhere if there are none."""
    quick: tuple[Window, ...] = ()
    """The same for those in a hurry."""
    examples: Callable[[], Examples] | None = None
    """Data that no scenario can name; they go through a file."""
    preconditioned: bool = False
    seed: int = 0


def descent(learning_rate: float) -> Table:
    """Gradient descent."""
    return {"kind": "gradient_descent", "learning_rate": learning_rate}


def network(*widths: int, activation: str = "tanh", **options: Any) -> Table:
    """A fully connected network, uniform on ±1/√fan-in at the start."""
    return {"kind": "mlp", "widths": list(widths), "activation": activation, "init": "uniform"} | options


def fit(data: Table, model: Table, loss: str = "square") -> Table:
    """A supervised problem."""
    return {"kind": "supervised", "loss": loss, "data": data, "model": model}


def two_spirals() -> Examples:
    """Two arms of 100 points each, 1.5 turns, with noise of 0.05, standardised and labelled ±1."""
    random = np.random.default_rng(0)
    along = np.tile(np.linspace(0.1, 1, 100), 2)
    sign = np.repeat([1.0, -1.0], 100)
    angle = 3 * np.pi * along
    arms = (sign * along)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    x = arms + 0.05 * random.standard_normal(arms.shape)
    return (x - x.mean(axis=0)) / x.std(axis=0), sign[:, None]


def power_law() -> Examples:
    """5000 images of 3072 pixels whose covariance has eigenvalues 1/i, in ten classes of a random linear teacher."""
    random = np.random.default_rng(0)
    deviations = np.arange(1, 3073) ** -0.5
    coordinates = random.standard_normal((5000, 3072)) * deviations
    rotation, _ = np.linalg.qr(random.standard_normal((3072, 3072)))
    labels = np.argmax(coordinates @ random.standard_normal((3072, 10)), axis=1)
    return (coordinates @ rotation).astype(np.float32), labels


def first_thousand() -> Examples:
    """The first 1000 of them."""
    x, y = power_law()
    return x[:1000], y[:1000]


def first_half_thousand() -> Examples:
    """The first 500."""
    x, y = power_law()
    return x[:500], y[:500]


SETTINGS = "top = 1"
"""Of the sharpness that is measured, as in a TOML inline table; ``precise = true`` is the other one of interest."""


def sharpness(settings: str) -> Table:
    """The probe with such settings."""
    return {"kind": "sharpness"} | tomli.loads(f"it = {{{settings}}}")["it"]


_WIDE = fit({"kind": "npz"}, network(200, 200))
_FIRST_THOUSAND = Workload(
    _WIDE, descent(0.02), 400, windows=((25, 28), (118, 126), (200, 204), (390, 394)), examples=first_thousand
)
WORKLOADS: dict[str, Workload] = {
    "cheb": Workload(
        fit(
            {"kind": "chebyshev", "degree": 5, "points": 20},
            network(100, init="xavier", gain=1.9, output_bias=False),
        ),
        descent(0.4),
        3000,
        quick=((20, 220), (1150, 1450), (1900, 2300), (2700, 3000)),
    ),
    "toy2d": Workload(
        fit({"kind": "npz"}, network(50, 50)),
        descent(0.3),
        1500,
        quick=((20, 220), (350, 450), (700, 800), (1300, 1400)),
        examples=two_spirals,
    ),
    "digits": Workload(
        fit({"kind": "digits", "points": 1000}, network(100, 100)),
        descent(0.2),
        1600,
        windows=((20, 40), (200, 240), (340, 400), (500, 760), (1000, 1060), (1500, 1560)),
        quick=((20, 25), (200, 205), (360, 370), (640, 690), (1000, 1020), (1500, 1520)),
    ),
    "cifar": Workload(
        _WIDE,
        descent(0.01),
        100,
        windows=((25, 28), (95, 98)),
        examples=power_law,
    ),
    "cifar1k": _FIRST_THOUSAND,
    "cifar500": Workload(_WIDE, descent(0.02), 400, examples=first_half_thousand),
    "cifar1k-edge": _FIRST_THOUSAND._replace(
        optimizer=descent(0.05), steps=260, windows=((60, 64), (76, 90), (120, 126), (250, 254))
    ),
}


def table(workload: Workload, folder: Path, probes: Mapping[str, Table], **run: Any) -> Table:
    """Its scenario with these probes; data that are no kind of their own are written into the folder."""
    problem = workload.problem
    if workload.examples is not None:
        path = folder / f"{workload.examples.__name__}.npz"
        if not path.exists():
            x, y = workload.examples()
            np.savez(path, x=x, y=y)
        problem = problem | {"data": {"kind": "npz", "path": str(path)}}
    planned = {"steps": workload.steps, "every": 1, "seed": workload.seed, "precision": "float32"} | run
    return {
        "title": "A workload",
        "problem": problem,
        "optimizer": workload.optimizer,
        "run": planned,
        "probes": {name: {"every": 1} | probe for name, probe in probes.items()},
    }


def built(described: Table) -> Experiment:
    """The experiment of a scenario's table."""
    return experiment.build(scenario.Document("workload", described))


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A folder for such data."""
    return tempfile.TemporaryDirectory(prefix="dltlab-benchmark-")

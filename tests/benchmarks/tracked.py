"""A run whose sharpness is tracked, and the parameters at which each reading was taken."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import truth
import workloads
from jax.flatten_util import ravel_pytree
from workloads import Table, Window, Workload

from dltlab.engine import ensemble
from dltlab.engine.probes.base import AbstractProbe, Readings, Shown
from dltlab.engine.simulation import Moment, Simulation

_CHUNK = 100
SETTLED = 20
"""Steps that a cold start may take."""


class Trail(AbstractProbe):
    """The flat parameters, and the diagonal of the optimizer's metric: both are at hand anyway."""

    every: int = 1

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Two vectors."""
        del simulation
        return {"": Shown("θ", axes=("parameter",)), "metric": Shown("P", axes=("parameter",))}

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """θ and P."""
        del memory
        state = moment.state
        flat, _ = ravel_pytree(state.params)
        metric = simulation.optimizer.preconditioner(state.opt, state.opt.hyperparams)
        return {"": flat, "metric": jnp.ones_like(flat) if metric is None else ravel_pytree(metric)[0]}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing."""
        del simulation, parameters
        return 0.0


class Tracked(NamedTuple):
    """What a tracked run told, step by step, beside the truth."""

    steps: np.ndarray
    """The steps that were compared, (m,)."""
    values: np.ndarray
    """The leading eigenvalue as it was read, (m,); so are ``error``, ``residual`` and ``products``."""
    error: np.ndarray
    residual: np.ndarray
    products: np.ndarray
    truth: np.ndarray
    """The true leading eigenvalues, (m, 2)."""
    threshold: float
    """The edge of stability."""
    crossing: int
    """The first step from :data:`SETTLED` on at which the reading exceeded the threshold, or the run's end."""

    @property
    def off(self) -> np.ndarray:
        """The relative error of each reading."""
        return np.abs(self.values - self.truth[:, 0]) / np.abs(self.truth[:, 0])


def run(workload: Workload, windows: Sequence[Window], sharpness: Table, folder: Path) -> Tracked:
    """Track a workload's sharpness over its whole run, and compare it in windows of consecutive steps."""
    probe = sharpness | {"preconditioned": workload.preconditioned}
    table = workloads.table(workload, folder, {"sharpness": probe})
    program = workloads.built(table).program
    program = dataclasses.replace(program, probes={**program.probes, "probes.trail": Trail()}, frames=_CHUNK)
    fly = ensemble.compiled(program, 1)
    state, memories = ensemble.begin(program, [workload.seed])
    told: dict[str, list[np.ndarray]] = {name: [] for name in ("", "error", "residual", "relative", "products")}
    points, metrics, steps = [], [], []
    for first in range(0, workload.steps, _CHUNK):
        count = min(_CHUNK, workload.steps - first)
        flight = fly(state, memories, count)
        if not flight.finite:
            raise ValueError(f"the loss stopped being finite between steps {first} and {first + count}.")
        state, memories = flight.state, flight.memories
        for name, own in told.items():
            rows = np.asarray(flight.rows["probes.sharpness"][name])[:count]
            own.append(rows.reshape(count, -1)[:, 0].astype(float))
        here = np.array([i for i in range(count) if any(low <= first + i < high for low, high in windows)], int)
        steps.append(first + here)
        trail = flight.rows["probes.trail"]
        points.append(np.asarray(trail[""])[here])
        metrics.append(np.asarray(trail["metric"])[here])
    whole = {name: np.concatenate(own) for name, own in told.items()}
    chosen = np.concatenate(steps)
    metric = np.concatenate(metrics) if workload.preconditioned else None
    true = truth.spectra(table, np.concatenate(points), metric, 2)
    # A learned metric is next to nothing at the very start.
    above = SETTLED + np.flatnonzero(whole["relative"][SETTLED:] >= 1)
    return Tracked(
        steps=chosen,
        values=whole[""][chosen],
        error=whole["error"][chosen],
        residual=whole["residual"][chosen],
        products=whole["products"][chosen],
        truth=true,
        threshold=float(np.median(whole[""] / whole["relative"])),
        crossing=int(above[0]) if len(above) else workload.steps,
    )

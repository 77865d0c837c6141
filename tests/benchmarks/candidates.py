"""What is timed on a workload: the engine with various probes, the bare scans, and what users write; seconds a step."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import scans
import workloads
from peers import Peer
from prototype import Prototype
from rounds import Candidate, timed
from scans import Task
from workloads import Table, Workload

from dltlab.engine.fleet import Fleet

MEMBERS = 16
"""Runs of a sweep."""
CHEAP: dict[str, Table] = {
    "loss": {"kind": "loss"},
    "slope": {"kind": "gradient_norm"},
    "movement": {"kind": "weight_movement"},
}
CALM = {"cheb": (800, 500), "digits": (200, 50), "cifar": (20, 20), "cifar1k": (20, 30)}
"""Where nothing happens yet: the first step, and how many."""
FEW = {"cheb": (1000, 200, 40), "toy2d": (300, 30, 15), "digits": (60, 6, 3)}
"""Steps of the peers, whose time a step does not depend on their number: the loop alone, power iterations, eigsh."""
SWEEP = {"cheb": 1000, "toy2d": 200, "digits": 50}
"""Steps of a sweep."""


class Bench:
    """A workload and its candidates, each made when it is asked for."""

    def __init__(self, name: str, folder: Path, sharpness: Table, steps: int, share: float) -> None:
        self.name, self.folder, self.sharpness = name, folder, sharpness
        self.workload: Workload = workloads.WORKLOADS[name]
        self.steps = max(int(steps * share), 2)
        self.share = share
        """Of all steps, for those in a hurry."""
        self._peer: Peer | None = None

    def candidate(self, name: str) -> Candidate:
        """By its name in the table of goals."""
        made: dict[str, Callable[[], Candidate]] = {
            "limit": lambda: self._scan(columns=self.name != "cheb"),
            "rows": lambda: self._scan(columns=False),
            "product": lambda: self._scan(columns=self.name != "cheb", product=True),
            "bare": lambda: self._engine({}),
            "spanned": lambda: self._engine({}, problem=self.workload.problem | {"coordinates": "span"}),
            "watched": lambda: self._engine(CHEAP),
            "tracked": lambda: self._engine({"sharpness": self.sharpness}),
            "tracked-10": lambda: self._engine({"sharpness": self.sharpness | {"every": 10}}),
            "tracked-100": lambda: self._engine({"sharpness": self.sharpness | {"every": 100}}),
            "calm": self._calm,
            "prototype": lambda: self._prototype(0, self.steps),
            "prototype-calm": lambda: self._prototype(*CALM[self.name]),
            "single": lambda: self._engine({"loss": CHEAP["loss"]}, steps=self._few(SWEEP)),
            "sweep": lambda: self._engine({"loss": CHEAP["loss"]}, steps=self._few(SWEEP), members=MEMBERS),
        }
        return made[name]() if name in made else self._peers(name)

    def close(self) -> None:
        """Send the peers home."""
        if self._peer is not None:
            self._peer.close()

    def _few(self, known: dict[str, int]) -> int:
        return max(int(known[self.name] * self.share), 2)

    def _table(self, probes: dict[str, Table], problem: Table | None = None, **run: Any) -> Table:
        workload = self.workload if problem is None else self.workload._replace(problem=problem)
        return workloads.table(workload, self.folder, probes, steps=self.workload.steps, **run)

    def task(self) -> Task:
        """The network as plain arrays, at its start."""
        simulation = workloads.built(self._table({})).program.simulation
        problem: Any = simulation.problem
        params = simulation.begin(self.workload.seed).params
        x, y, layers = jax.device_get((problem.inputs, problem.targets, params))
        # The engine keeps W as (fan-out, fan-in).
        if layers[0]["weight"].shape == (len(layers[0]["bias"]), x.shape[1]):
            layers = [layer | {"weight": np.ascontiguousarray(layer["weight"].T)} for layer in layers]
        return Task(x, y, layers, np.float32(self.workload.optimizer["learning_rate"]))

    def _scan(self, *, columns: bool, product: bool = False) -> Candidate:
        run = scans.scan(self.task(), self.steps, columns=columns, product=product)
        return lambda: timed(lambda: jax.block_until_ready(run())) / self.steps

    def _prototype(self, first: int, steps: int) -> Candidate:
        run = Prototype(self.task(), columns=self.name != "cheb")
        start, _ = run.fly(run.begin(), first)
        return lambda: timed(lambda: jax.block_until_ready(run.fly(start, steps))) / steps

    def _engine(
        self,
        probes: dict[str, Table],
        *,
        steps: int | None = None,
        members: int = 1,
        first: int = 0,
        problem: Table | None = None,
    ) -> Candidate:
        """A run from a step on; of a sweep the seconds are those of a step of one member."""
        made = workloads.built(self._table(probes, problem, seeds=members))
        fleet = Fleet(made.programs, made.members)
        fleet.place(fleet.begin())
        _fly(fleet, first)
        start, steps = fleet.gathered(), steps or self.steps

        def run() -> float:
            fleet.place(start)
            return timed(lambda: _fly(fleet, steps)) / steps / members

        return run

    def _calm(self) -> Candidate:
        first, steps = CALM[self.name]
        return self._engine({"sharpness": self.sharpness}, steps=steps, first=first)

    def _peers(self, name: str) -> Candidate:
        if self._peer is None:
            self._peer = Peer(self.task())
        peer, (loop, power, eigsh) = self._peer, FEW[self.name]
        steps = {"loop": loop, "torch": loop, "power": power, "eigsh": eigsh}[name]
        return lambda: peer.timed(name, max(int(steps * self.share), 2))


def lacking(name: str) -> str:
    """Why a candidate cannot be had here; empty if it can."""
    return "torch is not installed" if name == "torch" and importlib.util.find_spec("torch") is None else ""


def _fly(fleet: Fleet, steps: int) -> None:
    """Fly so many steps in the longest chunks that there are."""
    longest = fleet.programs[0].longest
    for first in range(0, steps, longest):
        fleet.land(fleet.fly(min(longest, steps - first)))

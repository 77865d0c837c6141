"""The engine against a bare ``lax.scan`` of the same step, and its loop against its own chunks.

    python tests/benchmarks/engine_against_bare_scan.py

First table: steps a second of the engine's compiled chunk, without probes and with the loss
at every step, over those of a scan that is written out here (value_and_grad, w − ηg, the loss
recorded at every step). Goal: 0.9 or more, on ``edge-of-stability`` (float64) and on
``edge-of-stability-digits`` (float32).

Second table: wall time of the session loop (journal, inbox, chunk lengths that it chose
itself; no pace) over the time that the same run spent in its compiled chunks. Goal: 1.05 or less.

Candidates run in turn in one process; ratios are formed round by round and the median is
quoted, with the quartiles, since the machine may be shared.
"""

import copy
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dltlab.engine import machine

machine.prepare()

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

from dltlab import scenario  # noqa: E402
from dltlab.engine import ensemble, experiment  # noqa: E402
from dltlab.engine.experiment import Experiment  # noqa: E402
from dltlab.engine.fleet import Fleet, Flights  # noqa: E402
from dltlab.engine.inbox import Inbox  # noqa: E402
from dltlab.engine.journal import Journal  # noqa: E402
from dltlab.engine.loop import Loop  # noqa: E402
from dltlab.engine.program import Read  # noqa: E402

SCAN_ROUNDS, LOOP_ROUNDS = 31, 7
STEPS = {"edge-of-stability": 6000, "edge-of-stability-digits": 20}
LOOP_STEPS = {"edge-of-stability": 1_000_000, "edge-of-stability-digits": 400}
Candidate = Callable[[], Any]


def built(name: str, *probes: str, steps: int) -> Experiment:
    """A gallery scenario of one seed with some of its probes and nothing that depends on them."""
    table = copy.deepcopy(scenario.read(name).table)
    kept = {probe: table["probes"][probe] for probe in probes}
    for section in ("theories", "panels", "claims"):
        table.pop(section, None)
    document = scenario.Document(name, {**table, "probes": kept})
    return experiment.build(document, seeds=1, steps=steps)


def bare_scan(made: Experiment, steps: int) -> Candidate:
    """The same gradient descent as somebody would write it who knows JAX and needs nothing else."""
    problem: Any = made.program.simulation.problem
    x, y = problem.inputs, problem.targets
    rate = jnp.asarray(made.scenario.optimizer["learning_rate"], x.dtype)

    def loss(params: list[dict[str, jax.Array]], x: jax.Array, y: jax.Array) -> jax.Array:
        *hidden, last = params
        for layer in hidden:
            x = jnp.tanh(x @ layer["weight"] + layer["bias"])
        return 0.5 * jnp.sum((x @ last["weight"] + last["bias"] - y) ** 2) / x.shape[0]

    @jax.jit
    def run(params: Any, x: jax.Array, y: jax.Array, rate: jax.Array) -> Any:
        def step(params: Any, _: None) -> Any:
            value, gradient = jax.value_and_grad(loss)(params, x, y)
            return jax.tree.map(lambda w, g: w - rate * g, params, gradient), value

        return jax.lax.scan(step, params, None, length=steps)

    # The engine keeps a weight as (out, in).
    params = jax.tree.map(jnp.transpose, ensemble.begin(made.program, made.seeds)[0].params)
    return lambda: run(params, x, y, rate)


def chunk(made: Experiment, steps: int) -> Candidate:
    """The engine's compiled chunk."""
    fly = ensemble.compiled(made.program, 1)
    state, memories = ensemble.begin(made.program, made.seeds)
    return lambda: fly(state, memories, steps)


def timed(candidate: Candidate) -> float:
    """Seconds."""
    begin = time.perf_counter()
    jax.block_until_ready(candidate())
    return time.perf_counter() - begin


def quartiles(ratios: list[float]) -> str:
    """The median and, in brackets, the quartiles."""
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{middle:6.3f} [{low:.3f}, {high:.3f}]"


def against_scan() -> None:
    """The first table."""
    print(f"{'steps a second over a bare scan':<44}{'µs a step':>10}  {'ratio [quartiles]':<24}goal")
    for name, steps in STEPS.items():
        without, with_loss = built(name, steps=steps), built(name, "loss", steps=steps)
        candidates = {
            "bare lax.scan": bare_scan(without, steps),
            "engine, no probes": chunk(without, steps),
            "engine, loss at every step": chunk(with_loss, steps),
        }
        for candidate in candidates.values():
            timed(candidate)
        rounds = [{key: timed(candidate) for key, candidate in candidates.items()} for _ in range(SCAN_ROUNDS)]
        print(name)
        for key in candidates:
            microseconds = 1e6 * statistics.median(one[key] for one in rounds) / steps
            told = f"  {key:<42}{microseconds:10.2f}"
            if key != "bare lax.scan":
                told += f"  {quartiles([one['bare lax.scan'] / one[key] for one in rounds]):<24}≥ 0.9"
            print(told)


class Clocked(Loop):
    """A loop that adds up the seconds that it spends in its compiled chunks."""

    inside = 0.0

    def _flown(self, steps: int, read: int = Read.DUE) -> tuple[Flights, float]:
        flight, seconds = super()._flown(steps, read)
        self.inside += seconds
        return flight, seconds


def looped(made: Experiment, folder: Path) -> tuple[float, int]:
    """A session's seconds over those in its chunks, compiling left out, and the bytes that it wrote."""
    journal, inbox = Journal.created(folder / f"{time.monotonic_ns()}"), Inbox(folder / "s")
    try:
        fleet = Fleet(made.programs, made.members)
        loop = Clocked(made, fleet, fleet.begin(), journal, inbox)
        loop._flown(1)  # compiles
        loop.inside = 0.0
        begin = time.perf_counter()
        loop.run()
        return (time.perf_counter() - begin) / loop.inside, journal.path.stat().st_size
    finally:
        inbox.close()
        journal.close()


def loop_beside_chunks(folder: Path) -> None:
    """The second table."""
    print(f"\n{'the loop over its own chunks, loss at every step':<56}{'ratio [quartiles]':<24}{'goal':<8}bytes/step")
    for name, steps in LOOP_STEPS.items():
        made = built(name, "loss", steps=steps)
        told = [looped(made, folder) for _ in range(LOOP_ROUNDS)]
        print(f"{name:<54}{quartiles([ratio for ratio, _ in told]):<26}{'≤ 1.05':<8}{told[0][1] / steps:.1f}")


if __name__ == "__main__":
    against_scan()
    with tempfile.TemporaryDirectory(prefix="dltlab-") as folder:
        loop_beside_chunks(Path(folder))

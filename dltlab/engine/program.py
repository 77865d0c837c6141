"""The compiled chunk: one program for any number of frames of any number of steps.

A frame reads every due probe at a state and then takes ``stride`` steps. How many frames and
steps are run-time numbers, so one program serves full flight, a single step and the last
short stretch, its bits do not depend on where a chunk ends, and nothing is compiled twice.

The reading at a state uses the loss and gradient that the step leaving the state computes
anyway. To read a state without leaving it, run one frame and keep only the readings: the
program is pure, so nothing was disturbed ("peek").
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Int

from dltlab.engine.probes import AbstractProbe
from dltlab.engine.simulation import Simulation, State

Memories = dict[str, Any]
Rows = dict[str, dict[str, Array]]


class Flight(NamedTuple):
    """What a chunk gives back."""

    state: State
    memories: Memories
    rows: Rows
    """Per probe and reading an array of shape (rows, *reading); NaN where none was taken."""
    taken: dict[str, Int[Array, ""]]
    """Per probe the rows that were taken."""
    frames: Int[Array, ""]
    """Frames read; fewer than asked for where the loss stopped being finite in the last."""
    finite: Bool[Array, ""]


class Program(eqx.Module):
    """A simulation and its probes, ready to be compiled."""

    simulation: Simulation
    probes: Mapping[str, AbstractProbe]
    every: int = eqx.field(static=True)
    """Steps between frames."""
    frames: int = eqx.field(static=True)
    """Frames that a chunk has room for."""

    def cadence(self, name: str) -> int:
        """Steps between readings of a probe."""
        return self.probes[name].every or self.every

    def room(self, name: str) -> int:
        """Rows that a chunk can hold of a probe's readings."""
        return -(-self.frames * self.every // self.cadence(name)) + 1

    def remember(self, state: State) -> Memories:
        """What the probes remember before their first reading."""
        moment = self.simulation.look(state)
        return {name: probe.remember(self.simulation, moment) for name, probe in self.probes.items()}

    def fly(
        self,
        state: State,
        memories: Memories,
        stride: Int[Array, ""],
        frames: Int[Array, ""],
        everything: Bool[Array, ""],
    ) -> Flight:
        """Run a chunk.

        Args:
            state: Where it starts.
            memories: What the probes remember there.
            stride: Steps after each frame, at least one.
            frames: Frames to read, at most :attr:`frames`.
            everything: Read every probe at every frame, whatever its cadence (for a peek).
        """
        simulation = self.simulation
        moment = jax.eval_shape(simulation.look, state)
        blank = {name: self._blank(name, moment, memories[name]) for name in self.probes}
        rows = {
            name: {key: jnp.full((self.room(name), *a.shape), jnp.nan, a.dtype) for key, a in readings.items()}
            for name, readings in blank.items()
        }
        none = jnp.asarray(0, jnp.int32)
        begin = Flight(state, memories, rows, dict.fromkeys(self.probes, none), none, jnp.asarray(True))

        def frame(flight: Flight) -> Flight:
            moment = simulation.look(flight.state)
            memories, rows, taken = {}, {}, {}
            for name in self.probes:
                due = self._due(name, flight.state.step) | everything
                readings, memories[name] = self._read(name, moment, flight.memories[name], due)
                at = jnp.minimum(flight.taken[name], self.room(name) - 1)
                rows[name] = {key: flight.rows[name][key].at[at].set(value) for key, value in readings.items()}
                taken[name] = flight.taken[name] + due.astype(jnp.int32)
            state = simulation.move(moment)
            state = lax.fori_loop(1, stride, lambda _, s: simulation.step(s), state)
            return Flight(state, memories, rows, taken, flight.frames + 1, jnp.isfinite(moment.loss))

        return lax.while_loop(lambda flight: (flight.frames < frames) & flight.finite, frame, begin)

    def _due(self, name: str, step: Int[Array, ""]) -> Bool[Array, ""]:
        cadence = self.cadence(name)
        return jnp.asarray(True) if cadence == self.every else step % cadence == 0

    def _blank(self, name: str, moment: Any, memory: Any) -> dict[str, jax.ShapeDtypeStruct]:
        readings, _ = jax.eval_shape(self.probes[name].measure, self.simulation, moment, memory)
        return readings

    def _read(self, name: str, moment: Any, memory: Any, due: Bool[Array, ""]) -> tuple[dict[str, Array], Any]:
        probe = self.probes[name]
        if self.cadence(name) == self.every:
            return probe.measure(self.simulation, moment, memory)
        blank = self._blank(name, moment, memory)

        def skipped(memory: Any) -> tuple[dict[str, Array], Any]:
            return {key: jnp.full(a.shape, jnp.nan, a.dtype) for key, a in blank.items()}, memory

        # The branch gives back a reading, never a buffer: XLA would copy it.
        return lax.cond(due, lambda memory: probe.measure(self.simulation, moment, memory), skipped, memory)

"""The compiled chunk: one program for any number of steps.

At each state it reads the probes that are due there and takes a step. How many steps is a
run-time number, so one program serves full flight, a single step and the last short
stretch, its bits do not depend on where a chunk ends, and nothing is compiled twice.

The reading at a state uses the loss and gradient that the step leaving the state computes
anyway. To read a state without leaving it, fly one step and keep only the readings: the
program is pure, so nothing was disturbed ("peek").
"""

import enum
import functools
from collections.abc import Callable, Mapping
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
Measure = Callable[[Any, Any], tuple[dict[str, Array], Any]]


class Read(enum.IntEnum):
    """Which probes a chunk reads. Those that cost nothing are read in any case."""

    NOTHING = 0
    DUE = 1
    EVERYTHING = 2


class Flight(NamedTuple):
    """What a chunk gives back."""

    state: State
    memories: Memories
    rows: Rows
    """Per probe and reading an array of shape (rows, *reading): a row for each step where it was due, then NaN."""
    steps: Int[Array, "..."]
    """Steps taken; fewer than asked for where the loss stopped being finite, and the last one left that state."""
    finite: Bool[Array, "..."]


class _Aloft(NamedTuple):
    """What the loop carries."""

    state: State
    memories: Memories
    rows: Rows
    flown: Int[Array, ""]
    """Steps taken by those that are still on their way."""
    taken: Int[Array, "..."]
    """Steps taken, per member."""
    alive: Bool[Array, "..."]
    """Whose loss has been finite so far."""


class Program(eqx.Module):
    """A simulation and its probes, ready to be compiled."""

    simulation: Simulation
    probes: Mapping[str, AbstractProbe]
    every: int = eqx.field(static=True)
    """Steps between frames."""
    frames: int = eqx.field(static=True)
    """Frames that a chunk has room for."""

    @property
    def longest(self) -> int:
        """Steps that a chunk may take."""
        return self.frames * self.every

    def cadence(self, name: str) -> int:
        """Steps between readings of a probe."""
        return self.probes[name].every or self.every

    def room(self, name: str) -> int:
        """Rows of a probe's readings: those of the longest chunk, and a spare one."""
        return -(-self.longest // self.cadence(name)) + 1

    def remember(self, state: State) -> Memories:
        """What the probes remember before their first reading."""
        moment = self.simulation.look(state)
        return {name: probe.remember(self.simulation, moment) for name, probe in self.probes.items()}

    def fly(
        self,
        state: State,
        memories: Memories,
        steps: Int[Array, ""],
        read: Int[Array, ""],
        *,
        members: int | None = None,
    ) -> Flight:
        """Run a chunk.

        Args:
            state: Where it starts.
            memories: What the probes remember there.
            steps: Steps to take; :attr:`longest` at most where anything is read.
            read: A :class:`Read`.
            members: For so many members at once, stacked along the first axis of everything:
                one batch of arithmetic, whose probes are read only when due. None for one alone.
        """
        simulation, each = self.simulation, jax.vmap if members else _alone
        look, move = each(simulation.look), each(simulation.move)
        moment = jax.eval_shape(look, state)
        measures = {name: each(functools.partial(probe.measure, simulation)) for name, probe in self.probes.items()}
        blank = {name: jax.eval_shape(measure, moment, memories[name])[0] for name, measure in measures.items()}
        rows = {
            name: {key: jnp.full((self.room(name), *a.shape), jnp.nan, a.dtype) for key, a in readings.items()}
            for name, readings in blank.items()
        }
        lead = (members,) if members else ()
        first = jnp.max(state.step)
        start = _Aloft(
            state, memories, rows, jnp.asarray(0, jnp.int32), jnp.zeros(lead, jnp.int32), jnp.ones(lead, bool)
        )

        def onward(aloft: _Aloft) -> _Aloft:
            now = first + aloft.flown
            moment = look(aloft.state)
            memories, rows = {}, {}
            for name, measure in measures.items():
                cadence = self.cadence(name)
                due = (read == Read.EVERYTHING) | (read == Read.DUE) & (now % cadence == 0)
                readings, memories[name] = self._read(name, measure, moment, aloft.memories[name], due, blank[name])
                # A reading that is not due goes to the spare row at the end.
                row = _before(now, cadence) - _before(first, cadence)
                at = jnp.where(due, row, self.room(name) - 1)
                rows[name] = {
                    key: aloft.rows[name][key].at[at].set(_of_the_living(value, aloft.alive) if members else value)
                    for key, value in readings.items()
                }
            left = move(moment)
            if members:
                # Who has stopped stays where that was seen.
                left = jax.tree.map(functools.partial(_where, aloft.alive), left, aloft.state)
            taken = aloft.taken + aloft.alive.astype(jnp.int32)
            return _Aloft(left, memories, rows, aloft.flown + 1, taken, aloft.alive & jnp.isfinite(moment.loss))

        end = lax.while_loop(lambda aloft: (aloft.flown < steps) & jnp.any(aloft.alive), onward, start)
        rows = jax.tree.map(lambda a: jnp.moveaxis(a, 0, 1), end.rows) if members else end.rows
        return Flight(end.state, end.memories, rows, end.taken, end.alive)

    def _read(
        self,
        name: str,
        measure: Measure,
        moment: Any,
        memory: Any,
        due: Bool[Array, ""],
        blank: Mapping[str, jax.ShapeDtypeStruct],
    ) -> tuple[dict[str, Array], Any]:
        parameters = sum(leaf.size for leaf in jax.tree.leaves(moment.state.params))
        if not self.probes[name].price(self.simulation, parameters):
            # To ask whether it is due would cost more.
            return measure(moment, memory)

        def skipped(memory: Any) -> tuple[dict[str, Array], Any]:
            return {key: jnp.full(a.shape, jnp.nan, a.dtype) for key, a in blank.items()}, memory

        # The branch gives back a reading, never a buffer: XLA would copy it.
        return lax.cond(due, lambda memory: measure(moment, memory), skipped, memory)


def _alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself, where a batch would take it member by member."""
    return function


def _where(alive: Bool[Array, " m"], new: Array, old: Array) -> Array:
    """Per member the new value for the living, the old one for the others."""
    return jnp.where(alive.reshape(alive.shape + (1,) * (new.ndim - 1)), new, old)


def _of_the_living(values: Array, alive: Bool[Array, " m"]) -> Array:
    return _where(alive, values, jnp.full(values.shape, jnp.nan, values.dtype))


def _before(step: Int[Array, ""], cadence: int) -> Int[Array, ""]:
    """Multiples of a cadence below a step."""
    return -(-step // cadence)

"""The compiled chunk: one program for any number of steps.

At each state it reads the probes that are due there and takes a step. How many steps is a
run-time number, so one program serves full flight, a single step and the last short
stretch, its bits do not depend on where a chunk ends, and nothing is compiled twice.

A chunk is compiled for what it is needed for (:class:`Kind`): where the probes that a budget may
slow down are read at every step, unasked, their first product runs beside the step's gradient.

The reading at a state uses the loss and gradient that the step leaving the state computes
anyway. To read a state without leaving it, fly one step and keep only the readings: the
program is pure, so nothing was disturbed ("peek").
"""

import enum
import functools
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Int

from dltlab.engine import pacing, rows
from dltlab.engine.compact import compacted
from dltlab.engine.pacing import Paced
from dltlab.engine.probes import AbstractProbe
from dltlab.engine.probes.base import Budgeted
from dltlab.engine.rows import Pages, Row
from dltlab.engine.simulation import Simulation, State

Memories = dict[str, Any]
Rows = dict[str, dict[str, Array]]
Measure = Callable[[Any, Any], tuple[Row, Any]]
Measured = Callable[[Any], tuple[Row, Any]]
_CHEAP: Final = 0.1
"""Gradient evaluations below which a reading at every step costs less than to ask whether it is due."""


class Read(enum.IntEnum):
    """Which probes a chunk reads; from ``ONE`` on a single one, at every step: see :meth:`Program.alone`.

    Those that cost next to nothing are read in any case.
    """

    NOTHING = 0
    DUE = 1
    EVERYTHING = 2
    ONE = 3


class Kind(enum.Enum):
    """What a chunk is compiled for: each kind is code of its own, and none is compiled before it is needed."""

    ANY = "any"
    """Each probe is asked whether it is due."""
    STEADY = "steady"
    """The probes with a budget that may be read at every step are, unasked, side by side with the step's gradient."""
    BARE = "bare"
    """Probes that would be asked are left out, and their memories pass through."""


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
    pages: dict[str, Pages]
    """Of the probes that are read at every step unasked one, named ""; of every other probe its own."""
    alive: Bool[Array, "..."]
    """Whose loss has been finite so far."""


class _Parts(NamedTuple):
    """The functions that a chunk calls."""

    look: Callable[[State], tuple[Any, Bool[Array, "..."]]]
    """What is there, and whether its loss is finite."""
    move: Callable[[Any], State]
    measures: dict[str, Measure]
    """Those of the probes that it reads."""
    told: dict[str, Row]
    """What each of them tells: shapes and dtypes."""
    one: bool
    """Whether all of them can be parts of one kernel."""


class _When(NamedTuple):
    """Where in its chunk a step is."""

    first: Int[Array, ""]
    """The chunk's first step."""
    now: Int[Array, ""]
    read: Int[Array, ""]

    def due(self, cadence: Int[Array, ""] | int, alone: int) -> Bool[Array, ""]:
        """Whether a probe with this cadence, and this way to be read alone, is read now."""
        wanted = (self.read == Read.EVERYTHING) | (self.read == alone)
        return wanted | (self.read == Read.DUE) & (lax.rem(self.now, jnp.asarray(cadence, self.now.dtype)) == 0)

    def row(self, cadence: Int[Array, ""] | int) -> Int[Array, ""]:
        """Readings due before now in this chunk."""
        if isinstance(cadence, int) and cadence == 1:
            return self.now - self.first
        return _before(self.now, cadence) - _before(self.first, cadence)


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
        """Steps between readings of a probe; for one with a budget, the least that there may be."""
        return self.probes[name].every or self.every

    def room(self, name: str) -> int:
        """Rows of a probe's readings: those of the longest chunk, and a spare one."""
        return -(-self.longest // self.cadence(name)) + 1

    def steady(self, name: str) -> bool:
        """Whether this is a probe with a budget that may be read at every step."""
        return isinstance(self.probes[name], Budgeted) and self.cadence(name) == 1

    def alone(self, name: str) -> int:
        """The :class:`Read` that reads this probe and no other."""
        # A mapping that goes through a compiled call comes back in the order of its keys.
        return Read.ONE + sorted(self.probes).index(name)

    def remember(self, state: State) -> Memories:
        """What the probes remember before their first reading."""
        moment = self.simulation.look(state)
        return {
            name: pacing.begun(probe, self.cadence(name), memory) if isinstance(probe, Budgeted) else memory
            for name, probe in self.probes.items()
            for memory in [probe.remember(self.simulation, moment)]
        }

    def fly(
        self,
        state: State,
        memories: Memories,
        steps: Int[Array, ""],
        read: Int[Array, ""],
        *,
        members: int | None = None,
        kind: Kind = Kind.ANY,
        few: bool = False,
    ) -> Flight:
        """Run a chunk.

        Args:
            state: Where it starts.
            memories: What the probes remember there.
            steps: Steps to take; :attr:`longest` at most where anything is read. None are taken by 0.
            read: A :class:`Read`.
            members: For so many members at once, stacked along the first axis of everything:
                one batch of arithmetic, whose probes are read only when due. None for one alone.
            kind: What it is compiled for. A bare chunk has no rows of the probes that it leaves out.
            few: Whether its numbers are so few that the chunk is to be one kernel on a CPU, or else the step is, and
                each reading that can be.
        """
        look, move, measures, told, one = self._parts(state, memories, members, kind, few=few)
        standing = self._standing(told, state, kind)
        pages = {page: rows.blank(own, self._room(page), members) for page, own in standing.items()}
        first = jnp.max(state.step)

        def onward(aloft: _Aloft) -> _Aloft:
            when = _When(first, jnp.max(aloft.state.step), read)
            # Fused with whatever reads it a gradient would be rounded in another way for each kind of code.
            moment, finite = lax.optimization_barrier(look(aloft.state))
            alive = aloft.alive if members else None
            memories, pages, always = {}, dict(aloft.pages), {}
            for name, measure in measures.items():
                measured = functools.partial(_measured, measure, moment, alive)
                if name in standing.get("", ()):
                    always[name], memories[name] = measured(aloft.memories[name])
                else:
                    memories[name], pages[name] = self._asking(name, measured, aloft, when)
            if always:
                pages[""] = rows.written(pages[""], always, when.row(1))
            left = move(moment)
            if members:
                # Who has stopped stays where that was seen.
                left = jax.tree.map(functools.partial(_where, aloft.alive), left, aloft.state)
                finite = aloft.alive & finite
            return _Aloft(left, memories, pages, finite)

        def on_their_way(aloft: _Aloft) -> Bool[Array, ""]:
            return (jnp.max(aloft.state.step) < first + steps) & jnp.any(aloft.alive)

        alive = jnp.ones((members,) if members else (), bool)
        start = _Aloft(state, {name: memories[name] for name in measures}, pages, alive)
        # As one kernel a step of a network with hundreds of weights costs a third less, that of a quadratic an eighth.
        looped = functools.partial(lax.while_loop, on_their_way, onward)
        end = (compacted(looped, start) if one else looped)(start)
        found = _told(end.pages, standing, members)
        return Flight(end.state, memories | end.memories, found, end.state.step - state.step, end.alive)

    def _parts(self, state: State, memories: Memories, members: int | None, kind: Kind, *, few: bool) -> _Parts:
        """What a step and its readings are made of, each traced once."""
        kernels: list[bool] = []

        def made(function: Callable[..., Any], *likes: Any) -> Callable[..., Any]:
            whole = jax.vmap(function) if members else function
            if few and not members:
                compact = compacted(whole, *likes)
                kernels.append(compact is not whole)
                return compact
            # A lambda, since a method is looked up by its simulation's arrays, which have no hash.
            return jax.jit(lambda *these: whole(*these), inline=True)

        def seen(state: State) -> tuple[Any, Bool[Array, ""]]:
            moment = self.simulation.look(state)
            return moment, jnp.isfinite(moment.loss)

        look = made(seen, state)
        moment, _ = jax.eval_shape(look, state)
        read = [name for name in self.probes if kind is not Kind.BARE or not self._asked(name, state)]
        own = {name: _own(memories[name]) for name in read}
        measures = {
            name: made(functools.partial(_read, self.probes[name], self.simulation), moment, memory)
            for name, memory in own.items()
        }
        told = {name: jax.eval_shape(measures[name], moment, memory)[0] for name, memory in own.items()}
        move = made(self.simulation.move, moment)
        return _Parts(look, move, measures, told, bool(kernels) and all(kernels))

    def _standing(self, told: Mapping[str, Row], state: State, kind: Kind) -> dict[str, dict[str, Row]]:
        """By page the rows that stand there, by probe."""
        standing: dict[str, dict[str, Row]] = {}
        for name, row in told.items():
            standing.setdefault("" if self._always(name, state, kind) else name, {})[name] = row
        return standing

    def _room(self, page: str) -> int:
        """Rows of a page: a probe's own, or that of those that are read at every step."""
        return self.room(page) if page else self.longest + 1

    def _always(self, name: str, state: State, kind: Kind) -> bool:
        """Whether a probe is read at every step without asking."""
        return self.cadence(name) == 1 and ((kind is Kind.STEADY and self.steady(name)) or not self._asked(name, state))

    def _asking(self, name: str, measured: Measured, aloft: _Aloft, when: _When) -> tuple[Any, Pages]:
        """A probe's memory and page after a step, with a reading if one is due."""
        memory, page = aloft.memories[name], aloft.pages[name]
        cadence = jnp.max(memory.every) if isinstance(memory, Paced) else self.cadence(name)
        due = when.due(cadence, self.alone(name))
        if not self._asked(name, aloft.state):
            row, memory = measured(memory)
            # A reading that is not due goes to the spare row at the end.
            return memory, rows.written(page, {name: row}, jnp.where(due, when.row(cadence), self.room(name) - 1))

        def once(pending: tuple[Array, Any, Pages]) -> tuple[Array, Any, Pages]:
            _, memory, page = pending
            row, memory = measured(memory)
            return jnp.asarray(False), memory, rows.written(page, {name: row}, when.row(cadence))

        # A loop of one turn or none works in place. A conditional would copy the memory at every step, due or not.
        _, memory, page = lax.while_loop(lambda pending: pending[0], once, (due, memory, page))
        return memory, page

    def _asked(self, name: str, state: State) -> bool:
        """Whether it is asked at each step if a reading is due; others are read without asking."""
        probe, parameters = self.probes[name], sum(leaf.size for leaf in jax.tree.leaves(state.params))
        price = probe.price(self.simulation, parameters)
        return isinstance(probe, Budgeted) or price > (_CHEAP if self.cadence(name) == 1 else 0)


def _told(pages: Mapping[str, Pages], standing: Mapping[str, Mapping[str, Row]], members: int | None) -> Rows:
    """The readings of all pages, by probe and reading, those of a member together."""
    told: Rows = {}
    for page, own in standing.items():
        for (name, suffix), found in rows.unpacked(pages[page], own, members).items():
            told.setdefault(name, {})[suffix] = jnp.moveaxis(found, 0, 1) if members else found
    return told


def _read(probe: AbstractProbe, simulation: Simulation, moment: Any, memory: Any) -> tuple[Row, Any]:
    """A reading in one piece."""
    readings, memory = probe.measure(simulation, moment, memory)
    return rows.row(readings), memory


def _own(memory: Any) -> Any:
    """What the probe itself remembers."""
    return memory.memory if isinstance(memory, Paced) else memory


def _with(memory: Any, own: Any) -> Any:
    """What is carried of a probe that now remembers ``own``."""
    return memory._replace(memory=own) if isinstance(memory, Paced) else own


def _measured(measure: Measure, moment: Any, alive: Bool[Array, " m"] | None, memory: Any) -> tuple[Row, Any]:
    """A reading; NaN for members that have stopped."""
    row, own = measure(moment, _own(memory))
    if alive is not None:
        row = jax.tree.map(lambda numbers: _of_the_living(numbers, alive), row)
    return row, _with(memory, own)


def _where(alive: Bool[Array, " m"], new: Array, old: Array) -> Array:
    """Per member the new value for the living, the old one for the others."""
    return jnp.where(alive.reshape(alive.shape + (1,) * (new.ndim - 1)), new, old)


def _of_the_living(values: Array, alive: Bool[Array, " m"]) -> Array:
    return _where(alive, values, jnp.full(values.shape, jnp.nan, values.dtype))


def _before(step: Int[Array, ""], cadence: Int[Array, ""] | int) -> Int[Array, ""]:
    """Multiples of a cadence below a step."""
    # Of numbers that are not negative: without the corrections that // makes for those that are.
    cadence = jnp.asarray(cadence, step.dtype)
    return lax.div(step + cadence - 1, cadence)

"""Every member of every arm: where they are, and one call that flies them all side by side.

Members of one arm differ in their seed alone and share a program; arms whose programs differ
in arrays alone share the compiled code. On a CPU the members are dealt into blocks of equal
size, which fly in parallel threads, one a core, each member after member (``lax.map``): the
bits of a member are those of the member alone, whatever its company. On other devices a block
is an arm, and its members fly as one batch.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from dltlab.engine import ensemble, machine
from dltlab.engine.arrays import placed
from dltlab.engine.pacing import Paced
from dltlab.engine.probes.base import Following
from dltlab.engine.program import Flight, Kind, Memories, Program, Read
from dltlab.engine.simulation import State

Start = tuple[State, Memories]
"""The state and memories of an arm: of its only member, or of several stacked along a first axis."""


class Block(NamedTuple):
    """Members of one arm that fly in one call."""

    arm: int
    first: int
    """The first member's place among the arm's seeds."""
    members: int


class Flights(NamedTuple):
    """What a chunk of every block gives back; nothing of the fleet has changed yet."""

    blocks: list[Flight]
    finite: np.ndarray
    """Per member, arm after arm, whether its loss stayed finite."""
    steps: np.ndarray
    """Per member the steps taken."""


class Fleet:
    """The members of all arms, all at the same step."""

    def __init__(self, programs: Sequence[Program], seeds: Sequence[Sequence[int]]) -> None:
        self.programs = programs
        self.seeds = seeds
        cores = machine.threads_of_xla() if jax.default_backend() == "cpu" else 1
        self.blocks = [block for arm, own in enumerate(seeds) for block in _dealt(arm, len(own), cores)]
        self._fly: dict[Kind, list[ensemble.Fly]] = {}
        self._coming: dict[Kind, Future[list[ensemble.Fly]]] = {}
        self._compiler = ThreadPoolExecutor(1, "dltlab-compile")
        # The block that takes longest sets off first.
        weights = [block.members * programs[block.arm].simulation.size for block in self.blocks]
        self._order = sorted(range(len(self.blocks)), key=lambda index: -weights[index])
        workers = min(cores, len(self.blocks))
        self._pool = ThreadPoolExecutor(workers, "dltlab-block") if workers > 1 else None
        self._at: list[Start] = []
        self.budgets: dict[str, float] = {}
        """Per probe that has one, in bare steps a step; the same for every member."""
        self._cadences: dict[str, int] = {}
        # Asked of the program once: it is asked for before every chunk.
        self._able = {name: programs[0].alone(name) for name in programs[0].probes if programs[0].steady(name)}
        """Per probe with a budget that may be read at every step the :class:`Read` that reads it alone."""

    def begin(self) -> list[Start]:
        """Every arm before its first step."""
        return [ensemble.begin(program, own) for program, own in zip(self.programs, self.seeds, strict=True)]

    def place(self, arms: Sequence[Start]) -> None:
        """Be there: a state and memories an arm."""
        self._at = [_cut(arms[block.arm], block, len(self.seeds[block.arm])) for block in self.blocks]
        paced = {name: memory for name, memory in arms[0][1].items() if isinstance(memory, Paced)}
        self.budgets = {name: float(np.ravel(memory.budget)[0]) for name, memory in paced.items()}
        self._cadences = {name: int(np.ravel(memory.every)[0]) for name, memory in paced.items()}
        for name, every in self._cadences.items():
            # What a file says may be anything; a chunk has room for the finest cadence.
            finest = self.programs[0].cadence(name)
            if every < finest or every % finest:
                self.pace(name, every=finest)

    @property
    def placed(self) -> Sequence[Start]:
        """Where every block is."""
        return self._at

    def cadence(self, name: str) -> int:
        """Steps between the readings of a probe, now: one for all members, so that columns stay rectangular."""
        return self._cadences.get(name) or self.programs[0].cadence(name)

    def pace(self, name: str, *, every: int | None = None, budget: float | None = None) -> None:
        """Set the cadence or the budget of a probe that has one; nothing is compiled."""
        self._cadences[name] = self._cadences[name] if every is None else every
        self.budgets[name] = self.budgets[name] if budget is None else budget
        self._at = [(state, self._paced(memories, name)) for state, memories in self._at]

    def _paced(self, memories: Memories, name: str) -> Memories:
        old = memories[name]
        assert isinstance(old, Paced)
        every = jnp.full_like(old.every, self._cadences[name])
        return {**memories, name: Paced(every, jnp.full_like(old.budget, self.budgets[name]), old.memory)}

    def gathered(self) -> list[Start]:
        """Where every arm is, on the host."""
        parts: list[list[Start]] = [[] for _ in self.seeds]
        for block, at in zip(self.blocks, jax.device_get(self._at), strict=True):
            parts[block.arm].append(jax.tree.map(lambda leaf: leaf[None], at) if block.members == 1 else at)
        whole = [jax.tree.map(lambda *leaves: np.concatenate(leaves), *own) for own in parts]
        return [
            jax.tree.map(lambda leaf: leaf[0], at) if len(own) == 1 else at
            for at, own in zip(whole, self.seeds, strict=True)
        ]

    def fly(self, steps: int, read: int = Read.DUE) -> Flights:
        """A chunk of every member, all blocks in parallel. Ready when it returns."""
        kind = self.kind(read)
        if kind not in self._fly:
            coming = self._coming.pop(kind, None)
            self._fly[kind] = coming.result() if coming else _compiled(self.programs, self.blocks, kind)
        fly = self._fly[kind]

        def flown(index: int) -> Flight:
            return jax.block_until_ready(fly[index](*self._at[index], steps, read))

        results: dict[int, Flight] = {}
        for index, flight in zip(self._order, (self._pool.map if self._pool else map)(flown, self._order), strict=True):
            results[index] = flight
        flights = [results[index] for index in range(len(self.blocks))]
        finite = [np.atleast_1d(np.asarray(flight.finite)) for flight in flights]
        taken = [np.atleast_1d(np.asarray(flight.steps)) for flight in flights]
        return Flights(flights, np.concatenate(finite), np.concatenate(taken))

    def prepare(self, read: int) -> None:
        """Compile, while others fly, what a chunk that reads so will need."""
        kind, there = self.kind(read), self._at
        if kind in self._fly or kind in self._coming:
            return

        def made() -> list[ensemble.Fly]:
            flies = _compiled(self.programs, self.blocks, kind)
            jax.block_until_ready([fly(*at, 0, read) for fly, at in zip(flies, there, strict=True)])
            return flies

        self._coming[kind] = self._compiler.submit(made)

    def prepared(self, read: int) -> bool:
        """Whether such a chunk can fly without being compiled first."""
        kind = self.kind(read)
        return kind in self._fly or (kind in self._coming and self._coming[kind].done())

    def beside(self, name: str) -> list[str]:
        """The probes with a budget that a chunk reads which reads this one alone; it is one of them."""
        alone = self.kind(self.programs[0].alone(name))
        return self._steady if alone is Kind.STEADY else [name]

    @property
    def _steady(self) -> list[str]:
        """The probes with a budget that are read at every step, if that is all of those that may be."""
        return list(self._able) if all(self._cadences.get(name) == 1 for name in self._able) else []

    def kind(self, read: int) -> Kind:
        """The code for a chunk that reads so: the fastest that does."""
        if read == Read.NOTHING:
            return Kind.BARE
        steady = self._steady
        fits = steady and (read < Read.ONE or read in self._able.values())
        return Kind.STEADY if fits else Kind.ANY

    def land(self, flights: Flights) -> None:
        """Be where a chunk ended."""
        self._at = [(flight.state, flight.memories) for flight in flights.blocks]

    def change(self, edit: Callable[[int, int, State], State]) -> None:
        """Edit every block's state; ``edit`` gets the arm, the block's members and the state."""
        self._at = [
            (edit(block.arm, block.members, state), memories)
            for block, (state, memories) in zip(self.blocks, self._at, strict=True)
        ]

    def catch_up(self) -> None:
        """Let the probes that go by the learning rate of now take in the steps so far, before it is turned."""
        own = [name for name, probe in self.programs[0].probes.items() if isinstance(probe, Following)]
        if not own:
            return
        flights = self.fly(1, Read.EVERYTHING).blocks
        self._at = [
            (state, {**memories, **{name: flight.memories[name] for name in own}})
            for (state, memories), flight in zip(self._at, flights, strict=True)
        ]

    def state(self, arm: int) -> State:
        """The state of an arm's first block."""
        return next(at[0] for block, at in zip(self.blocks, self._at, strict=True) if block.arm == arm)

    def clock(self, dead: np.ndarray) -> float:
        """Physical time of the first member that lives, arm after arm: those that have diverged stray."""
        clocks = np.concatenate([np.ravel(state.clock) for state, _ in self._at])
        return float(clocks[np.argmin(dead)])

    def rows(self, flights: Flights, source: str, suffix: str) -> dict[int, np.ndarray]:
        """A reading of a chunk, by the arms that have it, with shape (members, rows, *shape of the reading)."""
        found: dict[int, list[np.ndarray]] = {}
        for block, flight in zip(self.blocks, flights.blocks, strict=True):
            if suffix in flight.rows[source]:
                values = np.asarray(flight.rows[source][suffix])
                found.setdefault(block.arm, []).append(values[None] if block.members == 1 else values)
        return {arm: np.concatenate(own) for arm, own in found.items()}


def _dealt(arm: int, members: int, cores: int) -> list[Block]:
    """Blocks of one size, the largest with which every core has one: another size would compile another program."""
    most = max(members // cores, 1)
    size = next(size for size in range(most, 0, -1) if members % size == 0)
    # Many calls of few members cost more than an uneven deal.
    size = size if members // size <= 16 * cores else members
    return [Block(arm, first, size) for first in range(0, members, size)]


def _cut(at: Start, block: Block, members: int) -> Start:
    """A block's part of an arm's stacked state."""
    if members == 1:
        return jax.tree.map(placed, at)
    own = slice(block.first, block.first + block.members) if block.members > 1 else block.first
    return jax.tree.map(lambda leaf: placed(np.asarray(leaf)[own]), at)


def _compiled(programs: Sequence[Program], blocks: Sequence[Block], kind: Kind) -> list[ensemble.Fly]:
    """The compiled chunk of every block; programs that differ in arrays and hyperparameters alone share their code."""
    codes: list[tuple[Any, tuple[bool, bool], Any]] = []
    flies: list[ensemble.Fly] = []
    for block in blocks:
        program = programs[block.arm]
        arrays, static = ensemble.split(program)
        several, few = way = block.members > 1, program.simulation.few
        code = next((code for other, its, code in codes if its == way and eqx.tree_equal(other, static)), None)
        if code is None:
            code = ensemble.code(static, several=several, kind=kind, few=few)
            codes.append((static, way, code))
        flies.append(ensemble.bound(code, arrays, program))
    return flies

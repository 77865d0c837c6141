"""One program over the members of an ensemble, or over a single member.

On a CPU the members run one after the other inside one call (``lax.map``): each gives the
same bits as if it ran alone, which a batch would not, and is as fast. On a GPU they are a batch.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax import lax
from jaxtyping import Array

from dltlab.engine import compact
from dltlab.engine.arrays import placed
from dltlab.engine.program import Flight, Kind, Memories, Program, Read
from dltlab.engine.simulation import State

Fly = Callable[..., Flight]


def begin(program: Program, seeds: Sequence[int]) -> tuple[State, Memories]:
    """The state and memories of a member, or of several stacked along a first axis."""
    blank = _blanked(program)
    members = [(state, _remember(blank, state)) for state in (program.simulation.begin(seed) for seed in seeds)]
    if len(members) == 1:
        return members[0]
    return jax.tree.map(lambda *leaves: placed(np.stack(leaves)), *members)


@eqx.filter_jit
def _remember(program: Program, state: State) -> Memories:
    return program.remember(state)


def compiled(program: Program, members: int, kind: Kind = Kind.ANY) -> Fly:
    """The chunk as a compiled function ``(state, memories, steps, read) -> Flight``."""
    arrays, static = split(program)
    return bound(code(static, several=members > 1, kind=kind, few=program.simulation.few), arrays, program)


def split(program: Program) -> tuple[Any, Program]:
    """Its arrays, and what its code is compiled from: the same for arms whose problems differ in arrays alone."""
    return eqx.partition(_blanked(program), eqx.is_array)


def _blanked(program: Program) -> Program:
    """The program without its optimizer's numbers: those that a step uses are in the state, and can be turned there."""

    def blank(leaf: Any) -> Any:
        return 0.5 if isinstance(leaf, float) else leaf

    return eqx.tree_at(lambda it: it.simulation.optimizer, program, jax.tree.map(blank, program.simulation.optimizer))


def code(
    static: Program, *, several: bool, kind: Kind = Kind.ANY, batch: bool | None = None, few: bool = False
) -> Callable[..., Flight]:
    """The chunk of every program that has this static part, as compiled code.

    The arrays of the problem are its arguments, never constants inside it.

    Args:
        static: The program without its arrays.
        several: Whether state and memories carry a leading axis of members.
        kind: What it is compiled for.
        batch: Whether those fly as a batch; everywhere but on a CPU if it is not said.
        few: Whether its numbers are so few that on a CPU each matrix product stays on one core, and that the chunk is
            to be one kernel.
    """
    batch = jax.default_backend() != "cpu" if batch is None else batch
    few = few and compact.able()

    @functools.partial(jax.jit, compiler_options=dict(compact.OPTIONS) if few else None)
    def fly(arrays: Any, state: State, memories: Memories, steps: Array, read: Array) -> Flight:
        whole: Program = eqx.combine(arrays, static)
        if not several:
            return whole.fly(state, memories, steps, read, kind=kind, few=few)
        if batch:
            return whole.fly(state, memories, steps, read, members=state.step.shape[0], kind=kind)

        def one(member: tuple[State, Memories]) -> Flight:
            return whole.fly(*member, steps, read, kind=kind, few=few)

        return lax.map(one, (state, memories))

    return fly


def bound(fly: Callable[..., Flight], arrays: Any, program: Program) -> Fly:
    """Compiled code with a program's own arrays."""

    def run(state: State, memories: Memories, steps: int, read: int = Read.DUE) -> Flight:
        if steps < 0 or (steps > program.longest and read in (Read.DUE, Read.EVERYTHING)):
            raise ValueError(f"a chunk of {steps} steps; it has room for the readings of {program.longest}.")
        return fly(arrays, state, memories, np.int32(steps), np.int32(read))

    return run

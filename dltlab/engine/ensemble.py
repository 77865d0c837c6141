"""One program over the members of an ensemble, or over a single member.

On a CPU the members run one after the other inside one call (``lax.map``): each gives the
same bits as if it ran alone, which ``vmap`` would not, and is as fast.
"""

from collections.abc import Callable, Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

from dltlab.engine.program import Flight, Memories, Program
from dltlab.engine.simulation import State

Fly = Callable[..., Flight]


def begin(program: Program, seeds: Sequence[int]) -> tuple[State, Memories]:
    """The state and memories of a member, or of several stacked along a first axis."""
    members = [(state, _remember(program, state)) for state in (program.simulation.begin(seed) for seed in seeds)]
    if len(members) == 1:
        return members[0]
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *members)


@eqx.filter_jit
def _remember(program: Program, state: State) -> Memories:
    return program.remember(state)


def compiled(program: Program, members: int) -> Fly:
    """The chunk as a compiled function ``(state, memories, stride, frames, everything) -> Flight``.

    The problem's arrays are arguments of the compiled code, never constants inside it.
    """
    arrays, static = eqx.partition(program, eqx.is_array)

    @jax.jit
    def fly(
        arrays: Program, state: State, memories: Memories, stride: Array, frames: Array, everything: Array
    ) -> Flight:
        whole = eqx.combine(arrays, static)
        if members == 1:
            return whole.fly(state, memories, stride, frames, everything)
        return lax.map(lambda member: whole.fly(member[0], member[1], stride, frames, everything), (state, memories))

    def run(state: State, memories: Memories, stride: int, frames: int, *, everything: bool = False) -> Flight:
        if stride < 1 or not 1 <= frames <= program.frames:
            raise ValueError(f"a chunk of {frames} frames of {stride} steps; it has room for {program.frames}.")
        numbers = (jnp.asarray(stride, jnp.int32), jnp.asarray(frames, jnp.int32), jnp.asarray(everything))
        return fly(arrays, state, memories, *numbers)

    return run

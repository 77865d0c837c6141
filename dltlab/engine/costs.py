"""What a chunk costs by its own code: arithmetic, traffic and memory, as XLA counts them in what it compiled."""

import functools
import time
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np

from dltlab.engine import ensemble, machine
from dltlab.engine.fleet import Fleet
from dltlab.engine.program import Program, Read
from dltlab.engine.simulation import State


class Costs(NamedTuple):
    """Of all members together."""

    flops: float
    """Floating-point operations of a step, without readings."""
    moved: float
    """Bytes that it reads and writes, about: what is fused is not counted twice."""
    read: float
    """Floating-point operations of a step with every reading. Of a loop within a reading one turn is counted."""
    arguments: int
    """Bytes of problem, state and memories."""
    outputs: int
    """Bytes that a chunk gives back: states, and the rows of its readings."""
    temporaries: int
    """Bytes that the chunks which fly side by side need on their way."""
    compiling: float
    """Seconds to trace and compile, or to find what was compiled before."""

    @property
    def memory(self) -> int:
        """Bytes held while a chunk flies."""
        return self.arguments + self.outputs + self.temporaries


class _Counted(NamedTuple):
    """One compiled chunk."""

    static: Any
    several: bool
    few: bool
    flops: float
    moved: float
    read: float
    arguments: int
    outputs: int
    temporaries: int


def of(fleet: Fleet) -> Costs:
    """Compile the chunk of every block of a fleet that was placed, and count.

    What was compiled is in the compilation cache then, so that a flight does not compile it again.
    """
    begin = time.perf_counter()
    batched = jax.default_backend() != "cpu"
    counted: list[_Counted] = []
    blocks: list[tuple[_Counted, int]] = []
    for block, (state, memories) in zip(fleet.blocks, fleet.placed, strict=True):
        program, several = fleet.programs[block.arm], block.members > 1
        arrays, static = ensemble.split(program)
        few = program.simulation.few
        found = next((one for one in counted if _alike(one, static, several, few)), None)
        if found is None:
            code: Any = ensemble.code(static, several=several, kind=fleet.kind(Read.DUE), few=few)
            # XLA counts the body of a loop once, and a chunk is a loop of steps.
            chunk = code.lower(arrays, state, memories, np.int32(0), np.int32(Read.DUE)).compile()
            step = jax.jit(functools.partial(_step, static)).lower(arrays, _one(state) if several else state).compile()
            share = block.members if several and batched else 1
            counts = *_counts(step), _counts(chunk)[0] / share
            found = _Counted(static, several, few, *counts, *_sizes(chunk))
            counted.append(found)
        blocks.append((found, block.members))
    flying = sorted((one.temporaries for one, _ in blocks), reverse=True)
    return Costs(
        sum(one.flops * members for one, members in blocks),
        sum(one.moved * members for one, members in blocks),
        sum(one.read * members for one, members in blocks),
        sum(one.arguments for one, _ in blocks),
        sum(one.outputs for one, _ in blocks),
        sum(flying if batched else flying[: machine.threads_of_xla()]),
        time.perf_counter() - begin,
    )


def _alike(one: _Counted, static: Any, several: bool, few: bool) -> bool:
    return (one.several, one.few) == (several, few) and bool(eqx.tree_equal(one.static, static))


def _step(static: Program, arrays: Any, state: State) -> State:
    simulation = eqx.combine(arrays, static).simulation
    return simulation.move(simulation.look(state))


def _one(state: State) -> State:
    """One member of several."""
    return jax.tree.map(lambda leaf: leaf[0], state)


def _counts(compiled: Any) -> tuple[float, float]:
    """FLOPs and bytes moved; 0 where a backend does not tell."""
    told = compiled.cost_analysis() or {}
    told = told[0] if isinstance(told, list) else told
    return max(float(told.get("flops", 0.0)), 0.0), max(float(told.get("bytes accessed", 0.0)), 0.0)


def _sizes(compiled: Any) -> tuple[int, int, int]:
    """Bytes of arguments, outputs and temporaries; 0 where a backend does not tell."""
    memory = compiled.memory_analysis()
    arguments, outputs, temporaries = (
        int(getattr(memory, f"{name}_size_in_bytes", 0)) for name in ("argument", "output", "temp")
    )
    return arguments, outputs, temporaries

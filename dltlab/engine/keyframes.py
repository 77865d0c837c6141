"""The whole state as a record, and back: the same bits."""

import hashlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from dltlab.engine.program import Memories
from dltlab.engine.simulation import State
from dltlab.errors import RecordingError
from dltlab.records import Array, Keyframe


def taken(step: int, state: State, memories: Memories) -> Keyframe:
    """The state and what the probes remember, leaf by leaf under their paths."""
    leaves, _ = jax.tree.flatten_with_path((state, memories))
    packed = {jax.tree_util.keystr(path): Array.of(np.asarray(leaf)) for path, leaf in leaves}
    digest = hashlib.sha256()
    for array in packed.values():
        digest.update(array.data)
    return Keyframe(step, packed, digest.hexdigest())


def restored(keyframe: Keyframe, like: tuple[State, Memories]) -> tuple[State, Memories]:
    """The state that a keyframe holds, in the shape of a fresh one.

    Raises:
        RecordingError: The keyframe is of another experiment.
    """
    leaves, tree = jax.tree.flatten_with_path(like)
    found: list[Any] = []
    for path, leaf in leaves:
        name = jax.tree_util.keystr(path)
        stored = keyframe.leaves.get(name)
        wanted = np.asarray(leaf)
        if stored is None or tuple(stored.shape) != wanted.shape or np.dtype(stored.dtype) != wanted.dtype:
            raise RecordingError(
                f"the keyframe at step {keyframe.step} does not fit its scenario; it cannot be continued."
            )
        found.append(jnp.asarray(stored.numpy()))
    return jax.tree.unflatten(tree, found)


def size(state: State, memories: Memories) -> int:
    """Bytes of a keyframe, about."""
    return sum(np.asarray(leaf).nbytes for leaf in jax.tree.leaves((state, memories))) * 4 // 3

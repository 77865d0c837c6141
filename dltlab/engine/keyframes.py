"""The whole state as a record, and back: the same bits."""

import hashlib
from typing import Any

import jax
import numpy as np

from dltlab.engine.arrays import placed
from dltlab.engine.fleet import Start
from dltlab.errors import RecordingError
from dltlab.records import Array, Keyframe


def taken(step: int, starts: list[Start]) -> Keyframe:
    """Each arm's state and what its probes remember, leaf by leaf under their paths."""
    leaves, _ = jax.tree.flatten_with_path(starts if len(starts) > 1 else starts[0])
    packed = {jax.tree_util.keystr(path): Array.of(np.asarray(leaf)) for path, leaf in leaves}
    digest = hashlib.sha256()
    for array in packed.values():
        digest.update(array.data)
    return Keyframe(step, packed, digest.hexdigest())


def restored(keyframe: Keyframe, like: list[Start]) -> list[Start]:
    """The states that a keyframe holds, in the shape of fresh ones.

    Raises:
        RecordingError: The keyframe is of another experiment.
    """
    leaves, tree = jax.tree.flatten_with_path(like if len(like) > 1 else like[0])
    found: list[Any] = []
    for path, leaf in leaves:
        name = jax.tree_util.keystr(path)
        stored = keyframe.leaves.get(name)
        wanted = np.asarray(leaf)
        if stored is None or tuple(stored.shape) != wanted.shape or stored.dtype != Array.of(wanted).dtype:
            raise _unfit(keyframe)
        found.append(placed(stored.numpy()))
    whole = jax.tree.unflatten(tree, found)
    starts = whole if len(like) > 1 else [whole]
    # Members that have diverged stay behind.
    steps = np.concatenate([np.ravel(state.step) for state, _ in starts])
    if steps.max() != keyframe.step or steps.min() < 0:
        raise _unfit(keyframe)
    return starts


def _unfit(keyframe: Keyframe) -> RecordingError:
    return RecordingError(
        f"the keyframe at step {keyframe.step} does not fit its scenario, so nothing can go on from it."
    )

"""The whole state as a record, and back: the same bits; and when a session takes one by itself."""

import hashlib
from typing import Any, Final

import jax
import numpy as np

from dltlab.engine.arrays import placed
from dltlab.engine.fleet import Start
from dltlab.errors import RecordingError
from dltlab.records import Array, Keyframe

SECONDS: Final = 5.0
"""At least so many lie between two keyframes that a session takes by itself."""
SHARE: Final = 0.1
"""Of its time so far that lies between two, within the budget."""
BUDGET: Final = 64 << 20
"""Bytes of keyframes beyond which those that a session takes by itself become rare."""


class Rhythm:
    """When a session takes a keyframe by itself.

    Beyond the budget twice as much time lies between two as between the two before. So their bytes grow with the
    logarithm of the time, and what a kill makes to be computed again stays a share of it.
    """

    def __init__(self) -> None:
        self._bytes, self._gap, self._due = 0, SECONDS, 0.0

    def due(self, now: float) -> bool:
        """Whether one is due, by the seconds of the session; the first one some seconds after this was first asked."""
        self._due = self._due or now + self._gap
        return now >= self._due

    def took(self, now: float, size: int) -> None:
        """Take note of one and its bytes, whoever asked for it."""
        self._bytes += size
        if 0 < self._due <= now:
            # What one took is what the next will: the state's shape never changes.
            within = self._bytes + size <= BUDGET
            self._gap = max(SECONDS, SHARE * now) if within else 2 * self._gap
            self._due = now + self._gap


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

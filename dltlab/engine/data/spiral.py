"""Two interleaved spirals, one a class (Lang & Witbrock 1988, Learning to tell two spirals apart)."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from dltlab.engine.data.base import AbstractData, Examples, classified


class Spiral(AbstractData):
    """Points in the plane on two arms of a spiral, turned against each other by half a turn."""

    points: Annotated[int, Meta(ge=4, le=1_000_000)] = 40
    """Both arms together; of an odd number the first arm has one more."""
    turns: Annotated[float, Meta(gt=0, le=20)] = 1.0
    """How often an arm winds around the origin."""

    def examples(self) -> Examples:
        """Inputs of shape (points, 2), standardised; one-hot targets of shape (points, 2)."""
        labels = np.arange(self.points) % 2
        along = (np.arange(self.points) // 2 + 1) / -(-self.points // 2)
        angles = 2 * np.pi * self.turns * along + np.pi * labels
        return classified(along[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1), labels, 2)

"""A ReLU teacher: labels that a few neurons explain, for the student to find or not.

Chizat, Oyallon & Bach 2019 (arXiv:1812.07956), section 3: inputs uniform on the unit sphere,
y = Σ_k b_k relu(v_k·x) with unit directions v_k and signs b_k = ±1. A student that learns
features turns its neurons to the v_k; a lazy one fits the labels with neurons that hardly move.
"""

from typing import Annotated, Literal

import equinox as eqx
import numpy as np
from jaxtyping import Float
from msgspec import Meta

from dltlab.engine.data.base import AbstractData, Examples, Neurons, fit

Count = Annotated[int, Meta(ge=1, le=100_000)]


class Teacher(AbstractData):
    """Inputs on the unit sphere or N(0, I), labelled by random ReLU neurons."""

    points: Count = 15
    """n, the inputs."""
    dimension: Annotated[int, Meta(ge=1, le=10_000)] = 2
    """d, of the inputs."""
    neurons: Annotated[int, Meta(ge=1, le=10_000)] = 3
    """q, the neurons of the teacher."""
    inputs: Literal["sphere", "gaussian"] = eqx.field(default="sphere", static=True)
    """Their law: uniform on the unit sphere, or N(0, I)."""
    labels_scale: Annotated[float, Meta(gt=0, le=1e6)] = 1.0
    """Multiplies the b_k, and with them the labels."""
    part: Literal["train", "test"] = eqx.field(default="train", static=True)
    """Fresh inputs for the same teacher, independent of the others."""
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    """What the teacher and the inputs are drawn from."""

    def examples(self) -> Examples:
        """Inputs of shape (points, dimension), labels of shape (points, 1), and the teacher."""
        for rows, columns in (
            (self.points, self.dimension), (self.points, self.neurons), (self.neurons, self.dimension),
        ):  # fmt: skip
            fit(rows, columns)
        # Not the stream [seed, 0], from which students of this seed draw their neurons: they would be the teacher's.
        random = np.random.default_rng([self.seed, 1])
        directions = _on_sphere(random.standard_normal((self.neurons, self.dimension)))
        outputs = self.labels_scale * np.sign(random.standard_normal(self.neurons))
        if self.part == "test":
            random = np.random.default_rng([self.seed, 2])
        x = random.standard_normal((self.points, self.dimension))
        if self.inputs == "sphere":
            x = _on_sphere(x)
        y = np.maximum(x @ directions.T, 0.0) @ outputs
        return Examples(x, y[:, None], None, Neurons(directions, outputs))


def _on_sphere(rows: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)

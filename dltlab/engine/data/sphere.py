"""Points drawn uniformly from the unit sphere, with labels from pure noise to the easiest that there are.

Du et al. 2019 (arXiv:1810.02054) fit noise; Arora et al. 2019 (arXiv:1901.08584) explain
why some labels are fitted faster: what counts is how they lie along the eigenvectors of H∞.
"""

from typing import Annotated, Literal

import equinox as eqx
import numpy as np
from jaxtyping import Float
from msgspec import Meta

from dltlab.engine.data.base import AbstractData, Examples
from dltlab.engine.numerics import kernel


class Sphere(AbstractData):
    """n points on the sphere of radius 1 in d dimensions; all labels but noise have length √n."""

    points: Annotated[int, Meta(ge=1, le=10_000)] = 40
    """n, the inputs."""
    dimension: Annotated[int, Meta(ge=2, le=10_000)] = 20
    """d, of the inputs."""
    labels: Literal["noise", "linear", "top", "bottom"] = eqx.field(default="noise", static=True)
    """y ~ N(0, 1); y ∝ w·x with a random w; the eigenvector of H∞ with the largest or the smallest eigenvalue."""
    seed: Annotated[int, Meta(ge=0, lt=2**31)] = 0
    """What the inputs and the labels are drawn from."""

    def examples(self) -> Examples:
        """The points in rows, the labels in one column. The points are the same for all labels."""
        # Apart from the stream of a member's initial weights, which is that of [seed, 0], and of seed alone.
        random = np.random.default_rng([self.seed, 1])
        x = random.standard_normal((self.points, self.dimension))
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        if self.labels in ("top", "bottom"):
            kernel.fit(self.points)
            y = _eigenvector(kernel.relu_limit(x), -1 if self.labels == "top" else 0)
        else:
            y = drawn(self.labels, x, random)
        return Examples(x, y[:, None], None)


def drawn(
    labels: Literal["noise", "linear"], x: Float[np.ndarray, "n d"], random: np.random.Generator
) -> Float[np.ndarray, " n"]:
    """Random labels: independent of the inputs, or linear in them with length √n."""
    if labels == "noise":
        return random.standard_normal(len(x))
    y = x @ random.standard_normal(x.shape[1])
    return y * np.sqrt(len(x)) / np.linalg.norm(y)


def _eigenvector(matrix: Float[np.ndarray, "n n"], which: int) -> Float[np.ndarray, " n"]:
    """An eigenvector with length √n; its largest entry is positive, since eigenvectors have no sign of their own."""
    vector = np.linalg.eigh(matrix)[1][:, which]
    return np.sqrt(len(vector)) * vector * np.sign(vector[np.argmax(np.abs(vector))])

"""Gradient descent on the limit kernel itself: the network of infinite width, as a linear problem.

Where outputs u = Φθ have features Φ = H^½, gradient descent on ½‖u − y‖² follows
u ← u − ηH(u − y): the dynamics that the theorem of Du et al. 2019 (arXiv:1810.02054) says a
wide network shadows. From u = 0 the weights travel sqrt(yᵀH⁻¹y), the complexity of Arora et
al. 2019 (arXiv:1901.08584).
"""

from typing import Annotated, Final, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, UInt32

from dltlab.catalog import Kind
from dltlab.engine.arrays import placed
from dltlab.engine.data import DATA
from dltlab.engine.data.base import AbstractData
from dltlab.engine.data.sphere import drawn
from dltlab.engine.numerics import kernel
from dltlab.engine.problems.base import AbstractProblem
from dltlab.engine.problems.regression import Regression

Weights = dict[str, Float[Array, " n"]]

_SINGULAR: Final = 1e-12
"""The ratio λ_min/λ_max below which rounding decides what the weights that fit are."""


class KernelRegression(AbstractProblem, Regression):
    """Descend ½‖u − y‖² from u = 0 on H∞, that of two ReLU layers with the first one trained.

    The labels are those of the data, or drawn anew by every member of an ensemble. The
    weights are measured from those that fit them, so that u − y = Φθ whatever the labels.
    """

    inputs: Float[Array, "n d"]
    targets: Float[Array, " n"]
    features: Float[Array, "n n"]
    labels: Literal["data", "noise", "linear"] = eqx.field(static=True)

    def __init__(
        self,
        data: Annotated[AbstractData, Kind("data set", DATA)],
        labels: Literal["data", "noise", "linear"] = "data",
    ) -> None:
        """What a scenario says of the problem.

        Args:
            data: The inputs, and labels for ``labels = "data"``.
            labels: Those of the data; or drawn by each seed: noise, or linear in the inputs.
        """
        examples = data.examples()
        if examples.targets.shape[1] != 1:
            raise ValueError(f"{examples.targets.shape[1]} targets an example; choose data with one.")
        kernel.fit(len(examples.inputs))
        features = kernel.root(kernel.relu_limit(examples.inputs))
        values = np.linalg.eigvalsh(features) ** 2
        if values.min() <= _SINGULAR * values.max():
            raise ValueError("two of the inputs are parallel, which makes H∞ singular; choose other data.")
        self.inputs, self.targets = placed(examples.inputs), placed(examples.targets[:, 0])
        self.features = placed(features)
        self.labels = labels

    def init(self, random: np.random.Generator) -> dict[str, np.ndarray]:
        """The weights of u = 0, seen from those that fit the labels: −Φ⁻¹y."""
        x = np.asarray(self.inputs, float)
        y = np.asarray(self.targets, float) if self.labels == "data" else drawn(self.labels, x, random)
        return {"weights": -np.linalg.solve(kernel.root(kernel.relu_limit(x)), y)}

    def loss(self, params: Weights) -> Float[Array, ""]:
        """½‖u − y‖²."""
        return 0.5 * jnp.sum(self.residual(params) ** 2)

    def objective(self, params: Weights, key: UInt32[Array, "2"]) -> Float[Array, ""]:
        """The loss itself."""
        del key
        return self.loss(params)

    def layers(self, params: Weights) -> Weights:
        """One layer."""
        return {"weights": params["weights"]}

    def footprint(self) -> tuple[int, int]:
        """A weight and an output an example."""
        return self.inputs.shape[0], self.inputs.shape[0]

    def size(self) -> int:
        """As many as examples."""
        return self.inputs.shape[0]

    def weight(self) -> float:
        """1: the loss is a sum."""
        return 1.0

    def residual(self, params: Weights) -> Float[Array, " n"]:
        """Φθ, which is u − y."""
        return self.features @ params["weights"]

    def tangent(self, params: Weights) -> Float[Array, "n n"]:
        """H∞, always."""
        del params
        return self.limit()

    def tangent_holds(self) -> int:
        """Those of the kernel."""
        return kernel.held(self.size())

    def limit(self) -> Float[Array, "n n"]:
        """H∞."""
        return kernel.relu_limit(self.inputs)

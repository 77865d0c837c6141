"""Learning from examples: a data set, a network and a loss.

The square loss is L = (1/2n) Σᵢ ‖f(xᵢ) − yᵢ‖², the summed one ½ Σᵢ ‖f(xᵢ) − yᵢ‖² (Du et al. 2019: its learning
rates are n times smaller), the cross-entropy L = −(1/n) Σᵢ log softmax(f(xᵢ))·yᵢ.

Where n < d the gradient of a first layer lies in the span of the n inputs, and what its weights have outside never
changes. ``coordinates = "span"`` writes inputs and weights in an orthonormal basis of that span: n numbers an input
instead of d. For gradient descent, with momentum or without, loss, movement and the Hessian's spectrum but for zeros
stay what they are; steps become shorter by nearly d/n. ‖θ₀‖ is that of what lies in the span. Optimizers with a metric
of their own, or with noise, are not the same in other coordinates, and are refused.
"""

from typing import Annotated, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, Int, PyTree, UInt32
from msgspec import Meta

from dltlab.catalog import Kind
from dltlab.engine.arrays import placed
from dltlab.engine.data import DATA
from dltlab.engine.data.base import AbstractData, Neurons
from dltlab.engine.models import MODELS
from dltlab.engine.models.base import AbstractModel, InnerProducts, KernelInClosedForm
from dltlab.engine.numerics import kernel
from dltlab.engine.problems.base import AbstractProblem, Kinked, Labelled, Params, Sampled
from dltlab.engine.problems.composed import Composed
from dltlab.engine.problems.regression import Regression


class Supervised(AbstractProblem, Composed, Kinked, Labelled, Regression, Sampled):
    """Fit a network to examples."""

    inputs: Float[Array, "n d"]
    targets: Float[Array, "n c"]
    labels: Int[Array, " n"] | None
    teacher: Neurons | None
    """The neurons that made the targets, where the data have any."""
    frame: Float[Array, "e d"] | None
    """The basis that the inputs are coordinates in, a vector in each column; None where they are as given."""
    model: AbstractModel
    kind_of_loss: str = eqx.field(static=True)
    batch: int = eqx.field(static=True)

    def __init__(
        self,
        data: Annotated[AbstractData, Kind("data set", DATA)],
        model: Annotated[AbstractModel, Kind("model", MODELS)],
        loss: Literal["square", "square_sum", "cross_entropy"] = "square",
        batch: Annotated[int, Meta(ge=0, le=10_000_000)] = 0,
        coordinates: Literal["given", "span"] = "given",
    ) -> None:
        """What a scenario says of the problem.

        Args:
            data: The examples.
            model: The network.
            loss: (1/2n)Σ‖f − y‖², ½Σ‖f − y‖², or the mean cross-entropy.
            batch: Examples of a step, drawn anew each time; all of them with 0.
            coordinates: "span" takes the inputs in a basis of their span: the same training, and cheaper where
                examples are fewer than dimensions.
        """
        examples, frame = data.examples(), None
        if coordinates == "span":
            _need_span(examples.inputs, model)
            frame, upper = np.linalg.qr(examples.inputs.T)
            examples = examples._replace(inputs=np.ascontiguousarray(upper.T))
        if loss == "cross_entropy" and examples.labels is None:
            raise ValueError('loss = "cross_entropy" needs data with labels; this set has none, use loss = "square".')
        if batch > len(examples.inputs):
            raise ValueError(f"batch = {batch} is more than the {len(examples.inputs)} examples; 0 takes them all.")
        self.inputs, self.targets = placed(examples.inputs), placed(examples.targets)
        self.frame = None if frame is None else placed(frame)
        self.labels = None if examples.labels is None else placed(examples.labels)
        self.teacher = jax.tree.map(placed, examples.teacher)
        # A network that cannot take these inputs says so here.
        model.footprint(self.inputs.shape[1], self.targets.shape[1])
        self.model = model
        self.kind_of_loss = loss
        self.batch = batch

    def init(self, random: np.random.Generator) -> PyTree:
        """The network's own initialisation."""
        if self.frame is None or not isinstance(self.model, InnerProducts):
            return self.model.init(random, self.inputs.shape[1], self.targets.shape[1])
        drawn = self.model.init(random, self.frame.shape[0], self.targets.shape[1])
        return self.model.expressed(drawn, np.asarray(self.frame, np.float64))

    def loss(self, params: Params) -> Float[Array, ""]:
        """The loss of all examples."""
        return self._of(self.model(params, self.inputs), self.targets)

    def objective(self, params: Params, key: UInt32[Array, "2"]) -> Float[Array, ""]:
        """The loss of a batch drawn without replacement, or of all examples where ``batch = 0``."""
        if self.batch == 0:
            return self.loss(params)
        chosen = jr.choice(key, self.inputs.shape[0], (self.batch,), replace=False)
        return self._of(self.model(params, self.inputs[chosen]), self.targets[chosen])

    def _of(self, outputs: Float[Array, "n c"], targets: Float[Array, "n c"]) -> Float[Array, ""]:
        # An example in each column, as the networks compute: nothing is then moved about in memory.
        answers, truth = outputs.T, targets.T
        if self.kind_of_loss != "cross_entropy":
            half = 0.5 * jnp.sum((answers - truth) ** 2)
            return half if self.kind_of_loss == "square_sum" else half / outputs.shape[0]
        # −log softmax_y = log(1 + Σ_{j≠y} e^{z_j − z_y}). Where the fit is good, log softmax itself is the small
        # difference of large numbers, and below a loss of 1e-4 float32 would mislead gradient and Hessian.
        behind = answers - jnp.sum(truth * answers, axis=0, keepdims=True)
        others = jax.nn.logsumexp(jnp.where(truth > 0, -jnp.inf, behind), axis=0)
        return jnp.sum(jax.nn.softplus(others)) / outputs.shape[0]

    def size(self) -> int:
        """Examples times outputs."""
        return self.targets.size

    def weight(self) -> float:
        """1/n, or 1 where the loss is summed."""
        if self.batch:
            raise ValueError(f"a step sees batch = {self.batch} examples only; use batch = 0.")
        if self.kind_of_loss == "cross_entropy":
            raise ValueError('the cross-entropy has no residual; use loss = "square" or "square_sum".')
        return 1.0 if self.kind_of_loss == "square_sum" else 1 / self.inputs.shape[0]

    def outputs(self, params: Params) -> Float[Array, " k"]:
        """The network's outputs, example by example."""
        return self.model(params, self.inputs).ravel()

    def of_outputs(self, outputs: Float[Array, " k"]) -> Float[Array, ""]:
        """The loss of all examples that have these outputs."""
        return self._of(outputs.reshape(self.targets.shape), self.targets)

    def residual(self, params: Params) -> Float[Array, " k"]:
        """f(x) − y, example by example."""
        return self.outputs(params) - self.targets.ravel()

    def tangent(self, params: Params) -> Float[Array, "k k"]:
        """In closed form where the model has one, or from a backward pass an output."""
        if self._closed and isinstance(self.model, KernelInClosedForm):
            return self.model.kernel(params, self.inputs)
        return kernel.gram(self.outputs, params)

    def tangent_holds(self) -> int:
        """The activations and the kernel where it has a closed form, or a gradient an output."""
        weights, activations = self.footprint()
        return 2 * activations + kernel.held(self.size(), *(() if self._closed else (weights, activations)))

    @property
    def _closed(self) -> bool:
        """Whether the tangent kernel has a closed form."""
        return isinstance(self.model, KernelInClosedForm) and self.targets.shape[1] == 1

    def limit(self) -> Float[Array, "k k"]:
        """The mean of the kernel at the start."""
        if not isinstance(self.model, KernelInClosedForm) or self.targets.shape[1] != 1:
            raise ValueError("the limit kernel has a closed form for a two_layer model with one output; use one.")
        return self.model.limit(self.inputs)

    @property
    def sampled(self) -> bool:
        """Whether a step sees a batch."""
        return self.batch > 0

    @property
    def share(self) -> float:
        """A batch of the examples, or all of them."""
        return (self.batch or self.inputs.shape[0]) / self.inputs.shape[0]

    @property
    def kinked(self) -> bool:
        """Whether the network's activation has kinks."""
        return self.model.kinked

    def accuracy(self, params: Params) -> Float[Array, ""]:
        """The share of examples that the network names rightly."""
        outputs = self.model(params, self.inputs)
        return jnp.mean((jnp.argmax(outputs, axis=1) == self.labels).astype(outputs.dtype))

    def layers(self, params: Params) -> dict[str, Params]:
        """The network's layers."""
        return self.model.layers(params)

    def footprint(self) -> tuple[int, int]:
        """Parameters, and activations kept by one gradient over all examples."""
        n, d = self.inputs.shape
        weights, units = self.model.footprint(d, self.targets.shape[1])
        return weights, n * units


def _need_span(inputs: Float[np.ndarray, "n d"], model: AbstractModel) -> None:
    """Refuse what has no use for it. Raises ValueError."""
    examples, dimensions = inputs.shape
    if examples >= dimensions:
        raise ValueError(
            f'coordinates = "span" makes inputs of {dimensions} numbers no shorter with {examples} examples; '
            'use "given", or fewer examples.'
        )
    if not isinstance(model, InnerProducts):
        message = 'coordinates = "span" needs a model that sees inputs by inner products: an mlp; use "given".'
        raise ValueError(message)  # noqa: TRY004

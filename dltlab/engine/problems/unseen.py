"""Examples that a network was not fitted to: where it shows what it has learned."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from dltlab.engine.data.base import AbstractData, Neurons
from dltlab.engine.problems.base import AbstractProblem
from dltlab.engine.problems.supervised import Supervised


class Unseen(eqx.Module):
    """Inputs and targets to be tried on, in NumPy float64."""

    inputs: Float[np.ndarray, "n d"]
    targets: Float[np.ndarray, "n c"]
    teacher: Neurons | None

    def __init__(self, data: AbstractData) -> None:
        self.inputs, self.targets, _, self.teacher = data.examples()

    def check(self, problem: AbstractProblem) -> None:
        """Raise ValueError where these examples cannot be tried on the problem."""
        known = fitted(problem)
        if known.frame is not None:
            raise ValueError('what was not fitted does not lie in the span; use coordinates = "given", or remove this.')
        mine, its = [(one.inputs.shape[1], one.targets.shape[1]) for one in (self, known)]
        if mine != its:
            raise ValueError(f"inputs and outputs number {mine}, the problem's {its}; take data of one kind.")
        if self.teacher is not None and known.teacher is not None and not _same(self.teacher, known.teacher):
            raise ValueError("another teacher labelled the problem's examples; give both data the same seed and shape.")

    def activations(self, problem: AbstractProblem) -> int:
        """Those of a gradient over these examples, for a network that is fitted to others; 0 where there is none."""
        if not isinstance(problem, Supervised):
            return 0
        return problem.footprint()[1] // problem.inputs.shape[0] * self.inputs.shape[0]

    def instead(self, problem: AbstractProblem) -> Supervised:
        """The problem with these examples in the place of its own: its loss is the test loss."""
        known = fitted(problem)
        kind = known.inputs.dtype
        mine = (jnp.asarray(self.inputs, kind), jnp.asarray(self.targets, kind))
        return eqx.tree_at(lambda one: (one.inputs, one.targets), known, mine)


def fitted(problem: AbstractProblem) -> Supervised:
    """The problem, where it fits a network to examples. Raises ValueError where it does not."""
    if isinstance(problem, Supervised):
        return problem
    raise ValueError("this needs a network fitted to examples, and the problem has none; use a supervised one.")


def _same(one: Neurons, other: Neurons) -> bool:
    pairs = zip(one, other, strict=True)
    return all(a.shape == b.shape and np.allclose(a, np.asarray(b), rtol=1e-5, atol=1e-7) for a, b in pairs)

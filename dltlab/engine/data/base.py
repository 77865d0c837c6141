"""What every data set is: examples, in NumPy float64."""

import abc
from typing import Final, NamedTuple

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Int


class Neurons(NamedTuple):
    """The ReLU neurons of a teacher x ↦ Σ_k b_k relu(v_k·x): directions v_k in rows, outputs b_k."""

    directions: Float[Array | np.ndarray, "q d"]
    outputs: Float[Array | np.ndarray, " q"]


class Examples(NamedTuple):
    """Inputs with their targets; with labels where the targets are classes, a teacher where one made them."""

    inputs: Float[np.ndarray, "n d"]
    targets: Float[np.ndarray, "n c"]
    labels: Int[np.ndarray, " n"] | None
    teacher: Neurons | None = None


LARGEST: Final = 1 << 28
"""Numbers of one array of examples: 2 GiB in float64."""


def fit(rows: int, columns: int) -> None:
    """Raise ValueError, before any memory is taken, for an array of more numbers than a data set may have."""
    if rows * columns > LARGEST:
        raise ValueError(f"{rows:,} x {columns:,} numbers; {LARGEST:,} are the most, make one of the two smaller.")


class AbstractData(eqx.Module):
    """A way to come by examples."""

    @abc.abstractmethod
    def examples(self) -> Examples:
        """Make or load them. Raises ValueError, in one sentence with the cure, where they cannot be had."""


def classified(inputs: Float[np.ndarray, "n d"], labels: Int[np.ndarray, " n"], classes: int) -> Examples:
    """Examples with one-hot targets, the inputs standardised.

    Every input coordinate is centred and all are divided by one common scale, so that the
    mean square of a coordinate is 1: constant pixels stay zero and none is blown up.
    """
    fit(len(inputs), classes)
    centred = inputs - inputs.mean(axis=0)
    scale = np.sqrt(np.mean(centred**2)) or 1.0
    targets = np.zeros((len(inputs), classes))
    targets[np.arange(len(inputs)), labels] = 1.0
    return Examples(centred / scale, targets, labels)

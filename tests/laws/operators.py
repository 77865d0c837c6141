"""Symmetric operators whose spectra are known: what every eigen-method and every estimate is tried on.

Quadratics have the spectrum that they are made with. A network's operator is its loss's
Hessian by exact products in the precision that is asked for; its truth is the same Hessian at the
same parameters in float64, decomposed whole.
"""

import functools
from collections.abc import Callable
from typing import Final, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from dltlab.engine.numerics import hessian

SIZE: Final = 43
_EXAMPLES: Final = 12
_TRAINED: Final = 400
"""Steps of gradient descent."""

SPECTRA: Final = {
    "spread": np.linspace(-1, 4, SIZE),
    "geometric": 10 * 0.7 ** np.arange(SIZE),
    "degenerate top": np.r_[np.linspace(0, 1, SIZE - 3), 3.0, 3.0, 3.0],
    "clustered top": np.r_[np.linspace(0, 1, SIZE - 3), 4.0, 4.001, 4.002],
    "negative is the largest": np.r_[np.linspace(-9, 1, SIZE - 2), 2.0, 3.0],
    "all negative": np.linspace(-7, -1, SIZE),
    "rank one": np.r_[np.zeros(SIZE - 1), 5.0],
    "minus rank one": np.r_[np.zeros(SIZE - 1), -5.0],
    "identity": np.full(SIZE, 2.0),
    "zero": np.zeros(SIZE),
    "small": np.linspace(1e-9, 1e-6, SIZE),
}
NETWORKS: Final = {
    f"{network}, {loss}": (network, loss)
    for network, loss in (
        ("tanh", "square"), ("relu", "square"), ("relu", "cross_entropy"), ("gelu", "cross_entropy"),
        ("convolution", "square"),
    )
}  # fmt: skip
NAMES: Final = (*SPECTRA, *(f"{name}, {when}" for name in NETWORKS for when in ("at the start", "trained")))
_ACTIVATIONS: Final = {"tanh": jnp.tanh, "relu": jax.nn.relu, "gelu": jax.nn.gelu}


class Operator(NamedTuple):
    """An operator in a precision, and its spectrum in float64."""

    matrix: jax.Array
    """What the products are with: shape (p, p). A column is one product."""
    truth: np.ndarray
    """All eigenvalues, largest first."""
    exact: np.ndarray
    """The matrix in float64."""

    @property
    def radius(self) -> float:
        """The largest magnitude of an eigenvalue."""
        return float(np.abs(self.truth).max())

    @property
    def rounding(self) -> float:
        """What the precision alone may move an eigenvalue by."""
        return 8 * len(self.truth) * float(jnp.finfo(self.matrix.dtype).eps) * self.radius


def named(name: str, dtype: str) -> Operator:
    """The operator of this name."""
    if name in SPECTRA:
        basis, _ = np.linalg.qr(np.random.default_rng(1).standard_normal((SIZE, SIZE)))
        exact = basis @ np.diag(SPECTRA[name]) @ basis.T
        return Operator(jnp.asarray(exact, dtype), np.sort(SPECTRA[name])[::-1], exact)
    network, when = name.rsplit(", ", 1)
    exact, single = (np.asarray(matrix) for matrix in _matrices(*NETWORKS[network], when == "trained"))
    exact = 0.5 * (exact + exact.T)
    matrix = jnp.asarray(single if dtype == "float32" else exact, dtype)
    return Operator(matrix, np.linalg.eigvalsh(exact)[::-1], exact)


def loss_of(network: str, loss: str) -> tuple[hessian.Scalar, np.ndarray]:
    """A tiny network's loss as a function of one vector, and where it starts."""
    random = np.random.default_rng(7)
    images = network == "convolution"
    inputs = random.standard_normal((_EXAMPLES, 16 if images else 4))
    targets = np.eye(3)[random.integers(0, 3, _EXAMPLES)]
    outputs = _convolution if images else functools.partial(_perceptron, _ACTIVATIONS[network])

    def value(at: jax.Array) -> jax.Array:
        found, wanted = outputs(at, jnp.asarray(inputs, at.dtype)), jnp.asarray(targets, at.dtype)
        if loss == "square":
            return 0.5 * jnp.sum((found - wanted) ** 2) / _EXAMPLES
        return -jnp.sum(wanted * jax.nn.log_softmax(found)) / _EXAMPLES

    return value, random.standard_normal(SIZE) * 0.6


def _perceptron(activation: Callable[[jax.Array], jax.Array], at: jax.Array, x: jax.Array) -> jax.Array:
    hidden = activation(x @ at[:20].reshape(4, 5) + at[None, 20:25])
    return hidden @ at[25:40].reshape(5, 3) + at[None, 40:43]


def _convolution(at: jax.Array, x: jax.Array) -> jax.Array:
    kernels = at[:18].reshape(2, 1, 3, 3)
    seen = lax.conv_general_dilated(x.reshape(-1, 1, 4, 4), kernels, (1, 1), "VALID")
    hidden = jnp.tanh(seen + at[42]).reshape(x.shape[0], 8)
    return hidden @ at[18:42].reshape(8, 3)


@functools.cache
def _studied(network: str, loss: str) -> tuple[Callable[..., tuple[jax.Array, jax.Array]], np.ndarray]:
    value, start = loss_of(network, loss)

    @jax.jit
    def study(begin: jax.Array, steps: jax.Array) -> tuple[jax.Array, jax.Array]:
        end = lax.fori_loop(0, steps, lambda _, at: at - 0.5 * jax.grad(value)(at), begin)
        # Both precisions see the same parameters.
        single = end.astype(jnp.float32)
        return tuple(
            lax.map(hessian.products(value, at), jnp.eye(at.shape[0], dtype=at.dtype)).T
            for at in (single.astype(jnp.float64), single)
        )

    return study, start


@functools.cache
def _matrices(network: str, loss: str, trained: bool) -> tuple[jax.Array, jax.Array]:
    study, start = _studied(network, loss)
    return study(jnp.asarray(start, jnp.float64), jnp.asarray(_TRAINED * trained, jnp.int32))

"""The trace of a symmetric operator by random products: Hutch++ of Meyer, Musco, Musco & Woodruff (arXiv:2010.09649).

With Q an orthonormal basis of the range of AS, S random::

    tr A = tr QᵀAQ + tr (I − QQᵀ)A(I − QQᵀ),

the first exactly, the second as the mean of gᵀ(I − QQᵀ)A(I − QQᵀ)g over random signs g
(Hutchinson 1990). A few large eigenvalues, as a Hessian has them, are in Q and cost no variance.
"""

from typing import NamedTuple

import jax.numpy as jnp
import jax.random as jr
from jax import lax
from jaxtyping import Array, Float, UInt32

from dltlab.engine.numerics.hessian import Product


class Trace(NamedTuple):
    """An estimate of a trace."""

    value: Float[Array, ""]
    error: Float[Array, ""]
    """The standard error of the mean over the random signs; rounding alone where the trace is exact."""
    products: int
    """Products with the operator that it took."""


def hutch_plus_plus(
    product: Product, key: UInt32[Array, "2"], size: int, dtype: jnp.dtype, *, products: int = 30
) -> Trace:
    """The trace, without bias.

    Args:
        product: v ↦ Av for a symmetric A.
        key: What the random signs are drawn with.
        size: The p of the p × p operator.
        dtype: What to compute in.
        products: Products with A, 6 at least: a third for the range, a third for its part of the
            trace, a third for the rest. Where p is no more than that, the diagonal itself is summed.
    """
    if size <= products:
        diagonal = jnp.diagonal(lax.map(product, jnp.eye(size, dtype=dtype)))
        rounding = jnp.sum(jnp.abs(diagonal)) * float(jnp.finfo(dtype).eps)
        return Trace(jnp.sum(diagonal), rounding, size)
    third = products // 3
    sketch, signs = jr.rademacher(jr.wrap_key_data(key), (2, third, size), dtype)
    # One product at a time: a batch of them is slower on a CPU, and holds as many gradients at once.
    span = jnp.linalg.qr(lax.map(product, sketch).T)[0].T
    # Twice is enough (Parlett §6.9).
    for _ in range(2):
        signs = signs - (signs @ span.T) @ span
    both = jnp.concatenate([span, signs])
    forms = jnp.sum(both * lax.map(product, both), axis=1)
    inside, samples = jnp.sum(forms[:third]), forms[third:]
    error = jnp.std(samples, ddof=1) / third**0.5
    return Trace(inside + jnp.mean(samples), error.astype(dtype), 3 * third)

"""The Gauss–Newton matrix G = Jᵀ(∂²ℓ/∂f²)J of a loss ℓ(f(θ)), J = ∂f/∂θ: the Hessian of the linearised network.

∇²L = G + Σ_k (∂ℓ/∂f_k) ∇²f_k, and the second sum vanishes with the residual (Schraudolph 2002;
Martens 2020, arXiv:1412.1193; Papyan 2019). Where ℓ is convex, as the square loss and the cross-entropy
are, G is positive semidefinite, and with R² = ∂²ℓ/∂f² its nonzero eigenvalues are those of the tangent
kernel's R(JJᵀ)R, which is k × k for k outputs of all examples.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from dltlab.engine.numerics.hessian import Product, Scalar

Outputs = Callable[[Float[Array, " p"]], Float[Array, " k"]]


def products(outputs: Outputs, loss: Scalar, at: Float[Array, " p"]) -> Product:
    """V ↦ Gv: one pass forward and one back, about a gradient and a half.

    Args:
        outputs: θ ↦ f, all examples' outputs in one vector.
        loss: f ↦ ℓ.
        at: θ.
    """
    reached, forward = jax.linearize(outputs, at)
    back = jax.linear_transpose(forward, at)
    slope = jax.grad(loss)

    def product(vector: Float[Array, " p"]) -> Float[Array, " p"]:
        pushed = jax.jvp(slope, (reached,), (forward(vector),))[1]
        return back(pushed)[0]

    return product


def gram(outputs: Outputs, loss: Scalar, at: Float[Array, " p"]) -> Float[Array, "k k"]:
    """R(JJᵀ)R, by k backward passes; holds k gradients at once. The loss is convex."""
    reached, back = jax.vjp(outputs, at)
    identity = jnp.eye(reached.shape[0], dtype=reached.dtype)
    slopes = lax.map(lambda row: back(row)[0], identity)
    curvature = lax.map(lambda row: jax.jvp(jax.grad(loss), (reached,), (row,))[1], identity)
    values, vectors = jnp.linalg.eigh(0.5 * (curvature + curvature.T))
    root = (vectors * jnp.sqrt(jnp.maximum(values, 0.0))[None, :]) @ vectors.T
    weighted = root @ slopes
    return weighted @ weighted.T

"""The largest eigenvalues of the Gauss–Newton matrix: see :mod:`dltlab.engine.numerics.gauss_newton`.

Where all examples have k outputs together, and k is small, they are those of the weighted tangent
kernel, k × k, decomposed in float64 whatever the precision of the run; else Lanczos finds them by
products, from where the last reading's were.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float
from msgspec import Meta

from dltlab.engine.numerics import gauss_newton, kernel, lanczos
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown, need_flat, passing
from dltlab.engine.probes.blocks import block, need_layer, noise
from dltlab.engine.problems import AbstractProblem, Composed
from dltlab.engine.simulation import Moment, Simulation, State, in_precision

_PURPOSE: Final = 3
_NOISE: Final = 0.1
"""Of a Krylov space's start, so that an eigenvalue that overtakes the others is found."""
GRAM_UP_TO: Final = 128
"""Outputs up to which so many backward passes cost less than Lanczos."""


class GaussNewton(AbstractProbe):
    """The ``top`` largest eigenvalues of Jᵀ(∂²ℓ/∂f²)J, or of a layer's block of it, largest first."""

    top: Annotated[int, Meta(ge=1, le=16)] = 1
    """k: how many eigenvalues are read, the largest first."""
    every: Every = 0
    layer: str = eqx.field(default="", static=True)
    """A layer's name; all parameters where it is empty."""
    method: Literal["auto", "gram", "lanczos"] = eqx.field(default="auto", static=True)
    """Through the Gram matrix of n·c rows, or by Lanczos; "auto" takes what is cheaper."""
    tolerance: Annotated[float, Meta(gt=0, lt=1)] = 1e-3
    """The error bar, relative to the eigenvalue, beyond which a reading is marked; Lanczos aims below it."""
    products: Annotated[int, Meta(ge=2, le=512)] = 48
    """Products with the matrix that a reading may take."""

    def _by_gram(self, outputs: int, parameters: int) -> bool:
        return self.method == "gram" or (self.method == "auto" and outputs <= min(GRAM_UP_TO, parameters))

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """The eigenvalues and the residuals that are their error bars."""
        need_flat(simulation, "a Gauss–Newton spectrum")
        need_layer(simulation, self.layer)
        _composed(simulation)
        of = f" of {self.layer}" if self.layer else ""
        return {
            "": Shown(f"λ(Gauss–Newton){of}", axes=("eigenvalue",), bar="error", tolerance=self.tolerance),
            "error": Shown("‖Gv−λv‖", axes=("eigenvalue",), scale="log"),
            "products": Shown("Gauss–Newton products a reading"),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> Float[Array, "k b"]:
        """No eigenvectors yet: the first reading starts from noise."""
        state = moment.state
        flat, _ = ravel_pytree(state.params)
        if self._by_gram(_composed(simulation).size(), flat.shape[0]):
            kernel.fit(_composed(simulation).size())
            return jnp.zeros((0, 0), flat.dtype)
        size = block(simulation, state.params, self.layer).size
        count = min(self.top, size, _composed(simulation).size())
        return jnp.zeros((count, size), flat.dtype)

    def measure(
        self, simulation: Simulation, moment: Moment, memory: Float[Array, "k b"]
    ) -> tuple[Readings, Float[Array, "k b"]]:
        """The eigenvalues at the moment's parameters."""
        state = moment.state
        flat, unravel = ravel_pytree(state.params)
        if self._by_gram(_composed(simulation).size(), flat.shape[0]):
            return self._decomposed(simulation, state), memory
        problem = _composed(simulation)
        part = block(simulation, state.params, self.layer)
        product = gauss_newton.products(lambda at: problem.outputs(unravel(at)), problem.of_outputs, flat)
        fresh = jr.normal(jr.wrap_key_data(noise(state, _PURPOSE)), memory.shape, memory.dtype)
        # As many vectors as pairs: one would find an eigenvalue once that a last layer has once for each of its units.
        known = jnp.where(jnp.all(jnp.isfinite(memory)), memory, 0.0)
        start = known + _NOISE * fresh / jnp.linalg.norm(fresh, axis=1, keepdims=True)
        # Lanczos judges a residual against the largest eigenvalue, the reading's mark against its own.
        found = lanczos.largest(
            part.of(product), start, count=memory.shape[0], tolerance=0.5 * self.tolerance, most=self.products
        )
        floor = _rounding(found.values, flat.dtype)
        readings = {"": found.values, "error": found.residuals + floor, "products": found.products.astype(flat.dtype)}
        return readings, found.vectors

    def _decomposed(self, simulation: Simulation, state: State) -> Readings:
        wide = jnp.dtype(jnp.float64)
        simulation, params = in_precision((simulation, state.params), wide)
        problem = _composed(simulation)
        flat, unravel = ravel_pytree(params)
        part = block(simulation, params, self.layer)
        there = part.select(flat)

        def outputs(layer: Float[Array, " b"]) -> Float[Array, " k"]:
            return problem.outputs(unravel(flat + part.embed(layer - there)))

        matrix = gauss_newton.gram(outputs, problem.of_outputs, there)
        values = lanczos.leading(matrix, min(self.top, part.size, matrix.shape[0]))
        passes = jnp.asarray(matrix.shape[0], wide)
        return {"": values, "error": matrix.shape[0] * _rounding(values, wide), "products": passes}

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Half a gradient a backward pass, or one and a half a product; of those about sixteen for one pair."""
        outputs = _composed(simulation).size()
        return 0.5 * outputs if self._by_gram(outputs, parameters) else 1.5 * min(8 + 8 * self.top, self.products)

    def holds(self, problem: AbstractProblem, item: int) -> int:
        """The Gram matrix in float64 and what it is made of, or a basis of vectors."""
        parameters, activations = problem.footprint()
        if isinstance(problem, Composed) and self._by_gram(problem.size(), parameters):
            return 8 * kernel.held(problem.size(), parameters, activations)
        return item * ((self.products + self.top) * parameters + passing(problem))


def _composed(simulation: Simulation) -> Composed:
    problem = simulation.problem
    if not isinstance(problem, Composed):
        message = "a Gauss–Newton spectrum needs a loss of a network's outputs; this problem is none, remove the probe."
        raise ValueError(message)  # noqa: TRY004
    return problem


def _rounding(values: Float[Array, " k"], dtype: jnp.dtype) -> Float[Array, " k"]:
    """What rounding may move an eigenvalue by: a few units in the last place of the largest."""
    return jnp.full_like(values, 4 * float(jnp.finfo(dtype).eps)) * jnp.max(jnp.abs(values))

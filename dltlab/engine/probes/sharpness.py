"""The sharpness: the largest eigenvalues of the Hessian of the loss that is stepped on.

Up to about 300 parameters the Hessian is formed and decomposed in float64, whatever the
precision of the run. Above, Lanczos with Hessian-vector products: the Krylov space starts
from the last reading's Ritz vectors with a little fresh noise, so that an eigenvalue that
overtakes the others is found, and grows until the residuals say that it is enough.

With ``preconditioned = true`` it is the spectrum of P^(−1/2) H P^(−1/2), P the optimizer's
metric: what is pinned at the edge for RMSProp and Adam (Cohen et al. 2022, arXiv:2207.14484).
"""

from collections.abc import Mapping
from typing import Annotated, Literal

import jax
import jax.numpy as jnp
import jax.random as jr
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float
from msgspec import Meta

from dltlab.engine.numerics import hessian, lanczos
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown, need_flat
from dltlab.engine.simulation import Moment, Simulation, in_precision

DENSE_UP_TO = 300
_NOISE = 0.1


class Sharpness(AbstractProbe):
    """The ``top`` largest eigenvalues of the (preconditioned) Hessian, largest first."""

    top: Annotated[int, Meta(ge=1, le=16)] = 1
    every: Every = 0
    preconditioned: bool = False
    method: Literal["auto", "dense", "lanczos"] = "auto"
    tolerance: Annotated[float, Meta(gt=0, lt=1)] = 1e-3
    """Residual, relative to the largest eigenvalue, at which Lanczos stops."""
    products: Annotated[int, Meta(ge=2, le=512)] = 48
    """Hessian-vector products a reading may take at most."""

    def _dense(self, parameters: int) -> bool:
        return self.method == "dense" or (self.method == "auto" and parameters <= DENSE_UP_TO)

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """The eigenvalues, also in units of the stability threshold; the residual bound; the products taken."""
        need_flat(simulation, "a sharpness")
        letters = "λ(P⁻½HP⁻½)" if self.preconditioned else "λ(H)"
        return {
            "": Shown(f"sharpness {letters}", axes=("eigenvalue",), bar="error", tolerance=self.tolerance),
            "error": Shown("error bar", axes=("eigenvalue",), scale="log"),
            "relative": Shown(f"{letters} / ({simulation.optimizer.formula})", axes=("eigenvalue",)),
            "residual": Shown("‖Hv−λv‖", axes=("eigenvalue",), scale="log"),
            "products": Shown("Hessian products a reading"),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> Float[Array, "k p"]:
        """The first start of the Krylov space: noise."""
        del simulation
        flat, _ = ravel_pytree(moment.state.params)
        if self._dense(flat.shape[0]):
            return jnp.zeros((0, 0), flat.dtype)
        key = jr.fold_in(jr.wrap_key_data(moment.state.key), 2**31 - 1)
        start = jr.normal(key, flat.shape, flat.dtype)
        return (
            jnp.zeros((min(self.top, flat.shape[0]), *flat.shape), flat.dtype).at[0].set(start / jnp.linalg.norm(start))
        )

    def measure(
        self, simulation: Simulation, moment: Moment, memory: Float[Array, "k p"]
    ) -> tuple[Readings, Float[Array, "k p"]]:
        """The eigenvalues at the moment's parameters."""
        state = moment.state
        scale = simulation.optimizer.preconditioner(state.opt, state.opt.hyperparams) if self.preconditioned else None
        size = sum(leaf.size for leaf in jax.tree.leaves(state.params))
        edge = simulation.optimizer.threshold(state.opt.hyperparams)
        if self._dense(size):
            readings = self._by_decomposition(simulation, moment, scale)
            return readings | {"relative": readings[""] / edge.astype(readings[""].dtype)}, memory
        flat, unravel = ravel_pytree(state.params)
        product = hessian.products(lambda at: simulation.problem.loss(unravel(at)), flat)
        if scale is not None:
            root = 1 / jnp.sqrt(ravel_pytree(scale)[0])
            found = self._by_lanczos(lambda vector: root * product(root * vector), memory, state.key, state.step)
        else:
            found = self._by_lanczos(product, memory, state.key, state.step)
        readings = {
            "": found.values,
            "error": found.residuals,
            "relative": found.values / edge.astype(flat.dtype),
            "residual": found.residuals,
            "products": found.products.astype(flat.dtype),
        }
        return readings, found.vectors

    def _by_decomposition(self, simulation: Simulation, moment: Moment, scale: object) -> Readings:
        wide = jnp.dtype(jnp.float64)
        problem, params = in_precision((simulation.problem, moment.state.params), wide)
        flat, unravel = ravel_pytree(params)
        matrix = hessian.dense(lambda at: problem.loss(unravel(at)), flat)
        if scale is not None:
            root = 1 / jnp.sqrt(ravel_pytree(in_precision(scale, wide))[0])
            matrix = root[:, None] * matrix * root[None, :]
        values = lanczos.leading(matrix, min(self.top, flat.shape[0]))
        bound = jnp.abs(values) * 4 * jnp.finfo(wide).eps * flat.shape[0]
        return {"": values, "error": bound, "residual": bound, "products": jnp.asarray(float(flat.shape[0]))}

    def _by_lanczos(
        self, product: hessian.Product, memory: Float[Array, "k p"], key: Array, step: Array
    ) -> lanczos.Eigenpairs:
        noise = jr.normal(jr.fold_in(jr.wrap_key_data(key), step), memory.shape[1:], memory.dtype)
        known = jnp.sum(memory, axis=0)
        known = known / jnp.linalg.norm(known)
        start = known + _NOISE * noise / jnp.linalg.norm(noise)
        return lanczos.largest(product, start, count=memory.shape[0], tolerance=self.tolerance, most=self.products)

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Two gradients a column of the Hessian, or three a product of about twelve."""
        del simulation
        return 2.0 * parameters if self._dense(parameters) else 3.0 * min(12, self.products)

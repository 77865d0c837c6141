"""The trace of the Hessian, the sum of all its eigenvalues, by Hutch++: see :mod:`dltlab.engine.numerics.trace`."""

from collections.abc import Mapping
from typing import Annotated, Final

import equinox as eqx
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from msgspec import Meta

from dltlab.engine.numerics import hessian, trace
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown, need_flat, passing
from dltlab.engine.probes.blocks import block, need_layer, noise
from dltlab.engine.problems import AbstractProblem
from dltlab.engine.simulation import Moment, Simulation

_PURPOSE: Final = 1


class HessianTrace(AbstractProbe):
    """The tr H of the loss, or of a layer's block of it, with its standard error."""

    every: Every = 0
    layer: str = eqx.field(default="", static=True)
    """A layer's name; all parameters where it is empty."""
    products: Annotated[int, Meta(ge=6, le=3000)] = 30
    """Hessian-vector products a reading; as many as there are parameters make it exact."""
    tolerance: Annotated[float, Meta(gt=0, lt=1)] = 0.1
    """The standard error, relative to the trace, beyond which a reading is marked."""

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """The trace, its standard error and what it took."""
        need_flat(simulation, "a Hessian's trace")
        need_layer(simulation, self.layer)
        of = f" of {self.layer}" if self.layer else ""
        return {
            "": Shown(f"tr H{of}", bar="error", tolerance=self.tolerance),
            "error": Shown("standard error of the trace", scale="log"),
            "products": Shown("Hessian products a reading"),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """The trace at the moment's parameters."""
        del memory
        flat, unravel = ravel_pytree(moment.state.params)
        part = block(simulation, moment.state.params, self.layer)
        product = part.of(hessian.products(lambda at: simulation.problem.loss(unravel(at)), flat))
        key = noise(moment.state, _PURPOSE)
        found = trace.hutch_plus_plus(product, key, part.size, flat.dtype, products=self.products)
        products = jnp.asarray(found.products, flat.dtype)
        return {"": found.value, "error": found.error, "products": products}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Three gradients a product."""
        del simulation
        return 3.0 * min(parameters, self.products)

    def holds(self, problem: AbstractProblem, item: int) -> int:
        """The random vectors, their basis and the products."""
        parameters, _ = problem.footprint()
        return item * (3 * min(self.products, parameters) * parameters + passing(problem))

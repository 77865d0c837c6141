"""The density of the Hessian's spectrum: its bulk, its outliers, what is negative.

By stochastic Lanczos quadrature, see :mod:`dltlab.engine.numerics.density`; Ghorbani, Krishnan &
Xiao 2019 (arXiv:1901.10159), Papyan 2019 (arXiv:1811.07062). A panel of kind ``profile`` draws it
``against`` its own grid.
"""

from collections.abc import Mapping
from typing import Annotated, Final

import equinox as eqx
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from msgspec import Meta

from dltlab.engine.numerics import density, hessian
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown, need_flat, passing
from dltlab.engine.probes.blocks import block, need_layer, noise
from dltlab.engine.problems import AbstractProblem
from dltlab.engine.simulation import Moment, Simulation

_PURPOSE: Final = 2
_MARGIN: Final = 0.05
"""How far the grid goes beyond the spectrum, as a fraction of the spectrum's extent."""

End = Annotated[float, Meta(ge=-1e30, le=1e30)]


class SpectralDensity(AbstractProbe):
    """The density of the eigenvalues of the Hessian, or of a layer's block of it, on a grid."""

    every: Every = 0
    layer: str = eqx.field(default="", static=True)
    """A layer's name; all parameters where it is empty."""
    depth: Annotated[int, Meta(ge=2, le=512)] = 40
    """Lanczos steps from each random start."""
    starts: Annotated[int, Meta(ge=2, le=256)] = 4
    """Random vectors that the density is averaged over."""
    points: Annotated[int, Meta(ge=8, le=4096)] = 101
    """Of the grid."""
    broadening: Annotated[float, Meta(gt=0, lt=1)] = 0.01
    """The standard deviation of what stands for an eigenvalue, as a fraction of the grid's length."""
    low: End | None = None
    """Where the grid begins; where the spectrum does, if it is not said. Seeds and arms share a grid that is said."""
    high: End | None = None
    """Where the grid ends, likewise."""

    def __check_init__(self) -> None:
        if self.low is not None and self.high is not None and self.high <= self.low:
            raise ValueError(f"high = {self.high:g} is not above low = {self.low:g}.")
        if self.broadening * (self.points - 1) < 0.5:
            raise ValueError(
                f"points = {self.points} are too far apart for broadening = {self.broadening:g}, "
                f"eigenvalues would fall between them; take {int(0.5 / self.broadening) + 2} at least."
            )

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """The density, its grid, its standard error and what it took."""
        need_flat(simulation, "a spectral density")
        need_layer(simulation, self.layer)
        of = f" of {self.layer}" if self.layer else ""
        return {
            "": Shown(f"spectral density of H{of}", axes=("λ",), scale="log", bar="error"),
            "grid": Shown("eigenvalue λ", axes=("λ",)),
            "error": Shown("standard error of the density", axes=("λ",), scale="log"),
            "products": Shown("Hessian products a reading"),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """The density at the moment's parameters."""
        del memory
        flat, unravel = ravel_pytree(moment.state.params)
        part = block(simulation, moment.state.params, self.layer)
        product = part.of(hessian.products(lambda at: simulation.problem.loss(unravel(at)), flat))
        key = noise(moment.state, _PURPOSE)
        found = density.quadrature(product, key, part.size, flat.dtype, starts=self.starts, depth=self.depth)
        low, high = density.ends(found)
        low = low if self.low is None else jnp.asarray(self.low, flat.dtype)
        high = high if self.high is None else jnp.asarray(self.high, flat.dtype)
        below, above = (_MARGIN if given is None else 0.0 for given in (self.low, self.high))
        grid = density.grid(low, high, self.points, below=below, above=above)
        smooth = density.broadened(found, grid, self.broadening)
        products = jnp.asarray(self.starts * min(self.depth, part.size), flat.dtype)
        return {"": smooth.values, "grid": grid, "error": smooth.error, "products": products}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Three gradients a product."""
        del simulation
        return 3.0 * self.starts * min(parameters, self.depth)

    def holds(self, problem: AbstractProblem, item: int) -> int:
        """A Krylov space, and the Ritz vectors in it."""
        parameters, _ = problem.footprint()
        return item * (2 * min(self.depth, parameters) * parameters + passing(problem))

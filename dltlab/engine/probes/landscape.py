"""The function around a saddle, on a plane that can be drawn."""

from collections.abc import Mapping
from typing import Annotated

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float
from msgspec import Meta

from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.problems import Pictured
from dltlab.engine.simulation import Moment, Simulation

Lines = Annotated[int, Meta(ge=2, le=200)]


class Landscape(AbstractProbe):
    """The loss on a grid around the saddle that the parameters are near; NaN where there is no function."""

    every: Every = 0
    rows: Lines = 33
    """Lines of the grid that the loss is computed on."""
    columns: Lines = 49
    """Columns of the grid."""

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """The grid, its first row the lowest, and where it lies."""
        _pictured(simulation, "a landscape")
        return {
            "": Shown("landscape", axes=("row", "column"), gaps=True),
            "extent": Shown("extent of the landscape", axes=("edge",)),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """One loss a grid point."""
        del memory
        problem = _pictured(simulation, "a landscape")
        flat, unravel = ravel_pytree(simulation.chart.point(moment.state.params))
        picture = problem.picture(flat)

        def height(x: Float[Array, ""], y: Float[Array, ""]) -> Float[Array, ""]:
            at = picture.through + x * picture.across[0] + y * picture.across[1]
            loss = simulation.chart.loss(simulation.problem, unravel(at))
            return jnp.where(problem.inside(at), loss, jnp.nan)

        low_x, high_x, low_y, high_y = picture.extent
        across = jnp.linspace(low_x, high_x, self.columns)
        up = jnp.linspace(low_y, high_y, self.rows)
        field = jax.vmap(lambda y: jax.vmap(lambda x: height(x, y))(across))(up)
        return {"": field, "extent": picture.extent}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """About a third of a gradient a grid point."""
        del simulation, parameters
        return 0.35 * self.rows * self.columns


class Position(AbstractProbe):
    """Where the parameters are in the plane of the landscape, with the saddle that they are near and the way out."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """Three points."""
        _pictured(simulation, "a position")
        return {
            "": Shown("position", axes=("axis",)),
            "saddle": Shown("saddle", axes=("axis",)),
            "escape": Shown("way out of the saddle", axes=("axis",)),
        }

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """Coordinates along the plane's axes."""
        del memory
        flat, _ = ravel_pytree(simulation.chart.point(moment.state.params))
        picture = _pictured(simulation, "a position").picture(flat)
        at: Float[Array, "2"] = picture.across @ (flat - picture.through)
        return {"": at, "saddle": picture.saddle, "escape": picture.escape}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A few passes over the parameters."""
        del simulation, parameters
        return 0.05


def _pictured(simulation: Simulation, noun: str) -> Pictured:
    problem = simulation.problem
    if not isinstance(problem, Pictured):
        message = f"{noun} needs a problem that can be seen on a plane; this one cannot, remove the probe."
        raise ValueError(message)  # noqa: TRY004
    return problem

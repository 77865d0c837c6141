"""The loss on examples that the network was not fitted to."""

from collections.abc import Mapping
from typing import Annotated

from dltlab.catalog import Kind
from dltlab.engine.data import DATA
from dltlab.engine.data.base import AbstractData
from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.problems import AbstractProblem
from dltlab.engine.problems.unseen import Unseen
from dltlab.engine.simulation import Moment, Simulation


class UnseenLoss(AbstractProbe):
    """The training loss's own formula, over other examples."""

    unseen: Unseen
    every: int

    def __init__(self, data: Annotated[AbstractData, Kind("data set", DATA)], every: Every = 0) -> None:
        """What a scenario says of the probe.

        Args:
            data: The examples that are not trained on.
            every: Steps between readings; 0 reads at every frame.
        """
        self.unseen, self.every = Unseen(data), every

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number."""
        self.unseen.check(simulation.problem)
        return {"": Shown("test loss", scale="log")}

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """L(θ) on the unseen examples."""
        del memory
        return {"": self.unseen.instead(simulation.problem).loss(moment.state.params)}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A forward pass over these examples, in gradients over the problem's."""
        del parameters
        _, activations = simulation.problem.footprint()
        return 0.35 * self.unseen.activations(simulation.problem) / activations

    def holds(self, problem: AbstractProblem, item: int) -> int:
        """The activations of these examples."""
        return item * self.unseen.activations(problem)

"""The training accuracy, where the examples have labels."""

from collections.abc import Mapping

from dltlab.engine.probes.base import AbstractProbe, Every, Readings, Shown
from dltlab.engine.problems import Labelled
from dltlab.engine.simulation import Moment, Simulation


class Accuracy(AbstractProbe):
    """The share of training examples whose largest output is their label's."""

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number in [0, 1]."""
        if not isinstance(simulation.problem, Labelled) or simulation.problem.labels is None:
            raise ValueError("an accuracy needs data with labels; this problem has none, remove the probe.")
        return {"": Shown("training accuracy")}

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """A forward pass over all examples."""
        del memory
        assert isinstance(simulation.problem, Labelled)
        return {"": simulation.problem.accuracy(moment.state.params)}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """A forward pass."""
        del simulation, parameters
        return 0.35

"""The stability threshold of the optimizer: where the linearised dynamics stop being stable."""

from collections.abc import Mapping

from dltlab.engine.probes import Sharpness
from dltlab.engine.probes.base import AbstractMomentary, AbstractProbe, Every, Paired, Readings, Shown
from dltlab.engine.simulation import Moment, Simulation


class StabilityThreshold(AbstractMomentary, Paired):
    """The largest stable eigenvalue of the (preconditioned) Hessian; it follows the knobs.

    2/η for gradient descent; :mod:`dltlab.engine.optimizers` has the others.
    """

    every: Every = 0

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """One number, titled with its formula."""
        return {"": Shown(simulation.optimizer.formula)}

    def pair(self, probe: AbstractProbe, simulation: Simulation) -> None:
        """Refuses the sharpness of the Hessian itself where the threshold is that of the preconditioned one."""
        if isinstance(probe, Sharpness) and not probe.held(simulation):
            whose = (
                f"the threshold {simulation.optimizer.formula} of this optimizer is that of the preconditioned Hessian"
            )
            cure = "set preconditioned = true, or remove the theory of this name."
            raise ValueError(f"{whose}, and this reads the Hessian itself; {cure}")

    def remember(self, simulation: Simulation, moment: Moment) -> None:
        """Nothing."""
        del simulation, moment

    def measure(self, simulation: Simulation, moment: Moment, memory: None) -> tuple[Readings, None]:
        """The formula at the hyperparameters of now."""
        del memory
        return {"": simulation.optimizer.threshold(moment.state.opt.hyperparams)}, None

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Nothing."""
        del simulation, parameters
        return 0.0

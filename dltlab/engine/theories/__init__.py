"""The shelf of theories: predictions, read into series like any probe.

``[theories.NAME]`` gives the series ``NAME.theory``, drawn and judged beside the series
NAME; a theory with several readings gives ``NAME.loss``, ``NAME.sharpness``, ….
"""

from typing import Final

from dltlab.engine.probes.base import AbstractProbe
from dltlab.engine.theories.catapult import Catapult
from dltlab.engine.theories.central_flow import CentralFlow
from dltlab.engine.theories.escape_time import EscapeTime
from dltlab.engine.theories.exit_times import ExitTimes
from dltlab.engine.theories.gradient_flow import GradientFlow
from dltlab.engine.theories.kernel_loss import KernelLoss
from dltlab.engine.theories.kernel_modes import KernelModes
from dltlab.engine.theories.kernel_time import KernelTime
from dltlab.engine.theories.kernel_travel import KernelTravel, NeuronCap
from dltlab.engine.theories.linearised import Linearised
from dltlab.engine.theories.rescaled_twin import RescaledTwin
from dltlab.engine.theories.stability import StabilityThreshold
from dltlab.engine.theories.valley_cycle import ValleyCycle

THEORIES: Final[dict[str, type[AbstractProbe]]] = {
    "catapult": Catapult,
    "central_flow": CentralFlow,
    "escape_time": EscapeTime,
    "exit_times": ExitTimes,
    "gradient_flow": GradientFlow,
    "kernel_loss": KernelLoss,
    "kernel_modes": KernelModes,
    "kernel_time": KernelTime,
    "kernel_travel": KernelTravel,
    "neuron_cap": NeuronCap,
    "linearised": Linearised,
    "rescaled_twin": RescaledTwin,
    "stability_threshold": StabilityThreshold,
    "valley_cycle": ValleyCycle,
}

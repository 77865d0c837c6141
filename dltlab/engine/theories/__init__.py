"""The shelf of theories: predictions, read into series like any probe.

``[theories.NAME]`` gives the series ``NAME.theory``, drawn and judged beside the series
NAME; a theory with several readings gives ``NAME.loss``, ``NAME.sharpness``, ….
"""

from typing import Final

from dltlab.engine.probes.base import AbstractProbe
from dltlab.engine.theories.gradient_flow import GradientFlow
from dltlab.engine.theories.stability import StabilityThreshold

THEORIES: Final[dict[str, type[AbstractProbe]]] = {
    "gradient_flow": GradientFlow,
    "stability_threshold": StabilityThreshold,
}

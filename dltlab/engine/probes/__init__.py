"""The shelf of probes."""

from typing import Final

from dltlab.engine.probes.accuracy import Accuracy
from dltlab.engine.probes.base import AbstractProbe as AbstractProbe
from dltlab.engine.probes.base import Shown as Shown
from dltlab.engine.probes.loss import GradientNorm, Loss
from dltlab.engine.probes.movement import WeightMovement
from dltlab.engine.probes.sharpness import Sharpness

PROBES: Final[dict[str, type[AbstractProbe]]] = {
    "accuracy": Accuracy,
    "gradient_norm": GradientNorm,
    "loss": Loss,
    "sharpness": Sharpness,
    "weight_movement": WeightMovement,
}

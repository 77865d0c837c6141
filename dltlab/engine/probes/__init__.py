"""The shelf of probes."""

from typing import Final

from dltlab.engine.probes.accuracy import Accuracy
from dltlab.engine.probes.base import AbstractProbe as AbstractProbe
from dltlab.engine.probes.base import Shown as Shown
from dltlab.engine.probes.coordinates import Coordinates
from dltlab.engine.probes.escape import Escape
from dltlab.engine.probes.exits import Exits
from dltlab.engine.probes.gauss_newton import GaussNewton
from dltlab.engine.probes.hessian_trace import HessianTrace
from dltlab.engine.probes.kappa import Kappa
from dltlab.engine.probes.kicks import KicksGiven
from dltlab.engine.probes.landscape import Landscape, Position
from dltlab.engine.probes.loss import GradientNorm, Loss
from dltlab.engine.probes.movement import WeightMovement
from dltlab.engine.probes.neuron_movement import ActivationFlips, NeuronMovement
from dltlab.engine.probes.neuron_plane import NeuronPlane
from dltlab.engine.probes.ntk import TangentKernel
from dltlab.engine.probes.oscillation import Oscillation
from dltlab.engine.probes.residual_modes import ResidualModes
from dltlab.engine.probes.sharpness import Sharpness
from dltlab.engine.probes.spectral_density import SpectralDensity
from dltlab.engine.probes.test_loss import UnseenLoss
from dltlab.engine.probes.training_time import TrainingTime
from dltlab.engine.probes.valley import Valley

PROBES: Final[dict[str, type[AbstractProbe]]] = {
    "accuracy": Accuracy,
    "activation_flips": ActivationFlips,
    "coordinates": Coordinates,
    "escape": Escape,
    "exits": Exits,
    "gauss_newton": GaussNewton,
    "gradient_norm": GradientNorm,
    "hessian_trace": HessianTrace,
    "kicks": KicksGiven,
    "landscape": Landscape,
    "position": Position,
    "kappa": Kappa,
    "loss": Loss,
    "neuron_movement": NeuronMovement,
    "neurons": NeuronPlane,
    "ntk": TangentKernel,
    "oscillation": Oscillation,
    "residual_modes": ResidualModes,
    "sharpness": Sharpness,
    "spectral_density": SpectralDensity,
    "valley": Valley,
    "test_loss": UnseenLoss,
    "training_time": TrainingTime,
    "weight_movement": WeightMovement,
}

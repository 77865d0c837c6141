"""The shelf of problems."""

from typing import Final

from dltlab.engine.problems.base import AbstractProblem as AbstractProblem
from dltlab.engine.problems.base import Even as Even
from dltlab.engine.problems.base import Kinked as Kinked
from dltlab.engine.problems.base import Labelled as Labelled
from dltlab.engine.problems.base import Params as Params
from dltlab.engine.problems.base import Picture as Picture
from dltlab.engine.problems.base import Pictured as Pictured
from dltlab.engine.problems.base import Saddled as Saddled
from dltlab.engine.problems.base import Sampled as Sampled
from dltlab.engine.problems.composed import Composed as Composed
from dltlab.engine.problems.kernel_regression import KernelRegression
from dltlab.engine.problems.monkey_saddle import MonkeySaddle
from dltlab.engine.problems.octopus import Octopus
from dltlab.engine.problems.quadratic import Quadratic
from dltlab.engine.problems.rank_one import RankOne
from dltlab.engine.problems.regression import Regression as Regression
from dltlab.engine.problems.self_stabilization import SelfStabilization
from dltlab.engine.problems.strict_saddle import StrictSaddle
from dltlab.engine.problems.supervised import Supervised

PROBLEMS: Final[dict[str, type[AbstractProblem]]] = {
    "kernel_regression": KernelRegression,
    "octopus": Octopus,
    "quadratic": Quadratic,
    "rank_one": RankOne,
    "saddle_monkey": MonkeySaddle,
    "strict_saddle": StrictSaddle,
    "self_stabilization": SelfStabilization,
    "supervised": Supervised,
}

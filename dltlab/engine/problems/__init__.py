"""The shelf of problems."""

from typing import Final

from dltlab.engine.problems.base import AbstractProblem as AbstractProblem
from dltlab.engine.problems.base import Even as Even
from dltlab.engine.problems.base import Labelled as Labelled
from dltlab.engine.problems.base import Params as Params
from dltlab.engine.problems.kernel_regression import KernelRegression
from dltlab.engine.problems.quadratic import Quadratic
from dltlab.engine.problems.regression import Regression as Regression
from dltlab.engine.problems.self_stabilization import SelfStabilization
from dltlab.engine.problems.supervised import Supervised

PROBLEMS: Final[dict[str, type[AbstractProblem]]] = {
    "kernel_regression": KernelRegression,
    "quadratic": Quadratic,
    "self_stabilization": SelfStabilization,
    "supervised": Supervised,
}

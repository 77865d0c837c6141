"""The shelf of problems."""

from typing import Final

from dltlab.engine.problems.base import AbstractProblem as AbstractProblem
from dltlab.engine.problems.base import Even as Even
from dltlab.engine.problems.base import Labelled as Labelled
from dltlab.engine.problems.base import Params as Params
from dltlab.engine.problems.quadratic import Quadratic
from dltlab.engine.problems.supervised import Supervised

PROBLEMS: Final[dict[str, type[AbstractProblem]]] = {
    "quadratic": Quadratic,
    "supervised": Supervised,
}

"""The shelf of data sets."""

from typing import Final

from dltlab.engine.data.arrays import Arrays
from dltlab.engine.data.base import AbstractData as AbstractData
from dltlab.engine.data.base import Examples as Examples
from dltlab.engine.data.chebyshev import Chebyshev
from dltlab.engine.data.cifar import Cifar10
from dltlab.engine.data.digits import Digits
from dltlab.engine.data.points import Points
from dltlab.engine.data.sphere import Sphere
from dltlab.engine.data.spiral import Spiral
from dltlab.engine.data.teacher import Teacher

DATA: Final[dict[str, type[AbstractData]]] = {
    "chebyshev": Chebyshev,
    "cifar10": Cifar10,
    "digits": Digits,
    "npz": Arrays,
    "points": Points,
    "spiral": Spiral,
    "sphere": Sphere,
    "teacher": Teacher,
}

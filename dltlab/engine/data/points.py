"""Points on a line with given targets: the four of Luo et al. 2021 (arXiv:2007.07497), or any others."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from dltlab.engine.data.base import AbstractData, Examples

Numbers = Annotated[list[float], Meta(min_length=1, max_length=10_000)]


class Points(AbstractData):
    """One input and one target a point, as they are written in the scenario."""

    inputs: tuple[float, ...]
    targets: tuple[float, ...]

    def __init__(self, inputs: Numbers, targets: Numbers) -> None:
        """What a scenario says of the data.

        Args:
            inputs: One number an example.
            targets: As many, what is to be fitted.
        """
        if len(inputs) != len(targets):
            raise ValueError(f"{len(inputs)} inputs and {len(targets)} targets; give each input its target.")
        self.inputs, self.targets = tuple(inputs), tuple(targets)

    def examples(self) -> Examples:
        """Inputs and targets of shape (n, 1)."""
        return Examples(np.array(self.inputs)[:, None], np.array(self.targets)[:, None], None)

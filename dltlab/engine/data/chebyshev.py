"""Points on [−1, 1] labelled by a Chebyshev polynomial: the toy of Cohen et al. 2021 (arXiv:2103.00065, appendix)."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from dltlab.engine.data.base import AbstractData, Examples


class Chebyshev(AbstractData):
    """Evenly spaced points with y = T_k(x)."""

    degree: Annotated[int, Meta(ge=0, le=100)] = 4
    """k of T_k, the polynomial that is fitted."""
    points: Annotated[int, Meta(ge=2, le=1_000_000)] = 20
    """n, the inputs at equal distances."""

    def examples(self) -> Examples:
        """Inputs and targets of shape (points, 1)."""
        x = np.linspace(-1, 1, self.points)
        y = np.cos(self.degree * np.arccos(np.clip(x, -1, 1)))
        return Examples(x[:, None], y[:, None], None)

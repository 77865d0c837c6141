"""The 8×8 handwritten digits (Alpaydin & Kaynak, UCI 1998) that scikit-learn ships: 1797 real images."""

from typing import Annotated

import numpy as np
from msgspec import Meta

from dltlab.engine.data.base import AbstractData, Examples, classified


class Digits(AbstractData):
    """Handwritten digits, 64 pixels, ten classes, one-hot targets."""

    points: Annotated[int, Meta(ge=10, le=1797)] = 1797

    def examples(self) -> Examples:
        """The first ``points`` images, standardised."""
        from sklearn.datasets import load_digits

        images, labels = load_digits(return_X_y=True)
        return classified(np.asarray(images, float)[: self.points], np.asarray(labels)[: self.points], 10)

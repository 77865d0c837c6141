"""The 8×8 handwritten digits (Alpaydin & Kaynak, UCI 1998) that scikit-learn ships: 1797 real images."""

import importlib.util
from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from dltlab.engine.data.base import AbstractData, Examples, classified


class Digits(AbstractData):
    """Handwritten digits, 64 pixels, ten classes, one-hot targets."""

    points: Annotated[int, Meta(ge=10, le=1797)] = 1797
    """The first so many images."""

    def examples(self) -> Examples:
        """The first ``points`` images, standardised."""
        table = _table()[: self.points]
        return classified(table[:, :-1].astype(float), table[:, -1], 10)


def _table() -> np.ndarray:
    """A row for each image, its pixels and then its class, of small whole numbers; shape (1797, 65)."""
    # Read from scikit-learn's file: to import the library takes longer than to start a run.
    found = importlib.util.find_spec("sklearn")
    path = Path(found.origin).parent / "datasets" / "data" / "digits.csv.gz" if found and found.origin else None
    if path is not None and path.exists():
        return np.loadtxt(path, delimiter=",", dtype=np.int64)
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    return np.column_stack([images, labels]).astype(np.int64)

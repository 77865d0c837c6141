"""CIFAR-10 (Krizhevsky 2009) from local files: the python, the binary or an ``.npz`` form; nothing is downloaded.

The python form is a set of pickles, and a pickle can run code: those files are refused with
the cure. Of the binary form (``data_batch_1.bin`` …) a record is one label byte and 3072
pixel bytes.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta

from dltlab.engine.data.arrays import Arrays
from dltlab.engine.data.base import AbstractData, Examples, classified
from dltlab.text import one_line

_RECORD = 1 + 3072


class Cifar10(AbstractData):
    """The first images of CIFAR-10, 3072 pixels, one-hot targets."""

    path: str
    """A folder with data_batch_1.bin …, one such file, or an .npz with arrays x and y."""
    points: Annotated[int, Meta(ge=10, le=50_000)] = 5000
    """The first so many training images of these classes."""
    classes: Annotated[int, Meta(ge=2, le=10)] = 10
    """Keep only the images of the first classes."""

    def examples(self) -> Examples:
        """The first ``points`` images of the first ``classes`` classes, standardised."""
        place = Path(self.path).expanduser()
        shown = one_line(self.path)
        if place.suffix == ".npz":
            loaded = Arrays(path=self.path).examples()
            if loaded.labels is None or loaded.inputs.shape[1] != _RECORD - 1:
                raise ValueError(f"{shown}: not CIFAR-10; expected x of shape (n, 3072) and whole-number labels y.")
            keep = np.flatnonzero(loaded.labels < self.classes)[: self.points]
            return classified(loaded.inputs[keep], loaded.labels[keep], self.classes)
        files = sorted(place.glob("data_batch_*.bin")) if place.is_dir() else [place]
        if not files or not all(file.is_file() for file in files):
            pickled = place.is_dir() and any(place.glob("data_batch_[0-9]"))
            cure = (
                "these are the pickled python form, which can run code; take the binary form"
                if pickled
                else "download CIFAR-10's binary form and put it there, or name its folder in problem.data.path"
            )
            raise FileNotFoundError(f"{shown}: no data_batch_1.bin … there; {cure}.")
        raw = np.concatenate([np.fromfile(file, np.uint8) for file in files])
        if len(raw) == 0 or len(raw) % _RECORD:
            raise ValueError(
                f"{shown}: {len(raw)} bytes are no whole number of {_RECORD}-byte records; fetch it again."
            )
        records = raw.reshape(-1, _RECORD)
        records = records[records[:, 0] < self.classes][: self.points]
        return classified(records[:, 1:] / 255.0, records[:, 0].astype(np.int64), self.classes)

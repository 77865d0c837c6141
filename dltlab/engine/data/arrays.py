"""Any data set from an ``.npz``: arrays ``x`` (n, …) and ``y`` (n) labels or (n, c) targets.

NumPy loads the file with pickles forbidden, so nothing in it can run.
"""

import zipfile
import zlib
from pathlib import Path
from typing import Annotated, Final

import numpy as np
from msgspec import Meta

from dltlab.engine.data.base import LARGEST, AbstractData, Examples, classified, fit
from dltlab.text import one_line

_LARGEST: Final = 4 << 30


class Arrays(AbstractData):
    """Examples from an .npz file with arrays x and y."""

    path: str
    """The .npz file; ~ stands for the home folder."""
    points: Annotated[int, Meta(ge=0, le=LARGEST)] = 0
    """Take the first so many; 0 takes all."""

    def examples(self) -> Examples:
        """Whole-number or boolean y of shape (n,) are labels and become one-hot; other y are targets."""
        shown = one_line(self.path)
        x, y = _loaded(Path(self.path).expanduser(), shown)
        if (
            x.ndim < 1
            or y.ndim not in (1, 2)
            or len(x) != len(y)
            or 0 in (x.size, y.size)
            or x.dtype.kind not in "fiub"
        ):
            raise ValueError(f"{shown}: x {x.shape} and y {y.shape} do not fit; x is (n, …), y is (n,) or (n, c).")
        fit(len(x), x.size // len(x))
        x, y = x.reshape(len(x), -1).astype(float), y.astype(np.uint8) if y.dtype.kind == "b" else y
        if not (np.isfinite(x).all() and (y.dtype.kind in "iu" or (y.dtype.kind == "f" and np.isfinite(y).all()))):
            raise ValueError(f"{shown}: holds numbers that are not finite; clean it first.")
        x, y = (x[: self.points], y[: self.points]) if self.points else (x, y)
        if y.ndim == 1 and y.dtype.kind in "iu":
            if y.min() < 0 or y.max() >= 10_000:
                raise ValueError(f"{shown}: labels run from {y.min()} to {y.max()}; they must lie in 0 … 9999.")
            return classified(x, y.astype(np.int64), int(y.max()) + 1)
        return Examples(x, y.reshape(len(y), -1).astype(float), None)


def _loaded(path: Path, shown: str) -> tuple[np.ndarray, np.ndarray]:
    """The arrays x and y of a file, refused before they would fill the memory."""
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(entry.file_size for entry in packed.infolist())
        if size > _LARGEST:
            raise ValueError(
                f"{shown}: unpacks to {size >> 30} GiB; {_LARGEST >> 30} GiB is the most, take fewer rows."
            )
        with np.load(path, allow_pickle=False) as stored:
            missing = {"x", "y"} - set(stored.files)
            if missing:
                raise ValueError(f"{shown}: has no array {min(missing)!r}; save x and y with numpy.savez.")
            # NumPy's own ValueError speaks of pickles that one might trust; nobody should.
            return tuple(_array(stored, name, shown) for name in ("x", "y"))  # type: ignore[return-value]
    except FileNotFoundError:
        raise FileNotFoundError(f"{shown}: no such file; write one with numpy.savez(path, x=…, y=…).") from None
    except (OSError, zipfile.BadZipFile, EOFError, RuntimeError) as fault:
        # A packing that Python cannot undo, or a password, is a RuntimeError.
        raise ValueError(f"{shown}: cannot be read ({one_line(str(fault))}); write it with numpy.savez.") from None


def _array(stored: "np.lib.npyio.NpzFile", name: str, shown: str) -> np.ndarray:
    try:
        return np.asarray(stored[name])
    except (ValueError, MemoryError, zlib.error):
        raise ValueError(f"{shown}: its array {name!r} holds no plain numbers; save numbers only.") from None

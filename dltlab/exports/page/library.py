"""The plotting library of the page: uPlot by Leon Sorokin (MIT), inlined from an installed wheel.

The wheel of ``youplot`` only carries it: nothing of that package is imported, and what it
carries must be, byte for byte, what uPlot's own release 1.6.31 holds.
"""

import hashlib
from importlib import metadata
from typing import Final, NamedTuple

from dltlab.errors import UsageError
from dltlab.extras import install

_CARRIER: Final = "youplot"
_FILES: Final = {
    "youplot/vendor/uplot.iife.min.js": "2d27e8ad3d228164525ce213f9dc716f39b4e3aee0cc773fb3491c96cf4921a2",
    "youplot/vendor/uplot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""SHA-256 of dist/uPlot.iife.min.js and dist/uPlot.min.css of uPlot 1.6.31, as its author released them."""
LICENSE: Final = "uPlot 1.6.31, © Leon Sorokin, MIT License, github.com/leeoniya/uPlot"


class Library(NamedTuple):
    """The library's program and its style sheet."""

    script: str
    style: str


def uplot() -> Library:
    """The library's files. Raises UsageError where they are missing, or not those that its author released."""
    try:
        wheel = metadata.distribution(_CARRIER)
        found = [(name, wheel.locate_file(name).read_bytes()) for name in _FILES]  # type: ignore[attr-defined]
    except (metadata.PackageNotFoundError, OSError):
        raise UsageError(f"The page's plots need uPlot, which {_CARRIER} 1.0.0 carries: {install('html')}") from None
    for name, data in found:
        if hashlib.sha256(data).hexdigest() != _FILES[name]:
            raise UsageError(f"{name} is not what uPlot's author released: {install('html', force=True)}")
    script, style = (data.decode("utf-8") for _, data in found)
    return Library(script, style)

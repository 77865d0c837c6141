"""Films and pictures of the bench, made of a recording at a clock of their own, without a terminal.

What one of them is drawn with is imported when it is drawn, so that they can be listed without.
"""

from typing import Final

from dltlab.exports.abstract import AbstractExport
from dltlab.terminal.filming.formats import Cast, Gif, Png, Svg

FORMATS: Final[dict[str, AbstractExport]] = {export.name: export for export in (Cast(), Gif(), Png(), Svg())}
"""By name, as in :data:`dltlab.exports.FORMATS`."""

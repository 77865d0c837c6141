"""Whether a terminal can show a screen, and how: glyphs, colours, frames a second.

Read by the command line before Textual is imported.
"""

import os
import sys
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TextIO

from dltlab.errors import UsageError

GLYPHS: Final = ("auto", "braille", "block", "ascii")
COLOURS: Final = ("auto", "full", "16", "none")


class Options(NamedTuple):
    """How to draw, as the command line says it; "auto" is settled by :func:`settled`."""

    glyphs: Literal["auto", "braille", "block", "ascii"] = "auto"
    colours: Literal["auto", "full", "16", "none"] = "auto"
    fps: float = 0.0
    """Frames a second; 0 chooses 10, or 4 over SSH."""


def require_terminal(stream: TextIO | None = None, environ: Mapping[str, str] | None = None) -> None:
    """Refuse to start a screen where none can be shown.

    Raises:
        UsageError: Standard input or output is no terminal, or the terminal is "dumb".
    """
    environ = os.environ if environ is None else environ
    stream = sys.__stdout__ if stream is None else stream
    cure = "run it in a terminal, or without a screen: dltlab run SCENARIO."
    if stream is None or not stream.isatty():
        raise UsageError(f"the screen needs a terminal, and standard output is none; {cure}")
    if environ.get("TERM", "") in ("dumb", "unknown", ""):
        raise UsageError(f"the terminal (TERM={environ.get('TERM', '')!r}) cannot move its cursor; {cure}")


def settled(options: Options, environ: Mapping[str, str] | None = None, encoding: str | None = None) -> Options:
    """Options with every "auto" decided.

    Raises:
        UsageError: DLTLAB_GLYPHS names no glyphs.
    """
    environ = os.environ if environ is None else environ
    # Textual writes to standard error, whatever standard output is.
    written = encoding or str(getattr(sys.__stderr__, "encoding", "") or "ascii")
    return Options(
        _glyphs(options.glyphs, environ, written),
        _colours(options.colours, environ),
        options.fps or (4.0 if environ.get("SSH_CONNECTION") else 10.0),
    )


def _glyphs(wanted: str, environ: Mapping[str, str], encoding: str) -> Literal["braille", "block", "ascii"]:
    if wanted == "auto":
        wanted = environ.get("DLTLAB_GLYPHS", "auto") or "auto"
    if wanted not in GLYPHS:
        raise UsageError(f"DLTLAB_GLYPHS={wanted[:40]!r}: no such glyphs; choose one of {', '.join(GLYPHS)}.")
    if wanted == "auto":
        try:
            "⠿│╍λ₁".encode(encoding)
        except (UnicodeEncodeError, LookupError):
            return "ascii"
        # The console of a Linux machine has no braille in its font.
        return "block" if environ.get("TERM") == "linux" else "braille"
    return wanted  # type: ignore[return-value]


def _colours(wanted: str, environ: Mapping[str, str]) -> Literal["full", "16", "none"]:
    if wanted != "auto":
        return wanted  # type: ignore[return-value]
    if environ.get("NO_COLOR"):
        return "none"
    term = environ.get("TERM", "")
    many = environ.get("COLORTERM") in ("truecolor", "24bit") or "256" in term or "direct" in term or "kitty" in term
    return "full" if many else "16"

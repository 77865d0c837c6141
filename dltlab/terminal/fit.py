"""Whether a terminal can show a screen, and how: glyphs, colours, frames a second.

Read by the command line before Textual is imported.
"""

import os
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TextIO

from dltlab.errors import UsageError
from dltlab.terminal import ground

GLYPHS: Final = ("auto", "braille", "block", "ascii")
COLOURS: Final = ("auto", "full", "256", "16", "none")
THEMES: Final = ("auto", "dark", "light")


class Options(NamedTuple):
    """How to draw, as the command line says it; "auto" is settled by :func:`settled`."""

    glyphs: Literal["auto", "braille", "block", "ascii"] = "auto"
    colours: Literal["auto", "full", "256", "16", "none"] = "auto"
    fps: float = 0.0
    """Frames a second; 0 chooses 10, or 4 over SSH."""
    theme: Literal["auto", "dark", "light"] = "auto"
    question: ground.Question | None = None
    """Asks the terminal for its ground, where only that can tell."""
    clock: Callable[[], float] = time.monotonic
    """Seconds by which notices pass and speeds are told; a film has a clock of its own."""


def asked(options: Options, environ: Mapping[str, str] | None = None) -> Options:
    """The options with what must be done before Textual is imported: its colours told, the terminal's ground asked.

    Raises:
        UsageError: DLTLAB_THEME names no theme.
    """
    environ = os.environ if environ is None else environ
    if options.colours == "256":
        os.environ["TEXTUAL_COLOR_SYSTEM"] = "256"
    theme = _theme(options.theme, environ)
    question = ground.Question() if theme == "auto" and ground.worth_asking(environ) else None
    return options._replace(theme=theme, question=question)


def require_terminal(
    stream: TextIO | None = None, environ: Mapping[str, str] | None = None, *, otherwise: str = "dltlab run SCENARIO"
) -> None:
    """Refuse to start a screen where none can be shown, and say what does ``otherwise``, without one.

    Raises:
        UsageError: Standard input or output is no terminal, or the terminal is "dumb".
    """
    environ = os.environ if environ is None else environ
    stream = sys.__stdout__ if stream is None else stream
    cure = f"run it in a terminal, or without a screen: {otherwise}."
    if stream is None or not stream.isatty():
        raise UsageError(f"the screen needs a terminal, and standard output is none; {cure}")
    if environ.get("TERM", "") in ("dumb", "unknown", ""):
        raise UsageError(f"the terminal (TERM={environ.get('TERM', '')!r}) cannot move its cursor; {cure}")


def settled(options: Options, environ: Mapping[str, str] | None = None, encoding: str | None = None) -> Options:
    """Options with every "auto" decided.

    Raises:
        UsageError: DLTLAB_GLYPHS names no glyphs, or DLTLAB_THEME no theme.
    """
    environ = os.environ if environ is None else environ
    # Textual writes to standard error, whatever standard output is.
    written = encoding or str(getattr(sys.__stderr__, "encoding", "") or "ascii")
    return Options(
        _glyphs(options.glyphs, environ, written),
        _colours(options.colours, environ),
        options.fps or (4.0 if environ.get("SSH_CONNECTION") else 10.0),
        _settled_theme(options, environ),
        clock=options.clock,
    )


def _theme(wanted: str, environ: Mapping[str, str]) -> Literal["auto", "dark", "light"]:
    """The theme that is asked for, by an option or by the environment."""
    if wanted == "auto":
        wanted = environ.get("DLTLAB_THEME", "auto") or "auto"
    if wanted not in THEMES:
        raise UsageError(f"DLTLAB_THEME={wanted[:40]!r}: no such theme; choose one of {', '.join(THEMES)}.")
    return (ground.told(environ) or "auto") if wanted == "auto" else wanted  # type: ignore[return-value]


def _settled_theme(options: Options, environ: Mapping[str, str]) -> Literal["dark", "light"]:
    # Whoever asked must hear the answer, or it would be read as keys.
    answer = options.question.answer() if options.question else None
    theme = _theme(options.theme, environ)
    return answer or "dark" if theme == "auto" else theme


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
        if environ.get("TMUX") and not _names_utf8(environ):
            return "ascii"
        # The console of a Linux machine has no braille in its font.
        return "block" if environ.get("TERM") == "linux" else "braille"
    return wanted  # type: ignore[return-value]


def _names_utf8(environ: Mapping[str, str]) -> bool:
    """Whether the locale does: without it tmux shows underscores for what Python, even so, writes in UTF-8."""
    named = next(filter(None, map(environ.get, ("LC_ALL", "LC_CTYPE", "LANG"))), "")
    return "utf8" in named.lower().replace("-", "")


def _colours(wanted: str, environ: Mapping[str, str]) -> Literal["full", "256", "16", "none"]:
    if wanted != "auto":
        return wanted  # type: ignore[return-value]
    if environ.get("NO_COLOR"):
        return "none"
    term = environ.get("TERM", "")
    many = environ.get("COLORTERM") in ("truecolor", "24bit") or "256" in term or "direct" in term or "kitty" in term
    return "full" if many else "16"

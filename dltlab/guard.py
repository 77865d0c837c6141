"""The last guard before a terminal: what leaves by standard output or standard error holds no control character.

Text is cleaned where it enters (:mod:`dltlab.text`). This is for the day on which somebody forgets to:
whatever a command prints, a warning says or a traceback quotes, a terminal is given nothing to obey but
line feeds and tabs. A bar that is drawn anew in its place takes :func:`drawn`, which lets through what that
needs, and nothing that could be harmful.

Standard output that refuses is an error of ours. What standard error refuses is lost, and nothing else with it:
whoever closed it, or let it fill up, does not want to know.
"""

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, Final, TextIO, cast, final

from dltlab.errors import OutputError
from dltlab.text import UNFIT, clean

_DRAWING: Final = re.compile(r"(\r|\x1b\[(?:[0-9;]{0,24}m|[0-9]{0,3}[AK]|\?25[lh]))")
"""Back to the first column, colours, a line up, a line emptied, the cursor hidden and shown."""


@final
class Guarded(io.TextIOBase):
    """A text stream that shows control characters as escapes; all else it leaves to the stream that it guards."""

    def __init__(self, stream: TextIO, *, plain: bool = False, drawing: bool = False, losing: bool = False) -> None:
        """``plain`` streams say that they are no terminal, so that nobody colours what goes there.

        A ``losing`` one loses what the stream below refuses.
        """
        super().__init__()
        self.guarded: TextIO = stream
        self._plain, self._drawing, self._losing = plain, drawing, losing

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """While the stream below is asked for something. A reader that has had enough is no fault."""
        try:
            yield
        except OSError as fault:
            if not self._losing:
                raise fault if isinstance(fault, BrokenPipeError) else refused(fault) from None

    def write(self, text: str, /) -> int:
        """Write a text, cleaned; the characters that it had."""
        shown = text
        if UNFIT.search(text):
            shown = "".join(_drawn(text)) if self._drawing else clean(text)
        with self._asking():
            self.guarded.write(shown)
        return len(text)

    def writelines(self, lines: Iterable[str], /) -> None:
        """Write texts, cleaned."""
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        """Have it written out."""
        with self._asking():
            self.guarded.flush()

    def isatty(self) -> bool:
        """Whether it goes to a terminal that may be told so."""
        return not self._plain and self.guarded.isatty()

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor below, for questions about the terminal."""
        return self.guarded.fileno()

    def reconfigure(self, **settings: Any) -> None:
        """As the stream below can be."""
        self.guarded.reconfigure(**settings)  # type: ignore[union-attr]

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """That of the stream below; where it is ASCII, whatever it cannot say is told as an escape."""
        # Of an ASCII stream click would take the bytes below, past this guard.
        return "utf-8" if not self._drawing else str(getattr(self.guarded, "encoding", "") or "ascii")

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """What becomes of letters that the stream below cannot say."""
        return getattr(self.guarded, "errors", None) or "strict"

    @property
    def buffer(self) -> Any:
        """The bytes below, for what is no text. Raises AttributeError where they would go to a terminal."""
        if self.guarded.isatty():
            raise AttributeError("a terminal is written to as text")
        return self.guarded.buffer


def _drawn(text: str) -> Iterable[str]:
    for index, part in enumerate(_DRAWING.split(text)):
        yield part if index % 2 else clean(part)


def install() -> None:
    """Guard this process' standard output and standard error, and have letters that they cannot say told as escapes."""
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if isinstance(stream, Guarded):
            continue
        if stream is None:
            stream = _nowhere(number)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
        setattr(sys, name, Guarded(stream, losing=name == "stderr"))


def _nowhere(number: int) -> TextIO:
    """In the place of a stream that was closed before we began: no other file may get its descriptor."""
    file = os.open(os.devnull, os.O_WRONLY)
    if file != number:
        os.dup2(file, number)
        os.close(file)
    return open(number, "w", encoding="utf-8", closefd=False)


def refused(fault: OSError) -> OutputError:
    """The error that a refusal of standard output amounts to."""
    return OutputError(clean(fault.strerror or type(fault).__name__))


def drawn(stream: TextIO | Guarded) -> TextIO:
    """A guarded standard error on which a bar may be drawn anew in its place."""
    return cast(TextIO, Guarded(_bare(stream), drawing=True, losing=True))


def plain(stream: TextIO | Guarded) -> TextIO:
    """A guarded standard error that says that it is no terminal."""
    return cast(TextIO, Guarded(_bare(stream), plain=True, losing=True))


def _bare(stream: TextIO | Guarded) -> TextIO:
    return stream.guarded if isinstance(stream, Guarded) else stream

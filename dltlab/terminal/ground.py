"""Whether the terminal's ground is dark or light: from its environment, or by asking the terminal.

The question (OSC 11) is put before the screen's libraries are imported and its answer is read
afterwards, so that nobody waits. Behind it goes one that every terminal answers (DA1): where only
that one is answered, there is nothing more to wait for.
"""

import atexit
import contextlib
import os
import re
import select
import sys
import termios
import time
from collections.abc import Mapping
from typing import Final, Literal

Theme = Literal["dark", "light"]
LONGEST: Final = 0.15
"""Seconds after the question for which an answer is waited for."""
_QUESTION: Final = b"\x1b]11;?\x1b\\\x1b[c"
_ANSWER: Final = re.compile(rb"\x1b\]11;rgba?:([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})/([0-9a-fA-F]{1,4})")
_WELL: Final = re.compile(rb"\x1b\[\?[0-9;]*c")
_LONGEST_ANSWER: Final = 4096


def told(environ: Mapping[str, str]) -> Theme | None:
    """What COLORFGBG ("15;0", "0;default;15") says; None where it says nothing."""
    last = environ.get("COLORFGBG", "").rpartition(";")[2]
    if not re.fullmatch("[0-9]{1,2}", last) or int(last) > 15:
        return None
    # 7 and 9 to 15 are the light ones; 8 is a dark grey.
    return "light" if int(last) in (7, *range(9, 16)) else "dark"


def worth_asking(environ: Mapping[str, str]) -> bool:
    """Whether a terminal is near and may know OSC 11.

    Over SSH an answer may come when the screen is up already, where it would be read as keys; the
    console of a Linux machine and GNU screen know no such question.
    """
    far = any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"))
    return not far and environ.get("TERM", "").partition("-")[0] not in ("", "dumb", "unknown", "linux", "screen")


def theme_of(answer: bytes) -> Theme | None:
    """The theme for the ground that an answer names: its lightness as CIE L* above or below a half."""
    found = _ANSWER.search(answer)
    if found is None:
        return None
    red, green, blue = (int(part, 16) / (16 ** len(part) - 1) for part in found.groups())
    luminance = 0.2126 * red**2.2 + 0.7152 * green**2.2 + 0.0722 * blue**2.2
    return "light" if luminance > 0.184 else "dark"


class Question:
    """The question, put to the terminal; while it is open nothing is echoed."""

    def __init__(self, terminal: int | None = None) -> None:
        """Ask the terminal that standard input reads, or another one."""
        self._terminal = sys.__stdin__.fileno() if terminal is None and sys.__stdin__ else terminal
        self._held: list[int | list[bytes | int]] | None = None
        self._asked = time.monotonic()
        with contextlib.suppress(OSError, termios.error, ValueError):
            if self._terminal is None or not os.isatty(self._terminal):
                return
            held = termios.tcgetattr(self._terminal)
            quiet = list(held)
            quiet[3] &= ~(termios.ECHO | termios.ICANON)
            termios.tcsetattr(self._terminal, termios.TCSANOW, quiet)
            self._held = held
            atexit.register(self._give_back)
            os.write(self._terminal, _QUESTION)

    def answer(self) -> Theme | None:
        """What it answered, waiting until ``LONGEST`` after the question at most; None if it said nothing."""
        if self._held is None or self._terminal is None:
            return None
        said = b""
        try:
            while not _WELL.search(said) and len(said) < _LONGEST_ANSWER:
                left = max(self._asked + LONGEST - time.monotonic(), 0.0)
                if not select.select([self._terminal], [], [], left)[0]:
                    break
                piece = os.read(self._terminal, 256)
                if not piece:
                    break
                said += piece
        except (OSError, ValueError):
            pass
        finally:
            self._give_back()
        return theme_of(said)

    def _give_back(self) -> None:
        if self._held is not None and self._terminal is not None:
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(self._terminal, termios.TCSANOW, self._held)
            self._held = None
            atexit.unregister(self._give_back)

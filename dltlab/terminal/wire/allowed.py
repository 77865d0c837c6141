"""What may reach a terminal: of texts only letters that stand in cells, of sequences only those that a screen needs.

Texts are cleaned where they enter; this stands at the other end, for what was forgotten there.
"""

import re
from typing import Final

from dltlab.text import UNFIT, clean

_IN_A_CELL: Final = re.compile(f"[\t\n]|{UNFIT.pattern}")
_STANDS_FOR: Final = "?"
"""What is drawn in place of what must not be; every terminal has it."""
_SEQUENCE: Final = re.compile(
    r"(\x1b\[[?<>=]?[0-9;]{0,64}(?:[A-HJKhlmu]|\$p)"  # modes, moves, colours, keyboard protocols
    r"|\x1b\]52;c;[A-Za-z0-9+/=]*\x07"  # the clipboard, when a user copies
    r"|\x1b\]22;[a-z-]{0,32}\x07"  # the mouse's pointer
    r"|\x07)"
)


def lettered(text: str) -> str:
    r"""A text as it may stand in cells: nothing that moves, hides or asks.

    >>> lettered("λ₁\x1b[6n")
    'λ₁?[6n'
    """
    return _IN_A_CELL.sub(_STANDS_FOR, text) if _IN_A_CELL.search(text) else text


def allowed(data: str) -> str:
    r"""What a screen sends beside cells, without any sequence that it has no need of.

    A report that is asked for (CSI 6n), a title and a clipboard's content that is read would be such.

    >>> allowed("\x1b[?25l"), allowed("\x1b[6n\x1b]0;mine\x07")
    ('\x1b[?25l', '\\x1b[6n\\x1b]0;mine\x07')
    """
    return "".join(part if place % 2 else clean(part) for place, part in enumerate(_SEQUENCE.split(data)))

"""Text that came from outside, made fit for a terminal: cleaned once, where it enters.

A control character in a title can move the cursor, set the clipboard or hide what follows
it. C0, DEL, C1, bidirectional overrides and zero-width characters are shown as escapes.
"""

import re
from collections.abc import Sequence
from typing import Final

UNFIT: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""What a terminal would obey or hide: C0 but line feed and tab, DEL, C1, bidi, zero width, tags, lone surrogates."""

_LIVE: Final = re.compile(r"""([\\`*_{}\[\]<>()#|~&$@:!"'=]|(?<=www)\.|(?<=WWW)\.|^[-+](?=\s)|^\d(?=\d*[.)]\s))""")
"""Characters that Markdown, or HTML inside it, might take for more than text."""

_UNITS: Final = ("bytes", "KiB", "MiB", "GiB", "TiB")
_SUBSCRIPT: Final = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def clean(text: str) -> str:
    r"""Show what a terminal would obey as an escape; keep line feeds and tabs.

    >>> clean("loss\x1b[2J")
    'loss\\x1b[2J'
    """
    return UNFIT.sub(_escaped, text)


def cleaned(value: object) -> object:
    """The same tree of tables, lists and values with every string and key cleaned."""
    match value:
        case str():
            return clean(value)
        case dict():
            return {clean(str(key)): cleaned(item) for key, item in value.items()}
        case list() | tuple():
            return [cleaned(item) for item in value]
        case _:
            return value


def one_line(text: str) -> str:
    """Cleaned text on one line: what a title, a label or an error quotes."""
    return " ".join(clean(text).split())


def size(count: float) -> str:
    """Bytes in the unit that suits them.

    >>> size(1536), size(120 << 20), size(1 << 50)
    ('1.5 KiB', '120 MiB', '1,024 TiB')
    """
    place = 0
    while count >= 1000 and place + 1 < len(_UNITS):
        count, place = count / 1024, place + 1
    return f"{count:,.0f} {_UNITS[place]}" if count >= 100 else f"{count:.3g} {_UNITS[place]}"


def markdown(text: str) -> str:
    r"""Text on one line with everything escaped that Markdown or HTML would obey.

    >>> markdown("<b>a | b</b>")
    '\\<b\\>a \\| b\\</b\\>'
    """
    # A number may open a list; no backslash helps a digit, but its code does.
    return _LIVE.sub(lambda found: f"&#{ord(found[0])};" if found[0].isdigit() else f"\\{found[0]}", one_line(text))


def component(axes: Sequence[str], index: int) -> str:
    """The name of a component of a reading, by the last of its axes.

    >>> component(("eigenvalue",), 2), component(("mode",), 2), component((), 2)
    ('λ₃', 'mode 3', '3')
    """
    if axes and axes[-1] == "eigenvalue":
        return f"λ{str(index + 1).translate(_SUBSCRIPT)}"
    return f"{one_line(axes[-1]) if axes else ''} {index + 1}".strip()

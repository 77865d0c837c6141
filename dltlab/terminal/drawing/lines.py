"""Lines of inked text: what every drawing returns.

A span is text and the name of its ink; a line is a tuple of spans; a picture is a tuple of
lines. Which colour an ink has is decided where it is painted (:mod:`.inks`), so a picture
can be compared, printed and tested as plain text. Widths are counted in terminal cells.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.cells import cell_len, chop_cells, set_cell_size

from dltlab.text import one_line

Span = tuple[str, str]
Line = tuple[Span, ...]
Picture = tuple[Line, ...]


def plain(picture: Picture) -> str:
    """The picture's text."""
    return "\n".join("".join(text for text, _ in line) for line in picture)


def width_of(line: Iterable[Span]) -> int:
    """Cells that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def fit(line: Iterable[Span], width: int, ink: str = "text") -> Line:
    """The line in exactly so many cells: padded with spaces, or cut with an ellipsis."""
    spans, left = [], width
    for text, of in (span for span in line if span[0]):
        cells = cell_len(text)
        if cells > left:
            if left > 0:
                spans.append((set_cell_size(text, left - 1) + "…", of))
                left = 0
            elif spans and width > 0 and not spans[-1][0].endswith("…"):
                last, last_ink = spans[-1]
                spans[-1] = (set_cell_size(last, max(cell_len(last) - 1, 0)) + "…", last_ink)
            break
        spans.append((text, of))
        left -= cells
    if left > 0:
        spans.append((" " * left, ink))
    return tuple(span for span in spans if span[0])


def shortened(text: str, width: int) -> str:
    """The text in at most so many cells: itself, or cut with an ellipsis."""
    return text if cell_len(text) <= width else plain((fit(((text, "text"),), width),))


def between(left: Iterable[Span], right: Iterable[Span], width: int, fill: Span = (" ", "text")) -> Line:
    """One line with a part at either end; the left part gives way."""
    left, right = tuple(left), tuple(right)
    right = fit(right, min(width_of(right), width))
    room = width - width_of(right)
    left = fit(left, min(width_of(left), max(room - 1, 0)))
    gap = room - width_of(left)
    return (*left, (fill[0] * gap, fill[1]), *right) if gap > 0 else (*left, *right)


def told_apart(names: Sequence[str], width: int) -> list[str]:
    """Names in at most so many cells each: cut at the end, or in the middle where they would read alike.

    >>> told_apart(["turned by an angle", "noisy 10⁻¹", "noisy 10⁻²"], 7)
    ['turned…', 'noi…0⁻¹', 'noi…0⁻²']
    """
    cut = {name: _cut(name, width, 0) for name in names}
    alike = Counter(cut.values())
    return [cut[name] if alike[cut[name]] == 1 else _cut(name, width, (width - 1) // 2) for name in names]


def _cut(text: str, width: int, tail: int) -> str:
    """The text in at most so many cells, an ellipsis before its last ``tail`` ones."""
    if cell_len(text) <= width or width < 1:
        return text if width > 0 else ""
    end = text
    while cell_len(end) > tail:
        end = end[1:]
    return f"{set_cell_size(text, width - 1 - cell_len(end))}…{end}"


def frame(lines: Iterable[Line], width: int, height: int) -> Picture:
    """Exactly height lines of width cells; the last says how many were left out."""
    lines = list(lines)
    if len(lines) > height > 0:
        lines = [*lines[: height - 1], ((f"… {len(lines) - height + 1} more lines", "faint"),)]
    lines += [()] * (height - len(lines))
    return tuple(fit(line, width) for line in lines[: max(height, 0)])


def clipped(lines: Sequence[Line], width: int, height: int) -> list[Line]:
    """As many lines as there is room for; where some are left out an ellipsis ends the last."""
    kept = list(lines[: max(height, 0)])
    if kept and len(lines) > len(kept):
        last = (*kept[-1], (" …", "faint"))
        kept[-1] = fit(last, min(width_of(last), width))
    return kept


def wrap(text: str, width: int, ink: str = "text", first: str = "", rest: str | None = None) -> list[Line]:
    """Break cleaned prose between words; ``first`` opens the first line, ``rest`` the others."""
    rest = " " * cell_len(first) if rest is None else rest
    lines: list[Line] = []
    line, lead = "", first
    for word in one_line(text).split(" "):
        for piece in chop_cells(word, max(width - cell_len(rest), 1)) or [""]:
            longer = f"{line} {piece}" if line else piece
            if line and cell_len(lead) + cell_len(longer) > width:
                lines.append(((lead, "faint"), (line, ink)))
                line, lead = piece, rest
            else:
                line = longer
    return [*lines, ((lead, "faint"), (line, ink))]


def centred(text: str, width: int, height: int, ink: str = "faint") -> Picture:
    """A sentence in the middle of an empty picture."""
    body = [tuple(span for span in line if span[0]) for line in wrap(text, max(width - 2, 1), ink)][: max(height, 0)]
    top = max(height - len(body), 0) // 2
    lines: list[Line] = [()] * top
    for line in body:
        lines.append(((" " * (max(width - width_of(line), 0) // 2), ink), *line))
    return frame(lines, width, height)

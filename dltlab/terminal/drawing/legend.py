"""The line above a plot: its title, and every curve with its sign, its name and its value."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len

from dltlab.terminal.drawing.lines import Line, Span, between, fit, width_of
from dltlab.terminal.drawing.numbers import short
from dltlab.terminal.drawing.strokes import plain_sign
from dltlab.terminal.drawing.tracks import Track

INKS: Final = 8
"""Colours of curves; beyond them colours come again, with other markers."""
MARKERS: Final = "●▲■◆○△□◇✕▼▽✚"
"""What tells the curves of arms apart without any colour."""
_SYMBOL: Final = 8
"""Cells that a name may take to be kept where room is scarce: a symbol says more than another curve's number."""
SIGNS: Final = {
    "curve": "━", "second": "┈", "theory": "╍", "reference": "╍", "band": "░", "shade": "░", "range": "│", "points": "",
}  # fmt: skip
PLAIN_SIGNS: Final = {"theory": "-", "reference": "-", "band": ":", "shade": ":", "range": "|"}


class Curve(NamedTuple):
    """One track to draw, and its place in the legend."""

    stretches: Track
    track: int
    label: str | None
    """What the legend calls it; None keeps it out of the legend."""
    latest: float | None
    """Its last reading; None for none."""
    slot: int = 0
    """Its colour among the curves."""
    role: str = "curve"
    """curve, second (dotted), theory, reference (both dashed), points, range (a vertical line), band (an edge of an
    ensemble) or shade (what lies between two tracks)."""
    marker: str = ""
    """A character that stands on it here and there, or at each of its points."""
    armed: bool = False
    """Whether all its company (theory, band) has its colour."""
    other: int = 0
    """The track up to which a shade goes."""

    @property
    def ink(self) -> str:
        """Its colour."""
        if self.role in ("band", "shade"):
            return f"band{self.slot % INKS}" if self.armed else "band"
        if self.role == "reference":
            return "tick"
        # A second theory in one plot takes a curve's colour, and stays dashed.
        own = self.role != "theory" or self.armed or self.slot > 0
        return f"curve{self.slot % INKS}" if own else "theory"

    def sign(self, glyphs: str) -> str:
        """What stands before its name."""
        if glyphs == "ascii":
            return PLAIN_SIGNS.get(self.role, "") * 2 or plain_sign(self.slot)
        return SIGNS[self.role] + self.marker


class Sign(NamedTuple):
    """A legend's entry for what is no curve."""

    sign: str
    ink: str
    label: str


def top(
    title: Sequence[Span], curves: Sequence[Curve | Sign], width: int, glyphs: str, note: str, most: int
) -> list[Line]:
    """The title line, and below it at most so many lines of legend where the legend is too long for it."""
    entries = [_entry(curve, glyphs) for curve in curves if curve.label is not None]
    fits = sum(width_of(one) for one in entries) <= _room(title, width)
    if most < 1 and not fits and any(isinstance(curve, Curve) and curve.marker for curve in curves):
        # Which arm is which matters more than what they read.
        curves = [curve._replace(latest=None) if isinstance(curve, Curve) else curve for curve in curves]
    if most < 1 or fits:
        return [title_line(title, curves, width, glyphs, note)]
    bare = [[*one[:2], ("", "strong")] for one in entries]
    brief = [[one[0], (_cut(one[1][0], _SYMBOL + 1), "text")] for one in entries]
    ways = [_flowed(way, width) for way in (entries, bare, brief)]
    flowed = next((lines for lines in ways if len(lines) <= most), ways[-1])
    lines = flowed[:most]
    lost = len(entries) - sum(len(line) for line in lines)
    written = [fit([span for one in line for span in one if span[0]], width) for line in lines]
    if lost:
        written[-1] = between([span for one in lines[-1] for span in one], ((f" … {lost} more", "faint"),), width)
    return [title_line(title, (), width, glyphs, note), *written]


def _cut(text: str, width: int) -> str:
    return "".join(part for part, _ in fit(((text, ""),), min(cell_len(text), width)))


def _flowed(entries: Sequence[list[Span]], width: int) -> list[list[list[Span]]]:
    """Entries in lines."""
    lines: list[list[list[Span]]] = []
    left = 0
    for one in entries:
        wide = width_of(one)
        if not lines or wide > left:
            lines.append([])
            left = width
        lines[-1].append(one)
        left -= wide
    return lines


def _room(title: Sequence[Span], width: int) -> int:
    return width - min(width_of(title), width // 3) - 5


def title_line(title: Sequence[Span], curves: Sequence[Curve | Sign], width: int, glyphs: str, note: str = "") -> Line:
    """The title, and at the right end every curve with its sign, its name and its value."""
    rule = ("-", "rule") if glyphs == "ascii" else ("─", "rule")
    entries = [_entry(curve, glyphs) for curve in curves if curve.label is not None]
    named = [(text, ink) for text, ink in title]
    if note:
        named += [(f" {note}", "faint")]
    legend = _legend(entries, _room(named, width))
    most = max(width - width_of(legend) - 5, width // 3)
    if width_of(named) > most:
        named = list(fit(named, most))
    return between([*named, (" ", "text")], [*legend, (" ", "text"), rule] if legend else [], width, rule)


def _legend(entries: Sequence[list[Span]], room: int) -> list[Span]:
    """Signs, names and values of the curves: where room is scarce long names go first, then the last curves."""
    entries = [list(entry) for entry in entries]
    while entries and sum(width_of(entry) for entry in entries) > room:
        longest = max(entries, key=lambda entry: cell_len(entry[1][0]))
        if cell_len(longest[1][0]) > _SYMBOL or (len(entries) == 1 and longest[1][0]):
            longest[1] = ("", "text")
        else:
            entries.pop()
    return [span for entry in entries for span in entry if span[0]]


def _entry(curve: Curve | Sign, glyphs: str) -> list[Span]:
    """A sign, a name and a value."""
    label = f" {curve.label}" if curve.label else ""
    if isinstance(curve, Sign):
        return [(f"  {curve.sign}", curve.ink), (label, "text"), ("", "strong")]
    value = "" if curve.role in ("band", "shade") or curve.latest is None else f" {short(curve.latest)}"
    # One dashed line stands for those of all arms.
    ink = "text" if curve.armed and curve.role == "theory" else curve.ink
    return [(f"  {curve.sign(glyphs)}", ink), (label, "text"), (value, "strong")]

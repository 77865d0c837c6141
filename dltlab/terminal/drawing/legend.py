"""The line above a plot: its title, and every curve with its sign, its name and its value."""

import itertools
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len

from dltlab.terminal.drawing.lines import Line, Span, between, fit, told_apart, width_of
from dltlab.terminal.drawing.numbers import measured
from dltlab.terminal.drawing.strokes import plain_sign
from dltlab.terminal.drawing.tracks import Track

INKS: Final = 8
"""Colours of curves; beyond them colours come again, with other markers."""
MARKERS: Final = "●▲■◆○△□◇✕▼▽✚"
"""What tells the curves of arms apart without any colour."""
_LOST: Final = re.compile(r" \((\d+) of (\d+) diverged\)")
_SYMBOL: Final = 8
"""Cells that a name may take to be kept where room is scarce: a symbol says more than another curve's number."""
_UNSAID: Final[Span] = (" …", "faint")
"""Ends a legend in which values or names were left out."""
_CUTS: Final = (12, 10, 8, 7, 6, 5, 4)
"""Cells that names are cut to where room is scarce, one after the other."""
SIGNS: Final = {
    "curve": "━", "second": "┈", "theory": "╍", "reference": "╍", "band": "░", "shade": "░", "range": "│", "points": "",
    "bar": "│", "beyond": "?", "guest": "━", "raw": "━",
}  # fmt: skip
PLAIN_SIGNS: Final = {
    "theory": "-",
    "reference": "-",
    "band": ":",
    "shade": ":",
    "range": "|",
    "bar": "|",
    "beyond": "?",
    "raw": ".",
}


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
    """curve, raw (the readings below a running mean), guest (of a session drawn over the shown one), second (dotted),
    theory, reference (both dashed), points, range (a vertical line), band (an edge of an ensemble), shade (what lies
    between two tracks), bar (from its ``other`` track to the one after) or beyond (readings that are not to be
    trusted)."""
    marker: str = ""
    """A character that stands on it here and there, or at each of its points."""
    armed: bool = False
    """Whether all its company (theory, band) has its colour."""
    other: int = 0
    """The track up to which a shade goes; of error bars the lower ends'."""
    bar: float = 0.0
    """The error bar of its last reading; 0 for none."""
    faint: bool = False
    """Whether it stays behind the others: the parent of a fork."""

    @property
    def ink(self) -> str:
        """Its colour."""
        if self.role == "beyond":
            return "doubt"
        if self.role == "bar" or self.faint:
            return f"band{self.slot % INKS}"
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
        # A marker says it all, but for what is drawn in another way.
        # Points that are each marked by their arm are named by the line through them.
        own = self.marker if self.marker and self.role == "curve" else SIGNS[self.role] + self.marker
        return own or SIGNS["second"]


class Sign(NamedTuple):
    """A legend's entry for what is no curve."""

    sign: str
    ink: str
    label: str
    marker: str = ""
    """Its sign again, where it is that of an arm."""
    remark: bool = False
    """Whether it says something of the curves, rather than what a sign means."""


Entry = list[Span]
"""A sign, a name and a value."""


def top(
    title: Sequence[Span],
    curves: Sequence[Curve | Sign],
    width: int,
    glyphs: str,
    note: str,
    most: int,
    *,
    valued: bool = False,
) -> list[Line]:
    """The title line, and below it at most so many lines of legend where the legend is too long for it.

    Where room is scarce the title gives way a little, then values go (an ellipsis at the end says so), then what
    the names of the arms have in common is said once, then long names are cut; last of all curves are left out, and
    counted. Where values are what one looks for (``valued``) they stay as long as there is a line for them.
    """
    keys = [curve for curve in curves if curve.label is not None]
    marked = any(isinstance(curve, Sign) or curve.marker for curve in keys)
    if most < 1 and not marked:
        return [title_line(title, curves, width, glyphs, note)]
    # The title is said before the note.
    noted = note and width_of(title) + cell_len(note) + 6 <= width
    named = [*title, (f" {note}", "faint")] if noted else list(title)
    ways = _ways(keys, glyphs)
    whole = width_of(named)
    # A note is not cut: it says what the picture does not.
    cut = whole if noted else min(whole, max(width // 3, whole * 3 // 4))
    least = whole if noted or (marked and most > 0) else min(whole, max(width // 3, whole * 3 // 4 if most > 0 else 0))
    beside = ways if most < 1 else ways[:1] if marked or valued else ways[:3]
    if alone := next((way for way in beside if sum(map(width_of, way)) <= width - least - 5), None):
        return [_titled(named, _spans(alone), width, glyphs)]
    if most < 1:
        return [_titled(named, _spans(_counted(ways[-1], width - least - 5)), width, glyphs)]
    # The title's own line has room too; half of the lines if that can be: a plot gives up what a legend takes.
    first = max(width - cut - 5, 0)
    rooms = [[start, *([width] * lines)] for lines in (max(most // 2, 1), most) for start in (0, first)]
    for way in _valued(ways[0]) if valued else ():
        if found := next((flowed for room in rooms if len(flowed := _flowed(way, room)) <= len(room)), None):
            return _laid(named, found, width, glyphs)
    if any(isinstance(key, Sign) and key.remark for key in keys):
        # A remark beside the curves takes the room that the title leaves before it takes their values.
        room = [max(width - whole - 5, 0), *([width] * most)]
        if found := next((flowed for way in ways[:2] if len(flowed := _flowed(way, room)) <= len(room)), None):
            return _laid(named, found, width, glyphs)
    for group in (ways[:4], *([way] for way in ways[4:])):
        for room, way in itertools.product(rooms, group):
            if len(flowed := _flowed(way, room)) <= len(room):
                return _laid(named, flowed, width, glyphs)
    flowed = _flowed(ways[-1], rooms[-1])
    left = [one for line in flowed[most:] for one in line]
    return _laid(named, [*flowed[:most], _counted(left, width)], width, glyphs)


def _laid(named: Sequence[Span], flowed: Sequence[Sequence[Entry]], width: int, glyphs: str) -> list[Line]:
    """The title with the first entries, the others below it."""
    return [_titled(named, _spans(flowed[0]), width, glyphs), *(fit(_spans(line), width) for line in flowed[1:])]


def _ways(keys: Sequence[Curve | Sign], glyphs: str) -> list[list[Entry]]:
    """The entries in ever fewer cells: without the values of companions, without any, with ever shorter names."""
    entries = [_entry(curve, glyphs) for curve in keys]
    bare = [[*one[:2], ("", "strong")] for one in entries]
    led = [
        whole if place == 0 or (isinstance(key, Curve) and key.role == "theory") else short_of
        for place, (key, whole, short_of) in enumerate(zip(keys, entries, bare, strict=True))
    ]
    shared = _shared(keys, glyphs)
    silent = [bare, shared, *(_renamed(shared, -1, most + 1) for most in _CUTS)]
    unsaid = _values(entries) > 0
    return [entries, _ended(led, _values(led) < _values(entries)), *(_ended(way, unsaid) for way in silent)]


def _values(entries: Sequence[Entry]) -> int:
    """How many of the entries have a value."""
    return sum(bool(value[0]) for _, _, value in entries)


def _ended(entries: list[Entry], unsaid: bool) -> list[Entry]:
    """The entries, with an ellipsis at their end where something of them was left ``unsaid``."""
    return [*entries[:-1], [*entries[-1], _UNSAID]] if entries and unsaid else entries


def _valued(entries: Sequence[Entry]) -> list[list[Entry]]:
    """The entries with ever shorter names, all of their values kept."""
    nameless = _ended(_renamed(entries, -2, 0), any(name[0] for _, name, _ in entries))
    return [list(entries), *(_renamed(entries, -2, most) for most in _CUTS), nameless]


def _renamed(entries: Sequence[Entry], place: int, most: int) -> list[Entry]:
    """The entries with the names that stand at a place in them cut to so many cells."""
    names = told_apart([one[place][0] for one in entries], most)
    renamed = [list(one) for one in entries]
    for one, name in zip(renamed, names, strict=True):
        one[place] = name, one[place][1]
    return renamed


def _spans(entries: Sequence[Entry]) -> list[Span]:
    return [span for one in entries for span in one if span[0]]


def _counted(entries: Sequence[Entry], room: int) -> list[Entry]:
    """As many of the first entries as there is room for, and how many there are beyond them."""
    if sum(map(width_of, entries)) <= room:
        return list(entries)
    kept = list(entries)
    while kept and sum(map(width_of, kept)) + len(f"  … {len(entries) - len(kept)} more") > room:
        kept.pop()
    return [*kept, [(f"  … {len(entries) - len(kept)} more", "faint")]]


def _shared(keys: Sequence[Curve | Sign], glyphs: str) -> list[Entry]:
    """Signs and names; what the names behind markers have in common, such as "m = ", is said once, before them."""
    entries: list[Entry] = []
    marked = [key.label or "" for key in keys if key.marker]
    first_words = zip(*(one.split(" ")[:-1] for one in marked), strict=False)
    words = itertools.takewhile(lambda of_each: len(set(of_each)) == 1, first_words)
    common = "".join(f"{word} " for word, *_ in words)
    glue = " " if glyphs == "ascii" else ""
    said = False
    for key in keys:
        label = _LOST.sub(r" (\1/\2 ✗)", key.label or "")
        if not key.marker or len(marked) < 2 or not common.strip():
            entries.append([*_entry(key, glyphs)[:1], (f" {label}" if label else "", "text")])
        else:
            letter = key.marker if glyphs != "ascii" else plain_sign(key.slot) if isinstance(key, Curve) else key.sign
            before = " " if said else f"  {common}"
            entries.append([(before, "text"), (letter, key.ink), (f"{glue}{label[len(common) :]}", "text")])
            said = True
    return entries


def _flowed(entries: Sequence[Entry], rooms: Sequence[int]) -> list[list[Entry]]:
    """Entries in lines of these widths; beyond them more lines like the last."""
    lines: list[list[Entry]] = [[]]
    left = rooms[0]
    for one in entries:
        wide = width_of(one)
        while wide > left and (lines[-1] or len(lines) < len(rooms)):
            left = rooms[min(len(lines), len(rooms) - 1)]
            lines.append([])
        lines[-1].append(one)
        left -= wide
    return lines


def _room(title: Sequence[Span], width: int) -> int:
    return width - min(width_of(title), width // 3) - 5


def title_line(title: Sequence[Span], curves: Sequence[Curve | Sign], width: int, glyphs: str, note: str = "") -> Line:
    """The title, and at the right end every curve with its sign, its name and its value."""
    entries = [_entry(curve, glyphs) for curve in curves if curve.label is not None]
    named = [*title, (f" {note}", "faint")] if note else list(title)
    return _titled(named, _legend(entries, _room(named, width)), width, glyphs)


def _titled(named: Sequence[Span], legend: Sequence[Span], width: int, glyphs: str) -> Line:
    rule = ("-", "rule") if glyphs == "ascii" else ("─", "rule")
    most = max(width - width_of(legend) - 5, width // 3)
    named = fit(named, most) if width_of(named) > most else named
    return between([*named, (" ", "text")], [*legend, (" ", "text"), rule] if legend else [], width, rule)


def _legend(entries: Sequence[Entry], room: int) -> list[Span]:
    """Signs, names and values of the curves: where room is scarce long names go first, then values, then curves."""
    whole, entries, of = entries, [list(entry) for entry in entries], len(entries)

    def unsaid() -> list[Span]:
        lost = of - len(entries)
        return [(_more(lost, room), "faint")] if lost else [_UNSAID] * (_values(entries) < _values(whole))

    while entries and sum(width_of(entry) for entry in entries) > room - width_of(unsaid()):
        longest = max(entries, key=lambda entry: cell_len(entry[1][0]))
        valued = [entry for entry in entries[1:] if entry[2][0]]
        if cell_len(longest[1][0]) > _SYMBOL or (len(entries) == 1 and longest[1][0]):
            longest[1] = ("", "text")
        elif valued or (len(entries) == 1 < of and entries[0][2][0]):
            (valued or entries)[-1][2] = ("", "strong")
        else:
            entries.pop()
    return [*_spans(entries), *unsaid()] if entries else []


def _more(lost: int, room: int) -> str:
    return f" … {lost} more" if room >= len("  ━ … n more") else " …"


def _entry(curve: Curve | Sign, glyphs: str) -> Entry:
    """A sign, a name and a value."""
    label = f" {curve.label}" if curve.label else ""
    if isinstance(curve, Sign):
        return [(f"  {curve.sign}", curve.ink), (label, "text"), ("", "strong")]
    silent = curve.role in ("band", "shade", "bar", "beyond") or curve.latest is None
    value = "" if silent else f" {measured(curve.latest or 0.0, curve.bar)}"
    # One dashed line stands for those of all arms.
    ink = "text" if curve.armed and curve.role == "theory" and not curve.marker else curve.ink
    return [(f"  {curve.sign(glyphs)}", ink), (label, "text"), (value, "strong")]

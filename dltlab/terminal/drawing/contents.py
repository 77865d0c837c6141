"""A table of contents: the chapters of a session with their steps, and the sentence of the chosen one."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from dltlab.chapters import Chapter
from dltlab.session.notes import Note
from dltlab.terminal.drawing import finding
from dltlab.terminal.drawing.lines import Line, Picture, Span, between, centred, fit, frame, width_of, wrap
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.prose import keys_line
from dltlab.terminal.drawing.timeline import SIGNS
from dltlab.text import one_line

_NOTE: Final = ("¶", "#")
_SIGN_OF: Final = {"turned": "turn"}
"""The events that kinds of chapters are called after, where their names differ."""
_ABOVE: Final = 3
"""Lines above the list."""
_SENTENCE: Final = 6
"""Lines of a sentence at most."""
_LEAST: Final = 8
"""Lines of a panel below which the list has them all."""
_HEIGHT: Final = (18, 11)
"""Lines of a panel at least where there is room for them, and those of it that are no entries."""


class Entry(NamedTuple):
    """A line of the table of contents."""

    chapter: Chapter
    note: Note | None = None
    """What it is, where it was noted by hand."""
    coming: bool = False
    """Whether it has not been reached yet."""
    arm: str = ""
    """What legends call the arm that it happens in."""


def keys(chosen: Entry | None) -> Sequence[tuple[str, str]]:
    """What can be done with an entry: only notes are changed."""
    own = [("=", "edit"), ("del", "delete")] if chosen and chosen.note else [("+", "note here")]
    return [*([("enter", "go")] if chosen else []), *own, ("esc", "back")]


def lines(entries: int, height: int) -> int:
    """How high a panel of so many entries is, on a screen of this height."""
    least, beside = _HEIGHT
    return min(max(entries + beside, least), height)


def found(entries: Sequence[Entry], typed: str) -> list[Entry]:
    """Those in which every word that was typed stands somewhere, in their order."""
    wanted = finding.words(typed)
    return [one for one in entries if all(word in _words(one) for word in wanted)]


def _words(one: Entry) -> str:
    chapter = one.chapter
    return finding.folded(f"{chapter.title} {chapter.text} {chapter.kind} {chapter.arm} {one.arm} {chapter.step}")


def sign(one: Entry, *, plain: bool) -> str:
    """What stands for a chapter: what stands for it on the timeline, a pilcrow for a note."""
    kind = "coming" if one.coming else _SIGN_OF.get(one.chapter.kind, one.chapter.kind)
    return (_NOTE if one.note and not one.coming else SIGNS.get(kind, SIGNS["chapter"]))[plain]


def panel(
    entries: Sequence[Entry], chosen: int, typed: str, step: int, size: tuple[int, int], *, of: int, plain: bool
) -> Picture:
    """The list with a frame around it, what was typed above it, and the chosen one's sentence below.

    ``step`` is where one looks; ``of`` is how many entries there are without what was typed.
    """
    width, height = size
    inner = max(width - 4, 1)
    told = _sentence(entries[chosen], inner, size[1]) if entries else []
    rows = _rows(height)
    if entries:
        first = _first(chosen, len(entries), rows)
        steps = max(len(count(one.chapter.step)) for one in entries)
        here = max((place for place, one in enumerate(entries) if one.chapter.step <= step), default=-1)
        body = [
            _row(one, inner, steps, finding.words(typed), chosen=place == chosen, here=place == here, plain=plain)
            for place, one in list(enumerate(entries))[first : first + rows]
        ]
    else:
        body = list(centred(_nothing(step, typed, of), inner, rows))
    body += [()] * (rows - len(body))
    rule: Line = (("─" * inner, "rule"),)
    told = [*told, *[()] * (_told(height) - len(told))]
    number = f"{len(entries)} of {of}" if len(entries) < of else f"{of} chapter{'s' * (of != 1)}"
    asked: Span = (typed, "pending") if typed else ("", "text")
    prompt: Line = (("› ", "faint"), asked, ("▏", "faint"), ("" if typed else " type to find", "rule"))
    lines = [prompt, rule, *body, *([rule, *told] if told else [])]
    sided = [(("│ ", "rule"), *fit(line, inner), (" │", "rule")) for line in lines]
    foot = keys_line(keys(entries[chosen] if entries else None), width)
    return frame((_edge(width, number), *sided[: height - 3], _close(width), foot), width, height)


def place_at(line: int, entries: int, chosen: int, size: tuple[int, int]) -> int | None:
    """The entry that a line of the panel shows; None for a line that shows none."""
    row, rows = line - _ABOVE, _rows(size[1])
    place = row + _first(chosen, entries, rows)
    return place if 0 <= row < rows and place < entries else None


def _told(height: int) -> int:
    """Lines for the chosen one's sentence: few enough for the list to have most of them."""
    return min(height // 4, _SENTENCE) if height >= _LEAST else 0


def _rows(height: int) -> int:
    """Lines of the list."""
    told = _told(height)
    return max(height - _ABOVE - 2 - (told + 1 if told else 0), 1)


def _first(chosen: int, entries: int, rows: int) -> int:
    """The first entry that is seen."""
    return min(max(chosen - rows // 2, 0), max(entries - rows, 0))


def _row(one: Entry, width: int, steps: int, wanted: Sequence[str], *, chosen: bool, here: bool, plain: bool) -> Line:
    """Sign, step, title, and the arm that it happens in; where one looks is marked at the end."""
    ink = "chosen" if chosen else "faint" if one.coming else "text"
    signed = ink if chosen else "tick" if one.coming else "wrong" if one.chapter.kind == "diverged" else "event"
    numbered = ink if chosen else "tick"
    left: list[Span] = [("▸ " if chosen else "  ", ink), (f"{sign(one, plain=plain)} ", signed)]
    left += [(f"{count(one.chapter.step):>{steps}}  ", numbered)]
    left += finding.marked(((one_line(one.chapter.title), ink),), wanted, "picked" if chosen else "found")
    behind = [((" ", ink), (text, ink if chosen else "faint")) for text in (one.arm, "◂ here" * here) if text]
    # A title is worth more than what stands behind it, and the arm more than what the sign before the row says too.
    while behind and width_of(left) + sum(map(width_of, behind)) >= width:
        behind.pop()
    return fit(between(left, [span for spans in behind for span in spans], width, (" ", ink)), width, ink)


def _sentence(one: Entry, width: int, height: int) -> list[Line]:
    """What the chosen one says, in full where there is room."""
    where = f"{'to come: ' * one.coming}{f'{one.arm}: ' if one.arm else ''}"
    when = f" ({one.note.when[:10]})" if one.note and one.note.when else ""
    lines = wrap(f"{where}{one.chapter.text}{when}", width, "text")
    most = _told(height)
    if not most:
        return []
    if len(lines) > most:
        lines = [*lines[: most - 1], fit((*lines[most - 1], ("…", "text")), width)]
    return lines


def _nothing(step: int, typed: str, of: int) -> str:
    if of:
        return f"no chapter has {one_line(typed)!r} in it; backspace takes back"
    return f"no chapter has opened yet; + leaves a note at step {count(step)}"


def _edge(width: int, said: str) -> Line:
    title = "╭ Chapters "
    rule = max(width - len(title) - len(said) - 3, 0)
    return (("╭ ", "rule"), ("Chapters ", "strong"), ("─" * rule, "rule"), (f" {said} ", "faint"), ("╮", "rule"))


def _close(width: int) -> Line:
    return (("╰" + "─" * max(width - 2, 0) + "╯", "rule"),)

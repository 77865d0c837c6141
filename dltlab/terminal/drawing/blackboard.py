"""What a class sees of a lecture beside the plots: a headline with the step in large type, and a question's card."""

from collections.abc import Sequence
from itertools import product
from typing import Final, NamedTuple

from rich.cells import cell_len

from dltlab.questions import Question
from dltlab.session.place import Phase
from dltlab.terminal.drawing.blocks import bar
from dltlab.terminal.drawing.lettering import ROWS, large, set_lines
from dltlab.terminal.drawing.lines import Line, Picture, Span, between, clipped, frame, width_of, wrap
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.prose import rule

_ROOM: Final = (64, 18)
"""Columns and rows from which a headline is in large type."""
_TALL: Final = 30
"""Rows from which a headline has its sentence below it."""
_TALLEST: Final = 36
"""Rows from which a headline may take two lines of large type."""
_LEFT: Final = 30
"""Columns that numbers leave to the title."""
_WIDE: Final = 100
"""Columns from which hands have a bar beside large type."""
_NARROW: Final = 60
"""Columns below which they never have."""
_KEY: Final = 7
"""Columns of a choice's key in large type."""
_MARGIN: Final[Span] = ("  ", "text")
_CHOSEN: Final[Span] = ("▌ ", "bold0")
"""Stands before what the class has chosen."""
_ANSWERED: Final = ("answered", "revealing", "told")


class Number(NamedTuple):
    """A number that is read from the back row."""

    label: str
    value: str
    widest: str = "0.000"
    """As many digits as it may have, so that what stands beside it does not move."""


def headline(title: str, sentence: str, numbers: Sequence[Number], width: int, height: int, glyphs: str) -> Picture:
    """The chapter and where the session stands, for a screen of this size: as many lines as that may take."""
    if width < _ROOM[0] or height < _ROOM[1]:
        told: list[Span] = []
        for number in numbers[: 1 if width < 50 else 2]:
            told += [(f"  {number.label} ", "faint"), (number.value, "strong")]
        return (between(((f" {title}", "strong"),), (*told, (" ", "text")), width),)
    right = _numbers(numbers, width - _LEFT, glyphs)
    room = width - width_of(right[0]) - 3
    lines = set_lines(title, room, glyphs, 2 if height >= _TALLEST else 1)
    if lines is not None and glyphs != "ascii":
        left: list[Line] = [((row, "strong"),) for line in lines for row in line]
        left = [((" ", "text"), *line) for line in left]
        rows = [between(line, right[at] if at < ROWS else (), width) for at, line in enumerate(left)]
        if sentence and height >= _TALL:
            rows += [((" ", "text"), *line) for line in clipped(wrap(sentence, width - 2), width - 2, 2)]
        # Letters that touch the edge of the screen are hard to read.
        above = [()] * (height >= _TALL)
        return frame([*above, *rows], width, len(rows) + len(above))
    said = [*wrap(title, room, "strong"), *(wrap(sentence, room, "text") if sentence else [])]
    said = [((" ", "text"), *line) for line in clipped(said, room, len(right))]
    left = list(frame(said, room + 1, len(right)))
    rows = [*[()] * (height >= _TALL), *(between(line, right[at], width) for at, line in enumerate(left))]
    return frame(rows, width, len(rows))


def _numbers(numbers: Sequence[Number], width: int, glyphs: str) -> list[Line]:
    """Numbers side by side, each after its label, as many as there is room for; the first stands last."""
    rows: list[Line] = [()] * ROWS
    for label, value, widest in numbers:
        drawn = large(value, glyphs) or ["", "", "", value]
        own, wide = max(map(len, drawn)), max(len(row) for row in [*drawn, *(large(widest, glyphs) or [])])
        if width_of(rows[0]) + cell_len(label) + wide + 4 > width:
            break
        lead = " " * (wide - own + 2)
        parts: list[Line] = [
            ((f"{lead}{label if at == ROWS - 1 else ' ' * cell_len(label)} ", "faint"), (row.ljust(own), "bold0"))
            for at, row in enumerate(drawn)
        ]
        rows = [(*part, *row) for part, row in zip(parts, rows, strict=True)]
    return [(*row, (" ", "text")) for row in rows]


class Asked(NamedTuple):
    """A question that is open."""

    question: Question
    phase: Phase
    step: int
    title: str
    """What the lecture is on: the chapter's title would give the answer away."""
    choice: int
    counts: Sequence[int]


def card(asked: Asked, width: int, height: int, glyphs: str) -> Picture:
    """The question with its choices, what the class says, and what is right: as large as there is room for.

    Where there is no room for all of it the choices come before the question, which the lecturer can say aloud,
    and when it is told the right one and the class's before the others.
    """
    told = asked.phase == "told"
    place = f"Question at step {count(asked.step)}" + (f" · {asked.title}" if asked.title else "")
    why = [rule("Why", width - 4), *wrap(asked.question.why, width - 4, "strong")] if told else []
    every = frozenset(range(len(asked.question.choices)))
    some = frozenset({asked.question.answer, asked.choice}) if told else frozenset[int]()
    lines: list[Line] = []
    for which, large_ask in dict.fromkeys(product((every, some, frozenset[int]()), (True, False))):
        ask = _ask(asked.question.ask, width - 4, glyphs, big=large_ask)
        choices = [_choice(asked, at, width - 4, glyphs, big=at in which) for at in sorted(every)]
        if ask is None or None in choices:
            continue
        blocks = [one for one in choices if one is not None]
        free = height - 1 - len(ask) - sum(map(len, blocks)) - len(why)
        gaps = len(blocks) + (1 if told else 0)
        lead, gap = int(free >= 1), int(free >= gaps + 1)
        lines = [rule(place, width - 4), *[()] * lead, *ask]
        for block in blocks:
            lines += [*[()] * gap, *block]
        lines += [*[()] * gap, *why]
        if free >= 0:
            break
    spare = max(height - len(lines), 0) // 3
    return frame(
        [*[()] * spare, *(line if line[:1] == (_CHOSEN,) else (_MARGIN, *line) for line in lines)], width, height
    )


def _ask(text: str, width: int, glyphs: str, *, big: bool) -> list[Line] | None:
    if not big:
        return wrap(text, width, "strong")
    lines = set_lines(text, width, glyphs)
    return None if lines is None else [((row, "strong"),) for line in lines for row in line]


def _choice(asked: Asked, at: int, width: int, glyphs: str, *, big: bool) -> list[Line] | None:
    """A choice: its key, its words, and at the right end what is said of it."""
    ink = _ink(asked, at)
    if not big:
        said = _said(asked, at, 10 if width >= _NARROW else 0, glyphs)
        room = width - width_of(said) - 8
        words = [tuple(span for span in line if span[0]) for line in wrap(asked.question.choices[at], room, ink)]
        first = between((_key(asked, at, f" {at + 1} "), ("  ", "text"), *words[0]), said, width)
        return [first, *(((" " * 5, "text"), *line) for line in words[1:])]
    wide = 10 if width >= _WIDE else 0
    hands = _hands(asked, at, wide, glyphs)
    # Room for the hands is kept before they are counted, or the words would move.
    lines = set_lines(asked.question.choices[at], width - _KEY - wide - 6, glyphs, 2)
    key = large({"holds": "✓", "wrong": "✗"}.get(ink, str(at + 1)), glyphs)
    if lines is None or key is None:
        return None
    chosen = asked.phase in _ANSWERED and at == asked.choice
    rows = [row for line in lines for row in line]
    drawn: list[Line] = []
    for row, words in enumerate(rows):
        lead = (f"{key[row] if row < ROWS else '':<{_KEY}}", ink if asked.phase == "told" else "bold0")
        told = hands if row == 1 else (("our answer ", ink),) if row == 2 and chosen else ()
        fits = _KEY + len(words) + width_of(told) <= width
        line = between((lead, (words, ink)), told if fits else (), width)
        drawn.append((_CHOSEN, *line) if chosen else line)
    return drawn


def _key(asked: Asked, at: int, key: str) -> Span:
    """The key of a choice; brackets where it was chosen, or is right, for those who see no colours."""
    chosen = asked.phase in _ANSWERED and at == asked.choice
    right = asked.phase == "told" and at == asked.question.answer
    return (f"[{key.strip()}]" if chosen or right else key, "chosen" if _ink(asked, at) != "faint" else "faint")


def _ink(asked: Asked, at: int) -> str:
    if asked.phase == "told":
        return "holds" if at == asked.question.answer else "wrong" if at == asked.choice else "faint"
    return "strong" if asked.phase == "asking" or at == asked.choice else "text"


def _hands(asked: Asked, at: int, wide: int, glyphs: str) -> tuple[Span, ...]:
    """How many are for a choice, with a bar of so many cells; nothing where hands were not counted."""
    if at >= len(asked.counts) or not any(asked.counts):
        return ()
    hands = asked.counts[at]
    drawn = [(bar(hands / max(asked.counts), wide, glyphs), "curve0")] if wide else []
    return (*drawn, (f" {hands:>3} ", "strong"))


def _said(asked: Asked, at: int, wide: int, glyphs: str) -> tuple[Span, ...]:
    """Hands, and whether it is the class's answer or the right one."""
    spans = [*_hands(asked, at, wide, glyphs)]
    if asked.phase == "told" and at == asked.question.answer:
        spans.append((f"✓ {'our answer' if at == asked.choice else 'right':<10}", "holds"))
    elif asked.phase in _ANSWERED and at == asked.choice:
        spans.append(("✗ our answer", "wrong") if asked.phase == "told" else ("◀ our answer", "strong"))
    elif spans and asked.phase in _ANSWERED:
        spans.append((" " * 12, "text"))
    return (("  ", "text"), *spans) if spans else ()


def strip(asked: Asked) -> str:
    """What the class said, in a line above the plot that shows it."""
    if asked.choice < 0:
        return "We shall see."
    hands = f" · {asked.counts[asked.choice]} of {sum(asked.counts)}" if asked.choice < len(asked.counts) else ""
    return f"Our answer: {asked.choice + 1}, {asked.question.choices[asked.choice]}{hands}"

"""What is read beside the plots where there is no room for all of it: one thing at a time, each read alone."""

from collections.abc import Iterable, Sequence
from typing import Final

from dltlab.claims import Verdict
from dltlab.terminal.drawing import predicted
from dltlab.terminal.drawing.lines import Line, clipped, wrap

SIGNS: Final = {"holds": "✓", "fails": "✗", "not yet": "·"}


def hint(text: str, width: int, rows: int) -> list[Line]:
    """A sentence, or its beginning."""
    return clipped(wrap(text, width, "text", "• "), width, rows)


def statement(verdict: Verdict, width: int, rows: int) -> list[Line]:
    """A verdict with its formula, or with what was measured and predicted: whole, or not at all."""
    told = predicted.whole(verdict)
    # What the columns say already is not said again.
    numbers = [f"{verdict.measured}, {way}" for way in (f"predicted {told}", told) if predicted.worded(verdict)]
    for said in filter(None, (verdict.formula, *numbers)):
        lines = wrap(f"{verdict.name}: {said}", width, "text", f"{SIGNS.get(verdict.status, '·')} ")
        if len(lines) <= rows:
            return lines
    return []


def some(look_for: Iterable[str], verdicts: Sequence[Verdict], width: int, rows: int, turn: int) -> list[Line]:
    """As many lines as there is room for: a hint or a claim that has a formula, another one each turn."""
    hints = [hint(text, width, rows) for text in look_for]
    stated = [statement(verdict, width, rows) for verdict in verdicts if verdict.formula]
    told = [*hints, *filter(None, stated)]
    return told[turn % len(told)] if told else []

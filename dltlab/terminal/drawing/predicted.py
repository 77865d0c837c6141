"""What a claim predicts, in ever fewer cells; of a tolerance that is left out an ellipsis tells."""

import re
from typing import Final

from rich.cells import cell_len

from dltlab.claims import Verdict
from dltlab.text import one_line

_BOUND: Final = re.compile(r"[≤≥<>] ?\S+$")
_DIGIT: Final = re.compile(r"\d")
_NUMBER: Final = re.compile(r"[\d.e+-]+")
_WORDS: Final = re.compile(r", | (?:of|above|below) ")
_LOOSE: Final = re.compile(r" ?([±≤≥<>×…]|%$) ?")
_ZERO: Final = re.compile(r"(?<![\d.])0(?=\.\d)")


def ways(verdict: Verdict) -> list[str]:
    """From the longest to the shortest.

    >>> ways(Verdict("", "", "holds", "slope -0.5", "", "± 0.06"))
    ['slope -0.5 ± 0.06', '-0.5 ± 0.06', '-0.5±0.06', '-.5±.06', '-.5±…', '…']
    >>> ways(Verdict("", "", "holds", "slope -0.75 … -0.4", "", ""))[1:]
    ['-0.75 … -0.4', '-0.75…-0.4', '-.75…-.4', '…']
    """
    full, brief = whole(verdict), _brief(one_line(verdict.predicted), one_line(verdict.tolerance))
    tight = _LOOSE.sub(r"\1", brief)
    bare = _ZERO.sub("", tight)
    number, near, _ = bare.partition("±")
    least = [f"{number}±…"] if near else ["never"] if brief.startswith("never ") else []
    return [*dict.fromkeys((full, brief, tight, bare)), *least, "…"] if full else [""]


def whole(verdict: Verdict) -> str:
    """All that was predicted: 1 × sharpness.theory ± 0.03."""
    return f"{one_line(verdict.predicted)} {one_line(verdict.tolerance)}".strip()


def worded(verdict: Verdict) -> bool:
    """Whether it says more than numbers do."""
    return _brief(one_line(verdict.predicted), one_line(verdict.tolerance)) != whole(verdict)


def _brief(predicted: str, tolerance: str) -> str:
    """Without the words that its claim's name and its number leave no doubt of."""
    # Of a theory that is a series, how near it must be met.
    near = _BOUND.search(tolerance)
    if near and predicted.isascii() and not _DIGIT.search(predicted):
        return near.group()
    if predicted.startswith("never "):
        return " ".join(predicted.split()[:2])
    brief = _WORDS.split(predicted.removeprefix("slope "))[0]
    number, times, factor = brief.partition(" × ")
    # Of a number of times a series the number; how many times something falls or rises is the prediction.
    brief = brief if times and _NUMBER.fullmatch(factor) else number
    return f"{brief} {tolerance}".strip()


def cells(verdict: Verdict, most: int) -> int:
    """The cells that are wanted for it: up to ``most`` of them for more words, more only for all of the numbers."""
    full = [cell_len(way) for way in ways(verdict) if not way.endswith("…")]
    return min(full[0], max(min(full), most))


def within(verdict: Verdict, room: int) -> str:
    """As much of it as there is room for."""
    return next((way for way in ways(verdict) if cell_len(way) <= room), "")

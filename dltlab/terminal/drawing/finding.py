"""Finding by words: what matches what was typed, the best first, and where it matches.

Case, accents and typographic forms do not count (λ₁ is found by "λ1"), and a hyphen parts words.
"""

import functools
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from dltlab.terminal.drawing.lines import Line, Span

Thing = TypeVar("Thing")
Field = tuple[str, float]
"""A text, and how much it counts that something is found there."""
_WHOLE: Final = 3.0
_BEGIN: Final = 2.0
"""How much more a whole word counts than letters inside one, and how much more the beginning of one."""


@functools.lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """The text as it is compared; letter by letter, so that places stay.

    >>> folded("Édge-of λ₁")
    'edge of λ1'
    """
    return "".join(_folded(letter) for letter in text)


def _folded(letter: str) -> str:
    plain = unicodedata.normalize("NFKD", letter)[0].lower()
    return (plain if len(plain) == 1 else letter) if letter not in "-_/" else " "


def words(typed: str) -> list[str]:
    """What was typed, word by word."""
    return folded(typed).split()


def score(typed: str, fields: Iterable[Field]) -> float:
    """How well fields match: each word by the best place where it stands; 0 unless every word stands somewhere."""
    wanted = words(typed)
    texts = [(folded(text), weight) for text, weight in fields]
    best = [max((weight * _found(word, text) for text, weight in texts), default=0.0) for word in wanted]
    return sum(best) if all(best) else 0.0


def _found(word: str, text: str) -> float:
    if word not in text:
        return 0.0
    held = text.split()
    return _WHOLE if word in held else _BEGIN if any(one.startswith(word) for one in held) else 1.0


def ranked(typed: str, things: Sequence[Thing], fields: Sequence[Sequence[Field]]) -> list[Thing]:
    """The things whose fields match, the best first; all of them, as they stand, where nothing was typed."""
    if not words(typed):
        return list(things)
    scores = [score(typed, one) for one in fields]
    places = sorted((place for place, found in enumerate(scores) if found), key=lambda place: -scores[place])
    return [things[place] for place in places]


def marked(line: Line, wanted: Sequence[str], ink: str = "found") -> Line:
    """The line with what was searched for in another ink."""
    return tuple(part for span in line for part in _parts(span, wanted, ink)) if wanted else line


def _parts(span: Span, wanted: Sequence[str], ink: str) -> list[Span]:
    text, own = span
    plain, hit = folded(text), [False] * len(text)
    for word in wanted:
        at = plain.find(word)
        while at >= 0:
            hit[at : at + len(word)] = [True] * len(word)
            at = plain.find(word, at + 1)
    parts: list[Span] = []
    for letter, found in zip(text, hit, strict=True):
        chosen = ink if found else own
        if parts and parts[-1][1] == chosen:
            parts[-1] = (parts[-1][0] + letter, chosen)
        else:
            parts.append((letter, chosen))
    return parts

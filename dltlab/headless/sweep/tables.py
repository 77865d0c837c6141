"""A sweep for people and for tables: a line a point, a map of every two axes, comma-separated values."""

import csv
import io
import itertools
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from rich.cells import cell_len

from dltlab.headless.reports import WIDTH
from dltlab.headless.sweep.grid import Grid
from dltlab.headless.sweep.point import Point
from dltlab.headless.sweep.shown import Shown
from dltlab.text import one_line

_SIGNS: Final = {"holds": "✓", "fails": "✗"}
_WORDS: Final = {"fails": "FAILS"}
_ENDED: Final = "ended"
"""What is said of a session that claims nothing."""
DIVERGED: Final = "✶"
_WHOLE: Final = 1e9
"""Below it whole numbers are written as such."""
_TWO: Final = 2
"""The axes of a map."""
_Cell = Callable[[Point], str]


def table(grid: Grid, points: Sequence[Point], shown: Sequence[Shown]) -> str:
    """A line a point: its values, its verdict, its numbers; below it what did not hold, or why it ended early."""
    head = [*grid.names, "verdict", *map(str, shown), "claims"]
    rows = [
        [*map(one_line, point.values), verdict(point), *map(_number, point.shown), _holding(point)] for point in points
    ]
    first, *lines = _aligned([head, *rows])
    told = [line for point, row in zip(points, lines, strict=True) for line in (row, *_wrapped(_wrong(point)))]
    return "\n".join([first, *told, "", summed(points)])


def maps(grid: Grid, points: Sequence[Point], shown: Sequence[Shown]) -> Iterator[str]:
    """For each number, and for the claims, a map of the first two axes at each of the others' values."""
    if len(grid.axes) < _TWO:
        return
    pictures = [(str(one), _pictured(one, place)) for place, one in enumerate(shown)]
    most = max((len(point.run.claims) for point in points), default=0)
    if not pictures and most:
        pictures = [(f"claims that hold, of {most}", _many)]
    for title, cell in pictures:
        for rest in itertools.product(*(axis.values for axis in grid.axes[_TWO:])):
            at = ", ".join(f"{name}={one_line(value)}" for name, value in zip(grid.names[_TWO:], rest, strict=True))
            yield "\n".join([f"{one_line(title)}{f' at {at}' if at else ''}", *_map(grid, points, rest, cell)])
    if pictures:
        yield f"✓ holds, ✗ fails, {DIVERGED} diverged, – no number"


def comma_separated(grid: Grid, points: Sequence[Point], shown: Sequence[Shown]) -> str:
    """A row a point: its values by their whole keys, its verdict, every claim's number and status, every shown one."""
    claims = list(dict.fromkeys(claim.name for point in points for claim in point.run.claims))
    head = [*(axis.key for axis in grid.axes), "status", "exit_code", "ended", "steps", "seconds", *map(str, shown)]
    head += [f"claim.{name}{end}" for name in claims for end in ("", ".status")]
    stream = io.StringIO()
    write = csv.writer(stream, lineterminator="\n").writerow
    write(map(one_line, head))
    for point in points:
        run, told = point.run, {claim.name: claim for claim in point.run.claims}
        row: list[object] = [
            *map(one_line, point.values),
            run.status,
            run.exit_code,
            run.footer.reason if run.footer else "",
        ]
        row += [run.steps, run.timings.whole]
        row += ["" if number is None else repr(number) for number in point.shown]
        for name in claims:
            one = told.get(name)
            row += ["" if one is None or one.value is None else repr(one.value), one.status if one else ""]
        write(row)
    return stream.getvalue()


def summed(points: Sequence[Point]) -> str:
    """How many points hold, fail and were not run, in a sentence."""
    counts = Counter(_word(point) for point in points)
    told = ", ".join(f"{many} {word}" for word, many in counts.items())
    return f"{len(points)} point{'s' * (len(points) != 1)}: {told or 'none'}."


def verdict(point: Point) -> str:
    """How a point ended, in a word with its sign."""
    word = _word(point)
    sign = DIVERGED if point.diverged else _SIGNS.get(point.run.status, "!")
    return word if word == _ENDED else f"{sign} {word}"


def _word(point: Point) -> str:
    status = point.run.status
    if point.diverged and not point.holding:
        return "diverged"
    return _ENDED if status == "holds" and not point.run.claims else _WORDS.get(status, status)


def _holding(point: Point) -> str:
    claims = point.run.claims
    return f"{point.holding} of {len(claims)}" if claims else ""


def _wrong(point: Point) -> str:
    """Which claims fail, and which were not shown; why nothing more is to be said."""
    run, told = point.run, []
    for status, word in (("fails", "fails"), ("not yet", "not shown")):
        names = [one_line(claim.name) for claim in run.claims if claim.status == status]
        told += [f"{word}: {', '.join(names)}"] if names else []
    told += [one_line(run.error or run.ended)] if run.status not in ("holds", "fails", "not run") else []
    return "; ".join(filter(None, told))


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="    ", subsequent_indent="    ")


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if value.is_integer() and abs(value) < _WHOLE else f"{value:#.4g}".rstrip(".")


def _sign(point: Point, claim: str = "") -> str:
    """What has become of a claim of a point, or of all of them."""
    if point.diverged:
        return DIVERGED
    told = {one.name: str(one.status) for one in point.run.claims}
    status = told.get(claim, "") if claim else point.run.status
    return _SIGNS.get(status, "") if told else ""


def _pictured(one: Shown, place: int) -> _Cell:
    """A number that was asked for; a claim's with its sign, of a series only whether it diverged."""

    def cell(point: Point) -> str:
        number = _number(point.shown[place] if point.shown else None)
        return f"{number} {_sign(point, str(one))}".rstrip()

    return cell


def _many(point: Point) -> str:
    return f"{point.holding if point.run.claims else '–'} {_sign(point)}".rstrip()


def _map(grid: Grid, points: Sequence[Point], rest: tuple[str, ...], cell: _Cell) -> list[str]:
    """The first axis downwards, the second to the right."""
    down, right = grid.axes[:_TWO]
    by_values = {point.values: cell(point) for point in points}
    head = [f"{grid.names[0]} ↓  {grid.names[1]} →", *right.values]
    rows = [[one, *(by_values.get((one, other, *rest), "") for other in right.values)] for one in down.values]
    return _aligned([list(map(one_line, row)) for row in (head, *rows)])


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _padded(cell: str, width: int) -> str:
    return cell + " " * (width - cell_len(cell))

"""Formulas with today's numbers in them: how a claim's number comes about, so that one can check it in one's head.

    λ₁·η/2 = 10.02·0.2/2 = 1.002

A threshold that a title writes as a fraction (2/η, (2+2β)/η) is written out with the values of the
knobs, and only if that gives the number which was read: no formula says what is not so.
"""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

import numpy as np

from dltlab.claims.verdict import Interval, middle, shown
from dltlab.claims.windows import step_of
from dltlab.session.history import History
from dltlab.text import component, one_line

_TOKEN: Final = re.compile(r"\d+(?:\.\d+)?|[-+−·*/()]|[^-+−·*/()\d\s]+")
_LONGEST: Final = 16
"""Letters of a title that can stand in a formula."""
_EXACT: Final = 2e-3


def symbol(history: History, name: str, of: int | str = 0) -> str:
    """What a formula calls a series, or a component of it: λ₁, 2/η, loss."""
    if name not in history:
        return one_line(name)
    series = history[name].series
    if series.axes[-1:] == ("eigenvalue",) and isinstance(of, int) and "." not in name:
        return component(("eigenvalue",), of)
    title = one_line(series.title)
    return title if title and len(title) <= _LONGEST and " " not in title else one_line(name)


def whose(values: np.ndarray, interval: Interval, over: Literal["median", "all"]) -> int | None:
    """The member whose number stands for all: the worst where every one must hold, else the one nearest the median."""
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return None
    if over == "all":
        return int(min(known, key=lambda one: interval.margin(float(values[one]))))
    centre = middle(values[known])
    with np.errstate(invalid="ignore"):
        apart = np.where(values[known] == centre, 0.0, np.abs(values[known] - centre))
    return int(known[np.argmin(apart)])


def seed(history: History, member: int) -> str:
    """Whose numbers they are, where there are several seeds."""
    seeds = history.header.seeds
    return f"seed {seeds[member]}: " if len(seeds) > 1 and member < len(seeds) else ""


def judged(value: float, interval: Interval) -> str:
    """A number, and whether it lies where it must."""
    no = "" if value in interval else "not "
    low, high = interval.low, interval.high
    if math.isinf(low):
        return f"{shown(value)}, {no}{'<' if interval.strict else '≤'} {shown(high)}"
    if math.isinf(high):
        return f"{shown(value)}, {no}{'>' if interval.strict else '≥'} {shown(low)}"
    centre, half = interval.centre, (high - low) / 2
    if centre is None:
        return f"{shown(value)}, {no}between {shown(low)} and {shown(high)}"
    if half == 0:
        return f"{shown(value)}, {no}exactly {shown(centre)}"
    near = f"{100 * half / abs(centre):.3g} %" if abs(centre) > 1e-12 else shown(half)
    return f"{shown(value)}, {no}within {near} of {shown(centre)}"


def waiting(history: History, window: Sequence[float]) -> str:
    """From when on it is judged, while that is still to come."""
    first = step_of(history, window[0])
    return f"judged from step {first:,.0f} on" if history.step < first else ""


def quotient(history: History, name: str, of: int, value: float, theory: str, bound: float, step: int) -> str:
    """A reading over its threshold, written out: ``λ₁·η/2 = 10.02·0.2/2 = 1.002``."""
    what, result = symbol(history, name, of), shown(value / bound) if bound else "—"
    written = _written(history, theory, bound, step)
    if written is None:
        return f"{what} / {symbol(history, theory)} = {shown(value)} / {shown(bound)} = {result}"
    letters, numbers = written
    return f"{what}·{letters} = {shown(value)}·{numbers} = {result}"


def _written(history: History, theory: str, bound: float, step: int) -> tuple[str, str] | None:
    """The reciprocal of a threshold, in letters and in numbers: η/2 and 0.2/2; None where its title is no formula."""
    title = one_line(history[theory].series.title) if theory in history else ""
    parts = _TOKEN.findall(title)
    if "".join(parts) != title.replace(" ", ""):
        return None
    values = {knob.title: history.knob(knob.name, step) for knob in history.header.knobs if knob.title}
    at = _slash(parts)
    if at is None:
        return None
    above, below = parts[:at], parts[at + 1 :]
    try:
        found = evaluated(above, values) / evaluated(below, values)
    except (ValueError, ZeroDivisionError):
        return None
    if not abs(found - bound) <= _EXACT * abs(bound):
        return None
    letters = f"{''.join(below)}/{''.join(above)}"
    return letters, f"{_numbers(below, values)}/{_numbers(above, values)}"


def _slash(parts: Sequence[str]) -> int | None:
    """The place of the one fraction stroke that stands outside of all brackets."""
    depth, found = 0, []
    for place, part in enumerate(parts):
        depth += (part == "(") - (part == ")")
        if part == "/" and depth == 0:
            found.append(place)
    return found[0] if len(found) == 1 and 0 < found[0] < len(parts) - 1 else None


def _numbers(parts: Sequence[str], values: Mapping[str, float]) -> str:
    """The same with the values of the letters, and a dot wherever two factors touch."""
    told, factor = "", False
    for part in parts:
        opens = part == "(" or part not in "+-−·*/)"
        told += "·" if factor and opens else ""
        told += shown(values[part]) if part in values else part
        factor = part == ")" or (part not in "+-−·*/(")
    return told


def evaluated(parts: Sequence[str], values: Mapping[str, float]) -> float:
    """The value of a formula of numbers, letters, + − · / and brackets, in which factors may touch: (1+2β)η.

    Raises:
        ValueError: It is no such formula.
    """
    rest = list(parts)
    value = _sum(rest, values, 0)
    if rest:
        raise ValueError(rest[0])
    return value


def _sum(rest: list[str], values: Mapping[str, float], depth: int) -> float:
    value = _product(rest, values, depth)
    while rest and rest[0] in ("+", "-", "−"):
        sign = 1 if rest.pop(0) == "+" else -1
        value += sign * _product(rest, values, depth)
    return value


def _product(rest: list[str], values: Mapping[str, float], depth: int) -> float:
    value = _factor(rest, values, depth)
    while rest and rest[0] not in ("+", "-", "−", ")"):
        stroke = rest.pop(0) if rest[0] in ("·", "*", "/") else "·"
        other = _factor(rest, values, depth)
        value = value / other if stroke == "/" else value * other
    return value


def _factor(rest: list[str], values: Mapping[str, float], depth: int) -> float:
    if not rest or depth > 8:
        raise ValueError("no formula")
    part = rest.pop(0)
    if part == "(":
        value = _sum(rest, values, depth + 1)
        if not rest or rest.pop(0) != ")":
            raise ValueError("an open bracket")
        return value
    return values[part] if part in values else float(part)

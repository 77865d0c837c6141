"""Scales that stay still: round limits around the data, and ticks on round numbers.

A scale maps values to fractions of the axis, in [0, 1] and finite whatever comes in, so
that no infinity and no huge range ever reaches plotext.
"""

import math
from typing import Literal, NamedTuple

import numpy as np

from dltlab.terminal.drawing.numbers import decade, short

_LARGEST = 1.7e308
_STRIDES = (1, 2, 3, 4, 5, 6, 8)
"""Decades, and tens and hundreds of them, from tick to tick."""
_ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


class Scale(NamedTuple):
    """Limits of an axis; for "log" they are exponents of ten."""

    kind: Literal["linear", "log"]
    low: float
    high: float

    def fraction(self, values: np.ndarray) -> np.ndarray:
        """Where values lie on the axis, clipped to [0, 1]; NaN stays NaN."""
        with np.errstate(all="ignore"):
            at = np.asarray(values, np.float64)
            if self.kind == "log":
                at = np.log10(np.where(at > 0, at, np.nan))
            # Halves, so that the width of a range up to ±1.7e308 is no infinity.
            return np.clip((at / 2 - self.low / 2) / (self.high / 2 - self.low / 2), 0.0, 1.0)

    def within(self, values: np.ndarray) -> list[slice]:
        """The stretches of values that lie on the axis, each with the neighbours that lead off it."""
        with np.errstate(all="ignore"):
            at = np.log10(np.where(values > 0, values, np.nan)) if self.kind == "log" else values
            slack = 1e-9 * max(abs(self.low), abs(self.high), 1e-300)
            on = ((at >= self.low - slack) & (at <= self.high + slack)) | np.isnan(at)
        if on.all():
            return [slice(0, len(values))]
        edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
        return [slice(max(first - 1, 0), min(end + 1, len(values))) for first, end in edges.reshape(-1, 2).tolist()]

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """At most so many round ticks: their fraction and their label."""
        most = max(most, 2)
        return _log_ticks(self, most) if self.kind == "log" else _linear_ticks(self, most)


def steps(planned: int) -> Scale:
    """The step axis: what is planned, from the first frame on."""
    return Scale("linear", 0.0, float(max(planned, 1)))


def log_steps(first: int, planned: int) -> Scale:
    """The step axis from the first reading after the start to the last that is planned, logarithmic."""
    low = math.log10(max(first, 1))
    return Scale("log", low, max(math.log10(max(planned, 1)), low + 0.3))


def around(kind: str, low: float, high: float) -> Scale:
    """Round limits around finite data from low to high."""
    return _log(low, high) if kind == "log" else _linear(low, high)


def _linear(low: float, high: float) -> Scale:
    if not high / 2 - low / 2 > 1e-290:
        # A constant gets an axis from zero, or one around it.
        low, high = min(low, 0.0), max(high, 0.0)
        if high - low < 1e-290:
            low, high = 0.0, 1.0
    if 0 < low < 0.6 * high:
        low = 0.0
    if 0.6 * low < high < 0:
        high = 0.0
    if low == 0 or high == 0:
        return Scale("linear", -_above(-low) if low else 0.0, _above(high) if high else 0.0)
    spacing = _nice(max(high / 2 - low / 2, abs(high) * 1e-12) / 2)
    return Scale("linear", _held(math.floor(low / spacing) * spacing), _held(math.ceil(high / spacing) * spacing))


def _above(value: float) -> float:
    """The next round number: few of them, so that a growing curve rarely moves its axis."""
    power = 10.0 ** math.floor(math.log10(value))
    if power == 0:
        return value
    return _held(next((r * power for r in _ROUND if r * power >= value * (1 - 1e-9)), 10 * power))


def _held(value: float) -> float:
    return min(max(value, -_LARGEST), _LARGEST)


def _nice(spacing: float) -> float:
    """The 1, 2 or 5 times a power of ten at or above a spacing."""
    power = 10.0 ** math.floor(math.log10(spacing))
    return next((r * power for r in (1.0, 2.0, 5.0) if r * power >= spacing * (1 - 1e-9)), 10 * power)


def _log(low: float, high: float) -> Scale:
    bottom, top = math.log10(low), math.log10(high)
    if top - bottom < 1:
        fine = sorted(math.floor(bottom) + shift + math.log10(r) for shift in (0, 1, 2) for r in (1, 2, 5))
        bottom = max([f for f in fine if f <= bottom + 1e-9], default=math.floor(bottom))
        top = min(f for f in fine if f >= top - 1e-9)
        if top - bottom < 0.2:
            top = min(f for f in fine if f > top + 1e-9)
        return Scale("log", bottom, top)
    # Half decades while they are few, so that no plot is half empty.
    grain = 2 if top - bottom < 4 else 1
    return Scale("log", math.floor(bottom * grain + 1e-9) / grain, math.ceil(top * grain - 1e-9) / grain)


def _linear_ticks(scale: Scale, most: int) -> list[tuple[float, str]]:
    width = scale.high / 2 - scale.low / 2
    spacing = _spacing(scale, most) if 1e-300 < width < 1e307 else 0.0
    if not spacing:
        return [(0.0, short(scale.low)), (1.0, short(scale.high))]
    first = math.ceil(scale.low / spacing - 1e-9)
    last = math.floor(scale.high / spacing + 1e-9)
    values = [index * spacing for index in range(first, min(last, first + most) + 1)]
    digits = 3 if not values else min(max(_digits(max(map(abs, values)), spacing), 3), 8)
    return [(float(scale.fraction(np.asarray(v))), short(v, digits)) for v in values]


def _spacing(scale: Scale, most: int) -> float:
    """The least round spacing with few enough ticks; one that meets both limits is preferred."""
    power = 10.0 ** (math.floor(math.log10((scale.high - scale.low) / most)))
    choices = [r * power * ten for ten in (1, 10, 100) for r in (1.0, 2.0, 2.5, 3.0, 4.0, 5.0)]
    few = [s for s in choices if math.floor(scale.high / s + 1e-9) - math.ceil(scale.low / s - 1e-9) < most]
    met = [s for s in few if all(abs(end / s - round(end / s)) < 1e-9 for end in (scale.low, scale.high))]
    plain = [s for s in few if any(abs(s / (r * power) / ten - 1) < 1e-9 for r in (1, 2, 5) for ten in (1, 10, 100))]
    return min(met[:1] + plain[-1:] if met and met[0] <= 2.5 * plain[0] else plain)


def _digits(largest: float, spacing: float) -> int:
    return math.ceil(math.log10(max(largest / spacing, 1.0)) + 1) if largest else 3


def _log_ticks(scale: Scale, most: int) -> list[tuple[float, str]]:
    width = scale.high - scale.low
    first, last = math.ceil(scale.low - 1e-9), math.floor(scale.high + 1e-9)
    if last - first >= 2 or (width >= 1 and last - first >= 1):
        return [((p - scale.low) / width, decade(p)) for p in _powers(first, last, most)]
    fine = [(p, r) for p in range(math.floor(scale.low), last + 1) for r in (1, 2, 5)]
    marks = [(p + math.log10(r), _mantissa(p, r)) for p, r in fine]
    marks = [mark for mark in marks if scale.low - 1e-9 <= mark[0] <= scale.high + 1e-9]
    if len(marks) < 2:
        # One number does not say how long a decade is.
        marks = [(end, short(10.0**end)) for end in (scale.low, scale.high)]
    chosen = np.linspace(0, len(marks) - 1, min(len(marks), most)).round().astype(int)
    return [((marks[at][0] - scale.low) / width, marks[at][1]) for at in chosen.tolist()]


def _powers(first: int, last: int, most: int) -> list[int]:
    """At least two and at most so many decades: multiples of the least round stride, or the ends."""
    for stride in (round_one * ten for ten in (1, 10, 100) for round_one in _STRIDES):
        multiples = range(math.ceil(first / stride) * stride, last + 1, stride)
        if 2 <= len(multiples) <= most:
            return list(multiples)
    return [first, last]


def _mantissa(power: int, digit: int) -> str:
    return f"{digit}e{power}" if abs(power) > 300 else short(digit * 10.0**power)

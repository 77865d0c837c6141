"""What diverged, when, how sharp it was there against what gradient descent can bear, and where to go back to.

A fixed step η is stable along an eigenvector of the Hessian while its eigenvalue lies below a threshold, 2/η
for gradient descent. What diverges has mostly been above it for a while.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from dltlab.records import Event, Footer, Knob
from dltlab.session.history import BUDGET, History
from dltlab.session.tables import THRESHOLD, of_kind
from dltlab.text import one_line

_BACK = 50
"""The fraction of the steps planned that one goes back where nothing tells how far."""


class Sharp(NamedTuple):
    """A sharpness beside its threshold, at the last reading of both that was finite."""

    name: str
    """The series."""
    title: str
    """The threshold's title: 2/η."""
    value: float
    threshold: float
    step: int
    since: int
    """The first step of the readings above the threshold that ended here; −1 where it was not above."""
    calm: int
    """The last reading at or below the threshold; −1 where there is none."""


class Lost(NamedTuple):
    """A member whose loss stopped being finite, or the whole session."""

    step: int
    who: str
    """Arm and seed, in words; empty for a session of one."""
    knobs: tuple[tuple[str, float], ...]
    """The knobs' titles and values by then."""
    sharp: tuple[Sharp, ...]
    back: int
    """The step to go back to: the last keyframe, or reading below the threshold, before it went wrong."""


def lost(history: History) -> list[Lost]:
    """Every member that diverged, in the order in which they did; none in a session that did not."""
    return [_lost(history, event) for event in history.events if event.what == "diverged"]


def members(history: History, arm: str = "") -> dict[int, int]:
    """The step at which each member of an arm diverged, by its place among the seeds; without arms, of the session.

    A session that ended since it diverged has lost them all.
    """
    most = next((one.seeds for one in history.header.arms if one.name == arm), None)
    seeds = history.header.seeds[:most]
    places, everyone = {seed: place for place, seed in enumerate(seeds)}, range(len(seeds))
    found: dict[int, int] = {}
    for event in history.events:
        if event.what == "diverged" and (not arm or event.data.get("arm") in (None, arm)):
            seed, step = event.data.get("seed"), event.data.get("step")
            gone = everyone if not isinstance(seed, int) else [places[seed]] if seed in places else []
            for place in gone:
                found.setdefault(place, step if type(step) is int else event.step)
    if (footer := _end(history)) is not None:
        found = dict.fromkeys(everyone, footer.step) | found
    return found


def calm(history: History) -> int | None:
    """The step up to which a session that diverged was calm: its axes go by that; None for all others."""
    if (footer := _end(history)) is None:
        return None
    found = lost(history)
    return (found[-1].back if found else footer.step) or None


def sentence(one: Lost) -> str:
    """What happened, in a line: who, when, how sharp against what, at which knobs."""
    who = f"{one.who}: " if one.who else ""
    told = [f"{who}the loss stopped being finite at step {one.step:,}"]
    for sharp in one.sharp:
        times = f", {sharp.value / sharp.threshold:.3g} times as much," if sharp.value > sharp.threshold > 0 else ""
        name = "λ₁" if sharp.name == "sharpness" else one_line(sharp.name)
        at = f"at step {sharp.step:,}"
        told.append(f"{name} was {sharp.value:.4g} against {sharp.title} = {sharp.threshold:.4g}{times} {at}")
        if 0 <= sharp.since < sharp.step:
            told[-1] += f", and above it since step {sharp.since:,}"
    knobs = ", ".join(f"{title} = {value:.4g}" for title, value in one.knobs)
    return "; ".join(filter(None, [*told, f"with {knobs}" if knobs else ""])) + "."


def brief(one: Lost) -> str:
    """The same in a few words."""
    told = [f"{one.who + ', ' if one.who else ''}step {one.step:,}"]
    for sharp in one.sharp:
        name = "λ₁" if sharp.name == "sharpness" else one_line(sharp.name)
        told.append(f"{name} {sharp.value:.4g}, {sharp.title} {sharp.threshold:.4g}")
    return "; ".join(told)


def _lost(history: History, event: Event) -> Lost:
    told = event.data.get("step")
    step = min(told, event.step) if isinstance(told, int) and not isinstance(told, bool) and told >= 0 else event.step
    arm, seed = event.data.get("arm"), event.data.get("seed")
    alone = history.arm(arm) if isinstance(arm, str) and arm in {one.name for one in history.header.arms} else history
    sharp = tuple(_sharp(alone, seed, step))
    knobs = tuple(
        (one_line(knob.title or knob.name), _value(history, knob, step))
        for knob in history.header.knobs
        if not knob.name.endswith(BUDGET)
    )
    return Lost(step, _who(history, arm, seed), knobs, sharp, _back(history, step, sharp))


def _who(history: History, arm: object, seed: object) -> str:
    titles = {one.name: one.title or one.name for one in history.header.arms}
    parts = [one_line(titles[arm])] if isinstance(arm, str) and arm in titles else []
    return ", ".join([*parts, *([f"seed {seed}"] if isinstance(seed, int) else [])])


def _value(history: History, knob: Knob, step: int) -> float:
    try:
        return history.knob(knob.name, step)
    except (KeyError, TypeError, ValueError):
        return knob.value


def _back(history: History, step: int, sharp: Sequence[Sharp]) -> int:
    """Where every sharpness was last below its threshold; the last keyframe before, where no sharpness tells."""
    calm = min((one.calm for one in sharp), default=-1)
    if calm >= 0:
        return calm
    kept = [one for one in history.keyframes if one < step]
    return kept[-1] if kept and kept[-1] > 0 else max(step - max(history.header.steps // _BACK, 1), 0)


def _sharp(history: History, seed: object, step: int) -> Iterator[Sharp]:
    """Every sharpness that has a threshold, up to a step; of an ensemble the member's."""
    seeds = list(history.header.seeds)
    place = seeds.index(seed) if isinstance(seed, int) and seed in seeds else 0
    for name in _watched(history):
        steps, value = _column(history, name, place, step)
        at, limit = _column(history, f"{name}.theory", place, step)
        whole = np.isfinite(value)
        steps, value = steps[whole], value[whole]
        if not len(steps) or not len(at):
            continue
        # A threshold stands until its next reading.
        bound = limit[np.clip(np.searchsorted(at, steps, "right") - 1, 0, len(at) - 1)]
        under = np.flatnonzero(value <= bound)
        calm = int(under[-1]) if len(under) else -1
        since = int(steps[calm + 1]) if calm + 1 < len(steps) else -1
        title = one_line(history[f"{name}.theory"].series.title or "its threshold")
        last = int(steps[calm]) if calm >= 0 else -1
        yield Sharp(name, title, float(value[-1]), float(bound[-1]), int(steps[-1]), since, last)


def _watched(history: History) -> list[str]:
    known = history.columns
    return [
        name for name in of_kind(history.header, "theories", THRESHOLD) if name in known and f"{name}.theory" in known
    ]


def _end(history: History) -> Footer | None:
    """The footer of a session that ended since it diverged."""
    return history.footer if history.footer is not None and history.footer.reason == "diverged" else None


def _column(history: History, name: str, place: int, step: int) -> tuple[np.ndarray, np.ndarray]:
    """The leading component of a member's readings up to a step, and their steps."""
    column = history[name]
    last = int(np.searchsorted(column.steps, step, "right"))
    values = column.values[:last]
    if column.series.axes[:1] == ("seed",) and values.shape[1:2]:
        values = values[:, min(place, values.shape[1] - 1)]
    flat = np.asarray(values, np.float64).reshape(last, math.prod(values.shape[1:]))
    return column.steps[:last], flat[:, 0] if flat.shape[1] else np.full(last, np.nan)

"""The figures of a report: the scenario's panels of curves, or one of each series."""

import itertools
import math
from collections.abc import Iterable, Iterator
from typing import Any, Final, NamedTuple

import numpy as np

from dltlab.exports.figures import Axes, Curve, figure
from dltlab.records import Series
from dltlab.session.history import History
from dltlab.text import component, one_line

_MOST_CURVES: Final = 6
_MOST_COMPONENTS: Final = 3
_MOST_FIGURES: Final = 40


class Figure(NamedTuple):
    """A plot and what it shows."""

    title: str
    curves: list[Curve]
    lines: list[str]


def of_panels(history: History) -> Iterator[Figure]:
    """A figure of each panel of curves that the scenario names; of each series, if it names none."""
    panels = history.header.scenario.get("panels")
    wanted = [panel for panel in panels if _is_curves(panel)] if isinstance(panels, list) else []
    if not wanted:
        yield from of_series(history, history.header.series)
    for panel in wanted[:_MOST_FIGURES]:
        told = [name for name in panel["series"] if isinstance(name, str)]
        names = [one for name in told for one in (name, f"{name}.theory") if one in history]
        arms = panel.get("arms")
        series = [history[name].series for name in names]
        scale = panel.get("scale") or (series[0].scale if series else "")
        axes = Axes(panel.get("x") == "log", scale == "log", _bound(panel, "y_min"), _bound(panel, "y_max"))
        title = str(panel.get("title") or ", ".join(one.title for one in series))
        yield from _figure(history, title, series, axes, arms if isinstance(arms, list) else None)


def of_series(history: History, series: Iterable[Series]) -> Iterator[Figure]:
    """A figure of each of these series."""
    for one in itertools.islice(series, _MOST_FIGURES):
        yield from _figure(history, one.title or one.name, [one], Axes(log_y=one.scale == "log"), None)


def _figure(history: History, title: str, series: list[Series], axes: Axes, arms: list[Any] | None) -> Iterator[Figure]:
    curves = list(itertools.islice(_curves(history, series, arms), _MOST_CURVES))
    if lines := figure(curves, axes):
        seeds = len(history.header.seeds)
        title = one_line(title)
        yield Figure(f"{title} (median of {seeds} seeds)" if seeds > 1 else title, curves, lines)


def _curves(history: History, series: list[Series], arms: list[Any] | None) -> Iterator[Curve]:
    there = [arm.name for arm in history.header.arms]
    members = [name for name in there if arms is None or name in arms] or there
    views = {name: history.arm(name) for name in members} if members else {"": history}
    for (arm, view), (rank, one) in itertools.product(views.items(), enumerate(series)):
        column = view[one.name]
        values = column.values.astype(np.float64)
        axes = column.series.axes
        if axes[:1] == ("seed",):
            values, axes = _median(values), axes[1:]
        flat = values.reshape(len(values), -1) if len(values) else np.empty((0, 1))
        many = min(flat.shape[1], _MOST_COMPONENTS)
        for place in range(many):
            part = component(axes, place) if flat.shape[1] > 1 else ""
            told = " ".join(filter(None, (arm, one.name if len(series) > 1 or not arm else "", part)))
            yield Curve(told, column.steps, flat[:, place], dotted=rank > 0)


def _median(values: np.ndarray) -> np.ndarray:
    """Over the seeds, axis 1; NaN where one of them is no number."""
    if values.shape[1] == 1:
        return values[:, 0]
    with np.errstate(invalid="ignore"):
        return np.median(values, axis=1)


def _is_curves(panel: object) -> bool:
    return isinstance(panel, dict) and panel.get("kind") == "curves" and isinstance(panel.get("series"), list)


def _bound(panel: dict[str, Any], key: str) -> float | None:
    value = panel.get(key)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None

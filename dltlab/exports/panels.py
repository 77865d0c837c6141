"""The figures of a report: the panels of the session that are curves, or one of each series."""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from dltlab.exports.figures import Axes, Curve, figure
from dltlab.panels import AbstractPanel, Curves, chosen
from dltlab.records import Header, Series
from dltlab.session import readings
from dltlab.session.arms import told
from dltlab.session.history import History
from dltlab.session.quantiles import middle
from dltlab.session.theories import is_theory, theory_of
from dltlab.text import component

_MOST_CURVES: Final = 6
_MOST_COMPONENTS: Final = 3
_MOST_FIGURES: Final = 40


class Figure(NamedTuple):
    """A plot and what it shows."""

    title: str
    curves: list[Curve]
    lines: list[str]


def of_panels(history: History) -> Iterator[Figure]:
    """A figure of each panel of curves that the session has; of each series, if it has none."""
    wanted = [panel for panel in chosen.with_standard(history.header)[0] if isinstance(panel, Curves)]
    if not wanted:
        yield from of_series(history, history.header.series)
    for panel in wanted[:_MOST_FIGURES]:
        yield from _figure(history, panel)


def of_series(history: History, series: Iterable[Series]) -> Iterator[Figure]:
    """A figure of each of these series."""
    for one in itertools.islice(series, _MOST_FIGURES):
        yield from _figure(history, Curves([one.name], theory=False))


def left_out(header: Header) -> list[AbstractPanel]:
    """The panels that a report does not show: its figures are curves over the steps, and nothing else."""
    return [panel for panel in chosen.of(header) if not isinstance(panel, Curves)]


def _figure(history: History, panel: Curves) -> Iterator[Figure]:
    header = history.header
    arms = panel.shown_arms(header)
    names = _names(history, panel)
    curves = list(itertools.islice(_curves(history, names, arms), _MOST_CURVES))
    low, high = (one if one is not None and math.isfinite(one) else None for one in (panel.y_min, panel.y_max))
    axes = Axes(panel.x == "log", panel.axis(header) == "log", low, high)
    # Where not one reading is positive a linear axis is better than none.
    if lines := figure(curves, axes) or figure(curves, axes._replace(log_y=False)):
        members = [readings.read(history, name, arm).values.shape[1] for name in names for arm in arms]
        yield Figure(f"{panel.heading(header)}{_over(members)}", curves, lines)


def _names(history: History, panel: Curves) -> list[str]:
    """The series of a panel, each with its theory unless that is named too, or not wanted."""
    found: list[str] = []
    for name in (name for name in panel.series if name in history):
        theory = theory_of(history, name) if panel.theory else None
        found += [name] if theory is None or theory in panel.series else [name, theory]
    return found


def _over(members: Sequence[int]) -> str:
    """Of how many seeds each curve is the median."""
    least, most = min(members), max(members)
    if most < 2:
        return ""
    return f" (median of {most} seeds)" if least == most else f" (medians of {least} to {most} seeds)"


def _curves(history: History, names: Sequence[str], arms: Sequence[str]) -> Iterator[Curve]:
    for arm, (rank, name) in itertools.product(arms, enumerate(names)):
        found = readings.read(history, name, arm)
        values = middle(found.values)
        dotted = rank > 0 or is_theory(history.header, name)
        for place in range(min(values.shape[1], _MOST_COMPONENTS)):
            part = component(found.axes, place) if values.shape[1] > 1 else ""
            said = " ".join(filter(None, (told(history, arm), name if len(names) > 1 or not arm else "", part)))
            yield Curve(said, found.steps, values[:, place], dotted=dotted)

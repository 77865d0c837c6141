"""The figures of a report show what the panels of the bench ask for."""

from typing import Any

import numpy as np
import pytest

from dltlab.exports.panels import Figure, of_panels
from dltlab.records import FORMAT, Arm, Array, Event, Frames, Header, Part, Series
from dltlab.session.history import History

STEPS = 50


def session(*panels: dict[str, Any], seeds: int = 1, arms: tuple[Arm, ...] = ()) -> History:
    """A loss that falls over decades, its theory, and a number beside them; the last seed of an ensemble diverges."""
    lead = (("arm", len(arms)),) * bool(arms) + (("seed", seeds),) * (seeds > 1 or bool(arms))
    axes, shape = tuple(axis for axis, _ in lead), tuple(size for _, size in lead)
    names = ("loss", "loss.theory", "width")
    series = tuple(Series(name, name, axes, shape, scale="linear" if name == "width" else "log") for name in names)
    header = Header(
        FORMAT, "r", "", "r", {"panels": list(panels)}, "r", STEPS, 1, None, tuple(range(seeds)), series, (), 1,
        "float64", "sgd", {}, {}, 1, "", arms=arms,
    )  # fmt: skip
    fall = 10.0 ** -np.linspace(0, 6, STEPS)
    values = np.multiply.outer(fall, np.ones(shape))
    if seeds > 1:
        values[STEPS // 2 :, ..., -1] = np.nan
    columns = {name: Array.of(values) for name in names}
    history = History(header)
    history.extend([Frames(STEPS - 1, (Part(0, 1, STEPS, columns),), 0.0, 0.0)])
    return history


def figures(history: History) -> list[Figure]:
    return list(of_panels(history))


@pytest.mark.parametrize(("scale", "log"), [("auto", True), ("log", True), ("linear", False), (None, True)])
def test_the_scale_of_a_figure_is_that_of_the_panel(scale: str | None, *, log: bool) -> None:
    table = {"kind": "curves", "series": ["loss"], **({"scale": scale} if scale else {})}
    (figure,) = figures(session(table))
    rows = [place for place, line in enumerate(figure.lines) if "┤" in line]
    middle = figure.lines[rows[len(rows) // 2]].split("┤")[0].strip()
    assert (float(middle) < 1e-2) == log


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"series": ["loss"]}, ["loss", "loss.theory"]),
        ({"series": ["loss"], "theory": False}, ["loss"]),
        ({"series": ["loss", "loss.theory"]}, ["loss", "loss.theory"]),
        ({"series": ["loss.theory", "loss"]}, ["loss.theory", "loss"]),
        ({"series": ["loss", "width"], "theory": False}, ["loss", "width"]),
    ],
)
def test_a_figure_has_every_series_of_its_panel_once(more: dict[str, Any], names: list[str]) -> None:
    first, *rest = figures(session({"kind": "curves", **more}))
    assert [curve.name for curve in first.curves] == names
    assert [curve.dotted for curve in first.curves] == [place > 0 or "theory" in one for place, one in enumerate(names)]
    assert not rest or more["series"][0] != "loss"


def test_one_seed_that_diverged_does_not_empty_the_curves_of_the_others() -> None:
    (figure,) = figures(session({"kind": "curves", "title": "Loss", "series": ["loss"], "theory": False}, seeds=5))
    assert figure.title == "Loss (median of 5 seeds)"
    assert np.isfinite(figure.curves[0].values).all()


def test_a_title_counts_the_seeds_of_the_arms_that_are_shown_and_a_curve_says_who_diverged() -> None:
    arms = (Arm("a", "wide", seeds=5), Arm("b", "narrow", seeds=2), Arm("c", "one", seeds=1))
    shown = [
        {"kind": "curves", "title": "Loss", "series": ["loss"], "theory": False, "arms": list(chosen)}
        for chosen in ("", "b", "c", "ab")
    ]
    history = session(*shown, seeds=5, arms=arms)
    history.extend([Event(25, "diverged", "", {"seed": 4, "arm": "a"})])
    found = figures(history)
    over = ["medians of 1 to 5 seeds", "median of 2 seeds", "", "medians of 2 to 5 seeds"]
    assert [figure.title for figure in found] == [f"Loss ({many})" if many else "Loss" for many in over]
    assert [curve.name for curve in found[0].curves] == ["wide (1 of 5 diverged)", "narrow", "one"]

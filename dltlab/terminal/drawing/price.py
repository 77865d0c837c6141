"""What the dearest measurement costs: as the Header estimates it, and as the engine then finds it."""

import math
from typing import Final, NamedTuple

from dltlab.records import Header, Series
from dltlab.session.history import BUDGET, History
from dltlab.terminal.drawing.lines import Span
from dltlab.terminal.drawing.numbers import count, short
from dltlab.text import one_line

_SYMBOLS: Final = {"products": "Hv", "gradients": "∇"}


class Price(NamedTuple):
    """A probe's price a reading, and what it takes of the time."""

    name: str
    """How it is called in few letters: λ, or the probe's own name."""
    amount: float
    noun: str
    """What is counted: products, gradients."""
    share: float | None
    """Of the computing time."""
    estimated: bool
    """Whether it was never measured."""


def number(value: object) -> float | None:
    """A finite number of an event's data; None for anything else."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        return None
    return float(value)


def price(history: History) -> Price | None:
    """The price of the probe with error bars that takes most of the time; None where there is no such probe."""
    probes = {_probe(one): one for one in history.header.series if one.bar and one.source}
    told = _told(history)
    found = []
    for name, series in probes.items():
        data = told.get(name)
        if isinstance(data, dict) and (amount := number(data.get("products"))) is not None:
            share = number(data.get("share"))
            found.append(Price(_called(series), amount, "products", share, estimated=False))
    return max(found, key=lambda one: one.share or 0.0, default=None) or _estimate(history.header)


def _told(history: History) -> dict[str, object]:
    """What the last price that was told says of each probe."""
    event = next((event for event in reversed(history.events) if event.what == "price"), None)
    probes = event.data.get("probes") if event else None
    return probes if isinstance(probes, dict) else {}


def _estimate(header: Header) -> Price | None:
    """The Header's own: gradients a reading, of which a step takes one."""
    sources = {one.source: one for one in header.series if one.source and one.price > 0}
    a_step = {source: one.price / max(one.every, 1) for source, one in sources.items()}
    told = [one for one in header.series if one.bar and one.source in sources]
    dearest = max(told, key=lambda one: a_step[one.source], default=None)
    if dearest is None:
        return None
    share = a_step[dearest.source] / (1 + sum(a_step.values()))
    return Price(_called(dearest), dearest.price, "gradients", share, estimated=True)


def _probe(series: Series) -> str:
    """The name of the probe that a series comes from, as its readings and its price have it."""
    return series.source.split(".", 1)[-1]


def _called(series: Series) -> str:
    return "λ" if series.axes[-1:] == ("eigenvalue",) else one_line(_probe(series))


def words(price: Price) -> list[list[Span]]:
    """A price in ever fewer words."""
    about = "≈ " if price.estimated else ""
    amount = f"{price.amount:.3g}" if price.amount < 1000 else count(price.amount)
    said = (f"{price.name} ", "faint"), (f"{about}{amount}", "strong")
    if price.share is None:
        return [[*said, (f" {price.noun} a reading", "text")], [*said, (f" {price.noun}", "text")]]
    percent = (f"{about}{100 * price.share:.0f} %", "strong")
    return [
        [*said, (f" {price.noun} a reading, ", "text"), percent, (" of the time", "text")],
        [*said, (f" {price.noun} a reading, ", "text"), percent],
        [*said, (f" {price.noun}, ", "text"), percent],
        [*said, (f" {_SYMBOLS.get(price.noun, price.noun)}, ", "text"), percent],
        [said[0], percent],
    ]


def cadence(history: History, knob: str) -> int | None:
    """Steps between the readings of the probe whose budget a knob sets, as it was told last; None if nobody did."""
    probe = knob.removesuffix(BUDGET)
    for event in reversed(history.events):
        said = event.data.get("probes")
        data = said.get(probe) if event.what == "price" and isinstance(said, dict) else None
        if event.what == "cadence" and event.data.get("probe") == probe:
            data = event.data
        steps = number(data.get("every")) if isinstance(data, dict) else None
        if steps is not None and steps >= 1:
            return round(steps)
    return next((one.every for one in history.header.series if _probe(one) == probe), None)


def told_budget(value: float, most: float, steps: int | None) -> str:
    """A budget in words: 0.5× step, every 4 steps.

    >>> told_budget(0.5, 32.0, 4), told_budget(32.0, 32.0, 1)
    ('0.5× step, every 4 steps', 'no limit, every step')
    """
    limit = "no limit" if value >= most else f"{short(value)}× step"
    return limit if steps is None else f"{limit}, every {'step' if steps == 1 else f'{count(steps)} steps'}"

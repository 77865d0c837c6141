"""What readings cost, measured beside a run, and how often a budget lets them be taken.

Times come from flights that nobody lands: what they give back is dropped, and the session is
where it was. A bare step is timed in flights that read nothing, a probe with a budget in
flights that read it alone at every step. A reading may take more products in the run than
there, since more has changed since the last one: its cost goes with them.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple

import numpy as np

from dltlab.engine import pacing
from dltlab.engine.experiment import Experiment
from dltlab.engine.fleet import Fleet, Flights
from dltlab.engine.program import Read
from dltlab.engine.readings import series_name
from dltlab.records import Part

_SLOW: Final = 0.01
"""Seconds of a step beside which the call of a chunk costs nothing."""
_CALLS: Final = 0.25
"""The share of calls in the computing time beyond which what remains of it says little of the readings."""
_LEAST: Final = 1e-9
"""Seconds that a bare step takes at least."""
_KEPT: Final = 5
"""Measurements of which the median is taken."""
_MOST: Final = 1 << 20
"""Steps of a timed flight."""

Timed = Callable[[int, int], tuple[Flights, float]]
"""Flies so many steps with a :class:`Read`, and tells the seconds that it took."""


class Cost(NamedTuple):
    """What a reading took in timed flights."""

    steps: float
    """In bare steps, timed beside it."""
    products: float
    """Hessian-vector products a reading; NaN where the probe counts none."""


class Window:
    """The chunks since the last price."""

    def __init__(self) -> None:
        self.busy, self.calls, self.steps = 0.0, 0, 0
        self.readings: dict[str, int] = {}
        self.products: dict[str, list[np.ndarray]] = {}


class Meter:
    """Measures what a session's steps and readings cost."""

    def __init__(self, experiment: Experiment, fleet: Fleet, timed: Timed) -> None:
        self._fleet, self._timed = fleet, timed
        self._most = experiment.scenario.run.steps
        self._prices = {item.source: item.price for item in experiment.series if item.price}
        """Per probe that costs something its estimate, in gradient evaluations."""
        self._program = experiment.program
        self._costs: dict[str, list[Cost]] = {}
        """Per probe with a budget the last few; the middle one counts."""
        self._mean: dict[str, float] = {}
        """Products a reading, as the run needed them lately."""
        self._window = Window()
        self.call = 0.0
        """Seconds that a call takes beside its steps."""
        self.bare = 0.0
        """Seconds of a step without readings; 0 until it is measured."""
        self._bares: list[float] = []

    # -- timing ---------------------------------------------------------------------------

    def begin(self) -> None:
        """Compile, and time a call that takes no steps."""
        # The first call compiles, which is no measure of what anything costs.
        self._timed(0, Read.DUE)
        self.call = min(self._timed(0, Read.DUE)[1] for _ in range(3))
        for read in self._reads:
            self._fleet.prepare(read)

    def measure(self) -> None:
        """Time a bare step, and a reading of every probe that has a budget."""
        seconds, _ = self._step(Read.NOTHING)
        self._bares = [*self._bares, seconds or self.bare or _LEAST][-_KEPT:]
        self.bare = float(np.median(self._bares))
        for name in self._fleet.budgets:
            seconds, flights = self._step(self._program.alone(name))
            whole = max(seconds / self.bare - 1, 0.0)
            cost = Cost(whole * self._own_share(name), self._counted(flights, name))
            # Where noise swallowed a reading whole nothing was measured.
            self._costs[name] = [*self._costs.get(name, []), *([cost] if seconds else [])][-_KEPT:]

    @property
    def _reads(self) -> list[int]:
        """How the chunks read that are timed."""
        return [Read.NOTHING, *map(self._program.alone, self._fleet.budgets)]

    @property
    def prepared(self) -> bool:
        """Whether it can measure without waiting for a compiler."""
        return all(map(self._fleet.prepared, self._reads))

    def ready(self) -> None:
        """Measure, if nothing has been yet."""
        if self.bare == 0:
            self.measure()

    def _step(self, read: int) -> tuple[float, Flights]:
        """Seconds a step, from flights that differ by steps alone; and the longest of them."""
        flights, first = self._timed(1, read)
        short = min(first, self._timed(1, read)[1])
        if short > _SLOW:
            # Next to such a step the call costs nothing, and whoever gives commands should not wait for more.
            return short, flights
        steps, extra = 1, 0.0
        while extra < max(_SLOW / 2, short) and steps < _MOST:
            steps *= 4
            flights, long = self._timed(1 + steps, read)
            extra = long - short
            if (taken := int(np.max(flights.steps)) - 1) < steps:
                # The loss stops being finite on the way.
                steps = max(taken, 1)
                break
        # What else the machine does only ever adds time.
        long = min(extra + short, self._timed(1 + steps, read)[1])
        return max(long - min(short, self._timed(1, read)[1]), 0.0) / steps, flights

    def _own_share(self, name: str) -> float:
        """A probe's part of what is read where it is read alone: code that asks nobody reads others beside it."""
        prices = {one: self._prices.get(one, 0.0) for one in self._fleet.beside(name)}
        return prices[name] / sum(prices.values()) if len(prices) > 1 and any(prices.values()) else 1.0

    def _counted(self, flights: Flights, name: str) -> float:
        found = self._fleet.rows(flights, name, "products")
        return _mean(found.values()) if found else float("nan")

    # -- chunks ---------------------------------------------------------------------------

    def saw(self, first: int, steps: int, busy: float, parts: Iterable[Part]) -> None:
        """Take note of a chunk that began at step ``first``."""
        window = self._window
        window.busy, window.calls, window.steps = window.busy + busy, window.calls + 1, window.steps + steps
        columns = {name: column for part in parts for name, column in part.columns.items()}
        for name in self._prices:
            cadence = self._fleet.cadence(name)
            due = len(range(first + -first % cadence, first + steps, cadence))
            window.readings[name] = window.readings.get(name, 0) + due
            if column := columns.get(series_name(name, "products")):
                window.products.setdefault(name, []).append(column.numpy())

    def forget(self) -> None:
        """Count the chunks from here on alone."""
        self._window = Window()

    @property
    def busy(self) -> float:
        """Seconds of computing since the last price."""
        return self._window.busy

    def price(self) -> dict[str, Any]:
        """What the readings since the last price cost, as an event tells it."""
        window, self._window = self._window, Window()
        self._mean |= {name: _mean(found) for name, found in window.products.items()}
        weights = {name: count * self.bare * self._cost(name) for name, count in window.readings.items()}
        bare, calls = self.bare * window.steps, self.call * window.calls
        spent = max(window.busy - calls - bare, 0.0) if calls < _CALLS * window.busy else sum(weights.values())
        whole, weight = max(spent + bare, 1e-12), sum(weights.values()) or 1.0
        probes = {
            series_name(name, ""): _told(spent * own / weight / whole, self._fleet.cadence(name), self._mean.get(name))
            for name, own in weights.items()
        }
        return {
            "share": spent / whole,
            "steps_per_second": window.steps / max(window.busy, 1e-12),
            "seconds_a_step": self.bare,
            "probes": probes,
        }

    def _cost(self, name: str) -> float:
        """A reading's cost in bare steps: as timed, scaled to the products of the run; or as it was estimated."""
        if not self._costs.get(name):
            return self._prices[name]
        now = self._mean.get(name, float("nan"))
        scales = [now / one.products if now > 0 and one.products > 0 else 1.0 for one in self._costs[name]]
        return float(np.median([one.steps * scale for one, scale in zip(self._costs[name], scales, strict=True)]))

    # -- budgets --------------------------------------------------------------------------

    def paces(self, *, anew: str = "") -> dict[str, tuple[int, float]]:
        """The cadences that the budgets now ask for, where they differ from those kept; each with its share.

        Args:
            anew: The probe whose cadence is chosen without regard to the one that is kept.
        """
        found: dict[str, tuple[int, float]] = {}
        for name, budget in self._fleet.budgets.items():
            # Before anything was timed nothing is limited, but a limit may be lifted.
            if not self._costs.get(name) and budget < pacing.UNLIMITED:
                continue
            cost = self._cost(name)
            now, finest = self._fleet.cadence(name), self._program.cadence(name)
            every = pacing.chosen(cost, budget, finest, most=self._most, now=None if name == anew else now)
            if every != now:
                found[name] = every, cost / (every + cost)
        return found


def _told(share: float, every: int, products: float | None) -> dict[str, float | None]:
    counted = products is not None and math.isfinite(products)
    return {"share": share, "every": every} | ({"products": products} if counted else {})


def _mean(values: Iterable[np.ndarray]) -> float:
    flat = np.concatenate([np.ravel(array) for array in values])
    flat = flat[np.isfinite(flat)]
    return float(flat.mean()) if flat.size else float("nan")

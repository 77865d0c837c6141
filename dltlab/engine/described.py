"""What the probes of an experiment will tell: names, axes and shapes of its series."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple

import jax
import numpy as np
from msgspec.structs import replace

from dltlab import catalog
from dltlab.engine.arms import Refusals, Variant
from dltlab.engine.probes import AbstractProbe
from dltlab.engine.probes.base import Paired
from dltlab.engine.readings import series_name
from dltlab.engine.simulation import Simulation, State
from dltlab.records import Series
from dltlab.scenario import Document
from dltlab.tables import Scenario

Lead = tuple[tuple[str, ...], tuple[int, ...]]
"""Names and lengths of the axes that every series leads with."""
_LONGEST_TITLE: Final = 60


class Told(NamedTuple):
    """What the probes of one arm tell, and what they carry."""

    series: dict[str, Series]
    """Without leading axes."""
    kept: int
    """Bytes of a member's state, with what its probes remember."""


def lead(scenario: Scenario, members: Sequence[Sequence[int]]) -> Lead:
    """Arm and seed where there are arms, seed where there are several, nothing for a single run."""
    most = max(len(own) for own in members)
    if scenario.arms:
        return ("arm", "seed"), (len(members), most)
    return (("seed",), (most,)) if most > 1 else ((), ())


def series(
    variant: Variant,
    simulation: Simulation,
    state: State,
    probes: Mapping[str, AbstractProbe],
    every: int,
    refusals: Refusals,
) -> Told:
    """The series of one arm; what is wrong is added to ``refusals``."""
    found: dict[str, Series] = {}
    kept = _bytes(state)
    moment = jax.eval_shape(simulation.look, state)
    parameters = sum(leaf.size for leaf in jax.tree.leaves(state.params))
    for at, probe in probes.items():
        section, name = at.split(".", 1)
        if probe.every % every:
            message = f"{probe.every} is no multiple of run.every = {every}."
            refusals.add(variant, (section, name, "every"), message)
            continue
        try:
            shown = probe.shown(simulation)
        except ValueError as fault:
            refusals.add(variant, (section, name), str(fault))
            continue
        if isinstance(probe, Paired) and (named := probes.get(f"probes.{name}")) is not None:
            try:
                probe.pair(named, simulation)
            except ValueError as fault:
                refusals.add(variant, ("probes", name), str(fault))
        memory = jax.eval_shape(probe.remember, simulation, moment)
        kept += _bytes(memory)
        shapes = probe.told(simulation, moment, memory)
        for suffix, how in shown.items():
            series = Series(
                name=series_name(at, suffix),
                title=how.title,
                axes=how.axes,
                shape=tuple(shapes[suffix].shape),
                dtype=np.dtype(shapes[suffix].dtype).str,
                every=probe.every or every,
                scale=how.scale,
                source=at,
                price=probe.price(simulation, parameters),
                bar="" if how.bar is None else series_name(at, how.bar),
                tolerance=how.tolerance,
            )
            found[series.name] = series
    return Told(found, kept)


def _bytes(tree: Any) -> int:
    return sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def merged(document: Document, told: Sequence[dict[str, Series]], lead: Lead, faults: list[str]) -> tuple[Series, ...]:
    """The series of all arms as one: as large as the largest arm's, with the leading axes."""
    found: list[Series] = []
    for name in dict.fromkeys(name for own in told for name in own):
        ones = [own[name] for own in told if name in own]
        if len({(one.axes, len(one.shape), one.dtype) for one in ones}) > 1:
            at = tuple(ones[0].source.split(".", 1))
            faults.append(document.fault(at, f"the arms' readings of {name!r} differ in kind; give them one each."))
            continue
        shape = tuple(max(lengths) for lengths in zip(*(one.shape for one in ones), strict=True))
        found.append(
            replace(
                ones[0],
                title=_title(ones),
                axes=lead[0] + ones[0].axes,
                shape=lead[1] + shape,
                price=max(one.price for one in ones),
            )
        )
    return tuple(found)


def _title(ones: Sequence[Series]) -> str:
    """The title that they share, or all of them if that is short."""
    joined = " · ".join(dict.fromkeys(one.title for one in ones))
    return joined if len(joined) <= _LONGEST_TITLE else ones[0].name


def check_panels(
    document: Document, panels: Sequence[Any], known: Collection[str], unread: Collection[str], faults: list[str]
) -> None:
    """Refuse panels of series that there are none of; probes that are unread may have more than are known."""
    for index, panel in enumerate(panels):
        named = panel.get("series", ())
        for place, wanted in enumerate(named if isinstance(named, list) else ()):
            if wanted not in known and str(wanted).split(".")[0] not in unread:
                cure = catalog.near_miss(str(wanted), [*known, *sorted(unread)])
                faults.append(document.fault(("panels", index, "series", place), f"no series {wanted!r}; {cure}"))

"""What may be done between two chunks: turn a knob, give a kick, draw anew, read a probe more often or less."""

from typing import Final

import equinox as eqx
import jax
from jax import lax
from jaxtyping import Array, Float, UInt32

from dltlab.engine import knobs
from dltlab.engine.experiment import Experiment
from dltlab.engine.fleet import Fleet
from dltlab.engine.readings import series_name
from dltlab.engine.simulation import Simulation, State
from dltlab.records import Event

_LONGEST: Final = 1_000_000_000
"""Steps between readings."""


def standing(fleet: Fleet, experiment: Experiment, knob: str) -> float:
    """A knob's value: that of the first arm that has it, or a probe's budget."""
    if knob in experiment.budgets:
        return fleet.budgets[experiment.budgets[knob]]
    return knobs.read(fleet.state(experiment.shares[knob].first), knob)


def again(fleet: Fleet, experiment: Experiment, event: Event) -> None:
    """Do again what a sound event tells of: a turn, a kick, a cadence, or a fork's new seed."""
    match event.what:
        case "turn":
            turn(fleet, experiment, event.data["knob"], float(event.data["value"]))
        case "kick":
            kick(fleet, float(event.data["radius"]), event.data["direction"])
        case "cadence":
            pace(fleet, event.data.get("probe"), event.data.get("every"))
        case "fork" if (seed := event.data.get("seed")) is not None:
            reseed(fleet, seed)
        case _:
            pass


def turn(fleet: Fleet, experiment: Experiment, knob: str, value: float) -> None:
    """Set a knob; arms that differ in it keep their ratios. A budget's cadence is another act."""
    if knob in experiment.budgets:
        fleet.pace(experiment.budgets[knob], budget=value)
        return

    def turned(arm: int, members: int, state: State) -> State:
        del members
        own = experiment.shares[knob].of(arm, value)
        return state if own is None else knobs.turned(state, knob, own)

    fleet.catch_up()
    fleet.change(turned)


def pace(fleet: Fleet, probe: object, every: object) -> None:
    """Read a probe that has a budget every so many steps; what cannot be is left undone."""
    if not isinstance(every, int):
        return
    for name in fleet.budgets:
        finest = fleet.programs[0].cadence(name)
        if series_name(name, "") == probe and finest <= every <= _LONGEST and every % finest == 0:
            fleet.pace(name, every=every)


def kick(fleet: Fleet, radius: float, direction: str) -> None:
    """Displace every member by a vector of this length; each draws its own direction, the same at the same step."""

    def kicked(arm: int, members: int, state: State) -> State:
        simulation = fleet.programs[arm].simulation
        length = jax.numpy.asarray(radius, jax.numpy.float64)
        return _kicked(simulation, state, length, lowest=direction == "lowest", several=members > 1)

    fleet.change(kicked)


def reseed(fleet: Fleet, seed: int) -> None:
    """Fold a number into every member's key: what is drawn from here on is drawn anew, and differently by each."""

    def folded(arm: int, members: int, state: State) -> State:
        del arm
        fold = jax.vmap(_folded, (0, None)) if members > 1 else _folded
        return state._replace(key=fold(state.key, jax.numpy.uint32(seed)))

    fleet.change(folded)


def _folded(key: UInt32[Array, "2"], seed: UInt32[Array, ""]) -> UInt32[Array, "2"]:
    return jax.random.key_data(jax.random.fold_in(jax.random.wrap_key_data(key), seed))


@eqx.filter_jit
def _kicked(simulation: Simulation, state: State, radius: Float[Array, ""], *, lowest: bool, several: bool) -> State:
    def one(state: State) -> State:
        return simulation.kicked(state, radius, lowest=lowest)

    return lax.map(one, state) if several else one(state)

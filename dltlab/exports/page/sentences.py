"""What stands above a plot: what is shown and what theory says of it, for a reader who is new to the field."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from dltlab.panels import Bars, Curves, Plane, Profile, Scaling
from dltlab.panels.abstract import titled
from dltlab.session import readings
from dltlab.session.arms import told
from dltlab.session.history import History
from dltlab.session.tables import kind as kind_of
from dltlab.session.tables import tables
from dltlab.session.theories import is_theory, theory_of
from dltlab.text import one_line

PROBES: Final = {
    "accuracy": "The share of the training examples that the model labels rightly.",
    "coordinates": "The size of each parameter, as the power of ten that it is: a straight line is exponential growth.",
    "escape": "The first step at which the iterate is far along its way out of the saddle.",
    "escape.distance": "How far along its way out of the saddle the iterate is.",
    "exits": "The step at which gradient descent leaves each saddle.",
    "gauss_newton": "The largest eigenvalue of the Gauss–Newton matrix, the outputs’ part of the curvature.",
    "gradient_norm": "The length of the gradient: near zero where the optimizer stands still.",
    "hessian_trace": "The trace of the Hessian: the sum of all curvatures of the loss.",
    "kappa": "κ: how fast the model’s linear picture of itself changes, compared with its loss. Small κ means lazy.",
    "landscape": "The function around the saddle that the iterate is near.",
    "loss": "The loss that the optimizer is sent down.",
    "neuron_movement": "How far the neurons have moved from where they were drawn.",
    "activation_flips": "The share of neurons that have changed sides at an example since the start.",
    "neurons": "Every neuron as a point: its direction, and how much it weighs.",
    "ntk": "The neural tangent kernel: which examples the model learns together, and how fast.",
    "oscillation": "Where the iterate stands along the direction of the highest curvature, on even and on odd steps.",
    "position": "Where the iterate is, seen in the plane of the saddle that it is near.",
    "residual_modes": "What is left to fit, taken apart into the directions that the kernel learns one by one.",
    "sharpness": "The sharpness: the highest curvature of the loss, the largest eigenvalue of its Hessian.",
    "spectral_density": "How the curvatures of the loss are distributed.",
    "test_loss": "The loss on examples that were not trained on.",
    "training_time": "How many steps it took until the loss had fallen to a given share.",
    "valley": "The sharpness across the valley: the curvature in the direction in which the iterate swings.",
    "valley.energy": "The first integral of the cycle: it stays where the continuous theory is right.",
    "valley.place": "Where the iterate is in its cycle: to the side, and how far the sharpness is above 2/η.",
    "weight_movement": "How far the weights have moved from where they began.",
    "exits.left": "How many saddles have been left.",
    "exits.last": "The step at which the last saddle is left.",
    "exits.wait": "How many steps a saddle holds, in the median over those that were left.",
    "hessian_trace.error": "The error of the trace.",
    "kicks": "How many kicks were given so far.",
    "neuron_movement.farthest": "How far the neuron that moved most has come.",
    "neurons.turn": "How far the neurons have turned to the teacher’s directions: 1 is all the way.",
    "ntk.drift": "How far the neural tangent kernel has drifted from where it began: a kernel that stays means lazy.",
    "ntk.limit_distance": "How far the neural tangent kernel is from that of an infinitely wide network.",
    "sharpness.relative": "The sharpness, in units of the edge of stability: at 1 it is at the edge.",
    "sharpness.lowest": "The lowest curvature of the loss: negative where the loss bends down.",
}
"""By the kind of a probe, and by its further series where they are something else: what it reads, in a sentence."""
_ALIKE: Final = frozenset({"", "relative", "layers", "even", "odd", "scaled", "initial", "limit", "theory"})
"""Further series of a probe that its own sentence is true of."""
THEORIES: Final = {
    "catapult": "What two numbers foretell, the output and the curvature, without the network.",
    "central_flow": "The central flow: the smooth path that theory draws through the middle of the oscillations.",
    "escape_time": "The step at which theory expects the saddle to be left.",
    "exit_times": "The exits that theory computes from the starting point alone.",
    "gradient_flow": "Gradient flow: the same descent with infinitely small steps, compared at equal time.",
    "kernel_loss": "The loss that theory foretells from the kernel of an infinitely wide network.",
    "kernel_modes": "What the kernel of an infinitely wide network foretells.",
    "kernel_time": "The number of steps that the kernel foretells.",
    "kernel_travel": "The length of the way that the kernel foretells.",
    "neuron_cap": "The proven bound on the way of any neuron.",
    "linearised": "The linearised model: what training would do if the network were replaced by its tangent.",
    "rescaled_twin": "A rescaled twin of the network, which theory says moves alike.",
    "stability_threshold": "The edge of stability: with a curvature above this line the steps overshoot and grow. "
    "For gradient descent it is 2/η, so it moves when the learning rate η is turned.",
    "valley_cycle": "The cycle that theory computes from the starting point.",
}
"""By the kind of a theory: what it foretells, in a sentence."""


def axis(history: History, names: Sequence[str]) -> str:
    """What the vertical axis is called: the first series' title, and its unit."""
    return titled(history[names[0]].series)


def of_curves(history: History, panel: Curves, names: Sequence[str], arms: Sequence[str]) -> list[str]:
    """What curves over the steps show."""
    shown = [*_known(history, names, PROBES), *_cadence(history, names)]
    if len(arms) > 1:
        shown.append(f"One curve for each of {len(arms)} variants of the experiment, run side by side.")
    theory = [one for name in names if (one := theory_of(history, name)) and panel.theory]
    dashed = [*theory, *(name for name in names if is_theory(history.header, name))]
    said = _known(history, dict.fromkeys(dashed), THEORIES)
    if dashed:
        shown.append(f"Dashed: what theory says. {' '.join(said)}".strip())
    if members := _members(history, names[0], arms[0]):
        shown.append(f"Each line is the median of {members} runs from different random starts.")
    if any(_barred(history, name, arm) for name in names for arm in arms):
        shown.append("Upright strokes are error bars, drawn where they are long enough to be seen.")
    return shown


def of_moment(history: History, panel: Bars | Profile, names: Sequence[str], arms: Sequence[str]) -> list[str]:
    """What a plot of one moment shows."""
    shown = [*_known(history, names, PROBES), "At the step that the slider stands at."]
    if panel.theory and any(theory_of(history, name) for name in names):
        said = _known(history, [name for one in names if (name := theory_of(history, one))], THEORIES)
        shown.append(f"Dashed: what theory says. {' '.join(said)}".strip())
    if members := _members(history, names[0], arms[0]):
        shown.append(f"The median of {members} runs from different random starts.")
    return shown


def of_scaling(history: History, panel: Scaling, names: Sequence[str], value: str) -> list[str]:
    """What a power law over the arms shows."""
    shown = [*_known(history, names, PROBES)]
    shown.append(f"One point for each variant of the experiment, against its {value}; both axes are logarithmic.")
    if panel.slope is not None:
        power = f"the power {panel.slope:g}".replace("-", "−")
        shown.append(f"Dashed: theory says that it goes with {power} of {value}; only the slope is foretold.")
    return shown


def of_matrix(history: History, name: str, arm: str) -> list[str]:
    """What a matrix in squares shows."""
    square = "Each square is an entry at the step that the slider stands at: the fuller its colour, the larger."
    return _of_one(history, name, arm, square, "Of the first of {} that is left at the end.")


def of_counts(history: History, name: str, arm: str) -> list[str]:
    """What a histogram shows."""
    count = "How many of the numbers lie where, at the step that the slider stands at."
    return _of_one(history, name, arm, count, "Those of {} are counted together.")


def _of_one(history: History, name: str, arm: str, drawn: str, several: str) -> list[str]:
    """What a picture of one series shows; ``several`` says what becomes of several members."""
    members = _members(history, name, arm)
    runs = [several.format(f"{members} runs from different random starts")] if members else []
    return [*_known(history, [name], PROBES), drawn, *runs, *_variant(history, arm)]


def of_plane(history: History, panel: Plane, arms: Sequence[str]) -> list[str]:
    """What a plane shows."""
    shown = [*_known(history, [name for name in (panel.points, panel.path) if name in history], PROBES)]
    shown.append("Seen at the step that the slider stands at.")
    if panel.trails:
        shown.append("Thin lines are the ways that the points have come.")
    if panel.field in history:
        shown.append("The shades below are the loss: the darker, the lower.")
    return [*shown, *(_variant(history, arms[0]) if len(arms) == 1 else [])]


def _variant(history: History, arm: str) -> list[str]:
    """Which of several arms is shown."""
    return [f"Of the variant {told(history, arm)}."] if len(history.header.arms) > 1 else []


def _known(history: History, names: Sequence[str] | dict[str, None], shelf: dict[str, str]) -> list[str]:
    """The sentences on the sources of some series, each once."""
    key = "probes" if shelf is PROBES else "theories"
    found = dict[str, None]()
    for name in names:
        room, _, source = history[name].series.source.partition(".")
        table = tables(history.header, key).get(source or name.split(".")[0])
        kind = kind_of(table)
        own, further = f"{kind}.{name.removeprefix(f'{source}.')}", name.removeprefix(source).lstrip(".")
        if own in shelf:
            found[shelf[own]] = None
        elif isinstance(kind, str) and kind in shelf and room in ("", key):
            alike = shelf is THEORIES or further in _ALIKE
            found[shelf[kind] if alike else f"Shown: {one_line(history[name].series.title or name)}."] = None
    return list(found)


def _cadence(history: History, names: Sequence[str]) -> list[str]:
    every = history[names[0]].series.every
    return [f"Read every {every:,} steps."] if every > 1 else []


def _barred(history: History, name: str, arm: str) -> bool:
    """Whether some error bar of a series is long enough to be seen beside the range of its readings."""
    bars = readings.bars(history, name, arm)
    values = history[name].values[np.isfinite(history[name].values)]
    if bars is None or not values.size:
        return False
    return bool(np.fmax.reduce(bars, axis=None, initial=0.0) > 0.005 * (values.max() - values.min()))


def _members(history: History, name: str, arm: str) -> int:
    """Members of an ensemble; 0 for a single run."""
    count = readings.read(history, name, arm).values.shape[1]
    return count if count > 1 else 0

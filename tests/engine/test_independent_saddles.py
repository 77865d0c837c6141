"""The saddles once more, in NumPy alone: no line is shared with the engine but the initial parameters."""

import math
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from dltlab import scenario
from dltlab.engine import ensemble, experiment
from dltlab.engine.problems import octopus as made_octopus
from dltlab.engine.theories import exit_times

pytestmark = pytest.mark.usefixtures("wide")
E = math.e


def flown(name: str, steps: int, *settings: str, arm: str | None = None, seed: int = 0) -> tuple[Any, Any, Any]:
    """One member of a scenario after some steps: its first state, its last flight and its program."""
    document = scenario.read(name)
    for setting in settings:
        document.set(setting)
    made = experiment.build(document, seed=seed, seeds=1, only=[arm] if arm else ())
    state, memories = start = ensemble.begin(made.program, (seed,))
    fly, flight = ensemble.compiled(made.program, 1), None
    while steps:
        taken = min(steps, made.program.longest)
        flight = fly(state, memories, taken)
        state, memories, steps = flight.state, flight.memories, steps - taken
    return start[0], flight, made.program


class Octopus:
    """The function of Du et al. 2017 and its gradient, coordinate by coordinate, in long double."""

    def __init__(self, strong: float, weak: float = 1.0, tau: float = E) -> None:
        self.strong, self.weak, self.tau = (np.longdouble(value) for value in (strong, weak, tau))

    def cubic(self, x: Any) -> Any:
        """g₁′: p(τ) = −2γτ, p(2τ) = −4Lτ, p′(τ) = −2γ, p′(2τ) = 2L, by Newton's divided differences."""
        t, s, w = self.tau, self.strong, self.weak
        first, last = -2 * w * t, -4 * s * t
        mean = (last - first) / t
        second, third = (mean + 2 * w) / t, (2 * s - mean) / t
        return first - 2 * w * (x - t) + second * (x - t) ** 2 + (third - second) / t * (x - t) ** 2 * (x - 2 * t)

    def bridge(self, x: Any) -> tuple[Any, Any]:
        """g₂ and g₂′."""
        u, both = (x - 2 * self.tau) / self.tau, self.strong + self.weak
        value = -self.weak - 10 * both * u**3 - 15 * both * u**4 - 6 * both * u**5
        return value, (-30 * both * u**2 - 60 * both * u**3 - 30 * both * u**4) / self.tau

    def gradient(self, x: np.ndarray) -> np.ndarray:
        """∇f: the coordinates before the first |xᵢ| ≤ 2τ, that one, and those after it."""
        size, out = np.abs(x), 2 * self.strong * x
        here = next((i for i, s in enumerate(size) if s <= 2 * self.tau), len(x))
        for j in range(here):
            out[j] = 2 * self.strong * (size[j] - 4 * self.tau) * np.sign(x[j])
        if here < len(x):
            if size[here] <= self.tau:
                out[here] = -2 * self.weak * x[here]
            else:
                value, slope = self.bridge(size[here])
                following = x[here + 1] ** 2 if here + 1 < len(x) else 0
                out[here] = (self.cubic(size[here]) + slope * following) * np.sign(x[here])
                if here + 1 < len(x):
                    out[here + 1] = 2 * value * x[here + 1]
        return out

    def descend(self, start: np.ndarray, rate: float, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """The iterates, and the exits T_k (−1 where there is none)."""
        x, path, exits = start.astype(np.longdouble), [], np.full(len(start), -1)
        for step in range(steps):
            path.append(x.astype(np.float64))
            exits[(exits < 0) & (np.abs(x) > 2 * self.tau)] = step
            x = x - np.longdouble(rate) * self.gradient(x)
        return np.array(path), exits


def natural(state: Any) -> np.ndarray:
    return np.asarray(state.params["sign"]) * np.exp(np.asarray(state.params["log"]))


@pytest.mark.parametrize(("arm", "strong", "steps"), [("l-1", 1.0, 2500), ("l-e", E, 2600)])
def test_gradient_descent_leaves_the_octopus_saddles_as_in_long_double(arm: str, strong: float, steps: int) -> None:
    start, flight, _ = flown("saddle-octopus-rates", steps, arm=arm)
    path, exits = Octopus(strong).descend(natural(start), 0.25 / strong, steps)
    found = np.asarray(flight.memories["probes.exits"])
    left = exits > 0
    assert left.sum() >= 4
    np.testing.assert_array_equal(found[left], exits[left])
    np.testing.assert_array_equal(np.asarray(flight.memories["theories.exits"].steps)[left], exits[left])
    early, flight, _ = flown("saddle-octopus-rates", 60, arm=arm)
    np.testing.assert_allclose(natural(flight.state), path[60], rtol=1e-9)
    np.testing.assert_allclose(natural(early), path[0], rtol=1e-12)


def test_the_recursion_is_the_cards_formula() -> None:
    """T_{k+1} − T_k = [ln(τ/|x_{k+1}(0)|) + (T_k − T_b)|ln|1 − 2ηL|| − ℓ_b]/ln(1 + 2ηγ) + T_b, bridge begun at τ."""
    start, flight, _ = flown("saddle-octopus-rates", 2, arm="l-2", seed=3)
    octopus, rate, x = Octopus(2.0), 0.125, natural(start)
    at, crossing, following = octopus.tau, 0, 0.0
    while at <= 2 * octopus.tau:
        following += math.log(abs(1 - 2 * rate * octopus.bridge(at)[0]))
        at, crossing = at - rate * octopus.cubic(at), crossing + 1
    grown, shrunk = math.log1p(2 * rate), abs(math.log(abs(1 - 4 * rate)))
    exits = [math.log(E / abs(x[0])) / grown + crossing]
    for one in x[1:]:
        held = (math.log(E / abs(one)) + (exits[-1] - crossing) * shrunk - following) / grown
        exits.append(exits[-1] + held + crossing)
    told = flight.memories["theories.exits"]
    np.testing.assert_allclose(np.asarray(told.steps)[2:], exits[2:], rtol=0.015)
    np.testing.assert_allclose(told.base, 1 + shrunk / grown, rtol=1e-12)


def test_a_phase_of_perturbed_gradient_descent_is_to_land_to_climb_and_to_cross() -> None:
    """Short steps, so that each of the three takes many; the kick has its mean square along the way out."""
    octopus, x, steps = Octopus(E), np.array([2 * E + 1e-9, 0.0], np.longdouble), 0
    given = {"learning_rate": 0.02, "gradient_threshold": 0.02, "radius": 0.03, "interval": 1.0}
    while np.linalg.norm((slope := octopus.gradient(x)).astype(np.float64)) > given["gradient_threshold"]:
        x, steps = x - given["learning_rate"] * slope, steps + 1
    x[1] = given["radius"] / 2
    while x[1] <= 2 * E:
        x, steps = x - given["learning_rate"] * octopus.gradient(x), steps + 1
    problem = made_octopus.Octopus(dimension=2)
    told = exit_times.perturbed(problem, {name: jnp.asarray(value) for name, value in given.items()}, 2)
    assert float(told) == pytest.approx(steps, abs=3)


def kicked(octopus: Octopus, x: np.ndarray, rate: float, radius: float, random: np.random.Generator) -> int:
    """Steps until perturbed gradient descent has left the last saddle."""
    last, d = -10, len(x)
    for step in range(2000):
        if np.all(np.abs(x) > 2 * octopus.tau):
            return step
        gradient = octopus.gradient(x)
        if np.linalg.norm(gradient.astype(np.float64)) <= E / 100 and step - last > 1:
            direction = random.standard_normal(d)
            x = x + radius * random.uniform() ** (1 / d) * direction / np.linalg.norm(direction)
            last, gradient = step, octopus.gradient(x)
        x = x - rate * gradient
    raise AssertionError(x)


@pytest.mark.parametrize("radius", [E / 100, 1e-4])
def test_perturbed_gradient_descent_takes_as_long_as_in_numpy(radius: float) -> None:
    document = scenario.read("saddle-octopus-dimension")
    document.set(f"optimizer.radius={radius}")
    made = experiment.build(document, seeds=6, only=["d-5"])
    start, memories = ensemble.begin(made.program, made.seeds)
    flight = ensemble.compiled(made.program, len(made.seeds))(start, memories, min(made.program.longest, 600))
    found = np.asarray(flight.memories["probes.exits"])[:, -1]
    random = np.random.default_rng(1)
    wanted = [kicked(Octopus(E), x.astype(np.longdouble), 0.25 / E, radius, random) for x in natural(start)]
    assert np.mean(found) == pytest.approx(np.mean(wanted), rel=0.08)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_matrix_saddle_is_left_at_the_same_step(seed: int) -> None:
    start, flight, _ = flown("strict-saddle-matrix", 300, arm="e-8", seed=seed)
    x = np.asarray(start.params["w"])
    matrix = np.diag(np.concatenate([[1.0], 0.5 * np.linspace(1, 0, 19)]))
    assert np.linalg.norm(x) == pytest.approx(np.sqrt(20) * 1e-8, rel=0.5)
    first, left = abs(x[0]), None
    for step in range(300):
        if left is None and abs(x[0]) > 0.5:
            left = step
        x = x - 0.1 * (np.outer(x, x) - matrix) @ x
    assert left == int(flight.memories["probes.escape"])
    assert 0 <= left - np.log(0.5 / first) / np.log(1.1) <= 4
    np.testing.assert_allclose(np.asarray(flight.state.params["w"]), x, rtol=1e-6, atol=1e-12)


def test_noise_leaves_the_strict_saddle_as_late_as_in_numpy() -> None:
    """So many walkers that what stands under the logarithm is judged: √2 makes 0.35, and medians scatter by 0.06."""
    made = experiment.build(scenario.read("strict-saddle"), seeds=400, only=["noise"])
    flight = ensemble.compiled(made.program, 400)(*ensemble.begin(made.program, made.seeds), 180)
    found = np.asarray(flight.memories["probes.escape"])
    random, across, wanted = np.random.default_rng(0), np.zeros(4000), np.full(4000, np.nan)
    for step in range(1, 250):
        noise = 1e-3 * np.sin(random.uniform(0, 2 * np.pi, 4000))
        across = across - 0.1 * (-across + across**3 / 16 + noise)
        wanted[np.isnan(wanted) & (np.abs(across) > 1)] = step
    told = float(np.asarray(flight.memories["theories.escape"])[0])
    # Left is at a whole step.
    for median in (np.nanmedian(wanted), np.median(found)):
        assert np.log(1.1) * (median - 0.5 - told) == pytest.approx(0, abs=0.17)

"""The tracker on operators that drift, their spectra being known at every reading; float64, exact products.

How it fares on operators that stay is a law of tests/laws/test_every_eigenmethod.py.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from jax import lax
from jax.flatten_util import ravel_pytree

from dltlab import scenario
from dltlab.engine import ensemble, experiment
from dltlab.engine.numerics import hessian
from dltlab.engine.numerics.hessian import Product
from dltlab.engine.numerics.tracker import Tracker
from dltlab.engine.simulation import in_precision

pytestmark = pytest.mark.usefixtures("wide")
SIZE = 60
READINGS = 200
"""Of each operator: one program is compiled for all."""
TOLERANCE = 1e-3
BASIS = np.linalg.qr(np.random.default_rng(0).standard_normal((SIZE, SIZE)))[0]
BULK = np.linspace(-0.3, 0.5, SIZE)
Spectrum = Callable[[int], np.ndarray]


class Told(NamedTuple):
    """All readings, one a row."""

    values: Any
    errors: Any
    residuals: Any
    products: Any
    oblique: Any
    """By how much what is remembered fails to be orthonormal."""


@partial(jax.jit, static_argnames=("count", "biased"))
def _follow(matrices: jax.Array, least: Any, bias: Any, first: jax.Array, *, count: int, biased: bool) -> Told:
    tracker, key = Tracker(count, tolerance=TOLERANCE), jnp.zeros(2, jnp.uint32)

    def read(memory: Any, matrix: jax.Array) -> tuple[Any, Told]:

        def exact(vector: jax.Array) -> jax.Array:
            return matrix @ vector

        quick: Product = (lambda vector: (1 + bias) * exact(vector)) if biased else exact
        told, memory = tracker.read(memory, quick, exact if biased else None, least, key)
        oblique = jnp.max(jnp.abs(memory.vectors @ memory.vectors.T - jnp.eye(memory.vectors.shape[0])))
        return memory, Told(told.values, told.errors, told.residuals, told.products, oblique)

    start = tracker.begin(matrices.shape[1], jnp.dtype(jnp.float64), key)
    start = start._replace(vectors=jnp.linalg.qr(first[: start.vectors.shape[0]].T)[0].T)
    return lax.scan(read, start, matrices)[1]


def followed(
    matrices: np.ndarray,
    *,
    count: int = 1,
    least: float = -np.inf,
    bias: float = 0.0,
    within: int = SIZE,
    seed: int = 0,
) -> Told:
    """Readings of one matrix after another.

    Args:
        matrices: Shape (readings, p, p).
        count: Eigenvalues at most.
        least: Eigenvalues behind the first one are reported above this.
        bias: By how much quick products are too long; 0: there are exact ones only.
        within: The first vectors lie in the span of so many axes.
        seed: Of the first vectors.
    """
    size = matrices.shape[1]
    first = np.random.default_rng(seed).standard_normal((8, size)) * (np.arange(size) < within)
    told = _follow(jnp.asarray(matrices), least, bias, jnp.asarray(first), count=count, biased=bias > 0)
    return Told(*map(np.asarray, told))


def drifting(spectrum: Spectrum, readings: int = READINGS, basis: np.ndarray = BASIS) -> np.ndarray:
    """Matrices whose first eigenvalues are given at each reading; the rest are the bulk below 0.5."""
    tops = [spectrum(t) for t in range(readings)]
    return np.stack([(basis * np.r_[top, BULK[len(top) :]]) @ basis.T for top in tops])


def wrong(told: Told, truth: np.ndarray) -> np.ndarray:
    """Relative errors of the leading value."""
    return np.abs(told.values[:, 0] - truth) / np.abs(truth)


@pytest.mark.parametrize("rate", [1e-3, 4e-3, 2e-2])
def test_an_eigenvalue_that_overtakes_the_leading_one_is_seen_as_it_does(rate: float) -> None:
    silent = []
    for seed in range(8):
        # It overtakes in the middle.
        random = np.random.default_rng(seed)
        rising = 1.0 + rate * (np.arange(READINGS) - READINGS // 2 + random.uniform())
        basis = np.linalg.qr(random.standard_normal((SIZE, SIZE)))[0]
        spectra = np.stack([np.ones(READINGS), np.maximum(rising, 0.6)], axis=1)
        told = followed(drifting(lambda t, spectra=spectra: spectra[t], basis=basis), seed=seed)
        truth = spectra.max(axis=1)
        off, bars = wrong(told, truth)[1:], told.errors[1:, 0] / truth[1:]
        # A reading late at most.
        assert off.max() < max(10 * TOLERANCE, 2 * rate)
        silent.append(np.sum((off > TOLERANCE) & (off > bars)))
        assert np.mean(off > bars) < 0.1
        assert told.products[1:].mean() < 2
    # What is wrong by more than the tolerance says so, but for the very reading in which it overtakes, now and then.
    assert max(silent) <= 1
    assert np.mean(silent) <= 0.5


def test_the_basis_stays_orthonormal_while_the_leading_vector_turns() -> None:
    # It turns by 0.02 from reading to reading, away from the explorers and back.
    away = np.eye(SIZE)
    tops = drifting(lambda _: np.array([1.0, 0.7, 0.6]), 1)[0]
    turned = []
    for angle in 0.5 * np.sin(0.04 * np.arange(READINGS)):
        away[[0, 0, 1, 1], [0, 1, 0, 1]] = np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)
        turn = BASIS @ away @ BASIS.T
        turned.append(turn @ tops @ turn.T)
    told = followed(np.stack(turned))
    assert wrong(told, np.ones(READINGS)).max() < 3 * TOLERANCE
    assert np.mean(told.products == 1) > 0.5, "hardly ever a glance"
    assert told.oblique.max() < 1e-6


def test_an_eigenvalue_that_leaps_above_the_leading_one_is_seen_within_the_period() -> None:
    leap = 40
    told = followed(drifting(lambda t: np.array([1.0, 1.3 if t >= leap else 0.6])))
    off = wrong(told, np.where(np.arange(READINGS) >= leap, 1.3, 1.0))
    assert off[:leap].max() < TOLERANCE
    assert off[leap + Tracker(1).period :].max() < TOLERANCE


def test_what_turns_without_end_far_below_the_leading_pair_is_mostly_left_to_the_clock() -> None:
    turning = np.random.default_rng(7).standard_normal((SIZE, SIZE))
    turning = scipy.linalg.expm(0.03 * (turning - turning.T) / np.linalg.norm(turning - turning.T, 2))
    spectrum, basis, matrices = np.r_[1.0, 0.84, np.linspace(-0.3, 0.7, SIZE - 2)], BASIS, []
    for _ in range(READINGS):
        matrices.append((basis * spectrum) @ basis.T)
        basis = turning @ basis
    told = followed(np.stack(matrices))
    assert wrong(told, np.ones(READINGS))[1:].max() < TOLERANCE
    assert told.products[READINGS // 4 :].mean() < 1.6


@pytest.mark.parametrize("depth", [0.88, 0.7, 0.55, -0.5])
def test_a_leading_eigenvalue_that_falls_below_a_known_one_is_passed_over_at_once(depth: float) -> None:
    fall = 60
    told = followed(drifting(lambda t: np.array([1.0 if t < fall else depth, 0.9, 0.8])))
    off = wrong(told, np.where(np.arange(READINGS) < fall, 1.0, 0.9))
    assert off[1:].max() < 2 * TOLERANCE


def test_what_has_changed_altogether_is_found_again_within_a_few_readings() -> None:
    other = np.linalg.qr(np.random.default_rng(5).standard_normal((SIZE, SIZE)))[0]
    spectrum = np.r_[BULK[:-2], 0.8, 1.0]
    before, after = (basis @ np.diag(spectrum) @ basis.T for basis in (BASIS, other))
    told = followed(np.stack([before] * 100 + [after] * 100))
    off = wrong(told, np.ones(READINGS))
    assert off[103:].max() < 10 * TOLERANCE
    assert off[106:].max() < 2 * TOLERANCE


@pytest.mark.parametrize("spectrum", [(0.0, 0.0, -1.0), (1e-8, -1.0), (1.0, 1.0, 1.0), (2.0,)])
def test_a_space_that_is_all_known_is_not_searched_for_more(spectrum: tuple[float, ...]) -> None:
    size = len(spectrum)
    basis = np.linalg.qr(np.random.default_rng(2).standard_normal((size, size)))[0]
    told = followed(np.stack([basis @ np.diag(spectrum) @ basis.T] * READINGS), count=size)
    assert np.all(told.oblique < 1e-8)
    radius = max(np.abs(spectrum))
    np.testing.assert_allclose(
        told.values[1:], np.tile(sorted(spectrum, reverse=True), (READINGS - 1, 1)), atol=1e-6 * radius
    )


@pytest.mark.parametrize("swing", [0.05, 0.25, 0.6])
def test_a_pair_that_swings_with_period_two_is_followed_at_few_products(swing: float) -> None:
    matrices = []
    for t in range(READINGS):
        cosine, sine = np.cos(swing * (-1) ** t), np.sin(swing * (-1) ** t)
        turned = BASIS.copy()
        turned[:, :2] = BASIS[:, :2] @ np.array([[cosine, -sine], [sine, cosine]])
        matrices.append(drifting(lambda _, t=t: np.array([1.0 + 0.1 * (t % 2), 0.7]), 1, turned)[0])
    told = followed(np.stack(matrices))
    off = wrong(told, 1.0 + 0.1 * (np.arange(READINGS) % 2))
    assert off[20:].max() < TOLERANCE
    assert told.products[20:].mean() < 2.5
    assert np.mean(off > told.errors[:, 0]) < 0.1


def test_a_symmetry_hides_an_eigenvector_for_a_while_and_not_for_ever() -> None:
    # Two blocks, and all vectors begin in the first one: no product leads out of it.
    bulk = np.linspace(0, 0.4, SIZE // 2 - 1)
    rising = 0.5 + 0.01 * np.arange(READINGS)
    told = followed(np.stack([np.diag(np.r_[1.0, bulk, value, bulk]) for value in rising]), within=SIZE // 2)
    off = wrong(told, np.maximum(1.0, rising))
    overtaken = int(np.argmax(rising > 1.0))
    assert off[:overtaken].max() < TOLERANCE
    assert off[overtaken + 5 * Tracker(1).period :].max() < TOLERANCE


@pytest.mark.parametrize("bias", [1e-5, 3e-4, 1e-2, 1.0])
def test_what_quick_products_are_worth_is_measured_and_bad_ones_are_replaced(bias: float) -> None:
    told = followed(drifting(lambda _: np.array([1.0, 0.8])), bias=bias)
    off = wrong(told, np.ones(READINGS))
    assert (off <= told.errors[:, 0]).all()
    if bias > TOLERANCE:
        # Exact ones from the second reading on.
        assert off[1:].max() < TOLERANCE / 10
    else:
        assert off[1:].max() == pytest.approx(bias, rel=0.1)
        assert told.errors[1:, 0].max() < 10 * bias


def test_the_second_and_third_are_followed_once_they_are_large_enough_and_not_before() -> None:
    least, time = 0.75, np.arange(READINGS)
    tops = np.stack([np.ones(READINGS), 0.55 + 0.003 * time, 0.4 + 0.003 * time], axis=1)
    told = followed(drifting(lambda t: tops[t]), count=3, least=least)
    truth = -np.sort(-tops, axis=1)
    seen = np.isfinite(told.values)
    assert seen[:, 0].all()
    for place in (1, 2):
        first = int(np.argmax(truth[:, place] >= least))
        assert not seen[: first - 1, place].any()
        assert seen[first + 3 :, place].all()
    off = np.abs(told.values - truth)
    assert np.nanmax(off) < 2 * TOLERANCE
    assert np.mean(off[seen] > told.errors[seen]) < 0.1
    # Until the second arrives there is nothing to pay for.
    assert told.products[1:50].mean() < 1.3


def test_where_the_search_began_is_soon_forgotten() -> None:
    matrices = drifting(lambda t: np.array([1.0 + 0.01 * np.sin(t), 0.8, 0.75]))
    one, other = (followed(matrices, count=3, seed=seed) for seed in (1, 2))
    np.testing.assert_allclose(one.values[10:], other.values[10:], rtol=3 * TOLERANCE)
    assert (one.values[0] != other.values[0]).any()


def edge(*, seeds: int = 1, seed: int = 0) -> experiment.Experiment:
    """The edge of stability in float32 with the sharpness tracked at every step."""
    document = scenario.read("edge-of-stability")
    for assignment in ('sharpness.method="tracked"', "sharpness.every=1"):
        document.set(f"probes.{assignment}")
    document.set('run.precision="float32"')
    return experiment.build(document, seed=seed, seeds=seeds)


def test_on_the_way_to_the_edge_and_at_it_the_readings_are_those_of_float64() -> None:
    made = edge()
    fly = ensemble.compiled(made.program, 1)
    state, memories = ensemble.begin(made.program, (0,))
    wide = jnp.dtype(jnp.float64)
    problem, (_, unravel) = (
        in_precision(made.program.simulation.problem, wide),
        ravel_pytree(in_precision(state.params, wide)),
    )

    @jax.jit
    def truth(at: jax.Array) -> jax.Array:
        return jnp.linalg.eigvalsh(hessian.dense(lambda flat: problem.loss(unravel(flat)), at))[-1]

    rows, step = [], 0
    # Before the edge, where it is met, and well beyond.
    for low, high in ((20, 80), (500, 700), (1350, 1500)):
        flight = fly(state, memories, low - step)
        for _ in range(low, high):
            at = jnp.asarray(ravel_pytree(flight.state.params)[0], wide)
            flight = fly(flight.state, flight.memories, 1)
            read = flight.rows["probes.sharpness"]
            rows.append([float(truth(at)), *(float(np.ravel(read[part][0])[0]) for part in ("", "error", "products"))])
        state, memories, step = flight.state, flight.memories, high
    true, found, bar, products = np.array(rows).T
    off = np.abs(found - true)
    assert true.max() > 5
    assert np.mean(off < 1e-2 * true) >= 0.995
    assert np.mean(off < 1e-3 * true) >= 0.98
    assert np.mean(off > bar) < 0.1
    assert products.mean() < 2.5


def test_a_member_of_an_ensemble_has_the_bits_of_the_single_run() -> None:
    def told(seeds: int, seed: int) -> dict[str, np.ndarray]:
        made = edge(seeds=seeds, seed=seed)
        flight = ensemble.compiled(made.program, seeds)(*ensemble.begin(made.program, made.seeds), 120)
        return {suffix: np.asarray(rows) for suffix, rows in flight.rows["probes.sharpness"].items()}

    together = told(2, 0)
    alone = told(1, 1)
    for suffix, rows in alone.items():
        assert together[suffix][1][:120].tobytes() == rows[:120].tobytes(), suffix
    assert together[""][0].tobytes() != together[""][1].tobytes()


def test_cut_into_chunks_the_readings_keep_their_bits() -> None:
    # A keyframe holds what a chunk ends with.
    made = edge()
    fly = ensemble.compiled(made.program, 1)
    begin = ensemble.begin(made.program, made.seeds)
    whole = np.asarray(fly(*begin, 130).rows["probes.sharpness"][""])[:130]
    pieces = []
    for steps in (1, 40, 23, 66):
        flight = fly(*begin, steps)
        pieces.append(np.asarray(flight.rows["probes.sharpness"][""])[:steps])
        begin = (flight.state, flight.memories)
    assert np.concatenate(pieces).tobytes() == whole.tobytes()

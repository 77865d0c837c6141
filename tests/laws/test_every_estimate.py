"""Laws over what estimates a spectrum by random vectors: traces and densities, on every operator of the bank."""

import math
from functools import partial
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from dltlab.engine.numerics import density, trace

KEYS = 24
STARTS, DEPTH = 16, 20


@partial(jax.jit, static_argnames="products")
def traces(matrix: jax.Array, keys: jax.Array, products: int) -> tuple[jax.Array, jax.Array]:
    size, dtype = matrix.shape[0], matrix.dtype

    def one(key: jax.Array) -> trace.Trace:
        return trace.hutch_plus_plus(lambda v: matrix @ v, key, size, dtype, products=products)

    return jax.vmap(lambda key: one(key)[:2])(keys)


@partial(jax.jit, static_argnames="depth")
def quadratures(matrix: jax.Array, depth: int = DEPTH) -> tuple[density.Quadrature, jax.Array]:
    """The quadratures, and the vectors that they started from."""
    size, dtype = matrix.shape[0], matrix.dtype
    key = jr.key_data(jr.key(5))
    found = density.quadrature(lambda v: matrix @ v, key, size, dtype, starts=STARTS, depth=depth)
    split = jax.vmap(jr.key_data)(jr.split(jr.wrap_key_data(key), STARTS))
    return found, jax.vmap(lambda key: density.randoms.on_sphere(key, size, dtype))(split)


@jax.jit
def broadened(found: density.Quadrature) -> density.Density:
    low, high = density.ends(found)
    return density.broadened(found, density.grid(low, high, 201, below=0.15, above=0.15), 0.03)


def keys(number: int) -> jax.Array:
    return jax.vmap(jr.key_data)(jr.split(jr.key(11), number))


def test_as_many_products_as_dimensions_give_the_trace(operator: Any) -> None:
    values, errors = traces(operator.matrix, keys(1), 3000)
    exact = operator.truth.sum()
    assert abs(float(values[0]) - exact) <= operator.rounding * len(operator.truth)
    assert float(errors[0]) <= operator.rounding * len(operator.truth)


def test_the_trace_is_as_far_off_as_its_standard_error_says(bank: ModuleType) -> None:
    # Student's t of nine degrees of freedom: 66 % within one standard error, 92 % within two, 99 % within 3.2.
    scores: list[np.ndarray] = []
    for name in bank.NAMES:
        operator = bank.named(name, "float64")
        values, errors = (np.asarray(a) for a in traces(operator.matrix, keys(KEYS), 30))
        apart = np.abs(values - operator.truth.sum())
        if (errors <= operator.rounding).all():
            # Of so low a rank that the range is found whole: exact, and nothing is left to chance.
            assert (apart <= operator.rounding * len(operator.truth)).all()
            continue
        scores.append(apart / errors)
    assert len(scores) >= len(bank.NAMES) / 2
    score = np.concatenate(scores)
    shares = [float(np.mean(score <= bound)) for bound in (1, 2, 3.2)]
    print(f"{len(score)} traces: {shares[0]:.0%}, {shares[1]:.0%}, {shares[2]:.1%} within 1, 2, 3.2 standard errors")
    assert 0.6 <= shares[0] <= 0.75
    assert shares[1] >= 0.87
    assert shares[2] >= 0.97


def test_a_large_eigenvalue_costs_the_trace_no_variance(bank: ModuleType) -> None:
    # What sets Hutch++ apart from Hutchinson: the range of a few products holds what is large.
    spectrum = np.r_[np.linspace(0, 1, bank.SIZE - 1), 1000.0]
    basis, _ = np.linalg.qr(np.random.default_rng(2).standard_normal((bank.SIZE, bank.SIZE)))
    matrix = jnp.asarray(basis @ np.diag(spectrum) @ basis.T)
    values, errors = (np.asarray(a) for a in traces(matrix, keys(KEYS), 30))
    off_diagonal = np.asarray(matrix) - np.diag(np.diag(np.asarray(matrix)))
    plain = math.sqrt(2 * np.sum(off_diagonal**2) / 30)
    assert np.sqrt(np.mean((values - spectrum.sum()) ** 2)) < plain / 50
    assert errors.max() < plain / 50


def test_a_start_measures_its_own_moments_exactly(operator: Any) -> None:
    # Gauss quadrature of m nodes is exact up to degree 2m − 1: for the moments vᵀAᵏv of the vector itself.
    found, starts = (jax.tree.map(lambda a: np.asarray(a, float), part) for part in quadratures(operator.matrix))
    np.testing.assert_allclose(found.weights.sum(axis=1), 1.0, rtol=1e-5)
    image = starts
    for degree in (1, 2, 3):
        image = image @ operator.exact
        exact = np.sum(starts * image, axis=1)
        allowed = 4 * degree * operator.rounding * operator.radius ** (degree - 1)
        np.testing.assert_allclose(np.sum(found.weights * found.nodes**degree, axis=1), exact, rtol=0, atol=allowed)


def test_the_mean_of_all_starts_has_the_spectrums_moments(operator: Any) -> None:
    found = quadratures(operator.matrix)[0]
    nodes, weights = np.asarray(found.nodes, float), np.asarray(found.weights, float)
    size = len(operator.truth)
    for degree in (1, 2):
        powers = operator.truth**degree
        # The variance of vᵀBv, v uniform on the sphere.
        scatter = math.sqrt(2 * np.var(powers) / (size + 2) / STARTS)
        apart = abs(np.mean(np.sum(weights * nodes**degree, axis=1)) - powers.mean())
        assert apart <= 4 * scatter + 8 * operator.rounding * operator.radius ** (degree - 1)


def test_the_quadrature_is_as_near_to_the_spectrum_as_the_theorem_says(operator: Any) -> None:
    # Chen, Trogdon & Ubaru 2021 (arXiv:2105.06595): the Wasserstein distance is at most t|λ_max − λ_min| with
    # probability 1 − ε after 12/t + 1/2 products from 4 ln(2p/ε) / ((p + 2)t²) starts.
    size = len(operator.truth)
    t = max(12 / (DEPTH - 0.5), math.sqrt(4 * math.log(2 * size / 1e-3) / ((size + 2) * STARTS)))
    found = quadratures(operator.matrix)[0]
    nodes, weights = np.asarray(found.nodes, float).ravel(), np.asarray(found.weights, float).ravel()
    extent = operator.truth[0] - operator.truth[-1]
    apart = wasserstein_distance(nodes, operator.truth, weights) if weights.any() else math.inf
    assert apart <= t * extent + operator.rounding
    # The bound is of all matrices; Lanczos does far better on these.
    assert apart <= 0.06 * extent + operator.rounding


def test_the_density_is_the_broadened_spectrum_as_the_starts_see_it(operator: Any) -> None:
    # With as many nodes as dimensions nothing is left to the quadrature: a start weighs every eigenvalue by ⟨u, v⟩².
    found, starts = quadratures(operator.matrix, len(operator.truth))
    grid, values, error = (np.asarray(a, float) for a in broadened(found))
    assert (np.diff(grid) > 0).all()
    assert grid[0] < operator.truth[-1] <= operator.truth[0] < grid[-1]
    assert np.trapezoid(values, grid) == pytest.approx(1.0, abs=1e-3)
    width = 0.03 * (grid[-1] - grid[0])
    eigenvalues, vectors = np.linalg.eigh(operator.exact)
    apart = (grid[None, :] - eigenvalues[:, None]) / width
    kernel = np.exp(-0.5 * apart**2) * (abs(apart) <= 4) / (math.sqrt(2 * math.pi) * width)
    each = (np.asarray(starts, float) @ vectors) ** 2 @ kernel
    # What moves an eigenvalue moves its Gaussian in proportion to its width, and where that is cut off, at exp(−8).
    allowed = each.max() * (100 * float(jnp.finfo(operator.matrix.dtype).eps) + operator.rounding / width + 4e-4)
    assert allowed < 0.3 * each.max()
    np.testing.assert_allclose(values, each.mean(axis=0), rtol=0, atol=allowed)
    np.testing.assert_allclose(error, each.std(axis=0, ddof=1) / math.sqrt(STARTS), rtol=0, atol=allowed)


@pytest.mark.parametrize(("low", "high"), [(-1.0, 3.0), (2.0, 2.0), (5.0, 3.0), (-1.0, -50.0), (0.0, 0.0)])
def test_an_end_of_the_grid_that_is_said_is_kept(low: float, high: float) -> None:
    ends = jnp.asarray(low), jnp.asarray(high)
    free, begins, stops = (density.grid(*ends, 9, below=b, above=a) for b, a in ((0.1, 0.1), (0.0, 0.1), (0.1, 0.0)))
    assert begins[0] == low
    assert stops[-1] == pytest.approx(high, rel=1e-12, abs=1e-12)
    for grid in (free, begins, stops):
        assert np.all(np.diff(np.asarray(grid)) > 0)
    if low <= high:
        assert free[0] < low <= high < free[-1]

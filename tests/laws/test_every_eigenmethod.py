"""Laws over the eigen-methods: on every operator of the bank they agree with dense float64, and their bounds hold.

To enrol a method is one line of METHODS.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from jax import lax
from scipy.sparse.linalg import eigsh

from dltlab.engine.numerics import hessian, lanczos, ritz
from dltlab.engine.numerics.tracker import Tracker

COUNT = 3
READINGS = 24
"""Of one operator, by methods that follow it: from noise, and on beyond the time after which explorers are shaken."""
TOLERANCE = {"float32": 1e-4, "float64": 1e-8}
"""The residual, relative to the spectrum's radius, that the methods are asked for."""


class Found(NamedTuple):
    """What a method gives back, largest value first."""

    values: Any
    residuals: Any
    """‖Av − θv‖ of each, or a bound on it."""
    beyond: Any = 0.0
    """How far a value may be above the Rayleigh quotient that it estimates."""


class Reading(NamedTuple):
    """What the tracker tells."""

    values: Any
    errors: Any
    residuals: Any
    products: Any


class Method(NamedTuple):
    """An eigen-method as the laws see it."""

    find: Callable[[hessian.Product, jax.Array, float], Found]
    """(product, start, tolerance) ↦ the largest eigenvalues; the start is random."""
    slack: float
    """How many times the tolerance the values may be off."""
    repeats: bool
    """Whether it finds an eigenvalue as often as it is one: the Krylov space of one vector finds it once."""


def by_lanczos(product: hessian.Product, start: jax.Array, tolerance: float) -> Found:
    found = lanczos.largest(product, start, count=COUNT, tolerance=tolerance, most=start.shape[0])
    return Found(found.values, found.residuals)


def by_a_block(product: hessian.Product, start: jax.Array, tolerance: float) -> Found:
    block = jnp.stack([jnp.roll(start, 7 * i) for i in range(COUNT)])
    found = lanczos.largest(product, block, count=COUNT, tolerance=tolerance, most=start.shape[0])
    return Found(found.values, found.residuals)


def by_decomposition(product: hessian.Product, start: jax.Array, tolerance: float) -> Found:
    matrix = jax.vmap(product)(jnp.eye(start.shape[0], dtype=start.dtype))
    values, vectors = jnp.linalg.eigh(0.5 * (matrix + matrix.T))
    values, vectors = values[::-1][:COUNT], vectors[:, ::-1][:, :COUNT].T
    return Found(values, jnp.linalg.norm(jax.vmap(product)(vectors) - values[:, None] * vectors, axis=1))


def readings(product: hessian.Product, start: jax.Array, tolerance: float, count: int = COUNT) -> Reading:
    """What the tracker reads of an operator that stays the same: shapes (readings, …)."""
    tracker = Tracker(min(count, start.shape[0]), tolerance=tolerance)
    key = lax.bitcast_convert_type(start[:1], jnp.uint32).ravel()
    all_of_them = jnp.asarray(-jnp.inf, start.dtype)

    def read(memory: Any, _: Any) -> tuple[Any, Reading]:
        told, memory = tracker.read(memory, product, None, all_of_them, key)
        return memory, Reading(told.values, told.errors, told.residuals, told.products)

    return lax.scan(read, tracker.begin(start.shape[0], start.dtype, key), length=READINGS)[1]


def by_tracking(product: hessian.Product, start: jax.Array, tolerance: float) -> Found:
    told = jax.tree.map(lambda values: values[-1], readings(product, start, tolerance))
    # A part of the Ritz matrix may be as old as the operator's last change.
    return Found(told.values, told.residuals, told.errors)


METHODS = {
    "lanczos": Method(by_lanczos, 10, repeats=False),
    "block Lanczos": Method(by_a_block, 10, repeats=True),
    "tracked": Method(by_tracking, 10, repeats=True),
    "dense": Method(by_decomposition, 1, repeats=True),
}
_RUN = {
    (name, dtype): jax.jit(
        lambda matrix, start, method=method, tolerance=tolerance: method.find(
            lambda vector: matrix @ vector, start, tolerance
        )
    )
    for name, method in METHODS.items()
    for dtype, tolerance in TOLERANCE.items()
}


def found(method: str, operator: Any) -> Found:
    dtype = str(operator.matrix.dtype)
    start = np.random.default_rng(3).standard_normal(len(operator.truth))
    told = _RUN[method, dtype](operator.matrix, jnp.asarray(start, dtype))
    return Found(*(np.asarray(values, float) for values in told))


def coincide(operator: Any) -> bool:
    """Whether some of the wanted eigenvalues are the same to the precision that is asked for."""
    top = operator.truth[: COUNT + 1]
    return bool((-np.diff(top) <= 10 * TOLERANCE[str(operator.matrix.dtype)] * operator.radius).any())


@pytest.mark.parametrize("method", METHODS)
def test_some_eigenvalue_lies_within_the_residual_of_every_value(method: str, operator: Any) -> None:
    values, residuals, _ = found(method, operator)
    told = np.isfinite(values)
    assert told[0]
    for value, residual in zip(values[told], residuals[told], strict=True):
        assert np.abs(operator.truth - value).min() <= residual + operator.rounding


@pytest.mark.parametrize("method", METHODS)
def test_no_value_is_above_the_eigenvalue_of_its_rank(method: str, operator: Any) -> None:
    # Cauchy's interlacing: a Rayleigh–Ritz value is no larger, whatever the space.
    values, _, beyond = found(method, operator)
    told = np.isfinite(values)
    assert (values[told] <= (operator.truth[:COUNT] + beyond)[told] + operator.rounding).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_values_are_the_largest_eigenvalues(method: str, operator: Any) -> None:
    values = found(method, operator).values
    allowed = METHODS[method].slack * TOLERANCE[str(operator.matrix.dtype)] * operator.radius + operator.rounding
    assert abs(values[0] - operator.truth[0]) <= allowed
    if METHODS[method].repeats or not coincide(operator):
        np.testing.assert_allclose(values, operator.truth[:COUNT], rtol=0, atol=allowed)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", TOLERANCE)
def test_hardly_an_error_is_larger_than_its_residual(method: str, dtype: str, bank: ModuleType) -> None:
    judged = beyond = 0
    for name in bank.NAMES:
        operator = bank.named(name, dtype)
        if coincide(operator) and not METHODS[method].repeats:
            # A residual tells of some eigenvalue: where one is found once that is there thrice, it is another.
            continue
        values, residuals, _ = found(method, operator)
        judged += COUNT
        beyond += int((np.abs(values - operator.truth[:COUNT]) > residuals + operator.rounding).sum())
    print(f"{method} in {dtype}: {beyond} of {judged} errors are larger than the residual")
    assert judged >= COUNT * len(bank.NAMES) / 2
    assert beyond <= 0.02 * judged


@pytest.fixture(scope="module")
def followed(wide: None) -> Callable[..., Reading]:
    """All readings of the tracker, by matrix and the number of pairs."""

    @partial(jax.jit, static_argnames="count")
    def follow(matrix: jax.Array, count: int) -> Reading:
        start = jr.normal(jr.key(4), matrix.shape[:1], matrix.dtype)
        return readings(lambda vector: matrix @ vector, start, TOLERANCE[str(matrix.dtype)], count)

    return lambda matrix, count: Reading(*(np.asarray(part, float) for part in follow(matrix, count)))


def bounded(told: Reading, truth: np.ndarray, rounding: float) -> None:
    """At every reading: finite numbers, an eigenvalue within each residual, the first value within its bar."""
    assert np.isfinite(told.values).all()
    assert np.isfinite(told.errors).all()
    nearest = np.abs(told.values[:, :, None] - truth).min(axis=-1)
    assert (nearest <= told.residuals + rounding).all()
    # Of eigenvalues that are nearer to each other than gaps are counted on, it may be any.
    cluster = truth[truth >= truth[0] - ritz.NARROW * abs(truth[0])]
    first, bar = told.values[:, 0], told.errors[:, 0]
    above, below = first - cluster.max(), cluster.min() - first
    beyond = np.maximum(above, below) > bar + rounding
    # A bar is an estimate: one in ten may err, by little.
    assert np.mean(beyond) < 0.1
    assert (np.maximum(above, below) <= 3 * bar + rounding).all()


@pytest.mark.parametrize("count", [1, COUNT])
def test_at_every_reading_of_the_tracker_its_bounds_hold(count: int, operator: Any, followed: Any) -> None:
    told = followed(operator.matrix, count)
    bounded(told, operator.truth, operator.rounding)
    # The first reading searches from noise; once at rest, what is followed costs a product each.
    assert (told.products[1:] <= np.maximum(told.products[0], 1)).all()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("size", "count"), [(1, 1), (2, 1), (3, 2)])
def test_the_tracker_takes_a_basis_as_large_as_the_space(size: int, count: int, dtype: str, followed: Any) -> None:
    basis, _ = np.linalg.qr(np.random.default_rng(size).standard_normal((size, size)))
    rising = np.arange(1.0, size + 1)
    for spectrum in (rising, -rising, rising - 2, 0 * rising, 0 * rising + 3, 1e-12 * rising, 1e15 * rising):
        matrix = jnp.asarray(basis * spectrum @ basis.T, dtype)
        rounding = 64 * float(jnp.finfo(dtype).eps) * float(np.abs(spectrum).max())
        told = followed(matrix, count)
        bounded(told, np.sort(spectrum)[::-1], rounding)
        allowed = 10 * TOLERANCE[dtype] * float(np.abs(spectrum).max()) + rounding
        np.testing.assert_allclose(told.values[-1], np.sort(spectrum)[::-1][:count], rtol=0, atol=allowed)


def test_matrix_free_they_agree_with_scipys(bank: ModuleType) -> None:
    value, start = bank.loss_of("convolution", "square")
    at = jnp.asarray(start, jnp.float64)
    whole = np.asarray(jax.jit(partial(hessian.dense, value))(at))
    theirs = np.sort(eigsh(whole, k=COUNT, which="LA")[0])[::-1]
    random = jnp.asarray(np.random.default_rng(5).standard_normal(at.shape))
    for method in METHODS.values():
        find = jax.jit(lambda at, start, find=method.find: find(hessian.products(value, at), start, 1e-8))
        np.testing.assert_allclose(find(at, random).values, theirs, rtol=1e-6)


def test_lanczos_agrees_with_matfree(bank: ModuleType) -> None:
    matfree = pytest.importorskip("matfree.decomp", reason="matfree is not installed")
    value, start = bank.loss_of("tanh", "cross_entropy")
    at = jnp.asarray(start, jnp.float64)
    random = jnp.asarray(np.random.default_rng(5).standard_normal(at.shape))
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        decompose = matfree.tridiag_sym(30)
        small = jax.jit(lambda v: decompose(hessian.products(value, at), v).J_small)(random)
    theirs = np.linalg.eigvalsh(np.asarray(small))[::-1][:COUNT]
    ours = jax.jit(lambda v: lanczos.largest(hessian.products(value, at), v, count=COUNT, tolerance=0.0, most=30))
    np.testing.assert_allclose(ours(random).values, theirs, rtol=1e-9)


def test_the_banks_networks_are_trained_and_their_hessians_are_indefinite(bank: ModuleType) -> None:
    # Else the bank would be of bowls alone.
    starts, ends = (bank.named(f"tanh, square, {when}", "float64") for when in ("at the start", "trained"))
    assert starts.truth[-1] < -1e-3 * starts.radius
    assert abs(ends.truth[-1]) < abs(starts.truth[-1])

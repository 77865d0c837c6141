"""Laws over the eigen-methods: on every operator of the bank they agree with dense float64, and their bounds hold.

To enrol a method is one line of METHODS.
"""

from collections.abc import Callable
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse.linalg import eigsh

from dltlab.engine.numerics import hessian, lanczos, tracking

COUNT = 3
TOLERANCE = {"float32": 1e-4, "float64": 1e-8}
"""The residual, relative to the spectrum's radius, that the methods are asked for."""


class Found(NamedTuple):
    """What a method gives back, largest value first."""

    values: Any
    residuals: Any
    """‖Av − θv‖ of each, or a bound on it."""


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


def by_blocks(product: hessian.Product, start: jax.Array, tolerance: float) -> Found:
    known = tracking.start(start.shape[0], COUNT, start.dtype)
    found = tracking.leading(product, known, tolerance=tolerance, depth=3, most=100)
    return Found(found.values, jnp.full_like(found.values, found.residual))


def by_decomposition(product: hessian.Product, start: jax.Array, tolerance: float) -> Found:
    matrix = jax.vmap(product)(jnp.eye(start.shape[0], dtype=start.dtype))
    values, vectors = jnp.linalg.eigh(0.5 * (matrix + matrix.T))
    values, vectors = values[::-1][:COUNT], vectors[:, ::-1][:, :COUNT].T
    return Found(values, jnp.linalg.norm(jax.vmap(product)(vectors) - values[:, None] * vectors, axis=1))


METHODS = {
    "lanczos": Method(by_lanczos, 10, repeats=False),
    "blocks": Method(by_blocks, 10, repeats=True),
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
    values, residuals = _RUN[method, dtype](operator.matrix, jnp.asarray(start, dtype))
    return Found(np.asarray(values, float), np.asarray(residuals, float))


def coincide(operator: Any) -> bool:
    """Whether some of the wanted eigenvalues are the same to the precision that is asked for."""
    top = operator.truth[: COUNT + 1]
    return bool((-np.diff(top) <= 10 * TOLERANCE[str(operator.matrix.dtype)] * operator.radius).any())


@pytest.mark.parametrize("method", METHODS)
def test_some_eigenvalue_lies_within_the_residual_of_every_value(method: str, operator: Any) -> None:
    values, residuals = found(method, operator)
    told = np.isfinite(values)
    assert told[0]
    for value, residual in zip(values[told], residuals[told], strict=True):
        assert np.abs(operator.truth - value).min() <= residual + operator.rounding


@pytest.mark.parametrize("method", METHODS)
def test_no_value_is_above_the_eigenvalue_of_its_rank(method: str, operator: Any) -> None:
    # Cauchy's interlacing: a Rayleigh–Ritz value is no larger, whatever the space.
    values, _ = found(method, operator)
    told = np.isfinite(values)
    assert (values[told] <= operator.truth[:COUNT][told] + operator.rounding).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_values_are_the_largest_eigenvalues(method: str, operator: Any) -> None:
    values, _ = found(method, operator)
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
        values, residuals = found(method, operator)
        judged += COUNT
        beyond += int((np.abs(values - operator.truth[:COUNT]) > residuals + operator.rounding).sum())
    print(f"{method} in {dtype}: {beyond} of {judged} errors are larger than the residual")
    assert judged >= COUNT * len(bank.NAMES) / 2
    assert beyond <= 0.02 * judged


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

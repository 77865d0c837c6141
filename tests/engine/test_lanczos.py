"""Lanczos against spectra that are known, the awkward ones among them."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dltlab.engine.numerics import lanczos, noise

pytestmark = pytest.mark.usefixtures("wide")
SPECTRA = {
    "spread": np.linspace(-1, 4, 60),
    "clustered top": np.r_[np.linspace(0, 1, 57), 4.0, 4.001, 4.002],
    "the largest magnitude is negative": np.r_[np.linspace(-9, 1, 58), 2.0, 3.0],
    "rank one": np.r_[np.zeros(59), 5.0],
    "all negative": np.linspace(-7, -1, 60),
    "small": np.linspace(1e-9, 1e-6, 60),
}


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-8), ("float32", 1e-4)])
def test_it_finds_the_largest_eigenvalues_within_its_residuals(name: str, dtype: str, tolerance: float) -> None:
    random = np.random.default_rng(1)
    spectrum = SPECTRA[name]
    basis, _ = np.linalg.qr(random.standard_normal((60, 60)))
    matrix = jnp.asarray(basis @ np.diag(spectrum) @ basis.T, dtype)
    start = jnp.asarray(random.standard_normal(60), dtype)
    find = partial(lanczos.largest, count=2, tolerance=tolerance, most=60)
    found = jax.jit(lambda m, s: find(lambda v: m @ v, s))(matrix, start)
    scale = np.abs(spectrum).max()
    top = np.sort(spectrum)[::-1]
    slack = 60 * np.finfo(dtype).eps * scale
    known = np.isfinite(np.asarray(found.values))
    assert known[0]
    assert abs(float(found.values[0]) - top[0]) <= float(found.residuals[0]) + slack
    assert abs(float(found.values[0]) - top[0]) <= 10 * tolerance * scale
    for value, residual in zip(np.asarray(found.values)[known], np.asarray(found.residuals)[known], strict=True):
        assert np.abs(spectrum - value).min() <= residual + slack
    image = matrix @ found.vectors[0]
    assert float(jnp.linalg.norm(image - found.values[0] * found.vectors[0])) <= float(found.residuals[0]) + slack


def test_a_bad_start_is_paid_for_in_products_not_in_error() -> None:
    spectrum = np.linspace(0, 1, 200)
    matrix = jnp.diag(jnp.asarray(spectrum))
    near = jnp.zeros(200).at[-1].set(1.0).at[-2].set(1e-3)
    far = jnp.ones(200)
    cold, warm = (lanczos.largest(lambda v: matrix @ v, s, count=1, tolerance=1e-4, most=200) for s in (far, near))
    assert abs(float(cold.values[0]) - 1) < 1e-4
    assert abs(float(warm.values[0]) - 1) < 1e-4
    assert int(warm.products) < int(cold.products)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("top", [[9.0, 5.0, 2.0], [9.0, 9.0, 9.0], [9.0, 9.0 - 1e-6, 3.0]], ids=str)
def test_a_block_finds_the_leading_pairs_even_where_they_coincide(top: list[float], precision: str) -> None:
    random = np.random.default_rng(0)
    frame = np.linalg.qr(random.standard_normal((60, 60)))[0]
    values = np.concatenate([top, np.linspace(-1, 1, 57)])
    matrix = jnp.asarray((frame * values) @ frame.T, precision)
    start = noise.block(jnp.asarray([1, 2], jnp.uint32), 0, 3, 60, matrix.dtype)
    np.testing.assert_allclose(jnp.linalg.norm(start, axis=1), 1, rtol=0.2)
    found = lanczos.largest(lambda v: matrix @ v, start, count=3, tolerance=1e-4, most=60)
    vectors = np.asarray(found.vectors)
    np.testing.assert_allclose(found.values, top, rtol=1e-4)
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(vectors @ np.asarray(matrix), vectors * np.asarray(found.values)[:, None], atol=2e-3)

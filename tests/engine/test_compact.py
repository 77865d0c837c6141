"""One kernel gives what the operations give one by one, and is one kernel."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from jax import lax

from dltlab.engine import compact
from dltlab.engine.compact import PLAIN, compacted
from dltlab.engine.numerics import small

pytestmark = pytest.mark.usefixtures("wide")
needs_cpu = pytest.mark.skipif(not compact.able(), reason="one kernel is made on a CPU alone")


def compiled(function, *arguments):
    return jax.jit(lambda *these: compacted(function, *these)(*these), compiler_options=dict(compact.OPTIONS))


def floats(x):
    """Every plain operation on floating-point numbers, x between 0 and 1."""
    one_by_one = [
        *(jnp.abs(x), jnp.arccos(x), jnp.arcsin(x), jnp.arctan(x), lax.atan2(x, x + 1), jnp.cos(x), jnp.cosh(x)),
        *(jnp.cumsum(x, 0), jnp.exp(x), lax.exp2(x), jnp.expm1(x), jnp.floor(x), lax.integer_pow(x, 3), jnp.log(x)),
        *(jnp.log1p(x), lax.logistic(x), lax.neg(x), x ** (x + 1), jnp.round(x), lax.rsqrt(x), jnp.sign(x), jnp.sin(x)),
        *(jnp.sinh(x), jnp.sqrt(x), lax.square(x), jnp.tan(x), jnp.tanh(x), lax.rem(x, x + 1), jnp.clip(x, 0.1, 0.7)),
        *(
            jnp.flip(x, 1),
            x.T.reshape(2, 3),
            jnp.copy(x),
            jax.nn.softplus(x),
            jax.nn.gelu(x),
            jnp.where(x > 0.5, x, 1 / x),
            jnp.ceil(x),
            lax.stop_gradient(x),
        ),
        *(lax.clamp(x / 2, x, x * 2), lax.while_loop(lambda y: y[0, 0] < 9, lambda y: 2 * y, x)),
        *(x[jnp.argmax(x) % jnp.asarray([1, 2])], lax.platform_dependent(x, cpu=jnp.sin, default=jnp.cos)),
        *(lax.fori_loop(0, 3, lambda _, y: jnp.sin(y), x), lax.cond(x[0, 0] > 0.5, jnp.sin, jnp.cos, x)),
        *(lax.scan(lambda carry, row: (carry + row, carry * row), x[0], x)[1], jnp.pad(x, 1)[1:3, 1:4]),
        *(lax.dynamic_update_slice(x, lax.dynamic_slice(x, (1, 1), (1, 2)), (0, 1)), lax.optimization_barrier(x)),
        *(x.at[1].set(2.0), x.at[0].add(1.0), jnp.concatenate([x[1:], x[:1]]), jnp.stack([x[0], x[1]])),
        *(jnp.broadcast_to(x[0], (2, 3)), jnp.expand_dims(x, 0)[0], sum(jnp.split(x, 1)), x @ x.T @ x),
        x[:, jnp.argmax(x[0])][:, None] * jnp.min(x) + jnp.max(x) - jnp.prod(x) + jnp.sum(x),
    ]
    truth = jnp.all(jnp.isfinite(x)) | jnp.any((x >= 0.2) & (x <= 0.3)) & ~jnp.all((x < 0.1) | (x != 0.4) ^ (x == 0.5))
    return sum(one_by_one) + truth, jax.grad(lambda y: jnp.sum(jax.nn.relu(jnp.tanh(y @ y.T))))(x)


def wholes(n):
    """Every plain operation on whole numbers, and noise."""
    key = jr.wrap_key_data(jnp.asarray([1, 2], jnp.uint32))
    drawn = jr.key_data(jr.fold_in(key, n[0, 0])).astype(jnp.int32)[:, None]
    bits = (n << 2) | (n >> 1) ^ lax.shift_right_logical(n, n) & ~n
    chosen = jnp.argmin(n[0]).astype(n.dtype) + lax.iota(n.dtype, 3) + lax.min(n, 2 * n) * lax.max(n, 2 - n)
    drawn = drawn + lax.bitcast_convert_type(lax.bitcast_convert_type(drawn, jnp.float32), jnp.int32)
    return bits + chosen + drawn % 7 + jr.normal(key, (2, 3)).astype(n.dtype) + n // 3


@needs_cpu
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_it_gives_what_the_operations_give_one_by_one(dtype) -> None:
    x = jnp.asarray([[0.3, 0.8, 0.55], [0.91, 0.12, 0.4]], dtype)
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        for function, at in ((floats, x), (wholes, jnp.asarray([[3, 5, 9], [2, 8, 1]], jnp.int32))):
            alone = compiled(function, at)
            text = alone.lower(at).compile().as_text() or ""
            assert "xla_cpu_small_call" in text, "it is one kernel"
            for own, plain in zip(jax.tree.leaves(alone(at)), jax.tree.leaves(function(at)), strict=True):
                np.testing.assert_allclose(own, plain, rtol=30 * float(jnp.finfo(dtype).eps))


@needs_cpu
def test_it_passes_on_what_it_was_given_and_drops_what_it_does_not_use() -> None:
    known = jnp.arange(3.0)

    def function(x, unused, y):
        twice = 2 * x
        return {"same": y, "twice": (twice, twice), "known": known, "three": 3.0 + 0 * known, "none": None}

    found = compiled(function, jnp.ones(3), jnp.zeros(5), jnp.full(2, 7.0))(jnp.ones(3), jnp.zeros(5), jnp.full(2, 7.0))
    truth = function(jnp.ones(3), jnp.zeros(5), jnp.full(2, 7.0))
    assert jax.tree.structure(found) == jax.tree.structure(truth)
    jax.tree.map(np.testing.assert_array_equal, found, truth)


@needs_cpu
def test_an_argument_that_xla_finds_a_way_around_does_no_harm() -> None:
    def function(x, y, z):
        always = (y > x) | (jnp.arange(1) == 0)
        return jnp.where(always, x + 1, z), lax.while_loop(lambda a: a < 5, lambda a: a + 1, x[0])

    at = [jnp.full(1, number, jnp.float32) for number in (1, 2, 3)]

    def flown(*at):
        return lax.fori_loop(0, 3, lambda _, held: (compacted(function, *held)(*held)[0], held[2], held[1]), tuple(at))

    found = jax.jit(flown, compiler_options=dict(compact.OPTIONS))(*at)
    np.testing.assert_array_equal(found[0], [4.0])


@needs_cpu
def test_an_argument_of_which_only_nothing_is_used_does_no_harm_in_a_scan() -> None:
    def function(x, y):
        return jnp.concatenate([2 * x, y[1:] + 1])

    def flown(x, y):
        return lax.scan(lambda held, _: (compacted(function, held, y)(held, y), None), x, length=3)[0]

    np.testing.assert_array_equal(jax.jit(flown)(jnp.ones(1), jnp.ones(1)), [8.0])


@needs_cpu
def test_no_kernel_is_made_within_another() -> None:
    def outer(x):
        return compacted(jnp.sin, x)(x) + compacted(jnp.cos, x)(x)

    text = compiled(outer, jnp.ones(3)).lower(jnp.ones(3)).compile().as_text() or ""
    assert text.count(" call(") == 1


@needs_cpu
def test_a_kernel_that_another_calls_is_a_part_of_it() -> None:
    sine = compacted(jnp.sin, jnp.ones(3))

    def outer(x):
        return lax.fori_loop(0, 2, lambda _, y: sine(y), x)

    text = compiled(outer, jnp.ones(3)).lower(jnp.ones(3)).compile().as_text() or ""
    entry = text[text.index("ENTRY") :]
    assert entry.count(" call(") == 1, "one kernel is called"
    assert " while(" not in entry
    np.testing.assert_array_equal(compiled(outer, jnp.ones(3))(jnp.ones(3)), outer(jnp.ones(3)))


@needs_cpu
def test_a_kernel_may_write_into_what_is_longer_than_what_it_may_make() -> None:
    def outer(page):
        return lax.fori_loop(0, 5, lambda i, page: page.at[i].set(i + 1.0), page)

    page = jnp.zeros(1_000_000)
    text = compiled(outer, page).lower(page).compile().as_text() or ""
    assert "xla_cpu_small_call" in text
    np.testing.assert_array_equal(compiled(outer, page)(page)[:7], [1, 2, 3, 4, 5, 0, 0])


@pytest.mark.parametrize(
    "function",
    [
        lambda x: jnp.sort(x),
        lambda x: jnp.linalg.eigh(x @ x.T)[0],
        lambda x: lax.fori_loop(0, 2, lambda _, y: jnp.linalg.cholesky(y @ y.T + jnp.eye(4)) @ y, x),
        lambda x: jnp.zeros(5000) + x[0, 0],
        lambda x: x[0, 0] + jnp.sum(jnp.broadcast_to(x[0], (2000, 4))),
        lambda x: jnp.tile(x, (10, 10)) @ jnp.tile(x, (10, 10)).T,
    ],
    ids=["a sort", "LAPACK", "LAPACK in a loop", "long", "a long sum", "large matrices"],
)
def test_what_needs_the_runtime_or_would_be_slower_stays_as_it_is(function) -> None:
    assert compacted(function, jnp.ones((4, 4))) is function


@settings(max_examples=60)
@given(some.integers(1, 7), some.integers(0, 2**32 - 1), some.sampled_from(["float32", "float64"]))
def test_few_rows_are_diagonalised_and_whitened_as_lapack_does(n: int, seed: int, dtype: str) -> None:
    random = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(random.normal(size=(n, n)))
    values = random.normal(size=n) * 10.0 ** random.uniform(-6, 3, n)
    values[random.random(n) < 0.3] = values[0]
    matrix = np.asarray((basis * values) @ basis.T, dtype)
    matrix = (matrix + matrix.T) / 2
    found, vectors = map(np.asarray, _eigh(matrix))
    truth = np.linalg.eigvalsh(matrix.astype(np.float64))[::-1]
    size, eps = float(np.abs(truth).max()), float(np.finfo(dtype).eps)
    np.testing.assert_allclose(found, truth, atol=20 * eps * size)
    assert (np.diff(found) <= 0).all()
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(n), atol=40 * eps)
    np.testing.assert_allclose(matrix @ vectors, vectors * found, atol=40 * eps * size)

    rows = random.normal(size=(n, 9)).astype(dtype)
    white = np.asarray(_whitened(rows @ rows.T, rows), np.float64)
    np.testing.assert_allclose(white @ white.T, np.eye(n), atol=10 * eps * float(np.linalg.cond(rows)) ** 2)


_eigh, _whitened = jax.jit(small.eigh), jax.jit(small.whitened)


def test_every_plain_operation_was_tried() -> None:
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        codes = [jax.make_jaxpr(floats)(jnp.ones((2, 3))), jax.make_jaxpr(wholes)(jnp.ones((2, 3), jnp.int32))]
    names: set[str] = set()
    while codes:
        code = codes.pop()
        inner = getattr(code, "jaxpr", code)
        for step in inner.eqns:
            names.add(step.primitive.name)
            codes += compact._codes(list(step.params.values()))
    assert PLAIN - names <= set()

"""The networks against their formulas in NumPy, loop by loop, and what they say of inputs that they cannot take."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from dltlab import catalog
from dltlab.engine.models import MODELS
from dltlab.engine.problems import PROBLEMS
from dltlab.errors import ScenarioError

pytestmark = pytest.mark.usefixtures("wide")


def made(**table: Any) -> Any:
    return catalog.make(MODELS, table, noun="model", at=("problem", "model"))


def outputs(model: Any, params: list[dict[str, np.ndarray]], x: np.ndarray, dtype: Any = np.float64) -> np.ndarray:
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf, dtype), params)
    found = jax.jit(lambda params, x: model(params, x))(params, jnp.asarray(x, dtype))
    assert found.dtype == dtype
    return np.asarray(found)


def shaken(params: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
    """Parameters with biases that are not zero."""
    random = np.random.default_rng(9)
    return jax.tree.map(lambda leaf: leaf + 0.3 * random.standard_normal(leaf.shape), params)


@pytest.mark.parametrize("inputs", [1, 5])
@pytest.mark.parametrize("examples", [3, 50])
@pytest.mark.parametrize("widths", [[], [7], [7, 4]])
def test_an_mlp_is_its_formula_however_it_lies_in_memory(widths: list[int], examples: int, inputs: int) -> None:
    model = made(kind="mlp", widths=widths)
    params = shaken(model.init(np.random.default_rng(0), inputs, 2))
    assert [layer["weight"].shape for layer in params] == list(zip([*widths, 2], [inputs, *widths], strict=True))
    x = np.random.default_rng(1).standard_normal((examples, inputs))
    expected = []
    for example in x:
        a = example
        for depth, layer in enumerate(params):
            a = layer["weight"] @ (np.tanh(a) if depth else a) + layer["bias"]
        expected.append(a)
    np.testing.assert_allclose(outputs(model, params, x), expected, rtol=1e-12)
    np.testing.assert_allclose(outputs(model, params, x, np.float32), expected, rtol=1e-4, atol=1e-5)


def test_a_seed_draws_an_mlps_weights_input_by_input() -> None:
    found = made(kind="mlp", widths=[4], init="lecun", gain=2.0).init(np.random.default_rng(7), 3, 2)
    random = np.random.default_rng(7)
    np.testing.assert_allclose(found[0]["weight"].T, 2 / 3**0.5 * random.standard_normal((3, 4)), rtol=1e-14)
    np.testing.assert_allclose(found[1]["weight"].T, 1 / 4**0.5 * random.standard_normal((4, 2)), rtol=1e-14)


@pytest.mark.parametrize(("law", "square"), [("xavier", 2 / 500), ("lecun", 1 / 200), ("he", 2 / 200)])
def test_weights_have_the_variance_that_they_name(law: str, square: float) -> None:
    weight = made(kind="mlp", widths=[300], init=law).init(np.random.default_rng(0), 200, 1)[0]["weight"]
    np.testing.assert_allclose(np.mean(weight**2), square, rtol=0.02)
    uniform = made(kind="mlp", widths=[300], init="uniform").init(np.random.default_rng(0), 200, 1)[0]["weight"]
    np.testing.assert_allclose(np.mean(uniform**2), 1 / 600, rtol=0.02)
    assert np.abs(uniform).max() <= 200**-0.5


def convolved(image: np.ndarray, layer: dict[str, np.ndarray], stride: int) -> np.ndarray:
    """Filters over an image (planes, side, side) with a border of zeros, pixel by pixel."""
    weight, bias = layer["weight"], layer["bias"]
    wide, made_ = np.pad(image, ((0, 0), (1, 1), (1, 1))), -(-image.shape[1] // stride)
    found = np.empty((len(weight), made_, made_))
    for out in range(len(weight)):
        for i in range(made_):
            for j in range(made_):
                square = wide[:, stride * i : stride * i + 3, stride * j : stride * j + 3]
                found[out, i, j] = np.sum(weight[out] * square) + bias[out]
    return found


def pooled(image: np.ndarray) -> np.ndarray:
    half = image.shape[1] // 2
    return np.array(
        [[[p[2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean() for j in range(half)] for i in range(half)] for p in image]
    )


@pytest.mark.parametrize(("planes", "side"), [(1, 8), (3, 7)])
@pytest.mark.parametrize("shrink", ["average", "stride"])
def test_a_cnn_is_its_formula(shrink: str, planes: int, side: int) -> None:
    model = made(kind="cnn", channels=[2, 3], shrink=shrink, gain=1.5)
    params = shaken(model.init(np.random.default_rng(0), planes * side**2, 4))
    assert [layer["weight"].shape for layer in params[:2]] == [(2, planes, 3, 3), (3, 2, 3, 3)]
    x = np.random.default_rng(1).standard_normal((5, planes * side**2))
    expected = []
    for example in x:
        image = example.reshape(planes, side, side)
        for layer in params[:-1]:
            image = np.tanh(convolved(image, layer, 2 if shrink == "stride" else 1))
            image = pooled(image) if shrink == "average" else image
        expected.append(params[-1]["weight"] @ image.ravel() + params[-1]["bias"])
    np.testing.assert_allclose(outputs(model, params, x), expected, rtol=1e-12)
    np.testing.assert_allclose(outputs(model, params, x, np.float32), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shrink", ["average", "stride"])
def test_a_cnn_has_the_gradient_of_xlas_own_convolution(shrink: str) -> None:
    model = made(kind="cnn", channels=[4, 3], shrink=shrink, activation="softplus")
    params = jax.tree.map(jnp.asarray, shaken(model.init(np.random.default_rng(0), 64, 2)))
    x = jnp.asarray(np.random.default_rng(1).standard_normal((6, 64)))
    stride = (2, 2) if shrink == "stride" else (1, 1)

    def usual(params: list[dict[str, jax.Array]]) -> jax.Array:
        image = x.reshape(6, 1, 8, 8)
        for layer in params[:-1]:
            image = lax.conv_general_dilated(image, layer["weight"], stride, ((1, 1), (1, 1)))
            image = jax.nn.softplus(image + layer["bias"][None, :, None, None])
            if shrink == "average":
                image = lax.reduce_window(image, 0.0, lax.add, (1, 1, 2, 2), (1, 1, 2, 2), "VALID") / 4
        return image.reshape(6, -1) @ params[-1]["weight"].T + params[-1]["bias"][None]

    @jax.jit
    def slopes(params: list[dict[str, jax.Array]]) -> tuple[Any, Any]:
        both = (lambda p: model(p, x)), usual
        ours, theirs = (jax.value_and_grad(lambda p, f=f: jnp.sum(f(p) ** 2))(params) for f in both)
        return ours, theirs

    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10), *slopes(params))


def test_a_filter_starts_with_the_variance_of_its_nine_pixels() -> None:
    first, second, head = made(kind="cnn", channels=[60, 50], init="he").init(np.random.default_rng(0), 3 * 16**2, 400)
    np.testing.assert_allclose(np.mean(first["weight"] ** 2), 2 / (9 * 3), rtol=0.1)
    np.testing.assert_allclose(np.mean(second["weight"] ** 2), 2 / (9 * 60), rtol=0.05)
    np.testing.assert_allclose(np.mean(head["weight"] ** 2), 2 / (50 * 4**2), rtol=0.02)
    assert all((layer["bias"] == 0).all() for layer in (first, second, head))


@pytest.mark.parametrize(
    ("data", "channels", "words"),
    [
        ({"kind": "spiral"}, [2], "one plane or three, and 2 inputs are neither"),
        ({"kind": "digits"}, [2, 2, 2, 2], "8×8 pixels can be halved 3 times"),
    ],
)
def test_a_cnn_refuses_what_is_no_image_in_one_sentence(data: dict, channels: list[int], words: str) -> None:
    table = {"kind": "supervised", "data": data, "model": {"kind": "cnn", "channels": channels}}
    with pytest.raises(ScenarioError) as caught:
        catalog.make(PROBLEMS, table, noun="problem", at=("problem",))
    [said] = caught.value.faults
    assert words in said
    assert "\n" not in said


def test_every_square_image_is_of_one_plane_or_of_three_and_never_of_both() -> None:
    squares = {side**2 for side in range(1, 300)}
    assert not squares & {3 * square for square in squares}
    for side in (1, 5, 8, 28, 32):
        for planes in (1, 3):
            weight = made(kind="cnn", channels=[2], shrink="stride").init(np.random.default_rng(0), planes * side**2, 1)
            assert weight[0]["weight"].shape[1] == planes
            assert weight[1]["weight"].shape[1] == 2 * math.ceil(side / 2) ** 2

"""The edge of stability once more, in NumPy alone: no line is shared with the engine but the initial weights."""

import numpy as np
import pytest

from dltlab import scenario
from dltlab.engine import ensemble, experiment

pytestmark = pytest.mark.usefixtures("wide")


def gradient(params: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> tuple[float, list[np.ndarray]]:
    """The loss of a tanh network with one hidden layer, and its gradient by hand."""
    first, bias, second, last = params
    hidden = np.tanh(x @ first + bias)
    error = hidden @ second + last - y
    back = (error @ second.T) * (1 - hidden**2)
    n = len(x)
    return 0.5 * float(np.sum(error**2)) / n, [x.T @ back / n, back.sum(0) / n, hidden.T @ error / n, error.sum(0) / n]


def sharpness(params: list[np.ndarray], x: np.ndarray, y: np.ndarray) -> float:
    """The top eigenvalue of the Hessian by central differences of the gradient."""
    flat = np.concatenate([p.ravel() for p in params])
    ends = np.cumsum([p.size for p in params])[:-1]

    def slope(at: np.ndarray) -> np.ndarray:
        pieces = [piece.reshape(p.shape) for piece, p in zip(np.split(at, ends), params, strict=True)]
        return np.concatenate([g.ravel() for g in gradient(pieces, x, y)[1]])

    step = 1e-5
    columns = [(slope(flat + step * e) - slope(flat - step * e)) / (2 * step) for e in np.eye(flat.size)]
    matrix = np.stack(columns)
    return float(np.linalg.eigvalsh(0.5 * (matrix + matrix.T))[-1])


def test_losses_and_sharpness_agree_with_numpy() -> None:
    made = experiment.build(scenario.read("edge-of-stability"), seeds=1)
    state, memories = ensemble.begin(made.program, (0,))
    flight = ensemble.compiled(made.program, 1)(state, memories, 401)
    x = np.linspace(-1, 1, 20)[:, None]
    y = 8 * x**4 - 8 * x**2 + 1
    layers = state.params
    params = [np.asarray(layers[i][k]).T for i, k in ((0, "weight"), (0, "bias"), (1, "weight"), (1, "bias"))]
    losses = np.asarray(flight.rows["probes.loss"][""])
    tops = np.asarray(flight.rows["probes.sharpness"][""])[:, 0]
    for step in range(401):
        loss, slopes = gradient(params, x, y)
        assert loss == pytest.approx(losses[step], rel=1e-9)
        if step % 200 == 0:
            assert sharpness(params, x, y) == pytest.approx(tops[step // 20], rel=1e-6)
        params = [p - 0.4 * g for p, g in zip(params, slopes, strict=True)]
    assert tops[20] > 1.2 * tops[0]

"""Overparameterised fitting once more, in NumPy and SciPy alone: by hand but for the initial weights."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import scipy.linalg

from dltlab import claims, records, scenario
from dltlab.engine import ensemble, experiment
from dltlab.records import Array, Footer, Frames, Header, Part, Series
from dltlab.session.history import History

pytestmark = pytest.mark.usefixtures("wide")
STEPS, RATE, WIDTH = 300, 0.6, 1024


@cache
def flown() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """The engine's readings of the arm of width 1024, and its initial weights."""
    document = scenario.read("overparam-fit")
    document.table["arms"] = []
    document.table.pop("questions")
    document.table["panels"] = []
    document.set(f"problem.model.width={WIDTH}")
    made = experiment.build(document, seeds=1)
    [program] = made.programs
    state, memories = ensemble.begin(program, (0,))
    flight = ensemble.compiled(program, 1)(state, memories, STEPS + 1)
    rows = {
        (name.split(".")[1] + (".theory" if name.startswith("theories") and not key else "")
         + (f".{key}" if key else "")): np.asarray(values)[:-1]
        for name, readings in flight.rows.items() for key, values in readings.items()
    }  # fmt: skip
    rows = {key: values[: STEPS // _every(key) + 1] for key, values in rows.items()}
    return rows, np.asarray(state.params["inner"]), np.asarray(state.params["outer"])[:, 0]


def _every(name: str) -> int:
    return {"flips": 4, "ntk": 10, "cap": 10, "modes": 2, "movement": 2}.get(name.split(".")[0], 1)


@cache
def examples() -> tuple[np.ndarray, np.ndarray]:
    """The data set's own recipe: normal vectors, normalised, then normal labels."""
    random = np.random.default_rng([0, 1])
    x = random.standard_normal((40, 20))
    x /= np.sqrt((x**2).sum(axis=1))[:, None]
    return x, random.standard_normal(40)


def limit(x: np.ndarray) -> np.ndarray:
    """H∞, entry by entry."""
    n = len(x)
    matrix = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            cosine = 1.0 if i == j else float(x[i] @ x[j])
            matrix[i, j] = cosine * (np.pi - np.arccos(cosine)) / (2 * np.pi)
    return matrix


def trained(inner: np.ndarray, outer: np.ndarray) -> tuple[list[float], list[np.ndarray]]:
    """Losses and weights of gradient descent on the first layer, gradients by hand."""
    x, y = examples()
    losses, path = [], []
    for _ in range(STEPS + 1):
        before = x @ inner
        residual = np.maximum(before, 0) @ outer / np.sqrt(WIDTH) - y
        losses.append(0.5 * float(residual @ residual))
        path.append(inner)
        inner = inner - RATE * x.T @ (residual[:, None] * (before > 0) * outer[None, :]) / np.sqrt(WIDTH)
    return losses, path


def test_losses_movement_and_flips_agree_with_numpy() -> None:
    rows, inner, outer = flown()
    x, _ = examples()
    losses, path = trained(inner, outer)
    seen = np.array(losses) > 1e-16
    np.testing.assert_allclose(rows["loss"][seen], np.array(losses)[seen], rtol=1e-6)
    assert seen.sum() > 150
    moved = np.array([w - inner for w in path])
    np.testing.assert_allclose(rows["movement"], np.sqrt((moved**2).sum(axis=(1, 2)))[::2], rtol=1e-9)
    np.testing.assert_allclose(rows["movement.farthest"], np.sqrt((moved**2).sum(axis=1)).max(axis=1)[::2], rtol=1e-9)
    # Some neurons come to rest on a kink, w·x = 0, and in the end rounding says on which side they are.
    flips = [np.mean((x @ w > 0) != (x @ inner > 0)) for w in path[:121:4]]
    np.testing.assert_allclose(rows["flips"][:31], flips, atol=2 / (40 * WIDTH))
    assert 0.01 < flips[-1] < 0.05


def test_the_prediction_of_the_loss_and_of_the_travel_agrees_with_scipy() -> None:
    rows, _, _ = flown()
    x, y = examples()
    matrix = limit(x)
    values, vectors = scipy.linalg.eigh(matrix)
    step = np.eye(40) - RATE * matrix
    residual, predicted = -y, []
    for _ in range(STEPS + 1):
        predicted.append(0.5 * residual @ residual)
        residual = step @ residual
    early = slice(0, 150)
    np.testing.assert_allclose(rows["loss.theory"][early], predicted[early], rtol=1e-7)
    np.testing.assert_allclose(rows["loss.bound"], predicted[0] * (1 - RATE * values[0] / 2) ** np.arange(STEPS + 1))
    complexity = np.sqrt(y @ scipy.linalg.solve(matrix, y, assume_a="pos"))
    np.testing.assert_allclose(rows["movement.theory"], complexity, rtol=1e-9)
    np.testing.assert_allclose(rows["movement.path"][-1], complexity, rtol=1e-6)
    modes = (vectors.T @ y)[::-1] ** 2
    np.testing.assert_allclose(rows["modes"][0], modes, rtol=1e-6)
    left = np.maximum(modes * (1 - RATE * values[::-1]) ** 12, 1e-24 * modes.sum())
    np.testing.assert_allclose(rows["modes.theory"][3], left, rtol=1e-6)
    # What the claims say of the network itself, by these numbers alone.
    assert np.abs(rows["loss"] - predicted).max() / predicted[0] < 0.02
    assert rows["movement"][-1] == pytest.approx(complexity, rel=0.03)


def test_the_kernel_agrees_with_activation_patterns_counted_by_hand() -> None:
    rows, inner, outer = flown()
    x, _ = examples()
    for reading, weights in ((0, inner), (10, trained(inner, outer)[1][100])):
        active = (x @ weights > 0).astype(float)
        counted = (x @ x.T) * (active @ active.T) / WIDTH
        np.testing.assert_allclose(rows["ntk"][reading], scipy.linalg.eigvalsh(counted)[::-1], rtol=1e-6)
        distance = scipy.linalg.norm(counted - limit(x))
        np.testing.assert_allclose(rows["ntk.limit_distance"][reading], distance, rtol=1e-6)
    np.testing.assert_allclose(rows["ntk.limit"][0], scipy.linalg.eigvalsh(limit(x))[::-1], rtol=1e-9)


def judged(name: str, **columns: np.ndarray) -> str:
    """What the scenario's own claim says of these columns, as readings of the arm of width 1024."""
    [table] = [dict(table) for table in scenario.read("overparam-fit").table["claims"] if table["name"] == name]
    table.pop("arm", None)
    named = {key.replace("_", "."): values for key, values in columns.items()}
    header = Header(
        format=records.FORMAT, session="made", started="", title="", scenario={}, source="", steps=STEPS, every=1,
        pace=None, seeds=(0,), series=tuple(Series(key, key) for key in named), knobs=(), parameters=1,
        precision="float64", optimizer="", versions={}, device={}, threads=1, fingerprint="",
    )  # fmt: skip
    history = History(header)
    part = Part(0, 1, STEPS + 1, {key: Array.of(values) for key, values in named.items()})
    history.extend([Frames(STEPS, (part,), 0.0, 0.0), Footer(STEPS, "finished", "")])
    [claim] = claims.build([table])
    return claim.judge(history).status


def test_wrong_theories_are_refuted_by_the_run() -> None:
    rows, _, _ = flown()
    x, y = examples()
    values, vectors = scipy.linalg.eigh(limit(x))
    start, t = (vectors.T @ y) ** 2, np.arange(STEPS + 1)[:, None]

    def mode_sum(rate: float) -> np.ndarray:
        return 0.5 * (start * (1 - rate * values) ** (2 * t)).sum(axis=1)

    def bound(rate: float) -> np.ndarray:
        return 0.5 * start.sum() * (1 - RATE * rate) ** t[:, 0]

    loss: Any = rows["loss"]
    assert judged("path", loss=loss, loss_theory=mode_sum(RATE)) == "holds"
    assert judged("path", loss=loss, loss_theory=mode_sum(RATE / 2)) == "fails"
    assert judged("path", loss=loss, loss_theory=mode_sum(2 * RATE)) == "fails"
    assert judged("bound", loss=loss, loss_bound=bound(values[0] / 2)) == "holds"
    assert judged("bound", loss=loss, loss_bound=bound(3 * values[0])) == "fails"
    cap = 4 * np.sqrt(40 * start.sum() / WIDTH) / values[0]
    farthest = np.repeat(rows["movement.farthest"], 2)[1:]
    # A cap that fell with m, not with its root, would lie below what is measured.
    for bounding, status in ((cap, "holds"), (cap / WIDTH, "fails")):
        assert judged("cap", movement_farthest=farthest, cap_theory=np.full(STEPS + 1, bounding)) == status

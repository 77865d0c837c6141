"""The true spectrum: the Hessian in float64 at recorded parameters, by routes that share only the loss with the engine.

Up to 300 parameters LAPACK decomposes the whole matrix; above, ARPACK (SciPy's ``eigsh``,
tolerance 1e-7) finds its top from a random start. The work is dealt to processes of one
thread each.
"""

import contextlib
import multiprocessing
import os
import threading
import typing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

DENSE_UP_TO = 300
_BATCH = 10
_ALONE = {"NPROC": "1", "OPENBLAS_NUM_THREADS": "1"}
_solve: Callable[[np.ndarray, np.ndarray | None], np.ndarray]


def spectra(table: dict[str, Any], points: np.ndarray, metrics: np.ndarray | None, count: int) -> np.ndarray:
    """The largest eigenvalues of P^(−1/2) H P^(−1/2) at each point.

    Args:
        table: The scenario whose loss it is.
        points: Flat parameters, (steps, parameters).
        metrics: The diagonals P, of the same shape; None for P = I.
        count: How many eigenvalues.

    Returns:
        Shape (steps, count), largest first.
    """
    starts = range(0, len(points), _BATCH)
    batches = [(points[i : i + _BATCH], None if metrics is None else metrics[i : i + _BATCH]) for i in starts]
    workers = min(os.cpu_count() or 1, len(batches))
    pool = ProcessPoolExecutor(
        workers,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare,
        initargs=(table, points.shape[1], count),
    )
    # They start when the first batches are submitted.
    with pool, _environment(_ALONE):
        return np.concatenate(list(pool.map(_batch, *zip(*batches, strict=True))))


@contextlib.contextmanager
def _environment(wanted: dict[str, str]) -> Iterator[None]:
    """Variables for the processes started meanwhile."""
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _batch(points: np.ndarray, metrics: np.ndarray | None) -> np.ndarray:
    return np.stack([_solve(at, None if metrics is None else metrics[i]) for i, at in enumerate(points)])


def _prepare(table: dict[str, Any], parameters: int, count: int) -> None:
    """What a worker does once."""
    threading.Thread(target=_follow, daemon=True).start()
    from dltlab.engine import machine

    machine.prepare()
    import jax
    import jax.numpy as jnp
    from jax.flatten_util import ravel_pytree
    from workloads import built

    from dltlab.engine.simulation import in_precision

    wide = jnp.dtype(jnp.float64)
    problem = in_precision(built(table).program.simulation.problem, wide)
    drawn = problem.init(np.random.default_rng(0))
    _, unravel = ravel_pytree(in_precision(drawn, wide))

    def loss(problem: Any, at: jax.Array) -> jax.Array:
        return problem.loss(unravel(at))

    global _solve
    _solve = _dense(problem, loss, count) if parameters <= DENSE_UP_TO else _iterative(problem, loss, count)


def _follow() -> None:
    """End when whoever asked is gone, however that happened."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _dense(problem: Any, loss: Any, count: int) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    import equinox as eqx
    import jax

    @eqx.filter_jit
    def hessian(problem: Any, at: jax.Array) -> jax.Array:
        return jax.hessian(lambda point: loss(problem, point))(at)

    def solve(at: np.ndarray, metric: np.ndarray | None) -> np.ndarray:
        matrix = np.asarray(hessian(problem, jax.numpy.asarray(at, np.float64)))
        root = np.ones(len(at)) if metric is None else 1 / np.sqrt(metric.astype(np.float64))
        matrix = root[:, None] * matrix * root
        return np.linalg.eigvalsh(0.5 * (matrix + matrix.T))[::-1][:count]

    return solve


def _iterative(problem: Any, loss: Any, count: int) -> Callable[[np.ndarray, np.ndarray | None], np.ndarray]:
    import equinox as eqx
    import jax
    from scipy.sparse.linalg import LinearOperator, eigsh

    @eqx.filter_jit
    def product(problem: Any, at: jax.Array, vector: jax.Array) -> jax.Array:
        return jax.jvp(jax.grad(lambda point: loss(problem, point)), (at,), (vector,))[1]

    random, solver = np.random.default_rng(0), typing.cast("Any", eigsh)

    def solve(at: np.ndarray, metric: np.ndarray | None) -> np.ndarray:
        point = jax.numpy.asarray(at, np.float64)
        root = np.ones(len(at)) if metric is None else 1 / np.sqrt(metric.astype(np.float64))

        def apply(vector: np.ndarray) -> np.ndarray:
            return root * np.asarray(product(problem, point, jax.numpy.asarray(root * vector.ravel())))

        operator: Any = LinearOperator
        whole = operator((len(at), len(at)), matvec=apply, dtype=np.float64)
        start = random.standard_normal(len(at))
        values = solver(whole, count, which="LA", tol=1e-7, v0=start, return_eigenvectors=False)
        return np.sort(values)[::-1]

    return solve

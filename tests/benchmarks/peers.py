"""What a user would write instead, in a process of its own: ``python peers.py`` serves the benchmark beside it.

loop    a jitted step in a Python loop, float(loss) at every step
power   the same and 20 power iterations from a random vector at every step (the Hessian
        linearised once a step)
eigsh   the same and SciPy's ``eigsh(k=1, which="LA")`` with jitted products at every step
torch   whole tensors, a backward pass a step, float(loss); none where torch is not installed

The threads of OpenBLAS and OpenMP go on spinning after a call and spoil whatever is measured
next in their process; so the engine never shares one with them.
"""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Serve = Callable[[int], None]
"""Trains for so many steps, from the start."""


class Peer:
    """The process, as the benchmark sees it."""

    def __init__(self, task: Any) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "JAX_ENABLE_X64": "0"},
        )
        self._say(tuple(task))

    def timed(self, name: str, steps: int) -> float:
        """Seconds a step."""
        self._say((name, steps))
        assert self._process.stdout is not None
        return pickle.load(self._process.stdout)

    def close(self) -> None:
        """Send it home."""
        self._say(None)
        self._process.wait()

    def _say(self, what: object) -> None:
        assert self._process.stdin is not None
        pickle.dump(what, self._process.stdin)
        self._process.stdin.flush()


def loops(task: Any) -> dict[str, Serve]:
    """The three that use JAX."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax.flatten_util import ravel_pytree
    from scans import loss
    from scipy.sparse.linalg import LinearOperator, eigsh

    x, y, rate = jnp.asarray(task.inputs), jnp.asarray(task.targets), jnp.asarray(task.rate)
    begin, unravel = ravel_pytree(jax.tree.map(jnp.asarray, task.layers))

    def objective(at: jax.Array) -> jax.Array:
        return loss(unravel(at), x, y)

    @jax.jit
    def step(at: jax.Array) -> tuple[jax.Array, jax.Array]:
        value, gradient = jax.value_and_grad(objective)(at)
        return at - rate * gradient, value

    @jax.jit
    def powered(at: jax.Array, start: jax.Array) -> jax.Array:
        _, product = jax.linearize(jax.grad(objective), at)

        def onward(_: int, vector: jax.Array) -> jax.Array:
            turned = product(vector)
            return turned / jnp.linalg.norm(turned)

        vector = jax.lax.fori_loop(0, 19, onward, start / jnp.linalg.norm(start))
        return jnp.vdot(vector, product(vector))

    @jax.jit
    def product(at: jax.Array, vector: jax.Array) -> jax.Array:
        return jax.jvp(jax.grad(objective), (at,), (vector,))[1]

    random = np.random.default_rng(0)

    def by_power(at: jax.Array) -> float:
        return float(powered(at, jnp.asarray(random.standard_normal(at.size), jnp.float32)))

    def by_eigsh(at: jax.Array) -> float:
        operator: Any = LinearOperator
        matrix = operator((at.size,) * 2, matvec=lambda v: np.asarray(product(at, v.ravel())), dtype=np.float32)
        return float(eigsh(matrix, 1, which="LA", return_eigenvectors=False)[0])

    def looped(measure: Callable[[jax.Array], float] | None) -> Serve:
        def serve(steps: int) -> None:
            at = begin
            for _ in range(steps):
                if measure is not None:
                    measure(at)
                at, value = step(at)
                float(value)

        return serve

    return {"loop": looped(None), "power": looped(by_power), "eigsh": looped(by_eigsh)}


def whole_tensors(task: Any) -> dict[str, Serve]:
    """The one that uses PyTorch, where it is."""
    try:
        import torch  # type: ignore[import-not-found]
    except ImportError:
        return {}
    x, y = torch.from_numpy(task.inputs), torch.from_numpy(task.targets)

    def serve(steps: int) -> None:
        layers = [{name: torch.tensor(leaf, requires_grad=True) for name, leaf in own.items()} for own in task.layers]
        leaves = [leaf for own in layers for leaf in own.values()]
        for _ in range(steps):
            out = x
            for depth, own in enumerate(layers):
                out = out @ own["weight"]
                out = out + own["bias"] if "bias" in own else out
                out = torch.tanh(out) if depth < len(layers) - 1 else out
            value = 0.5 * ((out - y) ** 2).sum() / len(y)
            gradients = torch.autograd.grad(value, leaves)
            with torch.no_grad():
                for leaf, gradient in zip(leaves, gradients, strict=True):
                    leaf -= float(task.rate) * gradient
            float(value)

    return {"torch": serve}


def main() -> None:
    """Serve until told to go."""
    from scans import Task

    asked, answer = sys.stdin.buffer, sys.stdout.buffer
    task = Task(*pickle.load(asked))
    served = loops(task) | whole_tensors(task)
    while (order := pickle.load(asked)) is not None:
        name, steps = order
        begin = time.perf_counter()
        served[name](steps)
        pickle.dump((time.perf_counter() - begin) / steps, answer)
        answer.flush()


if __name__ == "__main__":
    main()

"""Readings side by side: what is written comes back under its own name, whatever its shape, dtype and order."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dltlab.engine import rows

pytestmark = pytest.mark.usefixtures("wide")
SHAPES = {
    ("b", "x"): ((), "float32"),
    ("a", "x"): ((2, 3), "float64"),
    ("b", ""): ((4,), "float32"),
    ("a", "n"): ((), "int32"),
}


@pytest.mark.parametrize("members", [None, 2])
def test_rows_come_back_as_they_were_written(members: int | None) -> None:
    lead = (members,) if members else ()
    random = np.random.default_rng(0)
    readings = [
        {key: jnp.asarray(random.integers(-9, 9, (*lead, *shape)), kind) for key, (shape, kind) in SHAPES.items()}
        for _ in range(3)
    ]

    def told(reading: dict[tuple[str, str], jax.Array]) -> dict[str, rows.Row]:
        # A probe reads for one member; what is of several is a batch of rows.
        own = {name: {key[1]: value for key, value in reading.items() if key[0] == name} for name in ("b", "a")}
        one = jax.vmap(rows.row) if members else rows.row
        return {name: one(values) for name, values in own.items()}

    shapes = jax.eval_shape(told, readings[0])
    pages = rows.blank(shapes, 5, members)
    for at, reading in enumerate(readings):
        pages = rows.written(pages, told(reading), jnp.asarray(at + 1, jnp.int32))
    assert len(pages) == 3
    found = rows.unpacked(pages, shapes, members)
    assert set(found) == set(SHAPES)
    for key, values in found.items():
        assert values.shape == (5, *lead, *SHAPES[key][0])
        assert values.dtype == SHAPES[key][1]
        for at, reading in enumerate(readings):
            assert np.array_equal(values[at + 1], reading[key])
        assert np.isnan(values[0]).all() if values.dtype != jnp.int32 else (values[0] == 0).all()

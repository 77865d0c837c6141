"""What is put on the device is what was given."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dltlab.engine.arrays import placed

pytestmark = pytest.mark.usefixtures("wide")


@pytest.mark.parametrize("kind", [None, np.float32, np.float64, jnp.dtype(jnp.float64)])
@pytest.mark.parametrize("given", [np.float32(0.1), np.array([0.1, 0.2]), [0.1, 0.2], 0.1, jnp.float32(0.1)])
def test_values_are_cast_as_numpy_does(given: object, kind: object) -> None:
    there = placed(given, kind)  # pyright: ignore[reportArgumentType]
    expected = np.asarray(given, kind)  # pyright: ignore[reportCallIssue,reportArgumentType]
    assert isinstance(there, jax.Array)
    assert there.dtype == expected.dtype
    assert not there.weak_type
    assert np.asarray(there).tobytes() == expected.tobytes()


def test_what_is_there_stays_where_it_is() -> None:
    there = jnp.arange(3, dtype=jnp.float32)
    assert placed(there) is there
    assert placed(there, np.float32) is there

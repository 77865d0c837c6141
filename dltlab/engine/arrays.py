"""Arrays put on the device."""

from typing import Any

import jax
import numpy as np
from jaxtyping import Array
from numpy.typing import DTypeLike


def placed(values: Any, dtype: DTypeLike | None = None) -> Array:
    """An array with these values, which must not change afterwards.

    For this ``jnp.asarray`` would compile a program for every shape, and another for every cast.
    """
    # NumPy takes None for float64 where dtypes are compared.
    there = isinstance(values, jax.Array) and (dtype is None or dtype == values.dtype)
    return values if there else jax.device_put(np.asarray(values, dtype))

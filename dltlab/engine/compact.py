"""Functions of few numbers as one compiled kernel.

XLA's CPU makes a kernel of each operation, or of a few that it fuses, and calls one after the
other. A call costs a tenth of a microsecond, which is more than the arithmetic of tens of
numbers. A function that is marked as a small call becomes one kernel, loops and all; its
matrix products are plain loops there, and nothing in it may call the runtime.
"""

import functools
import math
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental.xla_metadata import set_xla_metadata
from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn, Literal, Var, jaxpr_as_fun
from jaxtyping import Array

Told = TypeVar("Told")
OPTIONS: Final = {"xla_cpu_multi_thread_eigen": False, "xla_cpu_experimental_ynn_fusion_type": ""}
"""How code with such kernels is compiled.

To offer a product of small matrices to other threads takes longer than the product does, and a library's kernels
cannot stand inside another kernel.
"""
_LONGEST: Final = 1 << 12
"""Elements of the longest array, beyond which XLA wants to share the work among threads; and terms of a product of
two matrices, beyond which a plain loop is slower."""
FEW: Final = 1 << 14
"""Numbers that a gradient touches up to which a second core costs a matrix product more than it saves."""
_SHARED: Final = 1 << 16
"""Elements that one thread makes, one by one, at least as fast as two do."""
_inside: ContextVar[bool] = ContextVar("inside", default=False)
"""Whether a kernel is being made, so that none is made within it."""
_MARKS: Final = ("xla_cpu_small_call", "inlineable")
_IDLE: Final = frozenset({"broadcast_in_dim", "reshape", "squeeze"})
"""Primitives that compute nothing, for which no kernel is called."""
_IN_PLACE: Final = frozenset({"cond", "dynamic_update_slice", "jit", "while"})
"""Primitives that make no array: they write into one that is there, or do what stands in them."""
# fmt: off
PLAIN: Final = frozenset(
    {
        "abs", "acos", "add", "add_any", "and", "argmax", "argmin", "asin", "atan", "atan2", "bitcast_convert_type",
        "broadcast_in_dim", "ceil", "clamp", "concatenate", "cond", "convert_element_type", "copy", "cos", "cosh",
        "cumsum", "custom_jvp_call", "div", "dot_general", "dynamic_slice", "dynamic_update_slice", "eq", "exp", "exp2",
        "expm1", "floor", "gather", "ge", "gt", "integer_pow", "iota", "is_finite", "jit", "le", "log", "log1p",
        "logistic", "lt", "max", "min", "mul", "ne", "neg", "not", "optimization_barrier", "or", "pad",
        "platform_index", "pow", "random_bits", "random_fold_in", "random_unwrap", "random_wrap", "reduce_and",
        "reduce_max", "reduce_min", "reduce_or", "reduce_prod", "reduce_sum", "rem", "reshape", "rev", "round", "rsqrt",
        "scan", "scatter", "scatter-add", "select_n", "shift_left", "shift_right_arithmetic", "shift_right_logical",
        "sign", "sin", "sinh", "slice", "split", "sqrt", "square", "squeeze", "stack", "stop_gradient", "sub", "tan",
        "tanh", "transpose", "while", "xor",
    }
)
# fmt: on
"""Primitives that need nothing of the runtime, each tried in both precisions."""


@functools.cache
def able() -> bool:
    """Whether XLA here knows the options."""
    if jax.default_backend() != "cpu":
        return False
    try:
        with jax.ensure_compile_time_eval():
            jax.jit(lambda x: x + 1, compiler_options=dict(OPTIONS))(np.int32(0))
    except jax.errors.JaxRuntimeError:
        return False
    return True


def compacted(
    function: Callable[..., Any], *likes: Any, products: bool = True, longest: int = _LONGEST
) -> Callable[..., Any]:
    """The function as one kernel; itself where it cannot be one. To be called in a jitted function.

    Called while a larger kernel is made, the kernel is a part of that one.

    Args:
        function: Of arrays, to arrays.
        likes: Its arguments, or their shapes and dtypes.
        products: Whether matrix products may be in it: in code that is compiled with :data:`OPTIONS` alone.
        longest: Elements of the longest array that is made; what is written into may be longer.
    """
    if _inside.get() or not able():
        return function
    mark = _inside.set(True)
    try:
        code, shapes = jax.make_jaxpr(function, return_shape=True)(*likes)
    finally:
        _inside.reset(mark)
    if not _plain(code, products=products, longest=longest):
        return function
    inner, structure = code.jaxpr, jax.tree.structure(shapes)

    def part(*arguments: Any) -> Any:
        told = jaxpr_as_fun(code)(*jax.tree.leaves(arguments))
        return jax.tree.unflatten(structure, [jnp.asarray(one) for one in told])

    given = (*inner.constvars, *inner.invars)
    # What is passed on as it is stays outside, and so does what nobody reads.
    made = list(dict.fromkeys(one for one in inner.outvars if isinstance(one, Var) and one not in given))
    if not made or all(step.primitive.name in _IDLE for step in inner.eqns):
        return part
    read = {one for step in inner.eqns for one in step.invars if isinstance(one, Var)}
    taken = [place for place, one in enumerate(given) if one in read]
    kernel = _kernel(
        inner.replace(
            constvars=[],
            invars=[given[place] for place in taken],
            outvars=made,
            debug_info=inner.debug_info.with_unknown_names(),
        )
    )

    def whole(*arguments: Any) -> Any:
        if _inside.get():
            return part(*arguments)
        leaves = [*code.consts, *jax.tree.leaves(arguments)]
        found = dict(zip(made, kernel(*(leaves[place] for place in taken)), strict=True))
        known = dict(zip(given, leaves, strict=True)) | found
        told = [one.val if isinstance(one, Literal) else known[one] for one in inner.outvars]
        return jax.tree.unflatten(structure, [jnp.asarray(one) for one in told])

    return whole


def _kernel(core: Jaxpr) -> Callable[..., list[Array]]:
    """Code without constants, all of whose inputs are read and all of whose outputs are made, as one kernel."""

    @jax.jit
    def unmarked(*leaves: Array) -> list[Array]:
        # Marks on the operations inside would keep them from being fused.
        with set_xla_metadata(**dict.fromkeys(_MARKS)):
            found = jaxpr_as_fun(ClosedJaxpr(core, ()))(*leaves)
            # XLA aborts at an argument without a use, also where its simplifications leave none: each gets one.
            uses = [leaf.reshape(-1)[0].astype(jnp.float32) for leaf in leaves if leaf.size]
            return [*found, *([jnp.stack(uses)] if uses else [])]

    def marked(*leaves: Any) -> list[Array]:
        with set_xla_metadata(xla_cpu_small_call="true", inlineable="false"):
            # Behind a barrier all outputs count as used, or JAX might drop the last one.
            return list(lax.optimization_barrier(unmarked(*leaves)))[: len(core.outvars)]

    return marked


def short(function: Callable[..., Told], *arguments: Any) -> Told:
    """What a function of few numbers gives, as one kernel in code that is compiled in any way."""
    return compacted(function, *arguments, products=False)(*arguments)


def rowwise(function: Callable[..., Told], *arguments: Any) -> Told:
    """What a function of long rows gives, element by element, as one kernel unless they are very long.

    To share so little work among threads takes longer than to do it.
    """
    return compacted(function, *arguments, products=False, longest=_SHARED)(*arguments)


def _plain(code: ClosedJaxpr | Jaxpr, *, products: bool, longest: int) -> bool:
    """Whether all that it does can be done in one kernel, and no slower."""
    inner = code.jaxpr if isinstance(code, ClosedJaxpr) else code
    return all(
        _fits(step, products=products, longest=longest)
        and all(_plain(one, products=products, longest=longest) for one in _codes(list(step.params.values())))
        for step in inner.eqns
    )


def _fits(step: JaxprEqn, *, products: bool, longest: int) -> bool:
    made = [_shape(one) for one in step.outvars]
    if step.primitive.name not in PLAIN:
        return False
    if step.primitive.name not in _IN_PLACE and any(math.prod(shape) > longest for shape in made):
        return False
    # A long sum is taken by a library as well.
    if step.primitive.name.startswith("reduce") and math.prod(_shape(step.invars[0])) > _LONGEST:
        return False
    if step.primitive.name != "dot_general":
        return True
    if not products:
        return False
    left, size = _shape(step.invars[0]), math.prod(made[0])
    (summed, _), (batch, _) = step.params["dimension_numbers"]
    rows = math.prod(left) // math.prod(left[axis] for axis in (*summed, *batch))
    terms = size * math.prod(left[axis] for axis in summed)
    # Where both sides have more than one vector a library would do better sooner.
    return terms <= (_LONGEST if 1 < rows < size else 2 * _LONGEST)


def _shape(one: Any) -> tuple[int, ...]:
    return one.aval.shape


def _codes(found: list[Any]) -> list[ClosedJaxpr | Jaxpr]:
    """The pieces of code among an operation's parameters."""
    codes: list[ClosedJaxpr | Jaxpr] = []
    for one in found:
        if isinstance(one, ClosedJaxpr | Jaxpr):
            codes.append(one)
        elif isinstance(one, tuple | list):
            codes += _codes(list(one))
    return codes

"""The sharpness: the largest eigenvalues of the Hessian of the loss that is stepped on, each with an error bar.

They are tracked from reading to reading, at one or two Hessian-vector products each
(:mod:`dltlab.engine.numerics.tracker`): cheap enough to be read at every step. Products are
differences of gradients where that holds, which is measured now and then against an exact
one, and exact where it does not: for losses with kinks, late in a fit where float32 cancels,
and with ``precise = true``; also where numbers are so few that a reading is one kernel, in
which an exact product takes no longer. With ``method = "dense"``, and up to 8 parameters in any case,
the whole Hessian is formed and decomposed in float64, whatever the precision of the run: up to
some hundred parameters that is cheap enough for a reading every ten steps or so.

With ``preconditioned = true`` it is the spectrum of P^(−1/2) H P^(−1/2), P the optimizer's
metric: what is pinned at the edge for RMSProp and Adam (Cohen et al. 2022, arXiv:2207.14484).
RMSProp's is read by Lanczos's method, started from the last eigenvectors and noise: at its edge
the largest eigenvalue may be one that was the lowest a step before, which nothing that was
tracked tells. Adam with β₁ = 0 is RMSProp; of it that is to be asked, ``method = "lanczos"``.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float
from msgspec import Meta

from dltlab.engine.numerics import hessian, lanczos, noise
from dltlab.engine.numerics.hessian import Product
from dltlab.engine.numerics.tracked import Found, Tracked
from dltlab.engine.numerics.tracker import Tracker
from dltlab.engine.optimizers import Adaptive, Unsmoothed
from dltlab.engine.probes.base import AbstractProbe, Budget, Budgeted, Every, Readings, Shown, need_flat, passing
from dltlab.engine.problems import AbstractProblem, Kinked, Sampled
from dltlab.engine.simulation import Moment, Simulation, State, in_precision

_TINY: Final = 8
"""Parameters up to which the Hessian is formed in any case."""
_NOISE: Final = 0.3
"""Length of the noise beside the last Ritz vectors that Lanczos starts from."""
_SURE: Final = 0.05
"""Share of the tolerance at which Lanczos stops: what leaps past λ₁ begins as a small part of that noise, and is seen
only where the residual would tell of so little."""
_ROUNDING: Final = 32
"""What rounding may add to a residual, in units of the leading eigenvalue's."""


class Kept(NamedTuple):
    """What is remembered of the two ends of the spectrum."""

    top: Tracked | None
    """Of the largest, where they are tracked."""
    lowest: Float[Array, "1 p"] | None
    """The last eigenvector at the other end."""
    start: Float[Array, "k p"] | None
    """The last Ritz vectors, for Lanczos."""


class Sharpness(AbstractProbe, Budgeted):
    """The ``top`` largest eigenvalues of the (preconditioned) Hessian, largest first."""

    top: Annotated[int, Meta(ge=1, le=16)] = 1
    """k: how many eigenvalues are read, the largest first."""
    every: Every = 0
    preconditioned: bool = False
    """Whether it is that of P^(−1/2) H P^(−1/2), with the P of the optimizer."""
    method: Literal["auto", "dense", "tracked", "lanczos"] = "auto"
    """By forming the whole Hessian, by following eigenvectors from reading to reading, or by Lanczos each time.

    "auto" takes what suits the size.
    """
    above: Annotated[float, Meta(ge=0, le=1e6)] = 0.75
    """Eigenvalues behind the first are followed once they are above this share of the stability threshold.

    All are with 0, and where the optimizer's threshold is not that of what is read.
    """
    lowest: bool = False
    """Whether the most negative eigenvalue is read too, by Lanczos."""
    precise: bool = False
    """Whether to take exact products, and to seek a fiftieth of the tolerance instead of a fifth."""
    tolerance: Annotated[float, Meta(gt=0, lt=1)] = 1e-2
    """Error bar, relative to the eigenvalue, beyond which a reading is marked."""
    products: Annotated[int, Meta(ge=2, le=512)] = 48
    """Hessian-vector products that a reading may take at most; the first one of what is tracked, up to six times so
    many."""
    budget: Budget = 0.0

    def held(self, simulation: Simulation) -> bool:
        """Whether the optimizer's threshold is that of what is read: in a metric the raw Hessian has none."""
        return self.preconditioned or not isinstance(simulation.optimizer, Adaptive)

    def _way(self, simulation: Simulation, parameters: int) -> Literal["dense", "tracked", "lanczos"]:
        """The method for so many parameters."""
        if self.method != "auto":
            return self.method
        if parameters <= _TINY:
            return "dense"
        # What leaps from one end of the spectrum to the other is not near any vector that was kept.
        leaps = self.preconditioned and isinstance(simulation.optimizer, Unsmoothed)
        return "lanczos" if leaps else "tracked"

    @property
    def _sought(self) -> float:
        """The relative error that is aimed at: a fifth of the tolerance, since bars are estimates and estimates err."""
        return self.tolerance / (50 if self.precise else 5)

    def _tracker(self, count: int) -> Tracker:
        return Tracker(count, explorers=4 if self.precise else 2, tolerance=self._sought, most=self.products)

    def shown(self, simulation: Simulation) -> Mapping[str, Shown]:
        """The eigenvalues, also in units of the stability threshold if it is theirs; error bars; the products taken."""
        need_flat(simulation, "a sharpness")
        self._need_products()
        letters = "λ(P⁻½HP⁻½)" if self.preconditioned else "λ(H)"
        axes, gaps = ("eigenvalue",), self.top > 1
        told = {
            "": Shown(f"sharpness {letters}", axes=axes, gaps=gaps, bar="error", tolerance=self.tolerance),
            "error": Shown("error bar", axes=axes, gaps=gaps, scale="log"),
            "relative": Shown(f"{letters} / ({simulation.optimizer.formula})", axes=axes, gaps=gaps),
            "residual": Shown("‖Hv−λv‖", axes=axes, gaps=gaps, scale="log"),
            "products": Shown("Hessian products a reading"),
        }
        if not self.held(simulation):
            del told["relative"]
        if not self.lowest:
            return told
        lowest = Shown(f"lowest {letters}", bar="lowest_error", tolerance=self.tolerance)
        return told | {"lowest": lowest, "lowest_error": Shown("its error bar", scale="log")}

    def _need_products(self) -> None:
        """Refuse fewer products than it takes to renew what is tracked. Raises ValueError."""
        least = self._tracker(self.top).explorers + self.top + 1
        if self.method in ("auto", "tracked") and self.products < least:
            cure = f'take {least} or more, or method = "lanczos".'
            raise ValueError(f"products = {self.products} is too few to track {self.top} of the eigenvalues; {cure}")

    def remember(self, simulation: Simulation, moment: Moment) -> Kept:
        """No eigenvectors yet: every search starts from noise."""
        flat, _ = ravel_pytree(moment.state.params)
        way = self._way(simulation, flat.size)
        if way == "dense":
            return Kept(None, None, None)
        count, end = min(self.top, flat.size), jnp.zeros((1, flat.size), flat.dtype) if self.lowest else None
        if way == "lanczos":
            return Kept(None, end, jnp.zeros((count, flat.size), flat.dtype))
        return Kept(self._tracker(count).begin(flat.size, flat.dtype, moment.state.key), end, None)

    def told(self, simulation: Simulation, moment: Moment, memory: Kept) -> Mapping[str, jax.ShapeDtypeStruct]:
        """Shapes and dtypes of its readings, without tracing what finds them: that is half of a start."""
        size = sum(leaf.size for leaf in jax.tree.leaves(moment.state.params))
        known = memory.start if memory.top is None else memory.top.vectors
        dtype = jnp.dtype(jnp.float64) if known is None else known.dtype
        found = jax.ShapeDtypeStruct((3 * min(self.top, size) + 1,), dtype)
        told = jax.eval_shape(lambda moment, found: self._told(simulation, moment, Found(found)), moment, found)
        one = jax.ShapeDtypeStruct((), dtype)
        return told | ({"lowest": one, "lowest_error": one} if self.lowest else {})

    def measure(self, simulation: Simulation, moment: Moment, memory: Kept) -> tuple[Readings, Kept]:
        """The eigenvalues at the moment's parameters."""
        if memory.top is None and memory.start is None:
            return self._by_decomposition(simulation, moment), memory
        state, scale = moment.state, self._scale(simulation, moment)
        root = None if scale is None else 1 / jnp.sqrt(ravel_pytree(scale)[0])
        quick, exact = _products(simulation, moment, root, precise=self.precise)
        if memory.start is not None:
            pairs = self._by_lanczos(exact or quick, memory.start, state, self._sought * _SURE)
            count = pairs.products.astype(pairs.values.dtype)[None]
            bars = pairs.residuals + _rounding(pairs.values[0])
            found = Found(jnp.concatenate([pairs.values, bars, pairs.residuals, count]))
            memory = memory._replace(start=pairs.vectors)
        else:
            assert memory.top is not None
            edge = simulation.optimizer.threshold(state.opt.hyperparams)
            some = self.above and self.held(simulation)
            least = jnp.asarray(self.above, edge.dtype) * edge if some else jnp.full_like(edge, -jnp.inf)
            least = least.astype(memory.top.vectors.dtype)
            count = min(self.top, memory.top.vectors.shape[1])
            found, kept = self._tracker(count).read(memory.top, quick, exact, least, state.key)
            memory = memory._replace(top=kept)
        readings = self._told(simulation, moment, found)
        if memory.lowest is None:
            return readings, memory
        # The lowest of H is the largest of −H, and far smaller than what lies at the other end.
        end = self._by_lanczos(_turned(exact or quick), memory.lowest, state, self._sought)
        products = found.products + end.products.astype(found.products.dtype)
        bar = end.residuals[0] + _rounding(found.values[0])
        lowest = {"lowest": -end.values[0], "lowest_error": bar, "products": products}
        return readings | lowest, memory._replace(lowest=end.vectors)

    def _scale(self, simulation: Simulation, moment: Moment) -> Any:
        """The metric's diagonal; None for ∇²L itself."""
        opt = moment.state.opt
        return simulation.optimizer.preconditioner(opt, opt.hyperparams) if self.preconditioned else None

    def _by_decomposition(self, simulation: Simulation, moment: Moment) -> Readings:
        wide, scale = jnp.dtype(jnp.float64), self._scale(simulation, moment)
        problem, params = in_precision((simulation.problem, moment.state.params), wide)
        flat, unravel = ravel_pytree(params)
        matrix = hessian.dense(lambda at: problem.loss(unravel(at)), flat)
        if scale is not None:
            root = 1 / jnp.sqrt(ravel_pytree(in_precision(scale, wide))[0])
            matrix = root[:, None] * matrix * root[None, :]
        spectrum = jnp.linalg.eigvalsh(matrix)
        values = spectrum[::-1][: min(self.top, flat.size)]
        bound = jnp.max(jnp.abs(spectrum)) * 4 * jnp.finfo(wide).eps * flat.size
        bars, count = jnp.full_like(values, bound), jnp.full_like(values[:1], flat.size)
        readings = self._told(simulation, moment, Found(jnp.concatenate([values, bars, bars, count])))
        return readings | ({"lowest": spectrum[0], "lowest_error": bound} if self.lowest else {})

    def _told(self, simulation: Simulation, moment: Moment, found: Found) -> Readings:
        """What every method tells."""
        told = {"": found.values, "error": found.errors, "residual": found.residuals, "products": found.products}
        if not self.held(simulation):
            return told
        edge = simulation.optimizer.threshold(moment.state.opt.hyperparams)
        return told | {"relative": found.values / edge.astype(found.values.dtype)}

    def _by_lanczos(
        self, product: Product, known: Float[Array, "k p"], state: State, tolerance: float
    ) -> lanczos.Eigenpairs:
        count, size = known.shape
        # As many vectors as pairs: one would find a repeated eigenvalue once.
        fresh = noise.block(state.key, count * state.step, count, size, known.dtype)
        # Nothing is learnt from what is not finite.
        known = jnp.where(jnp.all(jnp.isfinite(known)), known, 0.0)
        return lanczos.largest(product, known + _NOISE * fresh, count=count, tolerance=tolerance, most=self.products)

    def price(self, simulation: Simulation, parameters: int) -> float:
        """Two gradients a column of the Hessian; one to three a product, of which there are about two."""
        way = self._way(simulation, parameters)
        if way == "dense":
            return 2.0 * parameters
        exact = 1.6 if simulation.few else 3.0
        lowest = exact * min(20, self.products) if self.lowest else 0.0
        if way == "lanczos":
            return exact * min(8 + 8 * self.top, self.products) + lowest
        each = exact if self.precise or not _differenced(simulation) else 1.0
        return each * (1.0 + self.top) + lowest

    def holds(self, problem: AbstractProblem, item: int) -> int:
        """The whole Hessian in float64, or a basis of vectors."""
        parameters, activations = problem.footprint()
        if self.method == "dense":
            return 8 * hessian.held(parameters, activations)
        return item * ((self.products + self.top) * parameters + passing(problem))


def _products(
    simulation: Simulation, moment: Moment, root: Float[Array, " p"] | None, *, precise: bool
) -> tuple[Product, Product | None]:
    """The Hessian's products, quick ones and exact ones to measure them by; None for those where all are exact."""
    problem, params = simulation.problem, moment.state.params
    exact = _framed(hessian.products(problem.loss, params), root)
    if precise or not _differenced(simulation):
        return exact, None
    gradient = jax.grad(problem.loss)
    # A step that sees all the data has taken this gradient already.
    sampled = isinstance(problem, Sampled) and problem.sampled
    slope = gradient(params) if sampled else moment.gradient
    return _framed(hessian.differenced(gradient, params, slope, unit=root is None), root), exact


def _rounding(leading: Float[Array, ""]) -> Float[Array, ""]:
    return _ROUNDING * float(jnp.finfo(leading.dtype).eps) * jnp.abs(leading)


def _turned(product: Product) -> Product:
    """Products with −H."""
    return lambda vector: -product(vector)


def _framed(product: Product, root: Float[Array, " p"] | None) -> Product:
    """Products with RHR for a diagonal R."""
    return product if root is None else (lambda vector: root * product(root * vector))


def _differenced(simulation: Simulation) -> bool:
    """Whether differences of gradients are of use: not across kinks, and nothing is gained where all is one kernel."""
    problem = simulation.problem
    kinked = isinstance(problem, Kinked) and problem.kinked
    return not kinked and not simulation.few

"""The tables that every scenario has in common, as the values that they become.

The open tables (``[problem]``, ``[optimizer]``, ``[probes.NAME]``, ``[[panels]]``, …) stay plain.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from dltlab import values
from dltlab.questions import Question
from dltlab.seeds import LARGEST_FIRST

_Name = values.Name
_Line = Annotated[str, Meta(min_length=1, max_length=400, description="a text of 1 to 400 characters")]


class Run(Struct, frozen=True, forbid_unknown_fields=True):
    """``[run]``: how long, how often, how fast, from which seed."""

    steps: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    """Steps of the optimizer."""
    every: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    """Steps between frames."""
    seed: Annotated[int, Meta(ge=0, le=LARGEST_FIRST)] = 0
    """The first seed: of the initial parameters and of all noise."""
    seeds: Annotated[int, Meta(ge=1, le=4096)] = 1
    """Members of the ensemble that claims are judged on, from the first seed on."""
    pace: Annotated[float, Meta(gt=0, le=1e9)] | None = None
    """Steps a second at which it is worth watching; flat out without it. Headless runs ignore it."""
    precision: Literal["float32", "float64"] = "float32"
    """The floating-point type of parameters and data."""
    kick: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    """Radius of the kick that a viewer gives; without it the viewer is asked for one."""


class ArmTable(Struct, frozen=True, forbid_unknown_fields=True):
    """``[[arms]]``: a variant that runs beside the others; its tables override those of the scenario, key by key."""

    name: _Name
    """What claims and panels call it."""
    title: Annotated[str, Meta(max_length=60)] = ""
    """What legends call it; its name if empty."""
    value: float | None = None
    """The number that it stands for (a width, a scale): what panels and claims across arms plot it against."""
    seeds: Annotated[int, Meta(ge=1, le=4096)] | None = None
    """Its members: the first so many of ``run.seeds``, which it has without this."""
    problem: dict[str, Any] = field(default_factory=dict)
    """What is otherwise in ``[problem]``, key by key."""
    optimizer: dict[str, Any] = field(default_factory=dict)
    """What is otherwise in ``[optimizer]``, key by key."""


class KnobTable(Struct, frozen=True, forbid_unknown_fields=True):
    """``[[knobs]]``: a hyperparameter of the optimizer that may be turned while it runs."""

    name: _Name
    """The optimizer's hyperparameter."""
    low: float
    """The least value that it can be turned to."""
    high: float
    """The greatest."""
    title: Annotated[str, Meta(max_length=60)] = ""
    """What the bench calls it; the field's letter if empty."""
    scale: Literal["linear", "log"] = "log"
    """Whether keys turn it by equal ratios or by equal distances."""


class Scenario(Struct, frozen=True, forbid_unknown_fields=True):
    """A scenario whose common part is valid; the open tables are checked by their rooms."""

    title: _Line
    """What the gallery calls it."""
    problem: dict[str, Any]
    """``[problem]``: data, parameters and a loss to go down."""
    optimizer: dict[str, Any]
    """``[optimizer]``: the way down."""
    run: Run
    """``[run]``: how long, from which seeds, at what precision."""
    abstract: Annotated[str, Meta(max_length=4000)] = ""
    """What it shows, in a few sentences."""
    sources: Annotated[list[_Line], Meta(max_length=64)] = field(default_factory=list)
    """The papers that it stands on."""
    look_for: Annotated[list[_Line], Meta(max_length=64)] = field(default_factory=list)
    """What to look for while it runs."""
    tags: Annotated[list[_Name], Meta(max_length=64)] = field(default_factory=list)
    """Words that the gallery finds it by."""
    probes: Annotated[dict[_Name, dict[str, Any] | str], Meta(max_length=64)] = field(default_factory=dict)
    """``[probes.NAME]``: what is read into the series NAME."""
    theories: Annotated[dict[_Name, dict[str, Any] | str], Meta(max_length=64)] = field(default_factory=dict)
    """``[theories.NAME]``: what predicts the series NAME."""
    panels: Annotated[list[dict[str, Any]], Meta(max_length=64)] = field(default_factory=list)
    """``[[panels]]``: views of some series."""
    knobs: Annotated[list[KnobTable], Meta(max_length=64)] = field(default_factory=list)
    """``[[knobs]]``: hyperparameters that may be turned while it runs."""
    arms: Annotated[list[ArmTable], Meta(max_length=64)] = field(default_factory=list)
    """``[[arms]]``: variants that run beside each other."""
    companions: Annotated[list[_Name], Meta(max_length=64)] = field(default_factory=list)
    """Scenarios of the gallery that complete this one: ``dltlab run`` judges their claims after its own."""
    claims: Annotated[list[dict[str, Any]], Meta(max_length=256)] = field(default_factory=list)
    """``[[claims]]``: what theory promises of the series."""
    questions: Annotated[list[Question], Meta(max_length=64)] = field(default_factory=list)
    """What a lecture asks a class, at chapters of the session."""

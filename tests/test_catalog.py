"""The constructor's signature is the schema: what fits is built, what does not is told in full."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from dltlab import catalog
from dltlab.catalog import Kind, make
from dltlab.errors import ScenarioError


@dataclass(frozen=True)
class Circle:
    """Round.

    And no further."""

    radius: Annotated[float, Meta(gt=0)]
    label: str = "o"


class Square(Struct, frozen=True):
    """Edged."""

    side: Annotated[int, Meta(ge=1, le=10)] = 2


class Stroke(Struct, frozen=True, forbid_unknown_fields=True):
    """A line."""

    color: str


SHAPES: Final[dict[str, Callable[..., Any]]] = {"circle": Circle, "square": Square}


class Picture:
    """Several things at once."""

    def __init__(
        self,
        shape: Annotated[object, Kind("shape", SHAPES)],
        frame: Annotated[object, Kind("shape", SHAPES)] | None = None,
        sizes: Annotated[tuple[int, ...], Meta(min_length=1, max_length=3)] = (1,),
        style: Literal["plain", "dotted"] = "plain",
        width: float | None = None,
        span: tuple[float, float] = (0.0, 1.0),
        stroke: Literal["none", "thin"] | Stroke = "none",
    ) -> None:
        if style == "dotted" and width is None:
            raise ValueError("dotted needs a width; set it.")
        if width is not None:
            self.density = 1 / (width * width)
        self.shape, self.frame, self.sizes, self.style, self.width = shape, frame, sizes, style, width
        self.span, self.stroke = span, stroke


PICTURES: Final[dict[str, Callable[..., Any]]] = {"picture": Picture}


def picture(**table: Any) -> Any:
    return make(PICTURES, {"kind": "picture", **table}, noun="picture", at=("problem",))


def faults(**table: Any) -> list[str]:
    with pytest.raises(ScenarioError) as found:
        picture(**table)
    return list(found.value.faults)


def test_a_table_becomes_what_it_names() -> None:
    made = picture(shape={"kind": "circle", "radius": 2}, frame="square", sizes=[1, 2], width=3)
    assert made.shape == Circle(2.0)
    assert isinstance(made.shape.radius, float)
    assert made.frame == Square(2)
    assert made.sizes == (1, 2)
    assert made.width == 3.0


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        ({}, "problem: the key 'shape' is missing; add it."),
        ({"shape": "sqare"}, "problem.shape: unknown shape 'sqare'; did you mean 'square'?"),
        ({"shape": {"kind": "xyz"}}, "problem.shape.kind: unknown shape 'xyz'; known: circle, square."),
        ({"shape": {"side": 1}}, "problem.shape: this shape has no 'kind'; known: circle, square."),
        ({"shape": 3}, "problem.shape: expected a table with a 'kind', not 3."),
        ({"shape": {"kind": 3}}, "problem.shape.kind: expected a string, not 3."),
        ({"shape": "circle"}, "problem.shape: the key 'radius' is missing; add it."),
        ({"shape": {"kind": "circle", "radius": -1}}, "problem.shape.radius: expected a number > 0, not -1."),
        ({"shape": {"kind": "circle", "radius": "1"}}, "problem.shape.radius: expected a number, not '1'."),
        ({"shape": {"kind": "circle", "radius": True}}, "problem.shape.radius: expected a number, not true."),
        ({"shape": {"kind": "square", "side": 11}}, "problem.shape.side: expected a whole number <= 10, not 11."),
        ({"shape": {"kind": "square", "side": 1.5}}, "problem.shape.side: expected a whole number, not 1.5."),
        ({"shape": {"kind": "square", "sid": 1}}, "problem.shape.sid: unknown key 'sid'; did you mean 'side'?"),
        ({"shape": {"kind": "circle", "radus": 1}}, "problem.shape.radus: unknown key 'radus'; did you mean 'radius'?"),
        (
            {"shape": "square", "stroke": {"colr": "red"}},
            "problem.stroke.colr: unknown key 'colr'; did you mean 'color'?",
        ),
        ({"shape": "square", "stroke": {"color": 3}}, "problem.stroke.color: expected a string, not 3."),
        ({"shape": "square", "stroke": 3}, "problem.stroke: expected a string or a table, not 3."),
        ({"shape": "square", "sizes": [1, "b"]}, "problem.sizes[1]: expected a whole number, not 'b'."),
        ({"shape": "square", "sizes": []}, "problem.sizes: expected a list of length >= 1."),
        ({"shape": "square", "sizes": 3}, "problem.sizes: expected a list, not 3."),
        ({"shape": "square", "style": "doted"}, "problem.style: unknown value 'doted'; did you mean 'dotted'?"),
        ({"shape": "square", "span": [1]}, "problem.span: expected a list of length 2."),
        ({"shape": "square", "span": [1, "b"]}, "problem.span[1]: expected a number, not a string."),
        ({"shape": "square", "width": "w"}, "problem.width: expected a number, not 'w'."),
        ({"shape": "square", "style": "dotted"}, "problem: dotted needs a width; set it."),
        (
            {"shape": "square", "width": 1e-170},
            "problem: its numbers cannot be computed with (float division by zero); ",
        ),
        ({"shape": "square", "wdith\x1b[2J": 1}, "problem.wdith\\x1b[2J: unknown key 'wdith\\\\x1b[2J'; "),
    ],
)
def test_what_does_not_fit_is_told(table: dict[str, Any], fault: str) -> None:
    (told,) = faults(**table)
    assert told.startswith(fault)
    assert "\x1b" not in told


def test_every_fault_is_told_at_once() -> None:
    told = faults(shape={"kind": "circle", "radius": 0, "x": 1}, sizes=["a"], styl="plain")
    assert [line.split(":")[0] for line in told] == [
        "problem.styl",
        "problem.shape.x",
        "problem.shape.radius",
        "problem.sizes[0]",
    ]


@pytest.mark.parametrize("table", [3, None, [], [{}], {"kind": []}, {}, {"kind": "circle", "radius": {}}, True])
def test_no_table_breaks_the_maker(table: Any) -> None:
    with pytest.raises(ScenarioError):
        make(SHAPES, table, noun="shape", at=("problem",))


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from(["kind", "shape", "frame", "sizes", "style", "width", "?"]), VALUES))
def test_any_table_is_built_or_refused(table: dict[str, Any]) -> None:
    try:
        made, told = picture(**{key: value for key, value in table.items() if key != "kind"}), ()
    except ScenarioError as found:
        made, told = None, found.faults
    assert isinstance(made, Picture) != bool(told)
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for fault in told for char in fault)


GOOD = {"kind": "picture", "shape": {"kind": "circle", "radius": 1.5}, "sizes": [3], "style": "plain", "span": [0, 2]}


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "pictur"},
        {"shape": "circle"},
        {"shape": {"kind": "circle"}},
        {"sizes": []},
        {"style": ""},
        {"x": 1},
        {"span": [1]},
    ],
)
def test_the_schema_says_what_the_maker_says(change: dict[str, Any]) -> None:
    judge = jsonschema.Draft7Validator(catalog.schema(PICTURES))
    judge.check_schema(judge.schema)
    judge.validate(GOOD)
    make(PICTURES, GOOD, noun="picture", at=())
    with pytest.raises(jsonschema.ValidationError):
        judge.validate(GOOD | change)
    with pytest.raises(ScenarioError):
        make(PICTURES, GOOD | change, noun="picture", at=())


def test_a_resolved_table_names_every_default_and_makes_the_same() -> None:
    full = catalog.resolved(PICTURES, {"kind": "picture", "shape": "square"})
    assert full == {
        "kind": "picture",
        "shape": {"kind": "square", "side": 2},
        "sizes": [1],
        "style": "plain",
        "span": [0.0, 1.0],
        "stroke": "none",
    }
    assert make(PICTURES, full, noun="picture", at=()).shape == Square()
    assert catalog.resolved(PICTURES, full) == full

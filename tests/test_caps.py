"""Every number that allocates has a cap, and what is beyond it is refused in a sentence before memory is taken."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import click
import msgspec
import pytest

from dltlab import commands, options
from dltlab.cli import cli
from dltlab.records import Array, Frames, Part, Series
from dltlab.scenario import parse, validate
from dltlab.session.history import Column
from dltlab.soundness import fault_of

EXEMPT: dict[str, str] = {}
"""Integers and lists of a scenario that have no cap, and why they need none."""
OPTIONS_EXEMPT = {"--version", "--help"}


def parts(schema: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of a schema, with the keys that lead there."""
    if isinstance(schema, dict):
        yield at, schema
        for key, part in schema.items():
            if key == "properties":
                for name, one in part.items():
                    kind = schema.get("title", "") if "kind" in part else ""
                    yield from parts(one, ".".join(filter(None, [at, kind, name])))
            elif key not in ("const", "default", "enum"):
                yield from parts(part, at)
    elif isinstance(schema, list):
        for part in schema:
            yield from parts(part, at)


def uncapped(schema: dict[str, Any]) -> list[str]:
    """The keys that could ask for any amount: whole numbers, lists, and tables of any keys."""
    found = []
    for at, part in parts(schema):
        kinds = str(part.get("type"))
        whole = "integer" in kinds and not {"maximum", "exclusiveMaximum"} & set(part)
        long = "array" in kinds and "maxItems" not in part
        wide = "object" in kinds and isinstance(part.get("additionalProperties"), dict) and "maxProperties" not in part
        found += [at] if whole or long or wide else []
    return found


def test_the_walk_finds_what_has_no_cap():
    told = {"type": "object", "properties": {
        "a": {"type": "integer"}, "b": {"anyOf": [{"type": "array", "items": {"type": "integer", "maximum": 3}}]},
        "c": {"type": "integer", "maximum": 3}, "d": {"type": "object", "additionalProperties": {"type": "string"}},
    }}  # fmt: skip
    assert uncapped(told) == ["a", "b", "d"]


def test_every_whole_number_and_list_of_a_scenario_has_a_cap(wide):
    from dltlab.check import schema

    whole = schema()
    assert sum("integer" in str(part.get("type")) for _, part in parts(whole)) > 50
    assert sorted(set(uncapped(whole)) - set(EXEMPT)) == []
    assert set(EXEMPT) <= set(uncapped(whole))


def test_every_number_of_a_command_has_a_cap():
    (schema,), kinds = msgspec.json.schema_components([commands.Command])
    numbers = [
        (at, part)
        for at, part in parts([schema, *kinds.values()])
        if part.get("type") in ("integer", "number", "string")
    ]
    assert {at for at, _ in numbers} >= {"steps", "step", "value", "radius", "rate", "text", "knob"}
    for at, part in numbers:
        bounded = {"maximum", "exclusiveMaximum", "maxLength", "enum"} & set(part)
        # A knob has bounds of its own, which the engine keeps.
        assert bounded or at == "value", (at, part)


def every_option(command: click.Command, name: str = "dltlab") -> Iterator[tuple[str, click.Parameter]]:
    yield from ((f"{name} {one.opts[-1]}", one) for one in command.params)
    if isinstance(command, click.Group):
        for inner in command.commands:
            yield from every_option(command.commands[inner], f"{name} {inner}")


def test_every_number_of_the_command_line_has_a_cap_and_none_is_no_number():
    numbers = [
        (name, one.type) for name, one in every_option(cli) if isinstance(one.type, click.IntRange | click.FloatRange)
    ]
    assert len(numbers) > 10
    for name, kind in numbers:
        assert kind.max is not None, name
        assert isinstance(kind, click.IntRange | options.Number), name
    free = [name for name, one in every_option(cli) if type(one.type).__name__ in ("IntParamType", "FloatParamType")]
    assert free == []


@pytest.mark.parametrize("value", ["nan", "NaN", "inf", "-1", "1e300"])
def test_no_number_is_refused(value):
    with pytest.raises(click.BadParameter, match="range"):
        options.Number(0, 1e6).convert(value, None, None)


BEYOND = {
    "a data set": (
        'data = { kind = "teacher", points = 100000, dimension = 10000 }\nmodel = { kind = "mlp", widths = [4] }',
        "100,000 x 10,000 numbers; 268,435,456 are the most",
    ),
    "a network": (
        'data = { kind = "chebyshev", points = 10 }\nmodel = { kind = "mlp", widths = [1000000, 1000000] }',
        "make it smaller",
    ),
    "a kernel": (
        'data = { kind = "sphere", points = 9000, dimension = 4 }\nmodel = { kind = "two_layer", width = 4 }',
        "a kernel of 9,000 x 9,000 numbers",
    ),
    "readings": (
        'data = { kind = "chebyshev", points = 4 }\nmodel = { kind = "mlp", widths = [8] }\n',
        "the readings of 1,000,000,000 steps take",
    ),
    "a reading": (
        'data = { kind = "chebyshev", points = 4 }\nmodel = { kind = "mlp", widths = [8] }\n',
        "numbers would be read at a time",
    ),
}
MORE = {
    "a kernel": '[probes.kernel]\nkind = "ntk"',
    "readings": '[probes.neurons]\nkind = "weight_movement"\n[run]\nsteps = 1000000000\nseeds = 64',
    "a reading": '[probes.l]\nkind = "spectral_density"\npoints = 4096\n[run]\nsteps = 2\nseeds = 4096',
}


def test_what_no_machine_holds_is_refused_before_memory_is_taken(tmp_path):
    for what, (problem, _) in BEYOND.items():
        rest = MORE.get(what, "")
        run = "" if "[run]" in rest else "[run]\nsteps = 10\n"
        (tmp_path / f"{what}.toml").write_text(
            f'title = "T"\n[problem]\nkind = "supervised"\n{problem}\n[optimizer]\nkind = "gradient_descent"\n'
            f"learning_rate = 0.1\n{run}{rest}\n"
        )
    limit = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({6 << 30}, {6 << 30}))"
    code = f"{limit}; import sys; from dltlab.cli import main; main(['check', *sys.argv[1:]])"
    files = [str(tmp_path / f"{what}.toml") for what in BEYOND]
    done = subprocess.run([sys.executable, "-c", code, *files], capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stderr
    told = done.stdout.splitlines()
    assert len(told) == len(BEYOND), told
    for line, file, (_, words) in zip(told, files, BEYOND.values(), strict=True):
        assert line.startswith(f"{file}:"), told
        assert words in line, told


def test_a_scenario_has_no_more_parts_than_anybody_looks_at():
    text = 'title="T"\nproblem={}\noptimizer={}\nrun={steps=1}\n' + "".join(
        f'[[claims]]\nname="c{place}"\n' for place in range(300)
    )
    with pytest.raises(Exception, match=r"claims: expected .*256"):
        validate(parse(text, "many"))


def test_a_line_cannot_claim_more_readings_than_it_has_bytes(fake_header):
    nothing = Part(0, 1, 1 << 24, {})
    assert "bytes" in fault_of(Frames(1, (nothing,), 0.0, 0.0), fake_header)
    strange = Part(0, 1, 1 << 24, {"of a later version": Array("<f8", (1 << 24,), b"12345678")})
    assert "bytes" in fault_of(Frames(1, (strange,), 0.0, 0.0), fake_header)
    assert not fault_of(Frames(1, (Part(0, 1, 0, {}),), 0.0, 0.0), fake_header)
    empty = msgspec.structs.replace(fake_header, series=(Series("loss", "loss", ("k",), (0,)),))
    assert "shape" in fault_of(empty, None)


def test_columns_of_large_readings_begin_small():
    column = Column(Series("s", "s", ("k",), (1 << 24,)))
    assert column._values.nbytes <= 1 << 27
    assert len(Column(Series("s", "s"))._steps) == 64


@pytest.fixture
def fake_header():
    from dltlab.records import FORMAT, Header

    series = (Series("loss", "loss"),)
    return Header(FORMAT, "s", "", "T", {}, "", 10, 1, None, (0,), series, (), 1, "float64", "sgd", {}, {}, 1, "f")

"""Exact continuation over the shelves: every optimizer, ensembles, arms and precisions; every probe and theory."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dltlab import records
from dltlab.engine.optimizers import OPTIMIZERS
from dltlab.engine.probes import PROBES
from dltlab.engine.theories import THEORIES
from dltlab.records import Footer, Frames, Header
from dltlab.session import diff, recording

Same = Callable[[Path, Path], bool]
SETTINGS = {
    "polyak": "momentum = 0.9",
    "nesterov": "momentum = 0.9",
    "ema_momentum": "momentum = 0.9",
    "rmsprop": "learning_rate = 0.003",
    "adam": "learning_rate = 0.003",
    "perturbed_gradient_descent": "gradient_threshold = 10.0\ninterval = 3\nradius = 0.01",
    "jin_2017": "dimension = 6\ngradient_lipschitz = 20.0\nhessian_lipschitz = 1.0\naccuracy = 1e-3\ngap = 1.0",
    "noisy_gradient_descent": "noise = 0.1",
}
"""What an optimizer is told besides its rate: enough to have it remember, and draw."""
STEPS = 90
HEAD = """
title = "Every optimizer"
[problem]
kind = "supervised"
batch = 5
data = {{kind = "chebyshev", degree = 3, points = 12}}
model = {{kind = "mlp", widths = [2], gain = 1.9}}
[optimizer]
kind = "gradient_descent"
learning_rate = 0.02
[run]
steps = {steps}
seeds = 2
precision = "{precision}"
[probes.loss]
kind = "loss"
[probes.movement]
kind = "weight_movement"
every = 7
"""


def everybody(precision: str) -> str:
    """A scenario with an arm for every optimizer: two members each, that draw batches."""
    told = [HEAD.format(steps=STEPS, precision=precision)]
    for kind in sorted(OPTIMIZERS):
        rate = "" if kind == "jin_2017" or "learning_rate" in SETTINGS.get(kind, "") else "learning_rate = 0.02\n"
        told.append(f'[[arms]]\nname = "{kind}"\n[arms.optimizer]\nkind = "{kind}"\n{rate}{SETTINGS.get(kind, "")}\n')
    return "\n".join(told)


def cut(path: Path, chance: random.Random) -> int:
    """Cut a recording as a kill does, anywhere behind its first readings; the steps that it reaches then."""
    lines = path.read_bytes().splitlines(keepends=True)
    kinds = [type(records.decode(line[:-1])) for line in lines]
    first, last = kinds.index(Frames) + 1, len(lines) - 1 if kinds[-1] is Footer else len(lines)
    at = chance.randrange(first, last)
    path.write_bytes(b"".join(lines[:at]) + lines[at][: chance.randrange(len(lines[at]))])
    return recording.read_all(path)[0].step


def broken_and_continued(nursery: Any, scenario: Path, whole: Path, same_bits: Same, times: int) -> None:
    """Cut a session as often, continue it each time, and compare it with the one that nobody broke."""
    order = {"seconds": (0.002, 0.01)}
    assert nursery.run("run", "--session", whole, "--scenario", scenario, "--headless", **order) == (0, "")
    path, chance = whole.with_name(f"broken{records.SUFFIX}"), random.Random(str(scenario.name))
    path.write_bytes(whole.read_bytes())
    for _ in range(times):
        reached = cut(path, chance)
        code, said = nursery.run("resume", "--session", path, "--headless", **order)
        assert (code, said) == (0, ""), reached
        assert same_bits(whole, path), reached


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_optimizer_goes_on_to_the_same_bits(
    precision: str, nursery: Any, same_bits: Same, tmp_path: Path
) -> None:
    scenario, whole = tmp_path / f"{precision}.toml", tmp_path / f"whole{records.SUFFIX}"
    scenario.write_text(everybody(precision), encoding="utf-8")
    broken_and_continued(nursery, scenario, whole, same_bits, 2)
    header = recording.read_all(whole)[0].header
    assert {arm.name for arm in header.arms} == set(OPTIMIZERS)
    assert header.precision == precision
    loss = diff.told(whole).history["loss"].values
    assert loss.shape == (STEPS + 1, len(OPTIMIZERS), 2)
    assert len({one.tobytes() for one in loss.reshape(len(loss), -1).T}) == loss[0].size, "each goes its own way"


WORLDS = {
    "digits": 'kind = "supervised"\ndata = {kind = "digits", points = 40}\nmodel = {kind = "mlp", widths = [3]}',
    "sphere": 'kind = "supervised"\nloss = "square_sum"\ndata = {kind = "sphere", points = 9, dimension = 4}\n'
    'model = {kind = "two_layer", width = 20, doubled = true, train = "first"}',
    "teacher": 'kind = "supervised"\ndata = {kind = "teacher", points = 9, dimension = 2}\n'
    'model = {kind = "two_layer", width = 20, doubled = true}',
    "valley": 'kind = "self_stabilization"\nsharpness = 20.0\nslope = 0.01',
    "octopus": 'kind = "octopus"\ndimension = 5',
    "saddle": 'kind = "strict_saddle"\nacross = 0.5',
}
NEEDS = {"test_loss": 'data = {kind = "teacher", points = 50, dimension = 2, part = "test"}'}
ALL = [("probes", kind) for kind in sorted(PROBES)] + [("theories", kind) for kind in sorted(THEORIES)]


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("world", WORLDS)
def test_all_probes_and_theories_of_a_world_go_on_to_the_same_bits(
    world: str, precision: str, nursery: Any, same_bits: Same, tmp_path: Path
) -> None:
    from dltlab.engine import experiment
    from dltlab.scenario import parse

    def text(chosen: list[tuple[str, str]]) -> str:
        tables = [f'[{section}.{kind}]\nkind = "{kind}"\nevery = 3\n{NEEDS.get(kind, "")}' for section, kind in chosen]
        head = HEAD.format(steps=STEPS, precision=precision).split("[probes.loss]")[0]
        begin, end = head.index("[problem]"), head.index("[optimizer]")
        head = head[:begin] + f"[problem]\n{WORLDS[world]}\n" + head[end:]
        return "\n".join([head, '[probes.first]\nkind = "loss"', *tables])

    def reads(one: tuple[str, str]) -> bool:
        from dltlab.errors import ScenarioError

        try:
            experiment.build(parse(text([one]), "one.toml"))
        except ScenarioError:
            return False
        return True

    chosen = [one for one in ALL if reads(one)]
    assert len(chosen) > 5
    scenario, whole = tmp_path / f"{world}.toml", tmp_path / f"whole{records.SUFFIX}"
    scenario.write_text(text(chosen), encoding="utf-8")
    broken_and_continued(nursery, scenario, whole, same_bits, 3)
    assert isinstance(next(iter(records.Decoder().feed(whole.read_bytes()))), Header)

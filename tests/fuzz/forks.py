"""Recordings that an engine goes on from: resumed, forked, computed again, with whatever stands in them."""

import functools
from pathlib import Path
from typing import Any, Final

import harness

with harness.instrumented():
    import numpy as np

    from dltlab import records, scenario
    from dltlab.engine import machine

    machine.prepare()

    from dltlab.engine import acts, again, experiment, keyframes, session
    from dltlab.engine.fleet import Fleet
    from dltlab.engine.forks import Beginning, Changes
    from dltlab.engine.journal import Journal
    from dltlab.errors import DltlabError, ScenarioError
    from dltlab.records import Array, Event, Footer, Frames, Part
    from dltlab.text import UNFIT

import recording

SECONDS: Final = 8.0
_TEXT: Final = """
title = "A bowl"
problem = { kind = "quadratic", eigenvalues = [1.0, 2.0] }
optimizer = { kind = "gradient_descent", learning_rate = 0.1 }
run = { steps = 12, seeds = 2 }
probes = { loss = "loss", sharpness = "sharpness" }
knobs = [{ name = "learning_rate", low = 0.001, high = 10.0 }]
"""


@functools.cache
def bowl() -> tuple[experiment.Experiment, Fleet, dict[str, Any]]:
    """A small experiment, built once."""
    document = scenario.parse(_TEXT, "bowl")
    built = experiment.build(document)
    return built, Fleet(built.programs, built.members), document.table


def _session() -> bytes:
    """As an engine would have recorded it, without the flying: readings of zero, and the first state."""
    built, fleet, _ = bowl()
    begun = fleet.begin()
    head = session.header(Path("fuzzed"), "bowl", scenario.parse(_TEXT, "bowl"), built)
    rows = {one.name: Array.of(np.zeros((6, *one.shape), one.dtype)) for one in built.series}
    said: list[records.Record] = [head, keyframes.taken(0, begun), Frames(6, (Part(0, 1, 6, rows),), 0.1, 0.01, 0.6)]
    said += [
        Event(6, "turn", "η 0.1 → 0.2.", {"knob": "learning_rate", "value": 0.2, "old": 0.1}, 0.1),
        Event(6, "turn", "budget", {"knob": "sharpness.budget", "value": 1, "old": 2}, 0.1),
        Event(6, "kick", "Kicked.", {"radius": 1, "direction": "random"}, 0.1),
        Event(6, "cadence", "…", {"probe": "sharpness", "every": 2, "share": 0.1, "budget": 0.5}, 0.1),
        Event(6, "fork", "Forked.", {"parent": "p", "step": 6, "seed": 3}, 0.1),
        Frames(12, (Part(6, 1, 6, rows),), 0.2, 0.01, 1.2),
        Event(11, "diverged", "Seed 1: …", {"seed": 1, "step": 11}, 0.2), Footer(12, "stopped", "as told", 0.3),
    ]  # fmt: skip
    return b"".join(map(records.encode, said))


SEEDS: Final[list[bytes]] = [_session()]
mutated = recording.mutated


def _built(document: scenario.Document, **given: Any) -> experiment.Experiment:
    """The bowl, for its own scenario; others are built by another fuzzer."""
    built, _, table = bowl()
    if document.table != table or any(given.values()):
        raise ScenarioError("another scenario than the bowl.")
    return built


experiment.build = _built


def trial(data: bytes) -> None:
    """Try it; an AssertionError or anything but a DltlabError is a finding."""
    path = harness.FOLDER / f"forked{records.SUFFIX}"
    with harness.bounds(SECONDS):
        for way in (_resumed, _forked, _again):
            path.write_bytes(recording.mended(data))
            try:
                way(path)
            except DltlabError as refusal:
                assert not UNFIT.search(str(refusal)), refusal
                assert str(refusal).endswith("."), refusal


def _resumed(path: Path) -> None:
    journal = Journal.continued(path)
    try:
        past = session._past(journal)
        _, built = session.rebuilt(past, path)
        _, fleet, _ = bowl()
        start = session._start(past, fleet, path)
        fleet.place(start)
        for event in past.acts[:20]:
            acts.again(fleet, built, event)
        assert past.reached >= 0
    finally:
        journal.close()


def _forked(path: Path) -> None:
    for at in (6, 0, 3, 11, 2**53, -1):
        try:
            beginning = Beginning(path, at)
            past = beginning.past
            _, built = session.rebuilt(past, path)
            changes = Changes(7, (("learning_rate", 0.3),), 0.1, "random")
            changes.check(built.knobs)
            told = changes.told(past, built.knobs, "parent", at)
            session._start(past, bowl()[1], path)
        except DltlabError as refusal:
            assert not UNFIT.search(str(refusal)), refusal
            continue
        pieces = b"".join(beginning.pieces())
        # What a fork begins with is the parent's own lines, and what it adds is sound.
        assert pieces in path.read_bytes() or len(beginning.stretches) > 1
        assert not UNFIT.search("".join(event.text for event in told))


def _again(path: Path) -> None:
    told = again.Told(path)
    _, built = session.rebuilt(told.past, path)
    steps = [moment.step for moment in told.script]
    assert steps == sorted(steps)
    assert built.seeds


if __name__ == "__main__":
    harness.fuzz(trial, mutated, SEEDS)

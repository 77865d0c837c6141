"""A scenario file of any bytes, with any assignments: read, overridden, validated, its claims built, shown."""

import json
import random
from typing import Final

import harness

with harness.instrumented():
    import tomli

    from dltlab import claims, places, scenario, show
    from dltlab.errors import ScenarioError
    from dltlab.tables import Scenario
    from dltlab.text import UNFIT, one_line

SECONDS: Final = 3.0
_END: Final = b"\0"
"""Between the file and each assignment."""
SEEDS: Final[list[bytes]] = [
    *(path.read_bytes() for path in scenario.gallery().values()),
    b'title = "T"\nproblem = { kind = "quadratic", eigenvalues = [1.0, 2.0] }\n[optimizer]\nkind = "gradient_descent"\n'
    b'learning_rate = 0.1\n[run]\nsteps = 10\n[[claims]]\nkind = "level"\nname = "c"\nseries = "loss"\n'
    b"predicted = 0.0\ntolerance = 0.1\nwindow = [0.0, 1.0]\n"
    b"\0run.steps=20\0claims.c.predicted = 1.5\0knobs.0.low={a=[1]}",
]


def trial(data: bytes) -> None:
    """Try it; an AssertionError or anything but a ScenarioError is a finding."""
    whole, *assignments = data.split(_END)
    path = harness.FOLDER / "fuzzed.toml"
    path.write_bytes(whole)
    with harness.bounds(SECONDS):
        try:
            document = scenario.read(str(path))
            for assignment in assignments[:8]:
                document.set(assignment.decode("utf-8", "surrogateescape"))
            known = scenario.validate(document)
            built = claims.build(known.claims, document)
            claims.check_arms(built, known.arms, document)
            claims.check_series(built, ["loss", "sharpness"], document)
        except ScenarioError as refusal:
            assert refusal.faults
            assert all(fault == one_line(fault) for fault in refusal.faults), refusal.faults
        else:
            _shown(document, known)
        # What is no scenario may be sound TOML still: every key has its place.
        _placed(whole)


def _shown(document: scenario.Document, known: Scenario) -> None:
    """What is shown of a scenario is clean, and reading its tables back gives the same ones."""
    prose = "\n".join(show.prose(known))
    assert not UNFIT.search(prose), prose
    text = "\n".join(show.toml(document.table))
    assert not UNFIT.search(text), text
    assert tomli.loads(text) == document.table


def _placed(whole: bytes) -> None:
    try:
        text = whole.decode()
        table = tomli.loads(text)
    except (ValueError, RecursionError):
        return
    found = places.locate(text)
    for key, value in table.items():
        where = found.find((scenario.clean(key),))
        assert where is not None, key
        line, column = where
        assert 1 <= line <= text.count("\n") + 1, key
        assert column >= 1, value


def mutated(data: bytes, draw: random.Random) -> bytes:
    """One key of the file is otherwise, or one assignment more."""
    whole, *assignments = data.split(_END)
    if draw.random() < 0.2:
        key = draw.choice(
            ["run.steps", "run.seeds", "problem.kind", "knobs.0.low", "claims.0.predicted", "a.b.c", "arms"]
        )
        return _END.join([data, f"{key}={json.dumps(draw.choice(harness.WORDS))}".encode("utf-8", "replace")])
    table = harness.grown(tomli.loads(whole.decode()), draw)
    if not isinstance(table, dict):
        return data
    text = "\n".join(show.toml({str(key): value for key, value in table.items() if value is not None}))
    return _END.join([text.encode("utf-8", "replace"), *assignments])


if __name__ == "__main__":
    harness.fuzz(trial, mutated, SEEDS)

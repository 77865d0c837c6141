"""Scenarios that are nearly right, against every shelf: checked, resolved and shown, built but never run."""

import random
from typing import Any, Final

import harness

with harness.instrumented():
    import tomli

    from dltlab import scenario, show
    from dltlab.check import check, resolved, shelves
    from dltlab.errors import ScenarioError
    from dltlab.text import UNFIT, one_line

    # The rooms are imported when they are asked for.
    shelves()

SECONDS: Final = 30.0
_SMALL: Final = (
    """
problem = { kind = "quadratic", eigenvalues = [1.0, 2.0] }
optimizer = { kind = "adam", learning_rate = 0.1, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 }
""",
    """
problem = { kind = "supervised", loss = "square", data = { kind = "chebyshev", degree = 2, points = 6 }, \
model = { kind = "mlp", widths = [4], activation = "tanh", init = "xavier", gain = 1.5 } }
optimizer = { kind = "ema_momentum", learning_rate = 0.1, momentum = 0.5 }
theories = { sharpness = { kind = "stability_threshold" }, flow = { kind = "gradient_flow" } }
arms = [{ name = "a", value = 1.0 }, { name = "b", value = 2.0, optimizer = { learning_rate = 0.2 } }]
""",
    """
problem = { kind = "strict_saddle" }
optimizer = { kind = "gradient_descent", learning_rate = 0.1 }
""",
)
_REST: Final = """
title = "T"
run = { steps = 12, every = 2, seeds = 2, seed = 1, pace = 10.0, precision = "float64", kick = 0.1 }
probes = { loss = { kind = "loss" }, sharpness = { kind = "sharpness", every = 2, top = 1 } }
knobs = [{ name = "learning_rate", title = "η", low = 0.001, high = 10.0, scale = "log" }]
panels = [{ kind = "curves", title = "loss", series = ["loss"] }]
claims = [{ kind = "level", name = "c", says = "It is.", series = "loss", predicted = 0.0, tolerance = 9.0 }]
"""
SEEDS: Final[list[bytes]] = [
    *((head + _REST).encode() for head in _SMALL),
    *(scenario.gallery()[name].read_bytes() for name in ("edge-of-stability", "saddle-octopus")),
]


def trial(data: bytes) -> None:
    """Try it; an AssertionError or anything but a ScenarioError is a finding."""
    path = harness.FOLDER / "checked.toml"
    path.write_bytes(data)
    with harness.bounds(SECONDS):
        try:
            document = scenario.read(str(path))
            found = check(document)
        except ScenarioError as refusal:
            assert refusal.faults
            assert all(fault == one_line(fault) for fault in refusal.faults), refusal.faults
            assert all(len(fault) < 2000 for fault in refusal.faults), refusal.faults
            return
        tables = resolved(found)
        text = "\n".join(show.toml(tables))
        assert not UNFIT.search(text)
        again = scenario.validate(scenario.parse(text, "again"))
        assert resolved(again) == tables


def mutated(data: bytes, draw: random.Random) -> bytes:
    """One value is otherwise; numbers most often."""
    table: dict[str, Any] = tomli.loads(data.decode())
    section = draw.choice(list(table))
    told = harness.grown(table[section], draw) if draw.random() < 0.9 else draw.choice(harness.WORDS)
    table[section] = told
    return "\n".join(show.toml({key: value for key, value in table.items() if value is not None})).encode(
        "utf-8", "replace"
    )


if __name__ == "__main__":
    harness.fuzz(trial, mutated, SEEDS)

"""Titles as formulas: whatever a series is called, a claim's number is written out or left as it is."""

import math
import random
from typing import Final

import harness

with harness.instrumented():
    import numpy as np

    from dltlab import records
    from dltlab.claims import formulas
    from dltlab.claims.verdict import Interval
    from dltlab.records import Header, Knob, Series
    from dltlab.session.history import History
    from dltlab.text import UNFIT

SECONDS: Final = 1.0
SEEDS: Final[list[bytes]] = [
    title.encode()
    for title in (
        "2/η\nη\n0.2", "(2+2β)/η\nβ\n0.9", "2/(1+2β)η\nη\n0.1", "((1+2)·3−1)/(η*2)\nη\n-0.0", "λ₁\n\n1", "1/0\nη\n0",
        "(((((((((1)))))))))/η\nη\n5e-324", "999999999999999999999999/η\nη\n1e308", "٣/η\nη\n1", "²/η\nη\n1",
    )
]  # fmt: skip


def trial(data: bytes) -> None:
    """Try it: the title of a threshold, a knob's title and its value, a line each."""
    title, letter, value = [*data.decode("utf-8", "replace").split("\n", 2), "", ""][:3]
    history = _history(title, letter, _number(value))
    with harness.bounds(SECONDS):
        told = [
            formulas.quotient(history, "sharpness", 0, 10.0, "threshold", bound, 3)
            for bound in (10.0, 0.0, -1.0, math.nan, math.inf, 1e-320, _quotient(title, history))
        ]
        told += [
            formulas.symbol(history, name, of) for name in ("sharpness", "threshold", title) for of in (0, 7, "all")
        ]
        told.append(formulas.judged(_number(value), Interval(-math.inf, _number(title))))
        told.append(formulas.seed(history, 1))
        formulas.whose(np.array([_number(value), math.nan, _number(title)]), Interval(0.0, 1.0), "all")
    assert not UNFIT.search("".join(told)), told
    assert all(len(one) < 4 * len(data) + 1000 for one in told)


def _quotient(title: str, history: History) -> float:
    """What the title says, where it says anything: so that the formula is written out."""
    parts = formulas._TOKEN.findall(title)
    try:
        return formulas.evaluated(parts, {knob.title: knob.value for knob in history.header.knobs})
    except (ValueError, ZeroDivisionError):
        return 1.0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.5


def _history(title: str, letter: str, value: float) -> History:
    series = (Series("sharpness", "λ", ("eigenvalue",), (2,)), Series("threshold", title), Series("η", title))
    knobs = (Knob("rate", letter, value, 0, 1),)
    head = ("s", "", "T", {}, "", 10, 1, None, (0, 1), series, knobs, 1, "float64", "sgd", {}, {}, 1, "")
    return History(Header(records.FORMAT, *head))


def mutated(data: bytes, draw: random.Random) -> bytes:
    """Some letters are otherwise."""
    text = data.decode("utf-8", "replace")
    place = draw.randrange(len(text) + 1)
    word = draw.choice(
        ["(", ")", "/", "·", "+", "−", "η", "2", "1e9", "1e308", "0", "β", " ", "\n", "∞", "½", ".", "9" * 40]
    )
    return (text[:place] + word + text[place + draw.randrange(3) :]).encode("utf-8", "replace")


if __name__ == "__main__":
    harness.fuzz(trial, mutated, SEEDS)

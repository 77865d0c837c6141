"""What sets sessions apart is told, all of it, in lines that a terminal can show; what is the same is not."""

import msgspec

from dltlab.records import FORMAT, Event, Header, Knob
from dltlab.session import compare
from dltlab.session.compare import NONE, Difference
from dltlab.session.history import History

SCENARIO = {
    "title": "The edge",
    "abstract": "Long.",
    "optimizer": {"kind": "gradient_descent", "learning_rate": 0.4},
    "problem": {"model": {"widths": [40], "activation": "tanh"}},
    "claims": [{"name": "edge", "tolerance": 0.03}, {"name": "calm", "at_most": 0.0}],
}


def session(name: str = "a", *events: Event, change: dict | None = None, **fields: object) -> History:
    """A session of this scenario with some of its tables replaced."""
    header = Header(
        FORMAT, name, "", "The edge", {**SCENARIO, **(change or {})}, "edge", 1000, 1, None, (0,), (),
        (Knob("learning_rate", "η", 0.4, 0.05, 1.0),), 7, "float64", "gradient_descent", {"jax": "1"}, {"kind": "cpu"},
        2, "f00d",
    )  # fmt: skip
    history = History(msgspec.structs.replace(header, **fields))
    history.extend(events)
    return history


def test_a_session_does_not_differ_from_its_like():
    assert compare.differences([session("a"), session("b"), session("c")]) == []


def test_every_changed_key_is_told_and_no_other():
    faster = {"kind": "gradient_descent", "learning_rate": 0.2}
    stricter = [{"name": "edge", "tolerance": 0.01}, {"name": "calm", "at_most": 0.0}]
    other = session(change={"optimizer": faster, "claims": stricter, "run": {"seed": 3}})
    assert compare.differences([session(), other]) == [
        Difference("scenario", "optimizer.learning_rate", ("0.4", "0.2")),
        Difference("scenario", "claims.edge.tolerance", ("0.03", "0.01")),
        Difference("scenario", "run.seed", (NONE, "3")),
    ]


def test_claims_in_another_order_are_the_same_claims():
    assert compare.differences([session(), session(change={"claims": SCENARIO["claims"][::-1]})]) == []


def test_turns_kicks_and_forks_are_told_with_their_steps():
    told = (
        Event(300, "fork", "", {"parent": "a", "step": 300}),
        Event(300, "turn", "", {"knob": "learning_rate", "value": 0.2, "old": 0.4}),
        Event(400, "kick", "", {"radius": 0.01, "direction": "lowest"}),
        Event(500, "turn", "", {"knob": "learning_rate", "value": 0.1, "old": 0.2}),
    )
    found = {row.key: row.values for row in compare.differences([session("a"), session("b", *told)])}
    assert found == {
        "fork": (NONE, "of a at 300"),
        "turn learning_rate": (NONE, "0.2 at 300, 0.1 at 500"),
        "kick": (NONE, "0.01 at 400 along the lowest curvature"),
    }


def test_many_turns_are_counted():
    turns = [Event(n, "turn", "", {"knob": "η", "value": float(n)}) for n in range(10)]
    (row,) = compare.differences([session("a"), session("b", *turns)])
    assert row.values[1].endswith("3 at 3, … and 6 more")


def test_seeds_steps_and_machines_are_told():
    other = session(seeds=tuple(range(6)), steps=2000, fingerprint="beef", versions={"jax": "2"}, threads=2)
    found = {row.key: (row.kind, row.values) for row in compare.differences([session(), other])}
    assert found == {
        "seeds": ("run", ("seed 0", "seeds 0 to 5")),
        "steps planned": ("run", ("1,000", "2,000")),
        "fingerprint": ("machine", ("f00d", "beef")),
        "version of jax": ("machine", ("1", "2")),
    }


def test_a_legend_says_the_one_thing_that_matters():
    turn = Event(300, "turn", "", {"knob": "learning_rate", "value": 0.2, "old": 0.4})
    assert compare.brief(session("b", parent="a", forked=300), session("a")) == "parent"
    assert compare.brief(session("a"), session("b", turn)) == "η 0.2 at 300"
    slower = {"kind": "gradient_descent", "learning_rate": 0.1}
    assert compare.brief(session("a"), session("b", change={"optimizer": slower})) == "η 0.1"
    assert compare.brief(session("a"), session("b", seeds=(4,))) == "seed 4"
    fork = session("b", Event(300, "fork", "", {"parent": "a", "step": 300}), turn, parent="a", forked=300)
    assert compare.brief(session("a"), fork) == "η 0.2 at 300"
    assert compare.brief(session("a"), session("b", fork.events[0], parent="a", forked=300)) == "fork at 300"
    assert compare.brief(session("a"), session("b")) == "b"


def test_what_a_file_says_reaches_no_terminal_as_it_is():
    hostile = "\x1b]0;owned\x07\nx"
    deep: dict = {}
    for _ in range(200):
        deep = {"deeper": deep}
    other = session(
        hostile, Event(1, "turn", "", {"knob": hostile, "value": hostile}), change={hostile: hostile, "d": deep}
    )
    rows = compare.differences([session(), other])
    assert len(rows) >= 3
    for text in [compare.brief(session(), other), *(part for row in rows for part in (row.key, *row.values))]:
        assert text.isprintable()
        assert len(text) < 300

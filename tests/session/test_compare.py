"""What sets sessions apart is told, all of it, in lines that a terminal can show; what is the same is not."""

import msgspec
import pytest

from dltlab.records import FORMAT, Arm, Event, Header, Knob
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


def test_what_looks_the_same_in_brief_is_told_apart_exactly():
    def rate(value: object) -> History:
        return session(change={"optimizer": {"kind": "gradient_descent", "learning_rate": value}})

    one, other, third = rate(0.10000001), rate(0.10000009), rate(0.2)
    exact = ("0.10000001", "0.10000009")
    assert compare.differences([one, other]) == [Difference("scenario", "optimizer.learning_rate", exact)]
    assert compare.differences([one, other, third])[0].values == (*exact, "0.2")
    assert compare.differences([one, one, third])[0].values == ("0.1", "0.1", "0.2")
    assert compare.differences([rate(1), rate(1.0)]) == []
    assert compare.brief(one, other) == "η 0.10000009"
    assert compare.apart([one.header, other.header]) == [f"optimizer.learning_rate={value}" for value in exact]


@pytest.mark.parametrize("parted", [300, 50])
def test_what_differs_only_far_behind_is_shown_where_it_differs(parted: int):
    def tables(last: object) -> History:
        return session(
            change={"problem": {"widths": [7] * parted + [last]}, "data": {"path": "x" * parted + str(last)}}
        )

    one, other = tables(11), tables(12)
    rows = compare.differences([one, other])
    assert [row.key for row in rows] == ["problem.widths", "data.path"]
    for values in [*(row.values for row in rows), tuple(compare.apart([one.header, other.header]))]:
        assert values[0] != values[1]
        assert all(len(value) <= 120 and str(last) in value for value, last in zip(values, (11, 12), strict=True))


def test_acts_that_differ_behind_the_first_few_or_in_the_last_digits_differ():
    def turns(*values: float) -> History:
        return session("a", *(Event(n, "turn", "", {"knob": "η", "value": value}) for n, value in enumerate(values)))

    (row,) = compare.differences([turns(0.1, 0.2), turns(0.1, 0.200001)])
    assert row.values == ("0.1 at 0, 0.2 at 1", "0.1 at 0, 0.200001 at 1")
    many = [float(n) for n in range(100)]
    (row,) = compare.differences([turns(*many), turns(*many[:-1], 0.5)])
    assert [value.endswith(end) for value, end in zip(row.values, ("99 at 99", "0.5 at 99"), strict=True)] == [True] * 2
    seeds = [session(seeds=(0, 2, 4, 6, last)) for last in (8, 9)]
    assert compare.differences(seeds)[0].values == ("(0, 2, 4, 6, 8)", "(0, 2, 4, 6, 9)")


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


def test_sessions_of_one_scenario_are_told_apart_by_what_was_set():
    def header(name: str, **change: object) -> Header:
        return session(name, change=change).header

    optimizer = {"kind": "gradient_descent", "learning_rate": 0.2}
    plain, slow, both = header("a"), header("b", optimizer=optimizer), header("c", optimizer=optimizer, run={"seed": 3})
    assert compare.apart([plain, plain]) == ["", ""]
    assert compare.apart([plain, slow]) == ["optimizer.learning_rate=0.4", "optimizer.learning_rate=0.2"]
    assert compare.apart([plain, slow, both]) == [
        "optimizer.learning_rate=0.4", "optimizer.learning_rate=0.2", "optimizer.learning_rate=0.2, run.seed=3",
    ]  # fmt: skip
    stranger = msgspec.structs.replace(slow, source="another")
    drawn = header("d", panels=[{"kind": "curves"}], abstract="Other words.")
    assert compare.apart([plain, stranger, drawn]) == ["", "", ""]
    worded = header("w", claims=[{"name": "edge", "tolerance": 0.03, "says": "In words."}, SCENARIO["claims"][1]])
    assert compare.apart([plain, worded]) == ["", ""]
    many = header("e", problem={f"key{n}": "x" * 99 for n in range(9)})
    assert compare.apart([plain, many])[1].endswith(", … and 5 more")
    assert len(compare.apart([plain, many])[1]) < 240


def test_what_is_set_as_the_scenario_is_written_is_not_told():
    whole, short, slow = session("a"), session("b"), session("c")
    tables = [
        {**SCENARIO, "run": {"steps": 6000, "seeds": 6}},
        {**SCENARIO, "run": {"steps": 500, "seeds": 6}},
        {**SCENARIO, "run": {"steps": 6000, "seeds": 1}, "optimizer": {"learning_rate": 0.2}},
    ]
    heads = [
        msgspec.structs.replace(one.header, scenario=table)
        for one, table in zip((whole, short, slow), tables, strict=True)
    ]
    told = compare.apart(heads, {"edge": tables[0]})
    assert told == ["", "run.steps=500", "optimizer.learning_rate=0.2, run.seeds=1"]
    assert compare.apart(heads[:2], {"edge": tables[1]}) == ["run.steps=6000", ""]
    assert compare.apart(heads[:2], {"another": tables[0]}) == ["run.steps=6000", "run.steps=500"]


def test_of_arms_that_were_left_out_the_others_are_named():
    tables = [{"name": "gd", "value": 1}, {"name": "pgd", "problem": {"width": 4}}]
    heads = tuple(Arm(name, name, None, 1) for name in ("gd", "pgd"))
    whole = session("a", change={"arms": tables}, arms=heads).header
    part = session("b", change={"arms": tables[:1]}, arms=heads[:1]).header
    assert compare.apart([whole, part]) == ["arms=gd pgd", "arms=gd"]


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
    settings = compare.apart([session().header, msgspec.structs.replace(other.header, source="edge")])
    assert any(settings)
    for text in [
        compare.brief(session(), other),
        *settings,
        *(part for row in rows for part in (row.key, *row.values)),
    ]:
        assert text.isprintable()
        assert len(text) < 300

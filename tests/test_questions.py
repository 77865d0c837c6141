"""Questions of a scenario: faults have their place, recordings carry them, and what they hold is not trusted."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltlab import check, questions, scenario, show
from dltlab.chapters import DETECTORS, Chapter
from dltlab.chapters.asked import opening
from dltlab.errors import ScenarioError
from dltlab.exports.page import places
from dltlab.questions import Question
from dltlab.records import FORMAT, Decoder, Header, encode
from dltlab.text import one_line

GOOD = """\
title = "A bowl"
[problem]
kind = "quadratic"
[optimizer]
kind = "gradient_descent"
[run]
steps = 10
[[questions]]
name = "edge"
at = "edge"
ask = "And now?"
choices = ["up", "down"]
answer = 1
why = "It must."
"""


def faults(text: str) -> list[str]:
    try:
        scenario.validate(scenario.parse(text, "x.toml"))
    except ScenarioError as found:
        return list(found.faults)
    return []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "answer = 1",
            "answer = 2",
            "x.toml:13:1: questions[0].answer: 2 is no choice; the choices are counted from 0,",
        ),
        ("answer = 1", "answer = -1", "x.toml:13:1: questions[0].answer: expected a whole number >= 0, not -1."),
        ('["up", "down"]', '["up"]', "x.toml:12:1: questions[0].choices: expected a list of length >= 2."),
        ('["up", "down"]', '["a", "b", "c", "d", "e", "f"]', "x.toml:12:1: questions[0].choices: expected a list of"),
        (
            '["up", "down"]',
            '["up", "up"]',
            "x.toml:12:1: questions[0].choices: two choices say the same; write another.",
        ),
        ('["up", "down"]', f'["up", "{"x" * 61}"]', "x.toml:12:18: questions[0].choices[1]: expected a choice of 1 to"),
        (
            'at = "edge"',
            "at = 10",
            "x.toml:10:1: questions[0].at: step 10 leaves nothing to see before run.steps = 10;",
        ),
        ('at = "edge"', "at = true", "x.toml:10:1: questions[0].at: expected"),
        ('at = "edge"', 'at = "The Edge"', "x.toml:10:1: questions[0].at: "),
        ('at = "edge"', 'at = "edge"\narm = "x"', "x.toml:11:1: questions[0].arm: no arm 'x'; known: none."),
        ('ask = "And now?"', "", "x.toml:8:3: questions[0]: the key 'ask' is missing; add it."),
        (
            "answer = 1",
            "answers = 1",
            "x.toml:13:1: questions[0].answers: unknown key 'answers'; did you mean 'answer'?",
        ),
        (
            'why = "It must."',
            'why = ""',
            "x.toml:14:1: questions[0].why: expected one or two sentences, 600 characters",
        ),
    ],
)
def test_a_fault_names_place_key_and_cure(old: str, new: str, fault: str) -> None:
    assert GOOD.count(old) == 1
    told = faults(GOOD.replace(old, new))
    assert any(line.startswith(fault) for line in told), told


def test_a_good_one_and_its_twin() -> None:
    assert faults(GOOD) == []
    twice = GOOD + GOOD[GOOD.index("[[questions]]") :]
    assert faults(twice) == ["x.toml:16:1: questions[1].name: a second question 'edge'; choose another name."]


def test_check_refuses_a_kind_of_chapter_that_no_detector_opens() -> None:
    for kind, told in (
        ("edge", []),
        ("egde", ["x.toml:10:1: questions[0].at: no chapter 'egde'; did you mean 'edge'?"]),
    ):
        document = scenario.parse(GOOD.replace('at = "edge"', f'at = "{kind}"'), "x.toml")
        assert check.unasked(scenario.validate(document), document) == told


@pytest.mark.parametrize("name", scenario.gallery())
def test_questions_of_the_gallery_name_chapters_that_exist_and_answers_among_their_choices(name: str) -> None:
    found = scenario.validate(scenario.read(name))
    for question in found.questions:
        assert isinstance(question.at, int) or question.at in DETECTORS
        assert question.right == question.choices[question.answer]
        assert "20" in question.why, "a source has its year"


def test_the_gallery_asks() -> None:
    asked = {name: len(scenario.validate(scenario.read(name)).questions) for name in scenario.gallery()}
    for name in ("edge-of-stability", "saddle-octopus", "overparam-fit", "lazy-vs-meanfield"):
        assert asked[name] >= 2
    assert sum(number > 0 for number in asked.values()) >= 8


def test_show_tells_questions_with_their_answers() -> None:
    told = "\n".join(show.prose(scenario.validate(scenario.read("edge-of-stability"))))
    assert "λ₁ has met the line 2/η. What will it do now?" in told
    assert "→ 2 hover at 2/η" in told


def test_a_recording_carries_questions_and_an_old_one_has_none() -> None:
    table = scenario.parse(GOOD, "x.toml").table
    old = Header(
        FORMAT, "bowl-1", "2026-01-01T00:00:00Z", "A bowl", {"title": "A bowl"}, "bowl", 10, 1, None, (0,), (), (), 2,
        "float32", "gradient_descent", {}, {}, 1, "",
    )  # fmt: skip
    [read] = Decoder().feed(encode(msgspec.structs.replace(old, scenario=table)))
    assert isinstance(read, Header)
    [question] = questions.of(read.scenario)
    assert (question.name, question.at, question.right, question.nth) == ("edge", "edge", "down", 1)
    assert questions.of(old.scenario) == []


_TREE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_SOUND = {"name": "a", "at": "edge", "ask": "x", "choices": ["a", "b"], "answer": 0, "why": "y"}


@given(_TREE, st.sampled_from([*_SOUND, "steps", "nth", "arm", "of a later version"]))
def test_no_crafted_recording_breaks_the_reading(value: object, key: str) -> None:
    for tables in (value, [value], [{**_SOUND, key: value}]):
        for question in questions.of({"questions": tables}):
            assert question.answer < len(question.choices)
            for text in (question.ask, question.why, *question.choices):
                assert text == one_line(text)
    assert len(questions.of({"questions": [{**_SOUND, "of a later version": value}]})) == 1


def test_escapes_of_a_recording_are_shown_and_not_obeyed() -> None:
    [question] = questions.of({"questions": [{**_SOUND, "ask": "a\x1b[2J\nb", "choices": ["\u202ex", "y"]}]})
    assert question.ask == "a\\x1b[2J b"
    assert question.choices[0] == "\\u202ex"


def _chapter(step: int, kind: str, arm: str = "") -> Chapter:
    return Chapter(step, kind, kind, kind, "", arm, step)


def _question(**more: object) -> Question:
    return Question(**{"name": "a", "at": "saddle", "ask": "?", "choices": ["x", "y"], "answer": 0, "why": "z", **more})


@pytest.mark.parametrize(
    ("more", "step"),
    [
        ({}, 10),
        ({"nth": 2}, 30),
        ({"nth": 2, "arm": "b"}, 40),
        ({"nth": 3}, None),
        ({"at": 77}, 77),
        ({"at": "edge"}, None),
        ({"arm": "b"}, 20),
        ({"since": 15}, 20),
        ({"since": 15, "arm": "a"}, 30),
        ({"since": 15, "nth": 2}, 30),
        ({"since": 50}, 10),
    ],
)
def test_a_question_is_asked_where_its_chapter_opens(more, step):
    chapters = [
        _chapter(10, "saddle", "a"),
        _chapter(20, "saddle", "b"),
        _chapter(30, "saddle", "a"),
        _chapter(40, "saddle", "b"),
    ]
    since = more.pop("since", 0)
    assert opening(_question(**more), chapters, since) == step
    lasting = [last for last in range(100) if places.asked(_question(**more), chapters, last) is not None]
    assert since or lasting == ([] if step is None else list(range(step, 100))), "a page asks where a lecture does"

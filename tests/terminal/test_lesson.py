"""The course of a lecture, without a screen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltlab.records import FORMAT, Header
from dltlab.session.history import History
from dltlab.terminal.screens.conducting import hands_of
from dltlab.terminal.screens.lesson import Lesson


@given(st.lists(st.integers(0, 60), min_size=1, max_size=30), st.integers(0, 59), st.integers(1, 60), st.booleans())
def test_every_question_is_asked_once_at_its_step_and_told_by_the_end(strides, at, steps, answered):
    asked = {"name": "a", "at": at, "ask": "?", "choices": ["x", "y"], "answer": 0, "why": "z", "steps": steps}
    header = Header(
        FORMAT, "x", "", "x", {"questions": [asked]}, "x", 2000, 1, None, (0,), (), (), 1, "float32", "", {}, {}, 1, "",
    )  # fmt: skip
    lesson, history, told = Lesson(header), History(header), []
    for stride in [*strides, 60, 60, 60]:
        history.step += stride
        while lesson.look(history, ()):
            told.append((lesson.phase, history.step))
            if lesson.phase == "asking":
                assert lesson.limit == lesson.opened == at
                assert history.step - stride <= at <= history.step or history.step == stride
                assert not answered or lesson.answer(0)
                lesson.reveal()
                assert lesson.limit is None
            else:
                assert history.step >= at + steps
                lesson.close()
    assert [phase for phase, _ in told] == ["asking", "told"]


@pytest.mark.parametrize(
    ("text", "hands"),
    [
        ("3 12 4", [3, 12, 4]),
        ("3,12,4", [3, 12, 4]),
        ("3 12", []),
        ("a b c", []),
        ("0 0 0", []),
        ("1 2 -3", []),
        ("", []),
        ("²  1 1", []),
        ("9" * 40 + " 1 1", []),
    ],
)
def test_hands(text, hands):
    assert hands_of(text, 3) == hands

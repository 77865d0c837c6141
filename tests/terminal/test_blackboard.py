"""What is written on the blackboard of a lecture: large letters, cards with a question, and headlines."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltlab import scenario
from dltlab.questions import Question
from dltlab.terminal.drawing import blackboard, lettering
from dltlab.terminal.drawing.blackboard import Asked, Number
from dltlab.terminal.drawing.lines import plain, width_of


@given(st.text(max_size=12), st.integers(1, 80))
def test_large_type_is_four_rows_of_one_width_or_nothing(text, width):
    for glyphs in ("braille", "ascii"):
        drawn = lettering.large(text, glyphs)
        assert drawn is None or (len(drawn) == lettering.ROWS and len({len(row) for row in drawn}) == 1)
        for line in lettering.set_lines(text, width, glyphs) or []:
            assert all(len(row) <= width for row in line)


def test_the_letters_of_the_gallery_s_questions_are_all_drawn_and_no_two_are_alike():
    told = [one for name in scenario.gallery() for one in scenario.validate(scenario.read(name)).questions]
    for question in told:
        for text in (question.ask, *question.choices):
            assert lettering.large(text, "braille") is not None, text
    letters = [lettering._letters()[letter] for letter in string.ascii_letters + string.digits]
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize("phase", ["asking", "answered", "told"])
@pytest.mark.parametrize("size", [(120, 38), (80, 22), (40, 10)])
@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
def test_a_card_fits_and_says_all_of_its_choices(phase, size, glyphs):
    question = Question("a", "saddle", "What now?", ["up", "down"], 0, "z")
    asked = Asked(question, phase, 10, "T", 1, (3, 4))
    picture = blackboard.card(asked, size[0], size[1], glyphs)
    assert len(picture) == size[1]
    assert {width_of(line) for line in picture} == {size[0]}
    if glyphs == "ascii":
        text = plain(picture)
        assert all(word in text for word in ("What now?", "up", "down"))
        assert ("✗ our answer" in text) == (phase == "told")
        assert ("✓ right" in text) == (phase == "told")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 12)])
def test_a_headline_keeps_its_height_while_its_numbers_change(size):
    def high(step: str, value: str) -> int:
        numbers = [Number("step", step, "9,999"), Number("λ₁", value)]
        return len(blackboard.headline("The edge of stability", "It hovers.", numbers, size[0], size[1], "braille"))

    assert len({high(step, value) for step in ("0", "520", "5,999") for value in ("5", "4.46", "0.059")}) == 1


@pytest.mark.parametrize(("width", "height", "cut"), [(80, 24, True), (80, 30, True), (200, 40, False)])
def test_a_sentence_that_is_cut_ends_with_an_ellipsis(width, height, cut):
    sentence = "The sharpness reaches 2/η = 5.00; from here on it hovers there: 5.09 is its median. " * 2
    numbers = [Number("step", "2,300", "9,999"), Number("λ₁", "5.1")]
    text = plain(blackboard.headline("The edge of stability", sentence, numbers, width, height, "braille"))
    assert "The sharpness reaches" in text
    assert ("…" in text) == cut

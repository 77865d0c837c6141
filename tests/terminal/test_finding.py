"""Finding: every word must match, the best comes first, and marking changes no letter."""

from hypothesis import given
from hypothesis import strategies as st

from dltlab.terminal.drawing.finding import folded, marked, ranked, score, words

TEXTS = st.text(max_size=30)


@given(TEXTS)
def test_folding_keeps_every_place(text: str) -> None:
    assert len(folded(text)) == len(text)


@given(TEXTS, TEXTS)
def test_marking_changes_inks_and_no_letter(text: str, typed: str) -> None:
    line = marked(((text, "text"),), words(typed))
    assert "".join(part for part, _ in line) == text
    for word in words(typed):
        assert (word in folded(text)) <= any(ink == "found" for _, ink in line)


@given(st.lists(TEXTS, max_size=6), TEXTS)
def test_what_is_found_has_every_word_and_what_is_not_lacks_one(texts: list[str], typed: str) -> None:
    places = list(range(len(texts)))
    found = ranked(typed, places, [[(text, 1.0)] for text in texts])
    for place in places:
        assert (place in found) == all(word in folded(texts[place]) for word in words(typed))


def test_what_nobody_types_is_found_all_the_same() -> None:
    assert score("l1 λ1", [("ΛL1: λ₁ of the Hessian", 1.0)]) > 0
    assert score("edge STABILITY", [("edge-of-stability", 1.0)]) > 0
    assert score("edge nowhere", [("edge-of-stability", 1.0)]) == 0
    assert marked((("the λ₁ line", "text"),), words("λ1")) == (("the ", "text"), ("λ₁", "found"), (" line", "text"))


def test_a_name_comes_before_a_tag_and_that_before_a_mention_and_a_whole_word_before_a_part() -> None:
    things = {
        "mention": [("x", 8.0), ("", 4.0), ("on saddles", 1.0)],
        "tag": [("y", 8.0), ("saddle", 4.0), ("", 1.0)],
        "part": [("saddles", 8.0), ("", 4.0), ("", 1.0)],
        "name": [("strict-saddle", 8.0), ("", 4.0), ("", 1.0)],
    }
    assert ranked("saddle", list(things), list(things.values())) == ["name", "part", "tag", "mention"]
    assert ranked("", list(things), list(things.values())) == list(things)

"""What a lecturer sees on a second terminal: the chapter, its words, the question with its answer, and what comes."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from dltlab.chapters import Chapter
from dltlab.questions import Question
from dltlab.session.notes import Answer, Note
from dltlab.session.place import Place
from dltlab.terminal.drawing.lines import Line, Picture, between, frame, wrap
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.prose import rule
from dltlab.text import one_line

_WIDE: Final = 100
"""Columns from which what comes stands beside what is."""
_PHASES: Final = {
    "playing": "playing",
    "asking": "the class is asked",
    "answered": "the class has answered; enter reveals",
    "revealing": "the answer is being shown",
    "told": "the answer is told",
}
_COMING: Final = 4
"""Chapters to come that are listed."""


class Prompt(NamedTuple):
    """What there is to say."""

    title: str
    place: Place
    planned: int
    lecture: str
    """What is said of the lecture where there is none, or no more; else empty."""
    clock: str
    chapters: Sequence[Chapter]
    notes: Sequence[Note]
    answers: Sequence[Answer]
    questions: Sequence[Question]
    coming: Sequence[tuple[int | None, Question]]
    """The questions that were not asked yet, and where they will be, as far as that is known."""


def page(told: Prompt, width: int, height: int) -> Picture:
    """The whole screen but its foot."""
    step = f"step {count(told.place.step)} of {count(told.planned)}"
    top = between(
        ((f" {told.title}", "strong"),), ((f"{step}   ", "text"), (told.clock, "bold0"), (" ", "text")), width
    )
    said = told.lecture or _PHASES[told.place.phase]
    state = wrap(said, width - 1, "pending" if told.lecture or told.place.phase != "playing" else "faint", " ")
    if width < _WIDE:
        body = [*_now(told, width - 2), *_words(told, width - 2), *_next(told, width - 2), *_answers(told, width - 2)]
        lines = [((" ", "text"), *line) for line in body]
        return frame([top, *state, (), *lines], width, height)
    wide = width // 2 - 2
    below = height - len(state) - 2
    left = frame([*_now(told, wide), *_answers(told, wide)], wide, below)
    right = frame([*_words(told, wide), *_next(told, wide)], wide, below)
    both: list[Line] = [((" ", "text"), *one, ("  ", "text"), *other) for one, other in zip(left, right, strict=True)]
    return frame([top, *state, (), *both], width, height)


def _now(told: Prompt, width: int) -> list[Line]:
    """The chapter, and the question that is open, or the next one."""
    here = _current(told)
    lines: list[Line] = [rule("Now", width)]
    if here is None:
        lines += wrap("No chapter has opened yet.", width, "faint")
    else:
        lines += [((one_line(here.title), "strong"), (f"  step {count(here.step)}", "faint"))]
        lines += wrap(here.text, width)
    asked = next((one for one in told.questions if one.name == told.place.question), None)
    if asked is not None:
        given = next((one for one in reversed(told.answers) if one.question == asked.name), None)
        lines += [(), rule("The question", width), *_question(asked, width, given)]
    elif told.coming:
        at, question = told.coming[0]
        place = f"step {count(at)}" if at is not None else f"where the chapter {question.at!r} opens"
        lines += [
            (),
            rule(f"The next question, at {place}" if at is not None else f"The next question, {place}", width),
        ]
        lines += _question(question, width, None)
    return [*lines, ()]


def _question(asked: Question, width: int, given: Answer | None) -> list[Line]:
    lines = wrap(asked.ask, width, "strong")
    for index, choice in enumerate(asked.choices):
        right = index == asked.answer
        hands = f" · {given.counts[index]}" if given is not None and index < len(given.counts) else ""
        ours = " · our answer" if given is not None and given.choice == index else ""
        first = f"{'✓' if right else ' '} {index + 1} "
        lines += [*wrap(f"{choice}{hands}{ours}", width, "holds" if right else "text", first)]
    return [*lines, *wrap(asked.why, width, "faint", "  ")]


def _words(told: Prompt, width: int) -> list[Line]:
    """The notes of this chapter, and those after it."""
    here = _current(told)
    since = here.step if here is not None and here.step <= told.place.step else 0
    lines: list[Line] = []
    for note in told.notes:
        text = " · ".join(filter(None, (one_line(note.speech), one_line(note.text))))
        if note.step >= since and text:
            ink = "strong" if note.step <= told.place.step else "text"
            lines += wrap(text, width, ink, f"{count(note.step)} ")
    return [rule("To say", width), *(lines or wrap("No notes from here on.", width, "faint")), ()]


def _next(told: Prompt, width: int) -> list[Line]:
    """The chapters that are known to come."""
    later = [one for one in told.chapters if one.step > told.place.step][:_COMING]
    lines: list[Line] = [rule("Coming", width)]
    for chapter in later:
        lines += wrap(f"{one_line(chapter.title)}", width, "strong", f"{count(chapter.step)} ")
    if later:
        lines += wrap(later[0].text, width, "text", "  ")
    return [*lines, *([] if later else wrap("Nothing that is known.", width, "faint")), ()]


def _answers(told: Prompt, width: int) -> list[Line]:
    """What the class has said so far."""
    known = {one.name: one for one in told.questions}
    lines: list[Line] = []
    for answer in told.answers:
        question = known.get(answer.question)
        if question is None or answer.question == told.place.question:
            continue
        right = answer.choice == question.answer
        text = question.choices[answer.choice] if 0 <= answer.choice < len(question.choices) else "no choice"
        hands = f" ({' '.join(map(str, answer.counts))})" if answer.counts else ""
        sign = "✓ " if right else "✗ "
        lines += wrap(f"{question.name}: {text}{hands}", width, "holds" if right else "text", sign)
    return [rule("Answers so far", width), *lines, ()] if lines else []


def _current(told: Prompt) -> Chapter | None:
    return next((one for one in reversed(told.chapters) if one.step <= told.place.step), None)

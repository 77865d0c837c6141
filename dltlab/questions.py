"""Questions that a lecture asks: of the scenario's author, and carried along by every recording.

A question belongs to a chapter of the session, or to a step of it. It is asked there, before
anybody has seen what comes, and answered by the session itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from dltlab.text import cleaned, one_line
from dltlab.values import Name, Places, named, near_miss

MOST: Final = 64
"""Questions of one scenario."""
_A_PLACE: Final = "a chapter's kind, such as 'edge', or a step"
_Kind = Annotated[str, Meta(pattern=r"^[a-z][a-z -]{0,39}$(?!\n)", description=_A_PLACE)]
_Step = Annotated[int, Meta(ge=0, le=1_000_000_000)]
_Ask = Annotated[str, Meta(min_length=1, max_length=160, description="a question of 1 to 160 characters")]
_Choice = Annotated[str, Meta(min_length=1, max_length=60, description="a choice of 1 to 60 characters")]
_Why = Annotated[str, Meta(min_length=1, max_length=600, description="one or two sentences, 600 characters at most")]


class Question(Struct, frozen=True, forbid_unknown_fields=True):
    """``[[questions]]``: what a class is asked when a chapter opens, and what it then sees."""

    name: Name
    """What answers are kept under."""
    at: Annotated[_Kind | _Step, Meta(description=_A_PLACE)]
    """Where it is asked: at a chapter of this kind, or at a step."""
    ask: _Ask
    """The question."""
    choices: Annotated[list[_Choice], Meta(min_length=2, max_length=5)]
    """What may be answered."""
    answer: Annotated[int, Meta(ge=0, le=4)]
    """Which of the choices is right, counted from 0."""
    why: _Why
    """Why that one is: shown with the answer, with the source."""
    nth: Annotated[int, Meta(ge=1, le=1000)] = 1
    """Which chapter of the kind it is, from 1."""
    arm: Annotated[str, Meta(max_length=40)] = ""
    """The arm whose chapter it is; that of the first arm that has one, if empty."""
    steps: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    """Steps until the answer is seen; without them until the next chapter opens."""

    @property
    def right(self) -> str:
        """The right choice."""
        return self.choices[self.answer]


def faults(questions: Sequence[Question], steps: int, arms: Sequence[str], places: Places) -> Iterator[str]:
    """What is wrong with the questions of a scenario of so many steps with these arms."""
    seen = set[str]()
    for index, question in enumerate(questions):
        at = ("questions", index)
        if question.name in seen:
            yield places.fault((*at, "name"), f"a second question {question.name!r}; choose another name.")
        seen.add(question.name)
        if question.answer >= (count := len(question.choices)):
            cure = f"the choices are counted from 0, so the last of {count} is {count - 1}."
            yield places.fault((*at, "answer"), f"{question.answer} is no choice; {cure}")
        if len(set(question.choices)) < count:
            yield places.fault((*at, "choices"), "two choices say the same; write another.")
        if isinstance(question.at, int) and question.at >= steps:
            message = f"step {question.at} leaves nothing to see before run.steps = {steps}; ask earlier."
            yield places.fault((*at, "at"), message)
        if question.arm and question.arm not in arms:
            message = f"no arm {named(question.arm)}; {near_miss(question.arm, arms)}"
            yield places.fault((*at, "arm"), message)


_FIELDS: Final = frozenset(Question.__struct_fields__)


def of(scenario: Mapping[str, Any]) -> list[Question]:
    """The questions of a scenario as a recording holds it: sound ones alone, every text on one clean line.

    Recordings that were made before there were questions have none; keys of a later version are passed over.
    """
    tables = scenario.get("questions")
    found: list[Question] = []
    for table in tables[:MOST] if isinstance(tables, list | tuple) else ():
        if not isinstance(table, Mapping):
            continue
        known = {key: value for key, value in table.items() if key in _FIELDS}
        try:
            question = msgspec.convert(_lined(cleaned(known)), Question)
        except (msgspec.ValidationError, RecursionError):
            continue
        if question.answer < len(question.choices) and question.name not in {one.name for one in found}:
            found.append(question)
    return found


def _lined(value: Any) -> Any:
    """Every text on one line."""
    match value:
        case str():
            return one_line(value)
        case dict():
            return {key: _lined(item) for key, item in value.items()}
        case list():
            return [_lined(item) for item in value]
        case _:
            return value

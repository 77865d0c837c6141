"""Where a question of the scenario is asked: at a step, or where a chapter opens."""

from collections.abc import Sequence

from dltlab.chapters.chapter import Chapter
from dltlab.questions import Question


def opening(question: Question, chapters: Sequence[Chapter], since: int = 0) -> int | None:
    """The step at which a question is asked; None while its chapter has not opened.

    A question that does not say which chapter of its kind it means is asked at the first that opens ``since`` a
    lecture began: a class that sees η turned is asked about that turn.
    """
    if isinstance(question.at, int):
        return question.at
    told: dict[str, list[int]] = {}
    for one in chapters:
        if one.kind == question.at and question.arm in ("", one.arm):
            told.setdefault(one.arm, []).append(one.step)
    if question.nth == 1 and (seen := [step for steps in told.values() for step in steps if step >= since]):
        return min(seen)
    # Of several arms the first one to have so many chapters of the kind is meant.
    return min((steps[question.nth - 1] for steps in told.values() if len(steps) >= question.nth), default=None)

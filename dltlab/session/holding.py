"""Whether a session holds where it stands, by what was asked of it: the same to a shelf and to a bench."""

from collections.abc import Iterable

from dltlab.records import Event


def held(newest: Iterable[Event], step: int) -> bool | None:
    """Whether a session that has reached this step holds there, by its events, newest first; None if none of them says.

    Who continues a session, or forks it, lets it go on.
    """
    for event in newest:
        match event:
            case Event(what="pause"):
                return True
            case Event(what="advance", data={"to": int(to)}):
                return step >= to
            case Event(what="advance", data={"steps": int(steps)}):
                return step >= event.step + steps
            case Event(what="advance" | "resume" | "continued" | "fork"):
                return False
            case _:
                continue
    return None

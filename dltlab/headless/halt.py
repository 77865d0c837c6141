"""Why runs end before their end: Ctrl-C, a timeout, or that another scenario failed."""

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Final, Literal

Cut = Literal["", "interrupted", "timeout", "another failed"]
WHY: Final[dict[Cut, str]] = {
    "": "",
    "interrupted": "It was interrupted",
    "timeout": "The time was up",
    "another failed": "Another scenario had failed",
}


@contextlib.contextmanager
def told_to_end() -> Iterator[None]:
    """While it lasts SIGTERM ends things as Ctrl-C does: with a verdict on what there is, and no engine left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Halt:
    """What ends all the runs of a call; asked by every one of them between two looks at its session.

    Args:
        timeout: Seconds from now on for all of them together; None for no limit.
    """

    def __init__(self, timeout: float | None = None) -> None:
        self.until = math.inf if timeout is None else time.monotonic() + timeout
        self.abandoned = False
        """Whether engines are not even to be waited for."""
        self._asked: Cut = ""

    @property
    def why(self) -> Cut:
        """Empty while nothing ends."""
        return self._asked or ("timeout" if time.monotonic() >= self.until else "")

    @property
    def left(self) -> float:
        """Seconds until the timeout: infinite without one, never negative."""
        return max(self.until - time.monotonic(), 0.0)

    def over(self, wait: Callable[[], None]) -> None:
        """Wait until this returns; Ctrl-C meanwhile asks for an end, and the waiting goes on."""
        while True:
            try:
                return wait()
            except KeyboardInterrupt:
                self.ask("interrupted")

    def ask(self, why: Cut) -> None:
        """End everything; an interruption counts before every other reason, and twice it waits for nobody."""
        self.abandoned = self.abandoned or self._asked == why == "interrupted"
        if why == "interrupted" or not self._asked:
            self._asked = why

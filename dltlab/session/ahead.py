"""An engine that is started before anybody waits for it: while a screen's libraries are still being imported."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self

from dltlab.commands import Stop
from dltlab.errors import DltlabError
from dltlab.session.live import LONGEST_START, Live


class Ahead:
    """A launch that has begun before anybody waits for it; called again, it launches anew.

    An engine that nobody came for by the end of the ``with`` block is stopped.
    """

    def __init__(self, launch: Callable[..., Live]) -> None:
        self._launch = launch
        self._begun: list[Future[Live]] = []

    def __enter__(self) -> Self:
        future: Future[Live] = Future()

        def begin() -> None:
            try:
                future.set_result(self._launch())
            except BaseException as fault:
                future.set_exception(fault)

        self._begun = [future]
        threading.Thread(target=begin, name="dltlab-ahead", daemon=True).start()
        return self

    def __call__(self, **others: int) -> Live:
        """The session that was begun, once; another one afterwards, with what is to be otherwise."""
        return self._begun.pop().result() if self._begun and not others else self._launch(**others)

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for future in self._begun:
            with contextlib.suppress(DltlabError):
                source = future.result(LONGEST_START)
                source.send(Stop())
                source.close()

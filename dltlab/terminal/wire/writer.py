"""A thread that writes to the terminal, so that a terminal that takes nothing holds up nobody."""

import os
import threading
from collections.abc import Callable
from typing import final


@final
class Writer:
    """Writes what it is given, in order; a terminal that is gone is told once and then forgotten."""

    def __init__(self, file: int, drained: Callable[[], None], gone: Callable[[], None]) -> None:
        self._file = file
        self._drained, self._gone = drained, gone
        self._waiting: list[bytes] = []
        self._news = threading.Condition()
        self._closing = self._lost = self._busy = False
        self._thread = threading.Thread(target=self._run, name="dltlab-writer", daemon=True)
        self._thread.start()

    @property
    def idle(self) -> bool:
        """Whether all was taken by the kernel."""
        with self._news:
            return not self._waiting and not self._busy

    def put(self, text: str) -> None:
        """Have a text written; at once if it can be, never waiting for it."""
        with self._news:
            if not self._lost:
                self._waiting.append(text.encode("utf-8", "replace"))
                self._news.notify()

    def close(self, patience: float) -> None:
        """Have the rest written, if that takes no longer than so many seconds."""
        with self._news:
            self._closing = True
            self._news.notify()
        self._thread.join(patience)

    def _run(self) -> None:
        while True:
            with self._news:
                self._busy = False
                while not self._waiting and not self._closing:
                    self._news.wait()
                if not self._waiting:
                    return
                data, self._waiting = b"".join(self._waiting), []
                self._busy = True
            try:
                while data:
                    data = data[os.write(self._file, data) :]
            except OSError:
                with self._news:
                    self._lost, self._busy = True, False
                    self._waiting.clear()
                self._gone()
                return
            self._drained()

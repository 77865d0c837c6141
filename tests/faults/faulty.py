"""An ``os`` whose disk refuses: a stand-in for the module, in the eyes of another module."""

import os
from collections.abc import Callable
from typing import Any

COUNTED = {"write", "ftruncate", "fsync", "rename", "open"}


class Faulty:
    """The n-th call of one kind fails, and every later one until the fault is mended.

    Args:
        call: The kind, say "write".
        nth: From which call on, 1 for the first.
        errno: What it fails with.
        short: Bytes that the first write to fail still takes, as a disk does that is almost full.
        also: Kinds that fail too from then on.
    """

    def __init__(self, call: str, nth: int, errno: int, short: int = 0, also: tuple[str, ...] = ()) -> None:
        self.call, self.nth, self.errno, self.short, self.also = call, nth, errno, short, also
        self.calls = 0
        self.failed = 0

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        return self._counted(name, real) if name in COUNTED else real

    def _counted(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **named: Any) -> Any:
            self.calls += name == self.call
            if self.calls < self.nth or (name != self.call and name not in self.also):
                return real(*given, **named)
            self.failed += 1
            if name == "write" and self.failed == 1 and self.short:
                descriptor, data = given
                return real(descriptor, data[: self.short])
            raise OSError(self.errno, os.strerror(self.errno), given[0] if isinstance(given[0], str) else None)

        return called

"""How the scenarios of a call are to be run, and what an engine says of one that it does not run."""

import json
import subprocess
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from dltlab.errors import EngineError, ScenarioError
from dltlab.session import live
from dltlab.text import one_line

_Told = TypeVar("_Told", bound=Struct)


class Request(Struct, frozen=True):
    """What is to be otherwise than the scenarios are written."""

    overrides: Sequence[str] = ()
    seed: int | None = None
    seeds: int | None = None
    steps: int | None = None
    arms: Sequence[str] = ()

    @property
    def as_written(self) -> bool:
        """Whether nothing is asked for but what the scenarios say."""
        return self == Request()

    def ask(self, task: str, name: str, kind: type[_Told]) -> _Told:
        """Have an engine that records nothing tell something of a scenario.

        Raises:
            ScenarioError: It refuses the scenario; one line a fault.
            EngineError: It could not tell.
        """
        order = [*live.ENGINE, task, *live.wanted(name, **msgspec.structs.asdict(self))]
        patience = 2 * live.LONGEST_START
        try:
            done = subprocess.run(
                order, capture_output=True, timeout=patience, stdin=subprocess.DEVNULL, env=live.environment()
            )
        except subprocess.TimeoutExpired:
            raise EngineError(f"{one_line(name)}: nothing was told within {patience:.0f} seconds.") from None
        said = [one_line(line) for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        if done.returncode == ScenarioError.exit_code and said:
            raise ScenarioError(*said)
        try:
            return msgspec.convert(json.loads(done.stdout.splitlines()[-1]), kind)
        except (msgspec.MsgspecError, ValueError, IndexError):
            last = said[-1] if said else "it said nothing"
            raise EngineError(f"{one_line(name)}: the engine ended with exit code {done.returncode}: {last}") from None

"""What runs would take, asked of engines that record nothing."""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from dltlab.errors import HOLDS, DltlabError, EngineError, ScenarioError
from dltlab.headless import refusing
from dltlab.headless.judging import Request, claims_of
from dltlab.session import live
from dltlab.text import clean, one_line, size


class Estimate(Struct, frozen=True):
    """What a run would take: see :mod:`dltlab.engine.estimate`. Times in seconds, sizes in bytes."""

    title: str
    steps: int
    members: int
    """Arms times seeds."""
    parameters: int
    compiling: float
    flops: float
    """Floating-point operations of a step of all members, as XLA counts them in what it compiled."""
    moved: float
    """Bytes that it reads and writes, counted likewise."""
    read: float
    """Floating-point operations of a step with every reading."""
    arguments: int
    outputs: int
    temporaries: int
    """Bytes of the compiled chunks of all members."""
    timed: int
    """The steps of which the time of a step is known."""
    seconds_a_step: float
    computing: float
    memory: int
    free: int
    recording: int
    fingerprint: str


def told_of(names: Sequence[str], request: Request) -> int:
    """Print what each scenario would take, and run nothing more; the largest exit code."""
    code, found = HOLDS, []
    for name in names:
        try:
            claims_of(name, request.overrides)
            found.append(estimated(name, request))
            print(told(found[-1]), flush=True)
        except DltlabError as refusal:
            refused = isinstance(refusal, ScenarioError)
            fault = refusing.whole(refusal, name, request.overrides) if refused else refusal
            code = max(code, fault.exit_code)
            print(*map(clean, str(fault).splitlines()), sep="\n", file=sys.stderr, flush=True)
    if len(found) > 1:
        print(f"{len(found)} scenarios, one after the other: about {clock(sum(map(whole, found)))}.")
    return code


def estimated(name: str, request: Request) -> Estimate:
    """Ask an engine what a scenario would take.

    Raises:
        ScenarioError: It refuses the scenario; one line a fault.
        EngineError: It could not tell.
    """
    asked = request.told()
    del asked["session"]
    order = [*live.ENGINE, "estimate", *live.wanted(name, **asked)]
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
        return _read(done.stdout)
    except (msgspec.MsgspecError, ValueError, IndexError):
        last = said[-1] if said else "it said nothing"
        raise EngineError(f"{one_line(name)}: the engine ended with exit code {done.returncode}: {last}") from None


def _read(said: bytes) -> Estimate:
    whole: Any = json.loads(said.splitlines()[-1])
    return msgspec.convert(whole, Estimate)


def told(estimate: Estimate) -> str:
    """An estimate in a few lines."""
    each = estimate.seconds_a_step
    pace = f"{each:.3g} s" if each >= 1 else f"{1e3 * each:.3g} ms" if each >= 1e-3 else f"{1e6 * each:.3g} µs"
    members = f", {estimate.members} members" if estimate.members > 1 else ""
    rows = (
        ("steps", f"{estimate.steps:,}{members}, {estimate.parameters:,} parameters"),
        ("time", f"about {clock(whole(estimate))}, of which {clock(estimate.compiling)} to compile"),
        ("a step", f"{pace} (timed over {estimate.timed:,} steps)"),
        (
            "arithmetic",
            f"{_flops(estimate.flops)} and {size(estimate.moved)} moved a step; {_flops(estimate.read)} with readings",
        ),
        (
            "compiled",
            f"{size(estimate.arguments)} of arguments, {size(estimate.outputs)} of outputs, "
            f"{size(estimate.temporaries)} of temporaries",
        ),
        ("memory", f"about {size(estimate.memory)} of {size(estimate.free)} that are free"),
        ("recording", f"about {size(estimate.recording)}"),
    )
    return "\n".join([one_line(estimate.title), *(f"  {name:<10} {value}" for name, value in rows), ""])


def whole(estimate: Estimate) -> float:
    """Seconds, compiling included."""
    return estimate.compiling + estimate.computing


def clock(seconds: float) -> str:
    """A stretch of time in seconds, minutes or hours."""
    if seconds < 90:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _flops(count: float) -> str:
    for unit in ("", "k", "M", "G"):
        if count < 1000:
            return f"{count:.3g} {unit}FLOP"
        count /= 1000
    return f"{count:.3g} TFLOP"

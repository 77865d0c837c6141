"""What runs would take, asked of engines that record nothing."""

import sys
from collections.abc import Sequence

from msgspec import Struct

from dltlab.errors import HOLDS, DltlabError
from dltlab.headless.judging import claims_of
from dltlab.headless.request import Request
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
            claims_of(name, request)
            found.append(request.ask("estimate", name, Estimate))
            print(told(found[-1]), flush=True)
        except DltlabError as fault:
            code = max(code, fault.exit_code)
            print(*map(clean, str(fault).splitlines()), sep="\n", file=sys.stderr, flush=True)
    if len(found) > 1:
        print(f"{len(found)} scenarios, one after the other: about {clock(sum(map(whole, found)))}.")
    return code


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

"""What every fuzzer stands on: the bounds of one trial, mutations of what is nearly right, and the way to libFuzzer.

A target is a file beside this one with ``trial(data)``, ``SEEDS`` and ``mutated(data, random)``. The tests try it
on some hundred mutations drawn by hypothesis; run as a program it is fuzzed, guided by what it covers::

    python tests/fuzz/recording.py -max_total_time=600
"""

import atexit
import contextlib
import importlib
import json
import os
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

try:
    atheris: Any = importlib.import_module("atheris")
except ImportError:
    atheris = None

LONGEST: Final = 1 << 15
"""Bytes of an input."""
MEMORY: Final = 2 << 30
"""Bytes beyond what the target itself takes that a trial may ask for; what asks for more fails with MemoryError."""
_WRITES: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES: Final = frozenset({
    "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.chmod", "os.chown", "os.link", "os.symlink",
    "os.utime",
})  # fmt: skip
_NEVER: Final = frozenset({
    "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "subprocess.Popen", "socket.connect",
    "socket.bind", "pickle.find_class", "os.kill", "webbrowser.open",
})  # fmt: skip
FOLDER: Final = Path(tempfile.mkdtemp(prefix="dltlab-fuzz-"))
"""The only place that a trial may write to, beside what JAX has compiled."""
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
COMPILED: Final = os.environ.setdefault(
    "JAX_COMPILATION_CACHE_DIR", str(Path(tempfile.gettempdir()) / f"dltlab-tests-{os.getuid()}" / "compiled")
)
_watching: list[bool] = []
_reached: list[str] = []


def instrumented() -> Any:
    """A context in which what is imported of dltlab tells what it covers, where this is a fuzzer's process."""
    fuzzing = atheris is not None and Path(sys.argv[0]).resolve().parent == Path(__file__).resolve().parent
    return atheris.instrument_imports(include=["dltlab"]) if fuzzing and atheris else contextlib.nullcontext()


def _audited(event: str, given: tuple[Any, ...]) -> None:
    """Remember what a trial reached for outside its folder; to raise here could be caught."""
    if not _watching:
        return
    if event in _NEVER or (event in _CHANGES and not _inside(given[0])):
        _reached.append(f"{event} {given!r}")
    elif event == "open" and isinstance(given[2], int) and given[2] & _WRITES and not _inside(given[0]):
        _reached.append(f"open {given!r}")


def _inside(path: object) -> bool:
    if isinstance(path, int):
        return True
    whole = os.path.abspath(os.fsdecode(path)) if isinstance(path, str | bytes | os.PathLike) else ""
    return f"{whole}{os.sep}".startswith((f"{FOLDER}{os.sep}", f"{COMPILED}{os.sep}")) or whole == os.devnull


sys.addaudithook(_audited)


@contextlib.contextmanager
def bounds(seconds: float) -> Iterator[None]:
    """A trial: it takes no longer than so many seconds of the processor, and writes nowhere else.

    Raises:
        AssertionError: It does.
    """
    begin = time.process_time()
    _reached.clear()
    _watching.append(True)
    # What is imported only now, for the first time on this machine, would be kept compiled beside its source.
    kept, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = kept
        _watching.pop()
    assert not _reached, f"a trial reached out: {_reached[:3]}"
    took = time.process_time() - begin
    assert took < seconds, f"a trial took {took:.1f} s"


WORDS: Final[tuple[Any, ...]] = (
    0, -1, 1, 2, 7, 63, 64, 65, 255, 2**15, 2**31 - 1, 2**31, 2**53, 2**53 + 1, 2**62, 2**63 - 1, 2**63, 2**64, 10**30,
    0.0, -0.0, 0.5, 1e-300, 5e-324, 1e300, 1.7e308, -1.5, 0.1, True, False, None, "", "\x1b[2J\x1b]52;c;eA==\x07",
    "\u202e\u2066\u200b", "\x00", "\udc9b", "loss", "sharpness", "seed", "arm", "2/η", "(2+2β)/η", "((((((((((((", "λ₁",
    "<f4", "<f8", "|b1", ">f8", "|O", "../../etc/passwd", "a" * 500, "%s%n", "[bold]x[/bold]", "kind", "name", [],
    {}, [[]], [1, 2], [0, 0],
    [2**40], [-1], {"kind": "loss"}, "nan", "inf", "-inf", "1e400",
)  # fmt: skip


def grown(value: Any, draw: random.Random, depth: int = 0) -> Any:
    """A tree of tables and lists with one thing in it otherwise."""
    if isinstance(value, dict) and value and draw.random() < 0.9:
        key = draw.choice(list(value))
        way, rest = draw.random(), dict(value)
        if way < 0.08:
            del rest[key]
        elif way < 0.14:
            rest[str(draw.choice(WORDS))[:60]] = value[key]
        elif way < 0.18:
            rest[key] = value[draw.choice(list(value))]
        else:
            rest[key] = grown(value[key], draw, depth + 1)
        return rest
    if isinstance(value, list) and value and draw.random() < 0.9:
        place, way = draw.randrange(len(value)), draw.random()
        if way < 0.12:
            return value[:place] + value[place + 1 :]
        if way < 0.3:
            return [*value[:place], value[draw.randrange(len(value))], *value[place:]]
        if way < 0.34:
            return value * draw.choice([0, 2, 9])
        return [*value[:place], grown(value[place], draw, depth + 1), *value[place + 1 :]]
    if isinstance(value, int | float) and not isinstance(value, bool) and draw.random() < 0.5:
        return draw.choice([value + 1, -value, value * 10, value * 1_000_003, value / 3, int(value) ^ 1, value - 1])
    if isinstance(value, str) and value and draw.random() < 0.4:
        place = draw.randrange(len(value))
        return value[:place] + str(draw.choice(WORDS))[:80] + value[place + draw.randrange(3) :]
    return draw.choice(WORDS)


def fuzz(
    trial: Callable[[bytes], None], mutate: Callable[[bytes, random.Random], bytes], seeds: Sequence[bytes]
) -> None:
    """Fuzz until the time is up; what libFuzzer is told stands on the command line."""
    if atheris is None:
        sys.exit("atheris is not installed; pip install 'dltlab[fuzz]'.")
    folder = Path(tempfile.mkdtemp(prefix="dltlab-corpus-"))
    for place, seed in enumerate(seeds):
        (folder / f"seed-{place}").write_bytes(seed)
    # What is mapped by now is the target's own.
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MEMORY, mapped + MEMORY))

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        draw = random.Random(seed)
        if draw.random() < 0.3:
            return bytes(atheris.Mutate(data, most))
        with contextlib.suppress(Exception):
            for _ in range(draw.choice([1, 1, 1, 2, 4])):
                data = mutate(data, draw)
        return data[:most]

    order = [sys.argv[0], "-timeout=60", "-rss_limit_mb=6000", f"-max_len={LONGEST}", *sys.argv[1:], str(folder)]
    atheris.Setup(order, trial, custom_mutator=mutated)
    atheris.Fuzz()


def jsoned(value: Any) -> bytes:
    """JSON as a recording's lines have it."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()

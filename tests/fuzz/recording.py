"""A recording of any lines, their checksums put right: followed, folded, looked at, judged, compared, replayed."""

import json
import random
import zlib
from pathlib import Path
from typing import Any, Final

import harness

with harness.instrumented():
    import msgspec
    import numpy as np

    from dltlab import chapters, claims, commands, questions, records, scenario
    from dltlab.errors import RecordingError, ScenarioError
    from dltlab.records import Arm, Array, Event, Footer, Frames, Header, Keyframe, Knob, Part, Series
    from dltlab.session import certificate, compare, diff, divergence, errorbars, recording, shelf, tables
    from dltlab.session.history import History
    from dltlab.session.replay import Replay
    from dltlab.text import UNFIT

SECONDS: Final = 4.0
_PREFIX: Final = len(b'{"crc":"00000000",')
_AT: Final = {"series": "sharpness", "crosses": "sharpness.theory", "direction": "down"}
_CLAIMS: Final[list[dict[str, Any]]] = [
    {"kind": "level", "series": "loss", "predicted": 0.5, "tolerance": 0.5, "since": _AT},
    {"kind": "plateau", "series": "sharpness", "relative_to": "sharpness.theory", "component": 1},
    {"kind": "monotone", "series": "loss", "at_most": 0.0},
    {"kind": "crosses", "series": "sharpness", "crosses": "sharpness.theory", "before": 0.9},
    {"kind": "ratio", "numerator": {"series": "sharpness", "at": _AT}, "denominator": {"series": "loss", "at": "first"},
     "at_least": 1.0},
    {"kind": "agrees", "series": "sharpness", "theory": "sharpness.theory", "tolerance": 0.5},
    {"kind": "bounded", "series": "sharpness", "bound": "sharpness.theory"},
    {"kind": "slope", "series": "loss", "predicted": -1.0, "tolerance": 0.5},
    {"kind": "scaling", "term": {"series": "loss"}, "predicted": 1.0, "tolerance": 9.0},
    {"kind": "ordered", "terms": [{"series": "loss", "arm": "slow"}, {"series": "loss", "arm": "fast"}]},
]  # fmt: skip
for _kind in _CLAIMS:
    _kind |= {"name": _kind["kind"], "says": f"It is {_kind['kind']}."}


def session(*, arms: bool, ending: str = "diverged") -> list[records.Record]:
    """A short session with everything in it that a recording knows of."""
    lead = (("arm", "seed"), (2, 2)) if arms else (("seed",), (2,))
    series = (
        Series("loss", "loss", lead[0], lead[1], scale="log"),
        Series("sharpness", "λ", (*lead[0], "eigenvalue"), (*lead[1], 2), bar="sharpness.error", tolerance=0.1),
        Series("sharpness.error", "error", (*lead[0], "eigenvalue"), (*lead[1], 2), source="probes.sharpness"),
        Series("sharpness.theory", "2/η", lead[0], lead[1], every=2),
    )
    theories = {"sharpness": {"kind": tables.THRESHOLD}}
    head = Header(
        records.FORMAT, "fuzzed", "2026-01-02T03:04:05Z", "A fall",
        {"title": "A fall", "theories": theories, "claims": _CLAIMS if arms else _CLAIMS[:8]}, "fall",
        12, 1, None, (0, 1), series,
        (Knob("learning_rate", "η", 0.1, 0.01, 1.0), Knob("sharpness.budget", "budget", 1.0, 0.1, 9.0)), 3, "float64",
        "gradient_descent", {"dltlab": "1"}, {"kind": "cpu"}, 1, "f" * 8, 0, "", "",
        (Arm("slow", "slow", 0.1, 2, 3), Arm("fast", "fast", 0.2, 1, 3)) if arms else (),
    )  # fmt: skip
    said: list[records.Record] = [head, Keyframe(0, {".params": Array.of(np.ones(3))}, "0" * 64)]
    for first in (0, 6):
        rows = np.arange(first, first + 6, dtype=float)
        shape = lead[1]
        loss = np.exp(-0.1 * rows).reshape(-1, *(1,) * len(shape)) * np.ones(shape)
        columns = {"loss": loss, "sharpness": np.stack([3 + loss, loss], -1)}
        columns["sharpness.error"] = 0.01 * columns["sharpness"]
        parts = (
            Part(first, 1, 6, {name: Array.of(values) for name, values in columns.items()}),
            Part(first, 2, 3, {"sharpness.theory": Array.of(0 * loss[::2] + 20.0)}),
        )
        said.append(Frames(first + 6, parts, 0.1 * first, 0.01, 0.1 * first))
        said.append(Event(first + 6, "turn", "η 0.1 → 0.2.", {"knob": "learning_rate", "value": 0.2, "old": 0.1}, 0.5))
        said.append(Event(first + 6, "kick", "Kicked.", {"radius": 0.1, "direction": "random"}, 0.5))
    lost: dict[str, Any] = {"seed": 1, "step": 9, **({"arm": "slow"} if arms else {})}
    said += [Event(10, "diverged", "Seed 1: …", lost, 0.6), Event(10, "fork", "Forked.", {"seed": 3, "step": 10}, 0.6)]
    said += [Event(10, what, what, {}, 0.7) for what in ("pause", "resume", "advance", "mark", "warning", "price")]
    return [*said, Footer(12, ending, "as told", 1.0, 8 if ending == "diverged" else None)]


SEEDS: Final[list[bytes]] = [
    b"".join(map(records.encode, session(arms=arms, ending=ending)))
    for arms in (False, True)
    for ending in ("diverged", "finished")
]
_BASE: Final = harness.FOLDER / f"base{records.SUFFIX}"
_BASE.write_bytes(SEEDS[0])
_COMMANDS: Final = (commands.Pause(), commands.Resume(), commands.Advance(3), commands.Reach(7), commands.Pace(1e6))


def mended(data: bytes) -> bytes:
    """The same lines, each whole one with the checksum that fits it."""
    return b"\n".join(
        b'{"crc":"%08x",%s' % (zlib.crc32(line[_PREFIX:]), line[_PREFIX:]) if line.startswith(b'{"crc":"') else line
        for line in data.split(b"\n")
    )


def trial(data: bytes) -> None:
    """Try it; an AssertionError or anything but a RecordingError is a finding."""
    path = harness.FOLDER / f"fuzzed{records.SUFFIX}"
    path.write_bytes(mended(data))
    with harness.bounds(SECONDS):
        _refused(lambda: shelf.look(path), path)
        _replayed(path)
        if (read := _refused(lambda: recording.read_all(path), path)) is None:
            return
        history, note = read
        assert not UNFIT.search(note), note
        _clean(history)
        _folded(history)
        _judged(history)
        _told(history)
        _compared(path, history)


def _refused(ask: Any, path: Path) -> Any:
    """What was asked for; None where it was refused, in words fit for a terminal."""
    try:
        return ask()
    except RecordingError as refusal:
        assert not UNFIT.search(str(refusal)), refusal
        assert len(str(refusal)) < 1000, refusal
        assert path.name in str(refusal) or "in common" in str(refusal), refusal
        return None


def _clean(history: History) -> None:
    """No text of a record that was taken in holds anything that a terminal would obey."""
    told = msgspec.to_builtins([history.header, *history.events, history.footer])
    waiting: list[Any] = [told]
    while waiting:
        match waiting.pop():
            case str() as text:
                assert not UNFIT.search(text), text
            case dict() as table:
                waiting += [*table, *table.values()]
            case list() as items:
                waiting += items


def _folded(history: History) -> None:
    """All that is asked of a history, for every arm and at some steps."""
    for view in (history, *(history.arm(arm.name) for arm in history.header.arms[:4])):
        for step in (-1, 0, 7, view.step, 2**53):
            early = view.until(step)
            assert all(not len(column) or column.steps[-1] <= step for column in early.columns.values())
        for knob in view.header.knobs[:8]:
            view.knob(knob.name)
            view.turns(knob.name)
        for column in view.columns.values():
            assert len(column.steps) == len(column.values)
            assert (np.diff(column.steps) > 0).all()
        told = [divergence.sentence(one) + divergence.brief(one) for one in divergence.lost(view)[:8]]
        assert not UNFIT.search("".join(told)), told
        with np.errstate(all="ignore"):
            errorbars.largest(view)


def _judged(history: History) -> None:
    """The claims of its scenario, as a replay's reader judges them; and those of the unaltered one."""
    for tables in (history.header.scenario.get("claims"), *([one] for one in _CLAIMS)):
        document = scenario.Document(history.header.source, history.header.scenario)
        if not isinstance(tables, list):
            continue
        try:
            built = claims.build(tables, document)
        except ScenarioError as refusal:
            assert not UNFIT.search(str(refusal)), refusal
            continue
        if claims.check_series(built, history.columns) or claims.check_arms(built, history.header.arms):
            continue
        for verdict in claims.judge_all(built, history):
            assert not UNFIT.search(json.dumps(msgspec.to_builtins(verdict), ensure_ascii=False).replace("\\", "/"))


def _told(history: History) -> None:
    """Its chapters, whole and as they come, and its questions."""
    found = chapters.detect(history)
    assert chapters.Following().chapters(history) == found
    asked = questions.of(history.header.scenario)
    assert not UNFIT.search(str(msgspec.to_builtins([found, asked])))
    for chapter in found:
        assert 0 <= chapter.step <= 2**53, chapter


def _compared(path: Path, history: History) -> None:
    base, own = diff.told(_BASE), diff.told(path)
    for other in (base, own):
        found = _refused(lambda other=other: diff.compare(other, own, whole=True), path)
        if found is not None:
            lines = certificate.lines(found, other, own, ("A", "B"))
            assert not UNFIT.search("".join(lines)), lines
            json.loads(certificate.json(found, other, own, ("A", "B")))
    assert not UNFIT.search("".join(map(str, compare.differences([base.history, history]))))
    compare.brief(base.history, history)


def _replayed(path: Path) -> None:
    """Played, paused, advanced and finished, on a clock that goes ahead an hour at a look."""
    now = iter(range(0, 10**9, 3600))
    replay = _refused(lambda: Replay(path, clock=lambda: float(next(now))), path)
    if replay is None:
        return
    try:
        for command in _COMMANDS:
            replay.poll()
            replay.send(command)
        for command in (commands.Resume(), commands.Pace(None)):
            replay.send(command)
        while not replay.ended:
            replay.poll()
        assert not UNFIT.search(replay.ended), replay.ended
    finally:
        replay.close()


def mutated(data: bytes, draw: random.Random) -> bytes:
    """One line is otherwise, comes twice, late, or not at all."""
    lines = data.rstrip(b"\n").split(b"\n")
    place, way = draw.randrange(len(lines)), draw.random()
    if way < 0.06:
        lines.insert(draw.randrange(len(lines)), lines[place])
    elif way < 0.1:
        del lines[place]
    elif way < 0.14:
        other = draw.randrange(len(lines))
        lines[place], lines[other] = lines[other], lines[place]
    elif way < 0.17:
        return data[: draw.randrange(len(data))]
    else:
        told = harness.grown(json.loads(b"{" + lines[place][_PREFIX:]), draw)
        lines[place] = b'{"crc":"00000000",' + harness.jsoned(told)[1:]
    return b"\n".join(lines) + b"\n"


if __name__ == "__main__":
    harness.fuzz(trial, mutated, SEEDS)

"""Two recordings are the same, near enough, or part at a step that is named; whatever the files hold."""

import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from dltlab import cli, records
from dltlab.errors import RecordingError
from dltlab.records import Array, Event, Footer, Frames, Keyframe, Part, Record, Series
from dltlab.session import diff

STEPS = 200
CHUNK = 20
STATE = Array.of(np.arange(5.0))
Kept = Callable[..., Path]


def losses(seed: int = 0) -> np.ndarray:
    """An exponential fall from where a seed puts it."""
    return (1 + seed) * np.exp(-0.01 * np.arange(STEPS))


@pytest.fixture
def kept(fake: ModuleType, tmp_path: Path) -> Kept:
    """Write a recording of a loss and, every ten steps, three curvatures; with whatever is to be otherwise."""

    def write(
        name: str, loss: np.ndarray | None = None, *, alter: Callable[[list[Record]], Any] = list, **head: Any
    ) -> Path:
        series = (Series("loss", "loss"), Series("curvature", "λ", ("eigenvalue",), (3,), every=10))
        values = losses() if loss is None else loss
        said: list[Record] = [
            fake.header(name, STEPS, 1, series=series)
            if not head
            else replace(fake.header(name, STEPS, 1, series=series), **head)
        ]
        said.append(keyframe(0))
        for first in range(0, STEPS, CHUNK):
            own = Part(first, 1, CHUNK, {"loss": Array.of(values[first : first + CHUNK])})
            tops = np.arange(6.0).reshape(2, 3) + first
            said.append(Frames(first + CHUNK, (own, Part(first, 10, 2, {"curvature": Array.of(tops)})), 0.1, 0.1))
        said += [keyframe(STEPS), Footer(STEPS, "finished", "")]
        path = tmp_path / f"{name}{records.SUFFIX}"
        alter(said)
        path.write_bytes(b"".join(map(records.encode, said)))
        return path

    return write


def keyframe(step: int, leaf: Array = STATE, digest: str = "") -> Keyframe:
    import hashlib

    return Keyframe(step, {"theta": leaf}, digest or hashlib.sha256(leaf.data).hexdigest())


def compared(one: Path, other: Path, **how: Any) -> diff.Comparison:
    return diff.compare(diff.told(one), diff.told(other), **how)


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    code = cli._code([*map(str, words)])
    return code, "".join(capsys.readouterr())


def with_loss(chunk: int, at: int, value: float) -> Callable[[list[Record]], None]:
    """One number of one frame altered; writing it gives the line a checksum that fits."""

    def alter(told: list[Record]) -> None:
        place = [index for index, record in enumerate(told) if isinstance(record, Frames)][chunk]
        frames = told[place]
        assert isinstance(frames, Frames)
        values = frames.parts[0].columns["loss"].numpy().copy()
        values[at] = value
        told[place] = replace(
            frames, parts=(replace(frames.parts[0], columns={"loss": Array.of(values)}), frames.parts[1])
        )

    return alter


def test_a_recording_is_decoded_once_to_be_compared(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    path, decode = kept("a"), records.decode
    read: list[bytes] = []
    monkeypatch.setattr(records, "decode", lambda line: (read.append(line), decode(line))[1])
    told = diff.told(path)
    assert read == path.read_bytes().splitlines()
    assert [digest != "" for digests in told.states.values() for digest in digests] == [True, True]


def test_a_copy_is_identical_bit_for_bit(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    odd = losses()
    odd[[3, 5, 7]] = np.nan, np.inf, -0.0
    one, other = kept("a", odd), kept("b", odd)
    assert said(capsys, "diff", one, other) == (
        0,
        "Identical, bit for bit (fingerprint ffffffff).\n"
        "Compared: 220 readings of 2 series and 2 kept states, up to step 200.\n",
    )
    assert compared(one, other).largest is None


@pytest.mark.parametrize(
    ("value", "share"),
    [(np.nextafter(losses()[47], 1), 1.1e-16), (-losses()[47], 2.0), (np.nan, np.inf), (np.inf, np.inf)],
    ids=["the last bit", "the sign", "NaN", "infinity"],
)
def test_one_altered_frame_is_named_by_its_step_and_series(
    kept: Kept, capsys: pytest.CaptureFixture[str], value: float, share: float
) -> None:
    one, other = kept("a"), kept("b", alter=with_loss(2, 7, value))
    found = compared(one, other)
    assert found.verdict == "differs"
    assert found.first is not None
    assert found.largest is not None
    assert found.first.at == found.largest.at == (47, "loss", ())
    assert found.first.relative == pytest.approx(share, rel=1)
    code, text = said(capsys, "diff", one, other)
    assert code == 1
    assert "First at step 47 in loss: 0.625002" in text
    code, text = said(capsys, "diff", one, other, "--json")
    report = json.loads(text)
    assert (code, report["verdict"], report["first"]["step"], report["first"]["series"]) == (1, "differs", 47, "loss")


def test_zero_and_minus_zero_are_not_the_same_bits(kept: Kept) -> None:
    one, other = kept("a", alter=with_loss(2, 7, 0.0)), kept("b", alter=with_loss(2, 7, -0.0))
    found = compared(one, other)
    assert (found.verdict, found.first and found.first.step, found.first and found.first.relative) == ("differs", 47, 0)


def test_a_component_a_seed_and_an_arm_are_named(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    def alter(told: list[Record]) -> None:
        frames = told[3]
        assert isinstance(frames, Frames)
        tops = frames.parts[1].columns["curvature"].numpy().copy()
        tops[1, 2] += 1
        told[3] = replace(
            frames, parts=(frames.parts[0], replace(frames.parts[1], columns={"curvature": Array.of(tops)}))
        )

    assert (
        "First at step 30 in curvature (λ₃): 25 in A, 26 in B"
        in said(capsys, "diff", kept("a"), kept("b", alter=alter))[1]
    )


def test_a_truncated_copy_is_compared_as_far_as_it_goes(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = kept("a"), kept("b")
    data = other.read_bytes()
    cut = data.index(b'"step":140')
    other.write_bytes(data[: cut + 100])
    code, text = said(capsys, "diff", one, other)
    assert code == 0
    assert "132 readings of 2 series and 1 kept state, up to step 120." in text
    assert "In B: its last line is not whole" in text
    assert "Step 200 is the last in A, step 120 in B." in text
    lines = data.splitlines(keepends=True)
    lines[5] = lines[5].replace(b"AAAA", b"AAAB", 1)
    other.write_bytes(b"".join(lines))
    code, text = said(capsys, "diff", one, other)
    assert code == 0
    assert "In B: line 6 is damaged" in text


def test_another_seed_differs_at_the_first_step(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = kept("a"), kept("b", losses(1), seeds=(1,), scenario={"run": {"seed": 1}})
    code, text = said(capsys, "diff", one, other)
    assert code == 1
    assert "First at step 0 in loss: 1 in A, 2 in B (relative: 0.5)" in text
    assert "run seeds: seed 0 | seed 1" in text


def test_another_fingerprint_may_differ_within_half_the_digits(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    near, far = losses(), losses()
    near[60] *= 1 + 1e-10
    near[150] *= 1 + 3e-10
    far[60] *= 1 + 1e-10
    far[90:] *= 1 + 1e-4
    one, same = kept("a"), kept("same", fingerprint="beef")
    close, apart = kept("close", near, fingerprint="beef"), kept("apart", far, fingerprint="beef")
    code, text = said(capsys, "diff", one, same)
    assert code == 0
    assert text.startswith("Identical, bit for bit, though on another fingerprint (fingerprints ffffffff and\n  beef).")
    code, text = said(capsys, "diff", one, close)
    assert (code, text.splitlines()[0]) == (
        0,
        "Within tolerance, on another fingerprint (fingerprints ffffffff and beef).",
    )
    assert "Largest relative difference at step 150 in loss" in text
    assert "(relative: 3e-10)" in " ".join(text.split())
    code, text = said(capsys, "diff", one, apart)
    assert code == 1
    assert "First at step 90 in loss" in text
    assert said(capsys, "diff", one, apart, "--tolerance", "0.001")[0] == 0
    assert said(capsys, "diff", one, close, "--tolerance", "1e-11")[0] == 1
    assert said(capsys, "diff", one, close, "--tolerance", "nan")[0] == 2, "what nothing exceeds is no tolerance"
    found = compared(kept("x", near), kept("y"))
    assert found.verdict == "differs", "on the same fingerprint there is no allowance"


def test_what_lies_below_rounding_is_no_difference_elsewhere(kept: Kept) -> None:
    small, smaller = losses(), losses()
    small[150:], smaller[150:] = 1e-24, 3e-24
    assert compared(kept("a", small), kept("b", smaller, fingerprint="beef")).verdict == "within tolerance"
    assert compared(kept("c", small), kept("d", smaller)).verdict == "differs"


def test_readings_out_of_cadence_are_counted_and_not_compared(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    def peek(told: list[Record]) -> None:
        tops = Array.of(np.full((1, 3), 7.0))
        told.insert(5, Frames(60, (Part(55, 1, 1, {"curvature": tops}),), 0.1, 0.0))

    one, other = kept("a", alter=peek), kept("b")
    code, text = said(capsys, "diff", one, other)
    assert code == 0
    assert "1 reading before that step only in A." in text
    found = compared(one, other, whole=True)
    assert found.verdict == "differs", "what is to be the same session has the same readings"
    assert found.first == diff.Place(55, "curvature")


def test_a_state_that_is_not_its_digests_is_named(kept: Kept) -> None:
    other = Array.of(np.arange(1.0, 6.0))

    def last(state: Keyframe) -> Callable[[list[Record]], None]:
        def alter(told: list[Record]) -> None:
            told[-2] = state

        return alter

    for name, state in (("state", keyframe(200, other)), ("leaf", keyframe(200, other, keyframe(200).digest))):
        found = compared(kept("a"), kept(name, alter=last(state)))
        assert (found.verdict, found.first) == ("differs", diff.Place(200, diff.STATE)), name
    elsewhere = kept("elsewhere", alter=last(keyframe(200, other)), fingerprint="beef")
    assert compared(kept("a"), elsewhere).verdict == "within tolerance"
    held = kept("held", alter=lambda told: told.insert(-1, keyframe(200, other)))
    assert compared(kept("a"), held).verdict == "identical", "one that was held there may have kept more"


def test_series_that_only_one_has_are_told(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    less = kept("b", series=(Series("loss", "loss"),))
    code, text = said(capsys, "diff", kept("a"), less)
    assert code == 0
    assert "200 readings of 1 series" in text
    assert "Only in A: curvature." in text
    nothing = kept("c", series=(Series("\x1b[2J", "x"),), alter=lambda told: told.__delitem__(slice(1, None)))
    with pytest.raises(RecordingError, match="nothing can be compared"):
        compared(kept("a"), nothing)
    assert said(capsys, "diff", less, nothing)[0] == 2


def test_nothing_of_a_file_reaches_the_terminal_raw(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    name = "lo\x1b]52;c;eA==\x07ss\u202e"
    series = (Series("loss", "x"), Series(name, "x"), Series("curvature", "λ", ("\x1b[6n",), (3,)))

    def alter(value: float) -> Callable[[list[Record]], None]:
        def change(told: list[Record]) -> None:
            columns = {"curvature": Array.of(np.full((1, 3), value)), name: Array.of(np.array([value]))}
            told[1:] = [Frames(1, (Part(0, 1, 1, columns),), 0.0, 0.0)]
            told.append(Event(0, "turn", "", {"knob": "\x1b[2J", "value": value}))

        return change

    paths = [kept(str(at), alter=alter(at), series=series, fingerprint=f"\x1b[{at}m") for at in (1.0, 2.0)]
    for more in ((), ("--json",)):
        code, text = said(capsys, "diff", *paths, *more)
        assert code == 1
        assert not {character for character in text if ord(character) < 32 or character == "\u202e"} - {"\n"}


def test_a_series_is_named_as_it_may_be_shown(kept: Kept) -> None:
    header = diff.told(kept("a", series=(Series("\x1b[2J", "\x07", ("\u202e",), (1,)),))).history.header
    assert header.series == (Series("\\x1b[2J", "\\x07", ("\\u202e",), (1,)),)


def test_what_is_no_recording_is_refused(kept: Kept, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "junk").write_bytes(b"\x00" * 100)
    for path in (tmp_path / "junk", tmp_path / "none", tmp_path):
        assert said(capsys, "diff", kept("a"), path)[0] == 2
        assert said(capsys, "verify", path)[0] == 2


def test_an_engine_that_dies_on_its_way_proves_nothing(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import sys

    from dltlab.session import live

    path = kept("a")
    dies = """
import os, sys
given = dict(word.split("=", 1) for word in sys.argv[2:])
with open(given["--original"], "rb") as told, open(given["--session"], "wb") as out:
    out.writelines(told.readlines()[:4])
print("out of luck", file=sys.stderr, flush=True)
os.kill(os.getpid(), 9)
"""
    monkeypatch.setattr(live, "ENGINE", [sys.executable, "-c", dies])
    code, text = said(capsys, "verify", path, "--quiet")
    assert code == 3
    assert "The engine died at step 40 of the re-execution, so nothing was proved; it said: out of luck" in text


def test_of_ensembles_the_seeds_that_both_have_are_compared(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    def ensemble(name: str, *seeds: int, off: float = 0.0) -> Path:
        """A recording of these seeds, as an engine tells it: one alone has no axis of seeds."""
        own = np.stack([losses(seed) for seed in seeds], axis=1)
        own[7, 0] += off
        axes, shape = (("seed",), (len(seeds),)) if len(seeds) > 1 else ((), ())
        return kept(name, own.reshape(STEPS, *shape), seeds=seeds, series=(Series("loss", "loss", axes, shape),))

    four, two = ensemble("a", 0, 1, 2, 3), ensemble("b", 2, 1)
    code, text = said(capsys, "diff", four, two)
    assert code == 0
    assert text.startswith("Identical, bit for bit")
    told = " ".join(text.split())
    assert "Of A only seeds 1, 2, which both have, not seeds 0, 3; states are kept of all seeds" in told
    assert "Of B" not in text
    assert f"Compared: {STEPS} readings of 1 series and 0 kept states" in text
    code, text = said(capsys, "diff", four, ensemble("c", 2, off=1.0))
    assert code == 1
    assert "First at step 7 in loss" in text
    assert json.loads(said(capsys, "diff", four, two, "--json")[1])["recordings"][0]["seeds_alone"] == [0, 3]
    code, text = said(capsys, "diff", four, ensemble("d", 4, 5, 6, 7))
    assert "Of A" not in text
    assert code == 1

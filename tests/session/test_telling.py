"""A session in plain lines: live and recorded it is told the same, on any terminal or none, to anybody."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dltlab import headless, records
from dltlab.cli import cli
from dltlab.headless.telling import Telling
from dltlab.records import Event
from dltlab.session.history import History

LINE = re.compile(r"step [\d,]+(, arm [^:]+)?: \S.*")
FALLS = """
[[claims]]
name = "falls"
kind = "level"
says = "The loss ends near 0.61."
series = "loss"
statistic = "last"
predicted = {predicted}
tolerance = 0.01
"""


def replayed(path: Path) -> Result:
    # No terminal stands behind this runner's streams.
    return CliRunner().invoke(cli, ["replay", str(path), "--text"], standalone_mode=False)


@pytest.mark.parametrize(
    ("ending", "predicted", "code"), [("finished", 0.6126, 0), ("finished", 0.7, 1), ("diverged", 0.7, 3)]
)
def test_what_is_told_of_a_run_is_told_of_its_recording(engine, scenario, capsys, ending, predicted, code) -> None:
    engine(ending)
    name = scenario(FALLS.format(predicted=predicted))
    assert headless.run([name], out=Path("one.dltlab.jsonl")) == code
    without = capsys.readouterr().out
    assert headless.run([name], out=Path("two.dltlab.jsonl"), follow=True) == code
    said = capsys.readouterr().out
    # The verdicts stand below, as they do without.
    assert re.sub(r"[\d.]+ s$", "", said, flags=re.M).endswith(re.sub(r"[\d.]+ s$", "", without, flags=re.M))
    lines = said.splitlines()[: -len(without.splitlines())]
    opening, *events, closing = lines
    assert opening.startswith("A fall: 50 steps planned")
    assert all(LINE.fullmatch(line) for line in [*events, closing]), lines
    assert "step 10: half way" in events
    assert closing == f"step 49: {ending}: {ending} as told"
    assert ("step 49: the loss is NaN." in events) == (ending == "diverged")
    found = replayed(Path("two.dltlab.jsonl"))
    # The fake engine's header carries no claims: a recording can only judge what it holds.
    assert found.return_value == 0
    assert found.output.splitlines()[:-1] == [line for line in lines if "claim" not in line and "loss 0" not in line]


def test_no_line_goes_back_in_time(fake) -> None:
    """The sharpness climbs for long before it is known to: by then figures of later steps were told."""
    steps, chunk = 1000, 10
    series = (
        records.Series("loss", "loss", scale="log"),
        records.Series("sharpness", "sharpness"),
        records.Series("sharpness.theory", "2/η"),
    )
    probes = {"loss": {"kind": "loss"}, "sharpness": {"kind": "sharpness"}}
    tables = {"probes": probes, "theories": {"sharpness": {"kind": "stability_threshold"}}}
    telling = Telling(History(fake.header("climb", steps, 1, series=series, scenario=tables)))
    told = []
    for first in range(0, steps, chunk):
        at = np.arange(first, first + chunk)
        columns = {
            "loss": np.exp(-at / 300), "sharpness": np.interp(at, [100, 700], [1.0, 5.0]),
            "sharpness.theory": np.full(chunk, 5.0),
        }  # fmt: skip
        part = records.Part(first, 1, chunk, {name: records.Array.of(column) for name, column in columns.items()})
        told += telling.take([records.Frames(first + chunk - 1, (part,), 0.1, 0.001, 0.1)])
    named = [int(line.split(":")[0].removeprefix("step ").replace(",", "")) for line in told]
    assert named == sorted(named)
    assert [line.split(": the")[0] for line in told if "since step" in line] == [
        "step 161: since step 0: progressive sharpening", "step 925: since step 700",
    ]  # fmt: skip


def test_several_are_told_apart_by_name(engine, scenario, capsys) -> None:
    engine("finished")
    names = [scenario(), scenario(name="other")]
    headless.run(names, follow=True, jobs=2)
    said = capsys.readouterr().out.splitlines()
    for one in names:
        assert f"{one}: step 10: half way" in said


def test_a_claim_is_told_when_it_changes_and_the_figures_now_and_then(fake, keep, tmp_path) -> None:
    claims = [
        {"name": "low", "kind": "level", "says": "Low.", "series": "loss", "statistic": "last", "below": 0.9}
    ]  # fmt: skip
    scenario = {
        "title": "A fall", "problem": {"kind": "any"}, "optimizer": {"kind": "any"}, "run": {"steps": 500},
        "probes": {"loss": {"kind": "loss"}}, "claims": claims,
    }  # fmt: skip
    found = replayed(keep(steps=500, header={"scenario": scenario}))
    lines = found.output.splitlines()
    told = [line for line in lines if "claim low" in line]
    assert len(told) == 1
    assert re.fullmatch(r"step [\d,]+: claim low holds: predicted ≤ 0.9, measured 0\.\d+", told[0].replace("<", "≤")), (
        told
    )
    figures = [line for line in lines if re.fullmatch(r"step \d+: loss [\d.e-]+", line)]
    assert 15 <= len(figures) <= 22
    assert len(set(lines)) == len(lines)
    assert lines[-1] == "1 claim: 1 holds."


def test_a_claim_that_this_version_does_not_know_stands_open_beside_the_others(keep) -> None:
    low = {"name": "low", "kind": "level", "says": "Low.", "series": "loss", "statistic": "last", "below": 0.9}
    claims = [{"name": "nova", "kind": "nova", "says": "New."}, low, {**low, "name": "far", "series": "gone"}]
    found = replayed(keep(header={"scenario": {"claims": claims}})).output
    assert "claim low holds" in found
    assert "claim nova" not in found
    assert found.splitlines()[-1] == "3 claims: 2 not shown, 1 holds."


def test_no_control_character_is_told(keep, fake) -> None:
    evil = "\x1b]52;c;ZXZpbA==\x07\u202e\nstep 3: a lie"
    history = History(fake.header("evil", 50, 1, title=f"A {evil}"))
    telling = Telling(history)
    said = [telling.opening()]
    for what in ("mark", "turn", "kick", "fork", "diverged", "refused", "warning", "pause"):
        data = {"knob": evil, "value": 1.0, "old": 2.0} if what == "turn" else {}
        said += telling.take([fake.frames(0, 5, 1, 0.0), Event(4, what, evil, data)])
    said.append(telling.closing())
    assert len(said) >= 10
    for line in said:
        assert line.isprintable(), line
    assert not any(line.startswith("step 3") for line in said)


def test_a_damaged_recording_is_told_as_far_as_it_is_whole(keep) -> None:
    path = keep()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * 0.6)])
    found = replayed(path)
    assert found.return_value == 0
    assert "the recording goes no further" in found.output
    lines = whole.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:5], lines[5][:40] + b"X" + lines[5][41:], *lines[6:]]))
    assert "read as far as it is whole" in replayed(path).output


def test_what_is_no_recording_is_refused(tmp_path) -> None:
    path = tmp_path / f"none{records.SUFFIX}"
    path.write_text("nothing")
    found = replayed(path)
    assert found.exception is not None
    assert "no recording" in str(found.exception)

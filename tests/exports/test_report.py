"""The report says what the session was, and nothing in it is taken for more than text."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from dltlab import records
from dltlab.exports import FORMATS, Wanted
from dltlab.exports.delivery import deliver
from dltlab.exports.figures import COLUMNS, ROWS, Axes, Curve, figure
from dltlab.records import Event, Frames, Header
from dltlab.session.notes import Notes


def report(recording: Path, series: tuple[str, ...] | None = None) -> str:
    out = recording.with_name("report.md")
    deliver(FORMATS["markdown"], recording, out, Wanted(series=series), mode="none")
    return out.read_text(encoding="utf-8")


def rewritten(recording: Path, **changes: object) -> Path:
    """The same recording under another header."""
    first, rest = recording.read_bytes().split(b"\n", 1)
    head = records.decode(first)
    assert isinstance(head, Header)
    recording.write_bytes(records.encode(replace(head, **changes)) + rest)
    return recording


def test_it_is_all_there(made: Callable[[str], Path]) -> None:
    panels = [{"kind": "curves", "title": "Both", "series": ["loss", "small"], "scale": "log"}]
    scenario = {"abstract": "Why <b>this</b>?", "look_for": ["a fall"], "panels": panels}
    recording = rewritten(made("arms"), scenario=scenario)
    Notes(recording).add(10, "seen by | hand")
    said = report(recording)
    html = MarkdownIt("gfm-like", {"linkify": False}).render(said)
    for words in ("A made | session", "a fall", "seen by | hand", "half | way", "η", "Both", "finished at step 59"):
        assert words in html, words
    assert html.count("<table>") == said.count("\n|---") == 3
    assert "<b>" not in html
    assert "Why &lt;b&gt;this&lt;/b&gt;?" in html
    assert '<pre><code class="language-text">' in html


def test_a_claim_that_cannot_be_judged_is_not_shown_to_hold(made: Callable[[str], Path]) -> None:
    recording = rewritten(made("one"), scenario={"claims": [{"kind": "level", "name": "odd"}, {"kind": "nova"}, 7]})
    said = report(recording)
    assert said.count("⏳ not shown") == 3
    assert "✅" not in said


def test_a_claim_that_failed_after_a_turn_names_it(made: Callable[[str], Path]) -> None:
    claim = {"kind": "bounded", "name": "low", "says": "Low.", "series": "small", "bound": 0.0, "window": [0.5, 1.0]}
    recording = rewritten(made("one"), scenario={"claims": [claim]})
    (row,) = (line for line in report(recording).splitlines() if "❌ fails" in line)
    assert "after the turn of η at step 13; the claim is about the run without it" in row


HOSTILE = ["`" * 40, "<script>alert(1)</script>", "a\n# b", "![x](http://x)", "\x1b[2J", "|" * 9]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_said_is_obeyed(made: Callable[[str], Path], text: str) -> None:
    html, plain = _saying(made("one"), text), _saying(made("one"), "plain words")
    for tag in ("<h1", "<h2", "<h3", "<td", "<li", "<pre", "<code"):
        assert html.count(tag) == plain.count(tag) > 0, tag
    for tag in ("<script", "<img", "<a ", "\x1b"):
        assert tag not in html


def _saying(recording: Path, text: str) -> str:
    """A report of a session whose every text is this one, as HTML."""
    series = tuple(replace(one, title=text) for one in _header(recording).series)
    panels = [{"kind": "curves", "title": text, "series": ["loss"]}]
    claims = [{"kind": text, "name": text, "says": text}]
    rewritten(
        recording, title=text, session=text, source=text, device={text: text}, series=series,
        scenario={"abstract": text, "look_for": [text], "sources": [text], "panels": panels, "claims": claims},
    )  # fmt: skip
    notes = Notes(recording)
    notes.path.unlink(missing_ok=True)
    Notes(recording).add(3, text)
    return MarkdownIt("gfm-like", {"linkify": False}).render(report(recording))


def _header(recording: Path) -> Header:
    head = records.decode(recording.read_bytes().split(b"\n", 1)[0])
    assert isinstance(head, Header)
    return head


@pytest.mark.parametrize(
    "scenario", [{"panels": "x", "claims": "y", "look_for": 3, "questions": [1]}, {"panels": [{"kind": "curves"}, 1]}]
)
def test_a_scenario_of_other_shapes_is_no_fault(made: Callable[[str], Path], scenario: dict) -> None:
    assert "# A made" in report(rewritten(made("seeds"), scenario=scenario))


def test_chosen_series_have_a_figure_each(made: Callable[[str], Path]) -> None:
    said = report(made("one"), ("small", "count"))
    assert said.count("```text") == 2
    assert said.index("### small") < said.index("### count")


def test_a_curve_is_drawn_where_its_numbers_are() -> None:
    steps = np.arange(1000)
    lines = figure([Curve("up", steps, steps * 0.5)], Axes(high=500.0))
    plot = [line[11 : 11 + COLUMNS] for line in lines[:ROWS]]
    assert all(0x2800 <= ord(sign) <= 0x28FF for line in plot for sign in line)
    dots = [[place for place, sign in enumerate(line) if sign != "\u2800"] for line in plot]
    # A straight line from the lower left corner to the upper right one.
    assert dots[0][-1] == COLUMNS - 1
    assert dots[-1][0] == 0
    assert all(abs(np.mean(row) - (ROWS - 0.5 - place) * COLUMNS / ROWS) < 3 for place, row in enumerate(dots))
    assert lines[0].endswith(" up")
    assert lines[0].startswith("      500 ┤")


def test_what_is_no_number_breaks_the_line_and_nothing_else() -> None:
    steps = np.arange(640)
    values = np.where((steps >= 200) & (steps < 400), np.nan, 1.0)
    values[500] = np.inf
    lines = figure([Curve("gap", steps, values)], Axes(low=0.0, high=2.0))
    plot = [line[11 : 11 + COLUMNS].ljust(COLUMNS, "\u2800") for line in lines[:ROWS]]
    drawn = [any(line[place] != "\u2800" for line in plot) for place in range(COLUMNS)]
    assert drawn[:20] == [True] * 20
    assert not any(drawn[21:39])
    assert all(drawn[41:])
    assert figure([Curve("none", steps, np.full(640, np.nan))], Axes()) == []
    assert figure([Curve("empty", steps[:0], values[:0])], Axes()) == []


@pytest.mark.parametrize("values", [[0.0], [5.0, 5.0], [-1e308, 1e308], [1e-320, 2e-320], [3.0, -2.0, 0.0]])
def test_every_range_can_be_drawn(values: list[float]) -> None:
    for axes in (Axes(), Axes(log_x=True, log_y=True), Axes(low=5.0, high=-5.0)):
        lines = figure([Curve("x", np.arange(len(values)), np.array(values))], axes)
        assert len(lines) in (0, ROWS + 2)


def test_records_are_as_they_were_made(made: Callable[[str], Path]) -> None:
    kinds = {type(records.decode(line)) for line in made("one").read_bytes().splitlines()}
    assert {Header, Frames, Event} <= kinds

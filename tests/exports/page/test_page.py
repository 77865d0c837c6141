"""What a page holds: every reading that fits, every extreme of what does not, all words, and nothing that runs."""

import base64
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from dltlab import records
from dltlab.engine.probes import PROBES
from dltlab.engine.theories import THEORIES
from dltlab.errors import UsageError
from dltlab.exports.page import chunks, heat, histogram, library, packing, sentences
from dltlab.panels import PANELS, Heat, Histogram, chosen
from dltlab.records import Array, Event, Frames, Header, Part
from dltlab.session.history import History

Keep = Callable[..., Path]
LARGEST = 2_000_000
STYLE = Path(packing.__file__).with_name("page.css").read_text("utf-8")


def _page(recording: Path, told: Any) -> str:
    return told(recording).decode("utf-8")


def _data(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="session">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def _unpacked(packed: dict[str, str]) -> np.ndarray:
    ((kind, text),) = packed.items()
    return np.frombuffer(base64.b64decode(text), f"<{kind}").astype(np.float64)


def _steps(table: dict[str, Any]) -> np.ndarray:
    steps = table["steps"]
    return steps["first"] + steps["stride"] * np.arange(table["n"]) if "first" in steps else _unpacked(steps)


def _history(records: Any) -> History:
    told = list(records)
    history = History(told[0])
    history.extend(told[1:])
    return history


def test_ten_thousand_frames_are_all_there_in_two_megabytes(keep: Keep, exported: Any, made: Any) -> None:
    page = exported(keep(10_000))
    assert len(page) <= LARGEST
    history, data = _history(made(10_000)), _data(page.decode("utf-8"))
    for plot, name in ((0, "sharpness"), (1, "loss")):
        (line, *_), tables = data["plots"][plot]["lines"], data["plots"][plot]["tables"]
        table = tables[line["table"]]
        assert table["n"] == table["of"] == len(history[name])
        assert np.array_equal(_steps(table), history[name].steps)
        assert np.allclose(_unpacked(table["columns"][line["column"]]), history[name].values, rtol=1e-6, atol=0)


def test_what_does_not_fit_is_thinned_and_says_so(keep: Keep, exported: Any, made: Any) -> None:
    page = exported(keep(200_000))
    assert 0.4 * LARGEST < len(page) <= LARGEST
    history, data = _history(made(200_000)), _data(page.decode("utf-8"))
    table = data["plots"][1]["tables"][0]
    assert table["of"] == len(history["loss"]) > table["n"] > 10_000
    steps, values = _steps(table), _unpacked(table["columns"][0])
    known = history["loss"].values[np.searchsorted(history["loss"].steps, steps)]
    assert np.allclose(values, known, rtol=1e-6), "each reading that is there stands at its own step"


@given(st.lists(st.floats(width=32) | st.just(np.nan), min_size=1, max_size=400), st.integers(6, 60))
@settings(max_examples=40, deadline=None)
def test_thinning_keeps_every_extreme_and_both_ends(values: list[float], length: int) -> None:
    whole = packing.table(np.arange(0, 3 * len(values), 3), [np.array(values)])
    thin = packing.thinned(whole, length)
    assert len(thin.steps) <= max(length, 6) + 2
    assert (thin.steps[0], thin.steps[-1], thin.of) == (0, 3 * (len(values) - 1), len(values))
    assert np.all(np.diff(thin.steps) > 0)
    column, kept = np.array(values), thin.columns[0]
    assert np.array_equal(column[thin.steps // 3], kept, equal_nan=True)
    for fold in (np.min, np.max):
        finite = column[np.isfinite(column)]
        assert not len(finite) or fold(finite) == fold(kept[np.isfinite(kept)])
    assert np.isfinite(column).all() == np.isfinite(kept).all()


@given(st.lists(st.floats(), min_size=1, max_size=50))
@settings(max_examples=40, deadline=None)
def test_numbers_come_back_to_seven_digits_whatever_their_size(values: list[float]) -> None:
    given = np.array(values)
    back = _unpacked(packing.numbers(given))
    finite = np.isfinite(given)
    assert np.array_equal(np.isfinite(back), finite)
    assert np.allclose(back[finite], given[finite], rtol=1e-6, atol=0)


class _Read(HTMLParser):
    """The elements of a page, their attributes' names, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


_PIECES = [*"<>&'\"/=!-`\\$% ax\x1b\x00\u202e\u2028", "</script>", "<img onerror=", "]]>", "<!--", "${title}", "&lt;"]
hostile = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=20).map("".join).filter(str.strip)


@given(said=hostile)
@settings(max_examples=25, deadline=None)
def test_no_word_of_a_recording_becomes_an_element(said: str, made: Any) -> None:
    pages = []
    for word in ("plain", said):
        names = {"title": word, "abstract": word, "look_for": [word], "sources": [word]}
        panel = {"kind": "curves", "title": word, "series": ["loss"]}
        claim = {"name": "low", "kind": "level", "says": word, "series": "loss", "statistic": "last", "below": 1}
        history = _history(made(30, **names, panels=[panel], claims=[claim]))
        verdicts = [shelf_judged(claim, history)]
        page = "".join(chunk for _, chunk in chunks(history, verdicts, []))
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u200b]", page)
        read = _Read()
        read.feed(page)
        assert _data(page)["last"] == 30
        pages.append(read)
    assert pages[0].elements == pages[1].elements


def shelf_judged(table: dict[str, Any], history: History) -> Any:
    """A claim, judged as the headless runner judges it."""
    from dltlab import claims

    return claims.judge_all(claims.build([table]), history)[0]


def test_all_that_is_said_stands_there_without_the_program(keep: Keep, exported: Any) -> None:
    read = _Read()
    read.feed(exported(keep()).decode("utf-8"))
    words = " ".join(" ".join(read.words).split())
    for said in (
        "A lecture", "The sharpness climbs to 2/η and stays.", "The dashed line.", "A paper, 2021",
        "1 of 2 claims hold", "The loss ends below a millionth.", "FAILS",
        "η is halved now: what will the sharpness do?",
        "The edge has moved up.", "look here", "ffffffff", "The edge of stability: with a curvature above this line",
    ):  # fmt: skip
        assert said in words, said
    assert "breathe" not in words, "what a lecturer says is not handed out"


def test_nothing_is_told_of_the_machine_that_recorded_it_nor_of_its_folders(made: Any) -> None:
    head, *rest = made(30)
    head = replace(head, source="/home/ada/private/edge.toml", device={"kind": "cpu", "node": "lab7.example.org"})
    page = "".join(chunk for _, chunk in chunks(_history([head, *rest]), [], []))
    assert "edge.toml" in page
    assert "cpu" in page
    assert not re.search("private|lab7", page)


def test_the_policy_forbids_every_connection(keep: Keep, exported: Any) -> None:
    page = exported(keep()).decode("utf-8")
    found = re.search('Content-Security-Policy" content="([^"]*)"', page)
    assert found is not None
    rules = dict(rule.split(" ", 1) for rule in found[1].replace("&#x27;", "'").split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert all(source.startswith("'sha256-") for source in rules["script-src"].split())
    assert not re.search(r"""(?:src|href)=["'](?!#|data:,)""", page.split("<script", 1)[0])


def test_the_library_is_the_one_that_its_author_released(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "uPlot (v1.6.31)" in library.uplot().script
    monkeypatch.setattr(library, "_FILES", dict.fromkeys(library._FILES, "0" * 64))
    with pytest.raises(UsageError, match="is not what uPlot's author released"):
        library.uplot()
    monkeypatch.setattr(library, "_CARRIER", "no-such-package-as-this")
    with pytest.raises(UsageError, match="need uPlot"):
        library.uplot()


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", [0, 1])
def test_every_colour_stands_out_from_its_ground(scheme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\n *\}", STYLE, re.DOTALL)
    inks = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", blocks[scheme]))
    assert len(blocks) == 2
    assert {"text", "quiet", "accent", "curve7", "theory"} <= set(inks)
    for name, ink in inks.items():
        if name in ("ground", "sheet", "tint", "rule", "grid", "on-accent"):
            continue
        for ground in ("ground", "sheet"):
            light, dark = sorted((_luminance(ink), _luminance(inks[ground])), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (name, ground)
    light, dark = sorted((_luminance(inks["accent"]), _luminance(inks["on-accent"])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


@pytest.mark.parametrize("kind", PANELS)
@pytest.mark.parametrize("series", ["loss", "spectrum", "position", "kernel", "nowhere"])
def test_a_panel_that_asks_for_the_wrong_series_takes_no_page_with_it(made: Any, kind: str, series: str) -> None:
    told = {key: [series] if key == "series" else series for key in PANELS[kind].KEYS}
    more = {"scaling": {"component": 9}, "plane": {"circle": 1.0}}.get(kind, {})
    history = _history(made(30, panels=[{"kind": kind, **told, **more}]))
    assert not chosen.unknown(history.header)
    page = "".join(chunk for _, chunk in chunks(history, [], []))
    assert _data(page)["plots"]


def test_a_session_that_has_only_begun_has_a_page(made: Any) -> None:
    whole = list(made(30))
    for said in (whole[:1], [one for one in whole if isinstance(one, Header | Frames)]):
        page = "".join(chunk for _, chunk in chunks(_history(said), [], []))
        assert "had not ended when this was made" in page


@pytest.mark.parametrize(("step", "named"), [(399, True), (400, False)])
def test_a_claim_that_failed_after_a_kick_names_it_and_one_that_failed_before_does_not(
    keep: Keep, exported: Any, step: int, *, named: bool
) -> None:
    tame = {
        "name": "tame",
        "kind": "bounded",
        "says": "The distance stays small.",
        "series": "movement",
        "bound": 0.9985,
    }
    recording = keep(claims=[tame])
    kick = Event(step, "kick", "Kicked by 0.1.", {"radius": 0.1, "direction": "random"}, 0.7)
    *said, footer = recording.read_bytes().splitlines(keepends=True)
    recording.write_bytes(b"".join([*said, records.encode(kick), footer]))
    page = re.sub(r"<[^>]*>", "", _page(recording, exported))
    told = f"✶ after the kick at step {step}; the claim is about the run without it"
    # In the table of claims, and below the plot that it is judged on.
    assert page.count(told) == 2 * named


NUMBERS = st.one_of(st.floats(width=64), st.sampled_from([0.0, -0.0, 5e-324, 1.7e308, -1.7e308, 1.0, -1.0]))


def _kernels(made: Any, *read: list[float]) -> History:
    """A session that read these matrices of nine numbers."""
    head = next(iter(made(30)))
    columns = {"kernel": Array.of(np.array(read, np.float64).reshape(-1, 3, 3))}
    return _history([head, Frames(5 * len(read), (Part(0, 5, len(read), columns),), 0.1, 0.1)])


@settings(deadline=None)
@given(st.lists(st.lists(NUMBERS, min_size=9, max_size=9), min_size=1, max_size=4), st.sampled_from(["linear", "log"]))
def test_the_shades_of_a_matrix_are_in_the_order_of_its_numbers(made: Any, read: Any, scale: str) -> None:
    history, values = _kernels(made, *read), np.array(read)
    plot = heat.plot(history, Heat(["kernel"], scale=scale))  # type: ignore[arg-type]
    taken = np.isfinite(values) & ((values > 0) | (scale == "linear"))
    assert (plot is None) == (not taken.any())
    if plot is None:
        return
    look = plot.look
    shown = (look["rows"], look["columns"])
    whole = values.reshape(-1, 3, 3)[:, : shown[0], : shown[1]]
    assert np.isfinite([look["low"], look["high"]]).all()
    assert np.isnan(np.delete(values.reshape(-1, 3, 3), np.s_[: shown[0]], axis=1)).all(), "what is left out was filled"
    shades = _unpacked(look["shades"]).reshape(whole.shape)
    kept = np.isfinite(whole) & ((whole > 0) | (scale == "linear"))
    assert (np.isfinite(shades) == kept).all()
    assert (np.abs(shades[kept]) <= 1).all()
    assert (np.diff(shades[kept][np.argsort(whole[kept])]) >= -1e-6).all()
    if look["low"] < 0:
        assert (shades[kept] * whole[kept] >= 0).all(), "the sign is the number's own"


@settings(deadline=None)
@given(st.lists(st.lists(NUMBERS, min_size=9, max_size=9), min_size=1, max_size=4), st.integers(0, 400))
def test_every_finite_number_is_counted_once_in_a_histogram(made: Any, read: Any, bins: int) -> None:
    plot = histogram.plot(_kernels(made, *read), Histogram(["kernel"], bins=bins))
    values = np.array(read)
    assert (plot is None) == (not np.isfinite(values).any())
    if plot is None:
        return
    counts = _unpacked(plot.look["counts"]).reshape(len(read), plot.look["bins"])
    assert (counts.sum(axis=1) == np.isfinite(values).sum(axis=1)).all()
    assert (_unpacked(plot.look["lost"]) == np.isinf(values).sum(axis=1)).all()
    assert plot.look["most"] == counts.max()
    assert plot.look["bins"] == bins or (bins == 0 and 1 <= plot.look["bins"] <= 100)


def test_a_matrix_that_is_too_large_is_averaged_and_says_so(made: Any) -> None:
    head = next(iter(made(30)))
    large = np.add.outer(np.arange(100.0), np.arange(200.0))[None]
    series = [replace(one, shape=(100, 200)) if one.name == "kernel" else one for one in head.series]
    told = Frames(0, (Part(0, 5, 1, {"kernel": Array.of(large)}),), 0.1, 0.1)
    plot = heat.plot(_history([replace(head, series=tuple(series)), told]), Heat(["kernel"]))
    assert plot is not None
    assert (plot.look["rows"], plot.look["columns"]) == (24, 24)
    assert plot.look["size"] == "100 × 200, averaged"
    assert (np.diff(_unpacked(plot.look["shades"]).reshape(24, 24), axis=1) > 0).all()


def test_every_probe_and_theory_has_a_sentence_for_the_page_and_no_other_has() -> None:
    assert {name.split(".")[0] for name in sentences.PROBES} == set(PROBES)
    assert set(PROBES) <= set(sentences.PROBES)
    assert set(THEORIES) == set(sentences.THEORIES)

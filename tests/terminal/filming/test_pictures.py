"""Pictures and films in pixels and vectors: what they show, to the last pixel."""

import io
import re
import subprocess
import sys
import unicodedata
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from dltlab.errors import UsageError
from dltlab.exports.abstract import Wanted
from dltlab.exports.exported import Exported
from dltlab.records import Record
from dltlab.terminal.filming import camera, gif, png, still
from dltlab.terminal.filming.film import film_of, script_of
from dltlab.terminal.filming.letters import Letters, Style
from dltlab.terminal.filming.shapes import shapes
from dltlab.text import clean

Told = Callable[..., Exported]
Written = Callable[..., bytes]
SIZE = (80, 24)
BOXES = [chr(code) for code in range(0x2500, 0x2580)]


@pytest.fixture(scope="module")
def letters() -> Letters:
    return Letters(10, 20)


# Letters.


def test_braille_is_dots_in_their_places(letters: Letters) -> None:
    for bit, (column, row) in enumerate(((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))):
        mask = letters.mask(chr(0x2800 + (1 << bit)))
        assert mask.shape == (20, 10)
        place = np.s_[5 * row : 5 * row + 5, 5 * column : 5 * column + 5]
        assert mask[place].max() == 255
        assert mask.sum() == mask[place].sum()
    assert letters.mask("⣿").sum() == pytest.approx(8 * letters.mask("⠁").sum(), rel=0.02)


def test_blocks_fill_their_share_of_the_cell(letters: Letters) -> None:
    assert (letters.mask("█") == 255).all()
    assert (letters.mask("▀")[:10] == 255).all()
    assert not letters.mask("▀")[10:].any()
    shares = [letters.mask(chr(0x2580 + eighths)).mean() / 255 for eighths in range(1, 9)]
    assert shares == pytest.approx([eighths / 8 for eighths in range(1, 9)], abs=0.06)
    assert [letters.mask(letter).mean() / 255 for letter in "░▒▓"] == pytest.approx([0.25, 0.5, 0.75], abs=0.01)
    for one, other in ("▖▜", "▗▛", "▘▟", "▝▙", "▚▞"):
        assert (letters.mask(one).astype(int) + letters.mask(other) == 255).all()


def test_lines_reach_exactly_the_edges_that_they_name(letters: Letters) -> None:
    drawn = 0
    for letter in BOXES:
        name = unicodedata.name(letter)
        if "DOUBLE" in name or "DIAGONAL" in name or "DASH" in name:
            continue
        drawn += 1
        mask = letters.mask(letter)
        edges = {"UP": mask[0], "DOWN": mask[-1], "LEFT": mask[:, 0], "RIGHT": mask[:, -1]}
        words = set(name.split())
        words |= {"UP", "DOWN"} if "VERTICAL" in words else set()
        words |= {"LEFT", "RIGHT"} if "HORIZONTAL" in words else set()
        for edge, pixels in edges.items():
            assert bool(pixels.max() > 100) == (edge in words), (letter, edge)
    assert drawn > 80
    # Where two meet, they meet in the same pixels.
    assert (letters.mask("─")[:, -1] == letters.mask("┤")[:, 0]).all()
    assert (letters.mask("╭")[:, -1] == letters.mask("─")[:, 0]).all()
    assert (letters.mask("│")[-1] == letters.mask("╰")[0]).all()
    assert letters.mask("━").sum() == 2 * letters.mask("─").sum()


def test_every_sign_of_ours_can_be_drawn(letters: Letters) -> None:
    unknown = letters.mask("\uffff")
    seen = set()
    signs = "Aλη₀θ⁻³ᵀᵢⱼₖ‖−·…✗✓✶✚◆●○▲▼▶■□≤≥≈±×→←↑↓∇∝√∞⟨⟩∗⊗≪↦↻⪰⪯ℓ½‴"
    for letter in signs:
        mask = letters.mask(letter)
        assert mask.max() > 120, letter
        assert not np.array_equal(mask, unknown), letter
        seen.add(mask.tobytes())
    assert len(seen) == len(signs)
    assert letters.mask("A", Style(bold=True)).sum() > 1.15 * letters.mask("A").sum()
    assert letters.mask("x\u0302").sum() > letters.mask("x").sum()
    assert letters.mask("山").shape == (20, 20)


def test_without_any_font_a_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dltlab.terminal.filming.letters._files", lambda _: iter(()))
    with pytest.raises(UsageError, match=r"DejaVuSansMono.*pip install"):
        Letters(10, 20)


# Pictures.


def test_a_png_is_the_screen_at_that_step(written: Written, told: Told) -> None:
    image = Image.open(io.BytesIO(written("png", Wanted(size=SIZE, at=100))))
    assert image.format == "PNG"
    assert image.size == (80 * 20 + 48, 24 * 40 + 48)
    pixels = np.asarray(image.convert("RGB"))
    assert tuple(pixels[0, 0]) == (0x0F, 0x13, 0x18)
    assert 0.02 < (pixels != pixels[0, 0]).any(2).mean() < 0.5
    small = Wanted(size=(40, 12), at=100)
    assert (data := written("png", small)) == written("png", small)
    assert data != written("png", Wanted(size=(40, 12), at=140))
    light = Image.open(io.BytesIO(written("png", Wanted(size=(40, 12), theme="light")))).convert("RGB")
    assert light.getpixel((0, 0)) == (0xFB, 0xFA, 0xF8)


def test_a_picture_shows_no_notice_of_what_came_before(told: Told) -> None:
    cells = still.cells_of(told(), Wanted(size=(80, 24), at=200))
    foot = "".join(letter for letter, _ in cells.rows[-1])
    assert "half way" not in foot
    assert "quit" in foot


def test_one_panel_alone(written: Written, told: Told) -> None:
    session = told()
    one = written("png", Wanted(size=(60, 15), panel="sharpness"))
    assert Image.open(io.BytesIO(one)).size == (60 * 20 + 48, 15 * 40 + 48)
    number = [panel.names[0] for panel in still.chosen.with_standard(session.header)[0]].index("sharpness") + 1
    assert written("png", Wanted(size=(60, 15), panel=str(number))) == one
    assert written("png", Wanted(size=(60, 15), panel="loss")) != one
    with pytest.raises(UsageError, match=r"no such panel; choose 1 \("):
        written("png", Wanted(panel="\x1b[2Jnowhere"))


@pytest.mark.parametrize("at", [None, 100])
def test_a_picture_of_the_bench_reads_the_recording_for_the_bench_alone(
    written: Written, told: Told, at: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    session, read, records = told(), list[int](), Exported.records

    def counted(one: Exported, *given: Any) -> Iterator[Record]:
        read.append(1)
        return records(one, *given)

    monkeypatch.setattr(Exported, "records", counted)
    assert written("svg", Wanted(size=SIZE, at=at), session) == written("svg", Wanted(size=SIZE, at=at or 399))
    assert len(read) == 2


def test_an_svg_stands_by_itself(written: Written, told: Told) -> None:
    bad = "<script>alert(1)</script> \"&' \x1b]0;owned\x07"
    data = written("svg", Wanted(size=SIZE, at=200), told(title=bad, mode=bad, mark=bad)).decode()
    root = ET.fromstring(data)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert re.findall(r"https?:|//[a-z]", data) == ["http:", "//w"]
    assert not re.search("url\\(|@font-face|@import|href", data)
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags == {"svg", "title", "rect", "g", "path", "text"}
    title = root.find("{http://www.w3.org/2000/svg}title")
    assert title is not None
    assert title.text == root.get("aria-label") == clean(bad)
    text = [element.text or "" for element in root.iter("{http://www.w3.org/2000/svg}text")]
    # Words of one look are one text, so that they are found.
    assert any("<script>alert(1)</script> \"&' " in line for line in text), text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", data)
    # What a font would draw at another width is geometry.
    assert not [letter for line in text for letter in line if shapes(letter, 10, 20) is not None]
    assert data.count("a1.8 1.8 0 1 0 3.6 0") > 100
    for element in root.iter("{http://www.w3.org/2000/svg}text"):
        assert float(element.get("x", "nan")) + float(element.get("textLength", "nan")) <= 800


# Films.


def test_a_gif_shows_the_film_to_the_last_pixel(written: Written, told: Told) -> None:
    session, wanted = told(), Wanted(size=(50, 16), seconds=4.0, fps=2.0)
    data = written("gif", wanted, session)
    assert data == written("gif", wanted, session)
    image = Image.open(io.BytesIO(data))
    assert image.size == (50 * 10 + 20, 16 * 20 + 20)
    assert image.info["loop"] == 0
    drawn: list[tuple[int, bytes]] = []

    def take(shot: camera.Shot) -> None:
        picture = png.drawn(shot.cells, "dark", gif.CELL, 10).convert("RGB").tobytes()
        if not drawn or drawn[-1][1] != picture:
            drawn.append((round(100 * shot.time), picture))

    camera.film(session, film_of(wanted), script_of(session, wanted), take)
    assert len(drawn) > 6
    time, found = 0, []
    for place in range(image.n_frames):  # type: ignore[attr-defined]
        image.seek(place)
        found.append((time, image.convert("RGB").tobytes()))
        time += image.info["duration"] // 10
    assert time == 400
    assert found == drawn


def test_a_film_of_more_colours_than_a_gif_has(written: Written, told: Told) -> None:
    paints = [
        gif.Change(0, 0, "A", gif.Paint((red, green, 90), (9, 9, 9))) for red in range(0, 256, 8) for green in (0, 200)
    ]
    palette = gif.Palette([gif.Cut(0.0, [*paints, *paints[:3] * 50])], (9, 9, 9))
    assert 200 < len(palette.colours) <= 255
    table = np.array(palette.colours)
    for change in paints:
        numbers = palette.numbers(change.paint)
        assert numbers.max() < len(palette.colours)
        assert abs(table[numbers] - np.array(gif.ramp(change.paint))).max() < 40
    # What is seen most is exact.
    for change in paints[:3]:
        assert [palette.colours[number] for number in palette.numbers(change.paint)] == gif.ramp(change.paint)


def test_listing_the_formats_imports_nothing_to_draw_with() -> None:
    program = (
        "import sys; from dltlab.cli import main\n"
        "try: main(['export', '--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'textual', 'PIL', 'plotext'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "asciicast" in said
    assert "*.gif" in said
    assert said.splitlines()[-1] == "[]"

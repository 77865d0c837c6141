"""The inks can be read, on either ground, and told apart by all common kinds of colour vision."""

import itertools

import numpy as np
import pytest
from rich.color import Color, ColorSystem

from dltlab.terminal.drawing.inks import GROUNDS, Colours, Theme, palette

TEXT = 4.5
"""WCAG 2.2, 1.4.3: the contrast of text."""
BAND = 3.0
"""The same, 1.4.11: that of what is drawn."""
APART = 10.0
"""Distance in CIELAB; 2.3 is the least that is noticed."""
ORNAMENT = {"rule", "bar"}
"""Frames and fillings, which say nothing."""
# Machado, Oliveira & Fernandes 2009, severity 1: what dichromats see, in linear RGB.
VISIONS = {
    "all three cones": np.eye(3),
    "no long-wave cones": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                                    [-0.003882, -0.048116, 1.051998]]),
    "no medium-wave cones": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                                      [-0.011820, 0.042940, 0.968881]]),
    "no short-wave cones": np.array([[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                                     [0.004733, 0.691367, 0.303900]]),
}  # fmt: skip


def linear(colour: Color, colours: Colours) -> np.ndarray:
    """The light of a colour in a terminal: linear RGB, shape (3,)."""
    shown = colour.downgrade(ColorSystem.EIGHT_BIT) if colours == "256" else colour
    encoded = np.array(shown.get_truecolor()) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def contrast(theme: Theme, colours: Colours, ink: str) -> float:
    style = palette(theme, colours)[ink]
    assert style.color is not None
    assert style.bgcolor is not None
    lights = sorted(float(np.dot([0.2126, 0.7152, 0.0722], linear(c, colours))) for c in (style.color, style.bgcolor))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def lab(light: np.ndarray) -> np.ndarray:
    """CIELAB, white D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(light, 0, 1) / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_the_measure_knows_black_on_white() -> None:
    white, black = (linear(Color.parse(name), "full") for name in ("#ffffff", "#000000"))
    assert np.allclose((white, black), ([1, 1, 1], [0, 0, 0]))
    assert np.allclose(lab(white), [100, 0, 0], atol=0.1)


@pytest.mark.parametrize("colours", ["full", "256"])
@pytest.mark.parametrize("theme", GROUNDS)
def test_every_ink_can_be_read(theme: Theme, colours: Colours) -> None:
    found = {ink: contrast(theme, colours, ink) for ink in palette(theme, colours)}
    text = {ink: ratio for ink, ratio in found.items() if ink not in ORNAMENT and not ink.startswith("band")}
    assert len(text) > 30
    assert {ink: round(ratio, 2) for ink, ratio in text.items() if ratio < TEXT} == {}
    bands = {ink: ratio for ink, ratio in found.items() if ink.startswith("band")}
    assert {ink: round(ratio, 2) for ink, ratio in bands.items() if ratio < BAND} == {}


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", GROUNDS)
def test_curves_are_told_apart_by_every_kind_of_colour_vision(theme: Theme, vision: str) -> None:
    styles = palette(theme)
    curves = [styles[f"curve{index}"].color for index in range(8)]
    seen = [lab(VISIONS[vision] @ linear(colour, "full")) for colour in curves if colour is not None]
    assert len(seen) == 8
    near = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))
    assert near >= APART


@pytest.mark.parametrize("theme", GROUNDS)
@pytest.mark.parametrize("colours", ["16", "none"])
def test_few_colours_stand_on_the_terminals_own_ground(theme: Theme, colours: Colours) -> None:
    styles = palette(theme, colours)
    assert styles.keys() == palette().keys()
    assert all(style.bgcolor is not None and style.bgcolor.is_default for style in styles.values())
    if colours == "none":
        assert all(style.color is None or style.color.is_default for style in styles.values())
    # What is chosen, what was found and what fails is seen without any colour.
    assert styles["chosen"].reverse
    assert styles["found"].underline
    assert colours == "16" or styles["fails"].reverse


@pytest.mark.parametrize("theme", GROUNDS)
@pytest.mark.parametrize("colours", ["full", "256", "16"])
def test_theory_has_the_colour_of_no_early_curve(theme: Theme, colours: Colours) -> None:
    styles = palette(theme, colours)
    theory, *curves = [styles[ink].color for ink in ("theory", *(f"curve{index}" for index in range(6)))]
    assert theory is not None
    # Of sixteen colours a bright one and its plain one look alike on many terminals.
    hues = [
        colour.number % 8 if colours == "16" and colour and colour.number is not None else colour for colour in curves
    ]
    assert (theory.number % 8 if colours == "16" and theory.number is not None else theory) not in hues
    apart = [float(np.linalg.norm(lab(linear(theory, colours)) - lab(linear(one, colours)))) for one in curves if one]
    assert len(apart) == 6
    assert min(apart) >= APART


def test_nothing_bright_is_written_on_white() -> None:
    for name, style in palette("light", "16").items():
        number = style.color.number if style.color else None
        assert number is None or number < 7 or number in (8, 9, 12) or name.startswith("band"), name

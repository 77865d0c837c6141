"""Lines for terminals that have nothing but ASCII: formulas are spelled out as far as there is room beside them.

A line was laid out in cells, and what stands behind a gap of blanks must stay where it is. So θ₀ becomes theta0 where
such a gap can give the cells, a single letter where it cannot, and ? rather than what reads as another number, or as
another relation.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from rich.cells import cell_len

from dltlab.terminal.drawing.grid import joined
from dltlab.terminal.drawing.lines import Line

_PAIRS: Final = (
    "λl ηn θq βB εe σs μu µu νv ρr τt ωw φf ψy αa γg δd κk πp ΔD ΣS ΠP Θ0 ΛL ‖| −- –- —- ∗* …~ •* ●o ○o ◆! ▲^ ▶> ◀< ▸> "
    "✓+ ✗x ■# △^ □# ◇! ✕x ▼v ▽v ✚+ ✶* ΨY ┃| ┈- ╸- ≡~ ∘o "
    "░: ▒: ▓: █# ━= ╍- ─- │| ┤+ └+ ┴+ ├+ ┼+ ×x ≈~ ∝~ ∂d ’' ‘' “\" ”\" ′' ″\" ↑^ ↓v ℓl ⟨< ⟩> ›> ▏| ╭+ ╮+ ╰+ ╯+ ◂<"
)
_LOOK_ALIKE: Final = {pair[0]: pair[1] for pair in _PAIRS.split(" ")}
"""One cell for one cell."""
_SIGNS: Final = {
    "≤": "<=", "≥": ">=", "±": "+-", "≠": "!=", "≪": "<<", "≫": ">>", "⪯": "<=", "⪰": ">=", "→": "->", "←": "<-",
    "↦": "|->", "…": "...", "‖": "||", "″": "''", "‴": "'''", "\u0302": "_hat", "\u0303": "_tilde", "\u0304": "_bar",
}  # fmt: skip
_NAMES: Final = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "κ": "kappa", "λ": "lambda", "μ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda",
    "Ξ": "Xi", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
_WORDS: Final = {"∞": "inf", "√": "sqrt", "∇": "grad", "Σ": "Sum", "Π": "Prod", "∈": "in", "°": "deg"}
_PARTS: Final = {"½": "1/2", "¼": "1/4", "¾": "3/4"}
_RAISED: Final = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ⁿⁱᵀᵗᵈᵏᵐ"
_LOWERED: Final = "₀₁₂₃₄₅₆₇₈₉₊₋ᵢⱼₖₗₘₙₚᵣₛₜₓ"
_TOKEN: Final = re.compile(
    f"(?<![0-9.])10(?P<power>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?P<raised>[{_RAISED}]+)|(?P<lowered>[{_LOWERED}]+)"
    "|(?P<spaced>[≤≥±≠≪≫→←]) |(?P<letter>[^\x00-\x7f])"
)
_GAP: Final = re.compile(r"( {2,}|─{2,}|-{3,}|[│┤├┃])")
"""What parts the texts of a line: blanks and rules, which can give cells, and walls, which cannot."""


@lru_cache(maxsize=4096)
def spelled(line: Line) -> Line:
    """The line in ASCII, in as many cells.

    >>> spelled((("‖θ₀‖ ≤ 10⁻³", "text"), (" " * 9, "text"))), spelled((("λ₁ ≤ 10⁻³", "text"),))
    ((('||theta0|| <= 10^-3 ', 'text'),), (('l1 <=1e-3', 'text'),))
    """
    if all(text.isascii() for text, _ in line):
        return line
    parts = _GAP.split("".join(text for text, _ in line))
    inks = [ink for text, ink in line for _ in text]
    widths = [cell_len(part) for part in parts]
    told: list[list[str]] = []
    for place, part in enumerate(parts):
        if place % 2:
            told.append([_cell(letter) for letter in part])
            continue
        after, before = _spare(parts, widths, place + 1), _spare(parts, widths, place - 1)
        written = _fitted(part, widths[place] + after + before)
        more = sum(map(len, written)) - widths[place]
        if more < 0:
            written[-1] += " " * -more
        if more > 0 and after:
            widths[place + 1] -= min(more, after)
        if more > after:
            widths[place - 1] -= more - after
        told.append(written)
    for place in range(1, len(parts), 2):
        told[place] = told[place][: widths[place]] + [""] * (len(parts[place]) - widths[place])
    return tuple(joined(zip((letters for part in told for letters in part), inks, strict=True)))


def _spare(parts: list[str], widths: list[int], place: int) -> int:
    """The cells that a gap can give: all but one where it parts two texts."""
    if not 0 < place < len(parts) or parts[place][0] not in " ─-":
        return 0
    return max(widths[place] - (place + 2 < len(parts) or parts[place + 1] != ""), 0)


def _fitted(text: str, room: int) -> list[str]:
    """What stands for each of the letters, as far spelled out as there is room for."""
    for signs, names in ((True, True), (True, False), (False, False)):
        written = _written(text, signs=signs, names=names)
        if sum(map(len, written)) <= room:
            break
    return written


def _written(text: str, *, signs: bool, names: bool) -> list[str]:
    """What stands for each of the letters: with signs of several characters, with the names of Greek letters."""
    written = list(text)
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        before, after = "".join(written[max(start - 1, 0) : start])[-1:], text[end : end + 1]
        if found[0] == "·":
            said = "*" if (before + after).strip() else "."
        elif not signs:
            said = _tight(found)
        elif found["spaced"]:
            said = f"{_SIGNS[found['spaced']]} "
        elif found["power"]:
            said = f"10^{_plain(found['power'])}"
        elif found["raised"]:
            said = f"^{_plain(found['raised'])}{' ' * after.isalpha()}"
        elif found["lowered"]:
            said = _lowered(_plain(found["lowered"]))
        else:
            said = _spoken(found[0], before, after, names=names)
        written[start:end] = [said, *[""] * (end - start - 1)]
    return written


def _spoken(sign: str, before: str, after: str, *, names: bool) -> str:
    """A sign in as many characters as it takes, parted from the letters beside it."""
    if word := _NAMES.get(sign, "") if names else "":
        return f"{' ' * before.isalpha()}{word}{' ' * _named(after)}"
    if sign == "∞" and before.isalpha():
        return "_inf"
    if word := _WORDS.get(sign, ""):
        return f"{' ' * before.isalpha()}{word}{' ' * (_named(after) or after in '‖√½')}"
    if part := _PARTS.get(sign, ""):
        return part if (not before or before in " (-") and (not after or after in " ),.;:") else f"({part})"
    # What ends a text that was cut is one cell, or the columns of a list would look ragged.
    cut = sign == "…" and before.strip() and not after.strip()
    return _cell(sign) if cut else _SIGNS.get(sign, "") or _cell(sign)


def _named(letter: str) -> bool:
    """Whether a letter follows that would run into a word before it, which an index does not."""
    return letter.isalpha() and letter not in _LOWERED + _RAISED


def _lowered(text: str) -> str:
    """An index: its digits alone, letters behind a line, sums in braces."""
    return text if text.isdigit() else f"_{text}" if text.isalnum() else f"_{{{text}}}"


def _tight(found: re.Match[str]) -> str:
    """A token in as many cells as it takes."""
    if found["power"]:
        return f"1e{_plain(found['power'])}".ljust(cell_len(found[0]))
    if found["raised"]:
        return "?" * cell_len(found[0])
    if found["spaced"]:
        return _SIGNS[found["spaced"]]
    return "".join(map(_cell, found[0]))


def _plain(text: str) -> str:
    """Raised or lowered letters on the line."""
    return unicodedata.normalize("NFKD", text).replace("−", "-")


def _cell(letter: str) -> str:
    """A look-alike in as many cells, or what is none of anything else."""
    if letter.isascii():
        return letter
    base, *marks = unicodedata.normalize("NFKD", letter)
    plain = _LOOK_ALIKE.get(letter) or (base if all(map(unicodedata.combining, marks)) else "?")
    return plain.ljust(cell_len(letter), "?") if plain.isascii() and cell_len(letter) else "?" * cell_len(letter)

"""Text for terminals that have nothing but ASCII: one look-alike a character, so that widths stay."""

import unicodedata
from functools import lru_cache
from typing import Final

from rich.cells import cell_len

_PAIRS: Final = (
    "λl ηn θ0 βB εe σs μm νv ρr τt ωw φf ψy αa γg δd κk πp ΔD ΣS Θ0 ΛL ‖| −- –- —- ·. …. •* ●o ○o ◆! ▲^ ▶> ◀< ▸> ✓+ ✗x "
    "■# △^ □# ◇! ✕x ▼v ▽v ✚+ ✶* ΨY ┃| ┈- ╸- ≡~ ∇V "
    "░: ▒: ▓: █# ━= ╍- ─- │| ┤+ └+ ┴+ ├+ ┼+ ≤< ≥> ×x ≈~ ∞8 √V ∂d ’' ‘' “\" ”\" →> ←< ↑^ ↓v ±~ ℓl ∈e ⟨< ⟩> ›> ▏| "
    "╭+ ╮+ ╰+ ╯+"
)
_LOOK_ALIKE: Final = str.maketrans({pair[0]: pair[1] for pair in _PAIRS.split(" ")})


@lru_cache(maxsize=4096)
def ascii_only(text: str) -> str:
    """The same cells with ASCII characters.

    >>> ascii_only("λ₁ → 2/η")
    'l1 > 2/n'
    """
    if text.isascii():
        return text
    letters = []
    for letter in text.translate(_LOOK_ALIKE):
        plain = letter if letter.isascii() else unicodedata.normalize("NFKD", letter)[0]
        letters.append((plain if plain.isascii() else "?").ljust(cell_len(letter), "?"))
    return "".join(letters)

"""How large a seed may be."""

from typing import Final

LARGEST: Final = (1 << 32) - 1
"""What a key of randomness can be folded with."""
LARGEST_FIRST: Final = (1 << 31) - 1
"""The first seed of a scenario: those of its other members come after it, and are to be seeds too."""

"""What a panel is: an immutable view of some series, which every room draws in its own way."""

import abc
from typing import Annotated, ClassVar

from msgspec import Meta

from dltlab.records import Header, Series
from dltlab.text import one_line

Title = Annotated[str, Meta(max_length=200)]
"""Above the panel; of the first series, if it is empty."""
Named = Annotated[str, Meta(max_length=200)]
"""A name; empty for none."""
Arm = Named
"""The arm that is shown; the first one, or the one that is chosen, if it is empty."""
Arms = Annotated[tuple[str, ...], Meta(max_length=64)]
"""The arms that are shown, in this order; all of them if empty."""


class AbstractPanel(abc.ABC):
    """A view of some series. Its fields are what a ``[[panels]]`` table may say."""

    KEYS: ClassVar[tuple[str, ...]] = ("series",)
    """The fields that name series."""
    ALONE: ClassVar[bool] = False
    """Whether it shows one arm at a time."""
    SHAPE: ClassVar[float] = 4.0
    """How much wider than high, in cells of a terminal, it is best."""
    OVER_TIME: ClassVar[bool] = False
    """Whether it shows the whole session along the step axis, rather than one moment of it."""
    TURNED: ClassVar[bool] = False
    """Whether its value axis can be turned over: from linear to logarithmic and back."""
    title: str

    @property
    def names(self) -> list[str]:
        """The series that it names."""
        return [name for key in self.KEYS for name in listed(getattr(self, key))]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The arms that it names; none for all of them."""
        return tuple(name for key in ("arm", "arms") for name in listed(getattr(self, key, ())))

    def heading(self, header: Header) -> str:
        """The title that it was given, or its first series' own."""
        own = next(map(titled, self._known(header)), "")
        return one_line(self.title or own or self.names[0])

    def axis(self, header: Header) -> str:
        """Its value axis if nobody turns it over: linear or log; empty where it has no other one."""
        scale = getattr(self, "scale", "") if self.TURNED else ""
        known = (series.scale for series in self._known(header))
        return next(known, "linear") if scale == "auto" else scale

    def shown_arms(self, header: Header) -> list[str]:
        """The arms that it shows of a session: those it names, or all; one without a name where there are none."""
        there = [arm.name for arm in header.arms]
        known = [name for name in self.wanted if name in there]
        return (known or there or [""])[: 1 if self.ALONE else None]

    def _known(self, header: Header) -> list[Series]:
        """Those of its series that a session has."""
        there = {series.name: series for series in header.series}
        return [there[name] for name in self.names if name in there]


def titled(series: Series) -> str:
    """What a series is called where it stands alone: its title, and its unit."""
    title, unit = one_line(series.title or series.name), one_line(series.unit)
    return f"{title} ({unit})" if unit and unit not in title else title


def listed(value: str | tuple[str, ...] | list[str]) -> list[str]:
    """The names that a key holds: one, several or none."""
    return [name for name in ([value] if isinstance(value, str) else value) if name]

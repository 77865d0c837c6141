"""A table that makes no claim still names series and arms, and what is wrong with those is told with the rest."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from dltlab import catalog
from dltlab.claims.abstract import ARM, SERIES, AbstractClaim
from dltlab.claims.arms import unknown
from dltlab.values import Names, mentioned


class Faulty(NamedTuple):
    """What a faulty table asks for all the same, by the types of the keys that fit."""

    kind: type[AbstractClaim]
    """The kind of claim that it would be; the root of all of them where it names none that there is."""
    table: Mapping[str, Any]

    def needs(self) -> dict[str, str]:
        """The series that it names, by the key that names them."""
        return dict(self._named(SERIES))

    def arm_faults(self, arms: Mapping[str, float | None]) -> Iterator[tuple[str, str]]:
        """The arms that it names and that are not there; whether they can be compared, only a claim can say."""
        return unknown(dict(self._named(ARM)), arms)

    def _named(self, mark: Names) -> Iterator[tuple[str, str]]:
        for parameter in catalog.parameters(self.kind):
            for path, name in mentioned(self.table.get(parameter.name), parameter.annotation, mark, (parameter.name,)):
                yield ".".join(map(str, path)), name

"""When the whole state is kept: for ever, in bytes that grow with the logarithm of the time; and once a step."""

import itertools
import math

import pytest

from dltlab.engine import keyframes

DAY = 86_400.0
MIB = 1 << 20


def taken(size: int, chunk: float) -> list[float]:
    """The seconds at which a session of a day takes its keyframes, the one before its first step among them."""
    rhythm, found = keyframes.Rhythm(), [0.0]
    rhythm.took(0.0, size)
    for now in (chunk * place for place in range(1, round(DAY / chunk))):
        if rhythm.due(now):
            found.append(now)
            rhythm.took(now, size)
    return found


@pytest.mark.parametrize("size", [1 << 10, MIB, 12 * MIB, 43 * MIB, 1 << 30])
def test_a_kill_costs_a_share_of_the_time_whatever_the_size_of_the_state(size: int) -> None:
    chunk = 1.0
    found = [*taken(size, chunk), DAY]
    lost = [after - before for before, after in itertools.pairwise(found)]
    assert lost[0] <= keyframes.SECONDS + chunk
    few = keyframes.BUDGET // size
    for place, (gap, end) in enumerate(zip(lost, found[1:], strict=True)):
        most = keyframes.SHARE * end + keyframes.SECONDS if place < few - 1 else (end + keyframes.SECONDS) / 2
        assert gap <= most + chunk, "a tenth within the budget, and half beyond it"
    assert len(found) <= few + 2 + math.log2(DAY / keyframes.SECONDS), "and beyond it few"


def test_what_is_asked_for_between_two_makes_those_a_session_takes_by_itself_no_rarer() -> None:
    rhythm = keyframes.Rhythm()
    assert not rhythm.due(1.0)
    for _ in range(50):
        rhythm.took(2.0, 43 * MIB)
    assert rhythm.due(1.0 + keyframes.SECONDS)

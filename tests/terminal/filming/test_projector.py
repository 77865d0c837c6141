"""A recording wound on from step to step is the recording."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltlab.exports.exported import Exported
from dltlab.session.history import History
from dltlab.terminal.filming.projector import Projector

Told = Callable[..., Exported]


@pytest.fixture(scope="module")
def session(told: Told) -> Exported:
    return told()


@given(st.lists(st.integers(0, 450), max_size=12).map(sorted))
@settings(max_examples=25, deadline=None)
def test_every_way_of_winding_on_tells_the_same(session: Exported, stops: list[int]) -> None:
    source = Projector(session)
    history = History(source.header)
    for stop in [*stops, 450]:
        source.reach(stop)
        history.extend(source.poll())
        assert source.poll() == []
        assert history.step == min(stop, 399)
        for column in history.columns.values():
            assert list(column.steps) == list(range(min(stop, 399) + 1))
        assert all(event.step <= stop for event in history.events)
        assert history.clock == pytest.approx(0.4 * (history.step + 1), abs=0.41)
    whole = session.history
    for name, column in whole.columns.items():
        assert np.array_equal(history[name].values, column.values)
    assert [event.text for event in history.events] == [event.text for event in whole.events]
    assert history.footer == whole.footer
    assert "finished at step 399" in source.ended


def test_nothing_is_told_before_it_is_asked_for(session: Exported) -> None:
    source = Projector(session)
    assert [type(record).__name__ for record in source.poll()] == ["Header"]
    assert source.ended == ""
    source.reach(0)
    history = History(source.header)
    history.extend(source.poll())
    assert (history.step, history.wall, history.clock) == (0, 0.0, 0.0)
    assert [len(column) for column in history.columns.values()] == [1, 1, 1, 1]

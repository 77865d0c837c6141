"""Whichever way one leaves, nothing is held open and nothing comes up that nobody waits for any more."""

import asyncio
import threading

import pytest

from dltlab import folders
from dltlab.commands import Stop
from dltlab.records import SUFFIX
from dltlab.session import live
from dltlab.session.recording import Follower
from dltlab.terminal.messages import OpenBench
from dltlab.terminal.screens import gallery
from dltlab.terminal.screens.bench import Bench
from dltlab.terminal.screens.page import Page
from dltlab.terminal.screens.reading import Drawable
from dltlab.terminal.screens.starting import Starting


@pytest.fixture
def followers(monkeypatch):
    """All that is opened to be followed, from now on."""
    found: list[Follower] = []
    begin = Follower.__init__

    def begun(self, *args, **more):
        begin(self, *args, **more)
        found.append(self)

    monkeypatch.setattr(Follower, "__init__", begun)
    return found


async def until(true):
    for _ in range(500):
        if true():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("in vain")


@pytest.mark.parametrize("keys", [("q",), ("d",), ("r", "enter"), ()], ids=["ended", "detached", "anew", "killed"])
def test_nothing_is_held_open_however_a_bench_is_left(watch, told, keep, followers, keys):
    source, others = told(), []
    source.path = keep("edge-1")
    guest = keep("edge-2")

    async def script(seen):
        seen.bench._relaunch = lambda: others.append(told()) or others[-1]
        seen.bench.branching.overlay.pin(guest)
        assert any(one.path == guest for one in followers)
        await seen.press(*keys)
        if others or "enter" in keys:
            await until(lambda: isinstance(seen.app.screen, Bench) and seen.app.screen is not seen.bench)
            assert source.closed
            assert all(one._file < 0 for one in followers if one.path == guest)

    watch(script, source)
    assert all(one.closed for one in (source, *others))
    assert not [one.path.name for one in followers if one._file >= 0]


def test_nothing_is_held_open_when_one_goes_back_from_a_fork(watch, told, told_by, keep, followers, monkeypatch):
    from msgspec.structs import replace

    path, source, forks = keep("edge-1"), told(), []
    source.path = path
    fork = keep("fork", parent="edge-1", forked=300)

    def launch(*_, **__):
        forks.append(told_by(lambda head: replace(head, session="fork", parent="edge-1", forked=300)))
        forks[-1].path = fork
        return forks[-1]

    monkeypatch.setattr(live, "fork", launch)

    async def script(seen):
        for number in (1, 2, 3):
            await seen.press("F", "enter")
            await until(lambda: isinstance(seen.app.screen, Bench) and seen.app.screen is not seen.bench)
            await seen.paint(seen.app.screen)
            await seen.press("escape")
            await until(lambda: seen.app.screen is seen.bench)
            await until(lambda number=number: sum(one.closed for one in forks) == number)
        # The fork that is drawn over its parent from now on, and that alone.
        assert [one.path for one in followers if one._file >= 0] == [fork]

    watch(script, source)
    assert not [one for one in followers if one._file >= 0]


async def starts(seen, held, source):
    """Ask for a session that begins when ``held`` is set, and wait for the screen that says so."""

    def launch():
        held.wait(20)
        return source

    seen.app.post_message(OpenBench(launch, "a session"))
    await until(lambda: isinstance(seen.app.screen, Starting))


def test_a_session_that_one_has_left_does_not_open(browse, told):
    held, source = threading.Event(), told()

    async def script(seen):
        await starts(seen, held, source)
        starting = seen.app.screen
        await seen.press("escape")
        # It had begun before one left, and says so only now.
        starting._started(source)
        await seen.pilot.pause()
        assert isinstance(seen.app.screen, gallery.Gallery)
        assert source.sent == [Stop()]
        assert source.closed
        held.set()
        await seen.app.workers.wait_for_complete()

    browse(script)


def test_a_session_that_begins_below_a_page_opens_when_that_is_closed(browse, told):
    held, source = threading.Event(), told()

    async def script(seen):
        await starts(seen, held, source)
        await seen.press("question_mark")
        assert isinstance(seen.app.screen, Page)
        held.set()
        await seen.app.workers.wait_for_complete()
        await seen.pilot.pause()
        assert isinstance(seen.app.screen, Page)
        await seen.press("escape")
        await until(lambda: isinstance(seen.app.screen, Bench))
        assert not source.sent
        await seen.press("q")
        assert isinstance(seen.app.screen, gallery.Gallery)

    browse(script)


def test_a_folder_of_sessions_that_cannot_be_read_is_named(browse, watch, told, monkeypatch, tmp_path):
    (tmp_path / "sessions").write_text("no folder")
    monkeypatch.setattr(folders, "data", lambda: tmp_path)
    said = "the sessions folder cannot be read (Not a directory); set DLTLAB_DATA_DIR to a folder that you may read."

    async def listed(seen):
        await seen.press("o")
        await seen.app.workers.wait_for_complete()
        await seen.press()
        assert said in " ".join(seen.text().split())
        assert "looking for sessions" not in seen.text()

    async def browsed(seen):
        await seen.settle()
        await seen.press("tab")
        assert said in " ".join(seen.text().split())

    source = told()
    source.path = tmp_path / f"edge{SUFFIX}"
    watch(listed, source)
    browse(browsed)


def test_a_preview_stays_in_the_section_that_it_was_read_for(browse, keep):
    keep("edge-1")

    async def script(seen):
        await seen.settle()
        scenarios, sessions = seen.gallery._scenarios, seen.gallery._sessions
        # It was chosen among the sessions, and one looks at the scenarios by now.
        assert seen.gallery._section is scenarios
        seen.gallery.post_message(Drawable(sessions, "edge-1", None))
        await seen.pilot.pause()
        assert "edge-1" in sessions.previews
        assert "edge-1" not in scenarios.previews

    browse(script)

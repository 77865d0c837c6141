"""The gallery lists scenarios, filters as one types, and shows what is wrong with a broken file."""

import functools
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from dltlab.errors import DltlabError, EngineError, ScenarioError
from dltlab.terminal.app import Lab, start
from dltlab.terminal.fit import Options
from dltlab.terminal.screens import gallery
from dltlab.terminal.screens.bench import Bench

GOOD = """
title = "A bowl [bold]with[/] \\u001b]0;x\\u0007 a title"
abstract = "Down it goes."
look_for = ["The bottom."]
sources = ["Nesterov 1983"]
problem = { kind = "bowl" }
optimizer = { kind = "gradient_descent" }
run = { steps = 10 }
"""


@pytest.fixture(autouse=True)
def shelf(shelve: Callable[[dict[str, str]], None]) -> None:
    """A gallery of three, one of them broken."""
    shelve({"bowl": GOOD, "bowl-noisy": GOOD, "broken": "title = 3\n"})


def test_shows_the_list_and_the_chosen_ones_page(browse) -> None:
    async def script(seen: Any) -> None:
        text = seen.text()
        assert "3 of 3 scenarios" in text
        assert "A bowl [bold]with[/] \\x1b]0;x\\x07 a title" in text
        assert "Down it goes." in text
        assert "The bottom." in text
        assert "Nesterov 1983" in text
        assert "\x1b" not in text

    browse(script)


def test_the_page_can_be_read_to_its_end(browse) -> None:
    async def script(seen: Any) -> None:
        assert "Nesterov 1983" not in seen.text()
        texts = [seen.text()]
        for _ in range(12):
            await seen.press("pagedown")
            texts.append(seen.text())
        assert "lines above" in texts[-1]
        assert "Nesterov 1983" in texts[-1]
        assert "more lines" not in texts[-1]
        for word in ("Down it goes.", "The bottom."):
            assert any(word in text for text in texts)
        await seen.press("down", "up")
        assert "lines above" not in seen.text()

    browse(script, size=(80, 9))


def test_typing_filters_and_escape_takes_it_back(browse) -> None:
    async def script(seen: Any) -> None:
        await seen.press(*"noisy")
        assert "1 of 3" in seen.text()
        await seen.press(*"zzz")
        assert "no scenario has these words" in seen.text()
        await seen.press("enter", "escape")
        assert "3 of 3" in seen.text()
        await seen.press("escape")
        assert seen.app.return_value == 0

    browse(script)


def test_a_broken_file_shows_its_faults_and_does_not_open(browse) -> None:
    async def script(seen: Any) -> None:
        await seen.press("end")
        assert "broken cannot be run" in seen.text()
        assert "broken.toml:1" in "".join(seen.text().split())
        await seen.press("enter")
        assert isinstance(seen.app.screen, gallery.Gallery)

    browse(script)


def test_a_narrow_terminal_has_only_the_list(browse) -> None:
    async def script(seen: Any) -> None:
        assert "bowl-noisy" in seen.text()
        assert "Down it goes." not in seen.text()

    browse(script, (50, 20))


def test_enter_opens_the_bench_and_quitting_comes_back(browse, told, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = []

    def launch(name: str, **_: object) -> object:
        assert name == "bowl-noisy"
        sources.append(told())
        return sources[-1]

    monkeypatch.setattr("dltlab.session.live.launch", launch)

    async def script(seen: Any) -> None:
        await seen.press(*"noisy", "enter")
        await seen.app.workers.wait_for_complete()
        await seen.pilot.pause()
        assert isinstance(seen.app.screen, Bench)
        await seen.press("r", "enter")
        await seen.app.workers.wait_for_complete()
        await seen.pilot.pause()
        assert len(sources) == 2
        assert sources[0].closed
        assert isinstance(seen.app.screen, Bench)
        await seen.press("q")
        assert isinstance(seen.app.screen, gallery.Gallery)
        assert sources[1].closed

    browse(script)


def test_an_engine_that_does_not_start_says_why(browse, monkeypatch: pytest.MonkeyPatch) -> None:
    def launch(name: str, **_: object) -> object:
        raise EngineError("The engine ended with exit code 3 before it began: [no] memory")

    monkeypatch.setattr("dltlab.session.live.launch", launch)

    async def script(seen: Any) -> None:
        await seen.press("enter")
        await seen.app.workers.wait_for_complete()
        await seen.pilot.pause()
        assert "before it began: [no] memory" in " ".join(seen.text().split())
        await seen.press("escape")
        assert isinstance(seen.app.screen, gallery.Gallery)

    browse(script)


@pytest.mark.parametrize(
    "fault", [ScenarioError("bowl.toml:3:1: too wide.", "bowl.toml:4:1: too deep."), EngineError("No.")]
)
def test_without_a_gallery_a_refusal_is_the_command_lines_to_tell(
    fault: DltlabError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def launch() -> NoReturn:
        raise fault

    monkeypatch.setattr(Lab, "run", functools.partialmethod(Lab.run, headless=True))
    with pytest.raises(type(fault)) as caught:
        start(launch, "bowl", Options("braille", "full", 2.0))
    assert caught.value is fault

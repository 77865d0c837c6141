"""What was kept is told in the gallery: last verdicts, a plot, sessions to come back to; and actions are found."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dltlab.claims import Verdict
from dltlab.claims.recorded import Recorded
from dltlab.records import Footer, Frames, Header
from dltlab.session import shelf as kept_shelf
from dltlab.session.history import History
from dltlab.session.shelf import Kept
from dltlab.terminal import outcomes
from dltlab.terminal.drawing.lines import plain
from dltlab.terminal.screens.bench import Bench
from dltlab.terminal.screens.kept import Sessions
from dltlab.terminal.screens.page import Page
from dltlab.terminal.screens.palette import Palette, offers

NOW = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
TOML = """
title = "{title}"
abstract = "{abstract}"
look_for = ["It comes to rest."]
tags = [{tags}]
problem = {{ kind = "bowl" }}
optimizer = {{ kind = "gradient_descent" }}
run = {{ steps = 10 }}
"""
CLAIMS = [
    {"name": "edge", "kind": "plateau", "says": "At the edge.", "series": "sharpness", "component": 0,
     "window": [0.0, 1.0], "predicted": 4.0, "tolerance": 4.0},
    {"name": "never", "kind": "plateau", "says": "Never.", "series": "sharpness", "component": 0,
     "window": [0.0, 1.0], "predicted": 99.0, "tolerance": 1.0},
]  # fmt: skip


@pytest.fixture
def shelf(shelve: Callable[[dict[str, str]], None]) -> None:
    """A gallery of three."""
    told = {
        "bowl": ("A round bowl", "Down it goes.", '"convex"'),
        "octopus": ("Eight arms", "Past saddles.", '"saddle"'),
        "valley": ("A long valley", "Convex, and narrow.", '"slow"'),
    }
    shelve(
        {name: TOML.format(title=title, abstract=abstract, tags=tags) for name, (title, abstract, tags) in told.items()}
    )


@pytest.fixture
def keep(keep: Callable[..., Path], head: Header, stretch: Callable[[int, int], Frames]) -> Callable[..., Path]:
    """Record a session by hand."""

    def record(name: str, source: str, *, day: int = 1, ended: bool = True) -> Path:
        tables = dict(head.scenario, claims=CLAIMS)
        more = [stretch(400, 600), *([Footer(999, "finished", "", 2.5)] if ended else [])]
        return keep(name, *more, source=source, started=f"2026-01-{day:02d}T09:30:00Z", scenario=tables)

    return record


@pytest.mark.usefixtures("shelf")
def test_words_find_titles_tags_and_abstracts_the_best_first(browse) -> None:
    async def script(seen: Any) -> None:
        await seen.press(*"convex")
        listed = [line[:30] for line in seen.text().splitlines() if line[:30].strip()]
        assert [next(n for n in ("bowl", "octopus", "valley") if n in line) for line in listed[1:3]] == [
            "bowl",
            "valley",
        ]
        assert "2 of 3" in seen.text()
        await seen.press("backspace", "backspace")
        assert "› conv" in seen.text()
        await seen.press("escape", *"eight saddle")
        assert "1 of 3" in seen.text()
        assert "Eight arms" in seen.text()

    browse(script)


@pytest.mark.usefixtures("shelf")
def test_the_newest_recording_of_a_scenario_is_judged_and_drawn(browse, keep: Callable[..., Path]) -> None:
    keep("20260101-old", "bowl", day=1)
    keep("20260102-new", "bowl", day=2)

    async def script(seen: Any) -> None:
        assert "It comes to rest." in seen.text()
        await seen.settle()
        text = seen.text()
        assert "✗ 1" in text
        assert "✓ 1 holds  ✗ 1 fails" in text
        assert "last run today 9:30" in text
        assert any("\u2800" < letter <= "\u28ff" for letter in text)
        await seen.press("down")
        assert not any("\u2800" < letter <= "\u28ff" for letter in seen.text())

    browse(script)


@pytest.mark.usefixtures("shelf")
def test_judging_is_done_once_and_again_when_the_file_has_changed(
    keep: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keep("20260101-a", "bowl")
    [one] = kept_shelf.kept()
    assert outcomes.remembered(one) is None
    history = outcomes.history_of(path, lambda: False)
    assert history is not None
    found = outcomes.judged(one, history)
    assert (found.holds, found.fails, found.pending) == (1, 1, 0)
    assert outcomes.remembered(one) == found
    with path.open("ab") as stream:
        stream.write(b"torn")
    assert outcomes.remembered(one) is None
    outcomes._note(one).write_bytes(b"\xff{")
    assert outcomes.remembered(one) is None
    monkeypatch.setattr(outcomes, "LARGEST", 10)
    assert outcomes.history_of(path, lambda: False) is None


@pytest.mark.usefixtures("shelf")
def test_each_claim_is_judged_once_and_not_dated(keep: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    path, judged, judge = keep("20260101-a", "bowl"), list[str](), Recorded.judge

    def counted(claim: Recorded, history: History) -> Verdict:
        judged.append(claim.name)
        return judge(claim, history)

    monkeypatch.setattr(Recorded, "judge", counted)
    history = outcomes.history_of(path, lambda: False)
    assert history is not None
    outcomes.judged(kept_shelf.look(path), history)
    assert judged == ["edge", "never"]


def test_a_session_that_is_held_is_called_paused_and_a_stopped_one_is_not(head: Header) -> None:
    def told(one: Kept) -> str:
        section = Sessions("braille", lambda: NOW)
        section.take([one])
        return plain((section.row(one.name, 60), *section.page(60, 4)))

    running = Kept(Path("a.dltlab.jsonl"), head, "running", 10, 0)
    held = told(dataclasses.replace(running, paused=True))
    assert held.count("‖") == 2
    assert "‖ paused" in held
    assert "▶ running" in told(running)
    assert "‖" not in told(dataclasses.replace(running, state="stopped"))


@pytest.mark.usefixtures("shelf")
def test_a_kept_session_is_found_told_and_replayed(browse, keep: Callable[..., Path]) -> None:
    keep("20260101-a", "bowl")
    keep("20260102-b", "/elsewhere/own.toml", day=2, ended=False)

    async def script(seen: Any) -> None:
        await seen.settle()
        await seen.press("tab")
        await seen.settle()
        text = seen.text()
        assert "Sessions 2" in text
        assert "✗ died" in text
        assert "step 999 of 1,000" in text
        assert "gradient_descent, η 0.4, β 0" in text
        assert "^r continue it" in text
        await seen.press(*"finished")
        assert "1 of 2 sessions" in seen.text()
        assert "^r" not in seen.text()
        await seen.press("enter")
        await seen.app.workers.wait_for_complete()
        await seen.pilot.pause()
        bench = seen.app.screen
        assert isinstance(bench, Bench)
        assert bench.history.header.session == "20260101-a"

    browse(script)


@pytest.mark.usefixtures("shelf")
def test_without_sessions_the_section_says_what_to_do(browse) -> None:
    async def script(seen: Any) -> None:
        await seen.settle()
        await seen.press("tab")
        assert "no session was kept yet; tab goes back" in seen.text()
        await seen.press("enter", "ctrl+r", "down", "escape")
        assert seen.app.screen is seen.gallery
        assert "3 of 3 scenarios" in seen.text()

    browse(script)


@pytest.mark.usefixtures("shelf")
def test_a_first_visitor_is_told_once_and_never_again(browse) -> None:
    async def first(seen: Any) -> None:
        assert "New here?" not in seen.text()
        await seen.settle()
        assert "New here?" in seen.text()
        await seen.press("down")
        assert "New here?" not in seen.text()
        await seen.settle()
        assert "New here?" not in seen.text()

    async def again(seen: Any) -> None:
        await seen.settle()
        assert "New here?" not in seen.text()

    browse(first)
    browse(again)


@pytest.mark.usefixtures("shelf")
def test_in_a_narrow_terminal_the_page_is_a_key_away(browse) -> None:
    async def script(seen: Any) -> None:
        assert "Down it goes." not in seen.text()
        await seen.press("right")
        assert "Down it goes." in seen.text()
        assert "octopus" not in seen.text()
        await seen.press("escape")
        assert "octopus" in seen.text()
        await seen.press("right")
        await seen.pilot.resize_terminal(100, 30)
        await seen.pilot.pause()
        assert "octopus" in seen.text()
        assert "Down it goes." in seen.text()

    browse(script, (40, 12))


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("size", [(1, 1), (20, 5), (40, 12), (400, 100)])
def test_any_size_can_be_drawn(browse, size: tuple[int, int], keep: Callable[..., Path]) -> None:
    keep("20260101-a", "bowl")

    async def script(seen: Any) -> None:
        await seen.settle()
        for keys in (["tab"], ["tab"], [*"bow"], ["right"], ["colon"], ["down", "escape"], ["question_mark"]):
            await seen.press(*keys)
            assert all(len(line) == size[0] for line in seen.text().splitlines())

    browse(script, size)


@pytest.mark.usefixtures("shelf")
def test_the_palette_lists_finds_and_does(browse) -> None:
    async def script(seen: Any) -> None:
        await seen.press("colon")
        assert isinstance(seen.app.screen, Palette)
        for offer in offers(seen.gallery):
            assert offer.words in seen.text()
        await seen.press(*"quit nothing")
        assert "no action has these words" in seen.text()
        await seen.press("enter", "escape", "ctrl+p", *"last", "enter")
        assert seen.app.screen is seen.gallery
        assert seen.gallery._section.chosen == "valley"
        await seen.press("colon", *"dark", "enter")
        assert seen.app.theme == "dltlab-light"
        await seen.press("colon", *"quit", "enter")
        assert seen.app.return_value == 0

    browse(script)


@pytest.mark.usefixtures("shelf")
def test_a_question_mark_tells_the_keys_of_where_one_stands(browse) -> None:
    async def script(seen: Any) -> None:
        await seen.press("question_mark")
        assert isinstance(seen.app.screen, Page)
        for words in ("open the chosen one", "take back a letter", "Letters find"):
            assert words in seen.text()
        await seen.press("question_mark")
        assert seen.app.screen is seen.gallery
        assert not seen.gallery._section.typed

    browse(script)


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(hours=3), "today 9:00"),
        (timedelta(days=1), "yesterday 12:00"),
        (timedelta(days=40), "23 Nov 2025"),
        (timedelta(hours=-2), "today 14:00"),
    ],
)
def test_when_is_said_as_one_says_it(head: Header, past: timedelta, said: str) -> None:
    assert outcomes.when(replace(head, started=(NOW - past).isoformat()), NOW) == said
    assert outcomes.when(replace(head, started="soon"), NOW) == ""


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize("typed", ["", "bowl"])
def test_the_footer_tells_of_more_keys_and_the_way_out(browse, keep: Callable[..., Path], typed: str) -> None:
    died = keep("20260101-bowl", "bowl", ended=False)
    assert kept_shelf.look(died).state == "died"

    async def script(seen: Any) -> None:
        await seen.settle()
        for keys in ((), ("tab",)):
            await seen.press(*keys, *typed)
            foot = seen.text().splitlines()[-1]
            assert foot.rstrip().endswith(f"? keys   esc {'clear' if typed else 'quit'}")
        assert "^r continue it" in foot

    browse(script, size=(80, 24))

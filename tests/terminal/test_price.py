"""The price of a reading in the status line, the budget among the knobs: short, and what was told last."""

from typing import Any

import pytest
from msgspec.structs import replace

from dltlab.commands import Turn
from dltlab.records import Event, Header, Knob, Series
from dltlab.session.history import History
from dltlab.terminal.drawing.lines import plain, width_of
from dltlab.terminal.drawing.price import cadence, price, told_budget, words
from dltlab.terminal.drawing.sliders import Setting, knob_lines, rows
from dltlab.terminal.drawing.standing import Standing, standing, status_line

BUDGET = Knob("sharpness.budget", "budget of sharpness", 32.0, 0.01, 32.0)
TOLD = {"products": 1.3, "share": 0.45, "every": 4}


def priced(head: Header, *knobs: Knob) -> Header:
    """The bench's session, whose sharpness has error bars and a price, and whose loss has a price alone."""
    shown = {
        "sharpness": {"source": "probes.sharpness", "bar": "sharpness.error", "price": 12.0, "every": 20},
        "loss": {"source": "probes.loss", "price": 0.5},
    }
    series = [replace(one, **shown.get(one.name, {})) for one in head.series]
    error = Series("sharpness.error", "error bar", ("eigenvalue",), (3,), source="probes.sharpness", every=20)
    return replace(head, series=(*series, error), knobs=(*head.knobs, *knobs))


def told(head: Header, *events: Event) -> History:
    history = History(head)
    history.extend(events)
    return history


def event(**data: Any) -> Event:
    return Event(100, "price", "", {"share": 0.47, "probes": {"sharpness": TOLD}, **data})


def running(history: History, **changes: object) -> Standing:
    now = standing(history, "", "", 148.7, "")
    return now._replace(step=1234, planned=6000, clock=493.6, pace=150.0, **changes)


def test_before_the_first_price_the_header_estimates_it(head: Header) -> None:
    found = price(told(priced(head)))
    assert found is not None
    # Twelve gradients every twenty steps, half a one at each, and the step's own.
    assert found == ("λ", 12.0, "gradients", pytest.approx(0.6 / 2.1), True)
    assert price(told(head)) is None
    line = plain((status_line(running(told(priced(head))), 120),))
    assert "λ ≈ 12 gradients a reading, ≈ 29 % of the time" in line


@pytest.mark.parametrize("width", range(60, 161, 4))
@pytest.mark.parametrize("pending", ["", "pausing"])
def test_the_price_is_said_in_the_words_that_there_is_room_for(head: Header, width: int, pending: str) -> None:
    now = running(told(priced(head), event()), pending=pending)
    line = status_line(now, width)
    text = plain((line,))
    assert width_of(line) == width
    assert "1,234 / 6,000" in text
    assert now.price is not None
    said = ["".join(text for text, _ in spans) for spans in words(now.price)]
    assert said[0] == "λ 1.3 products a reading, 45 % of the time"
    shown = [way for way in said if way in text]
    assert shown or width < 64 or pending
    if width == 80 and not pending:
        assert shown[0] == "λ 1.3 products, 45 %"
    if width >= 130:
        assert said[0] in text
        assert "32 s left" in text


def test_what_other_probes_take_is_said_where_it_is_much(head: Header) -> None:
    lines = [plain((status_line(running(told(priced(head), event(share=share))), 160),)) for share in (0.47, 0.8)]
    assert ["probes" in line for line in lines] == [False, True]
    assert "probes 80 %" in lines[1]
    assert "probes 47 %" in plain((status_line(running(told(head, event(probes={}))), 160),))


def test_of_two_measurements_the_dearer_one_is_named(head: Header) -> None:
    both = priced(head)
    both = replace(both, series=(*both.series, Series("drift", "drift", source="probes.drift", bar="drift.error")))
    found = price(told(both, event(probes={"sharpness": TOLD, "drift": {"products": 3.0, "share": 0.5}})))
    assert found == ("drift", 3.0, "products", 0.5, False)


@pytest.mark.parametrize(
    "data",
    [
        {"probes": 3},
        {"probes": {"sharpness": "x"}},
        {"probes": {"sharpness": {"products": "x"}}},
        {"probes": {"sharpness": {"products": float("nan"), "share": 0.1}}},
        {"probes": {"sharpness": {"products": True}}},
        {"probes": {"sharpness": {"products": 1e300, "share": float("inf")}}},
        {"share": "much", "probes": {}},
        {"probes": {"sharpness": {"every": -3}}},
    ],
    ids=str,
)
def test_a_strange_price_breaks_nothing(head: Header, data: dict[str, Any]) -> None:
    history = told(priced(head), event(**data))
    assert width_of(status_line(running(history), 80)) == 80
    assert cadence(history, BUDGET.name) == 20


def test_the_cadence_is_what_was_told_last(head: Header) -> None:
    picked = Event(200, "cadence", "", {"probe": "sharpness", "every": 8, "share": 0.3, "budget": 0.5})
    assert cadence(told(priced(head)), BUDGET.name) == 20
    assert cadence(told(priced(head), event()), BUDGET.name) == 4
    assert cadence(told(priced(head), event(), picked), BUDGET.name) == 8
    assert cadence(told(priced(head), picked, event()), BUDGET.name) == 4
    assert cadence(told(priced(head), picked), "other.budget") is None


@pytest.mark.parametrize(
    ("value", "steps", "said"),
    [
        (0.5, 4, "0.5× step, every 4 steps"),
        (0.25, None, "0.25× step"),
        (32.0, 1, "no limit, every step"),
        (32.0, None, "no limit"),
        (1.0, 1200, "1× step, every 1,200 steps"),
    ],
)
def test_a_budget_is_told_in_words(value: float, steps: int | None, said: str) -> None:
    assert told_budget(value, 32.0, steps) == said
    setting = Setting(BUDGET, value, None, said)
    for width in (60, 80, 120):
        (line,) = knob_lines([setting], 0, width, 1, live=True)
        text = plain((line,))
        assert width_of(line) == width
        assert said in text
        assert "●" in text or width < 80
        assert "budget of sharpness" in text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
def test_the_budget_turns_live_and_its_cadence_follows(watch, told_by, size: tuple[int, int]) -> None:
    async def script(seen):
        await seen.press("up")
        text = seen.text()
        assert "budget of sharpness" in text
        assert "no limit, every 20 steps" in text
        assert text.count("●") >= rows(3, size[1])
        await seen.press("left")
        (turn,) = seen.source.sent
        assert turn == Turn(BUDGET.name, 24.9)
        said = {"probe": "sharpness", "every": 8, "share": 0.3, "budget": turn.value}
        seen.source.say(Event(120, "cadence", "The sharpness is read every 8 steps.", said))
        await seen.press()
        assert "24.9× step, every 8 steps" in seen.text()
        seen.source.say(event())
        await seen.press()
        assert "every 4 steps" in seen.text()
        assert "45 %" in seen.text()

    watch(script, told_by(lambda head: priced(head, BUDGET)), size=size)


@pytest.mark.parametrize("what", ["price", "cadence"])
def test_what_nobody_asked_for_answers_nothing(watch, told_by, what: str) -> None:
    source = told_by(lambda head: priced(head, BUDGET))
    source.answers = False

    async def script(seen):
        await seen.press("space")
        seen.source.say(Event(100, what, "", {"probe": "sharpness", "every": 2, "probes": {}}))
        await seen.press()
        assert "pausing…" in seen.text()

    watch(script, source)

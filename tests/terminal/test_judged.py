"""Claims on the bench: what they stood like where one looks, and what was done to the session before they failed."""

import pytest

from dltlab.claims.judging import Judge
from dltlab.commands import Pause
from dltlab.records import Event
from dltlab.session.history import History
from dltlab.terminal.fit import Options

TAME = {"name": "tame", "kind": "bounded", "says": "λ₁ stays below 3.", "series": "sharpness", "component": 0,
        "bound": 3.0}  # fmt: skip
"""Fails from step 251 on."""
SIZES = [(80, 24), (120, 40)]


def kick(step: int) -> Event:
    return Event(step, "kick", "Kicked by 0.1.", {"radius": 0.1, "direction": "random"}, 0.7)


def words(text: str) -> str:
    """The side's words, whatever the lines that they are broken into."""
    return " ".join(word for line in text.splitlines() for word in line[-36:].split() if word.strip("│─ "))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("step", "named"), [(250, True), (251, False)])
def test_a_claim_that_fails_after_a_kick_says_so_and_one_that_failed_before_does_not(watch, told, size, step, named):
    async def script(seen):
        assert "✗ fails" in seen.text()
        assert (f"after the kick at step {step}" in words(seen.text())) == named
        assert any("✶" in line and "now" in line for line in seen.text().splitlines())
        await seen.press("c")
        said = " ".join(seen.text().split())
        assert "fails since step 251" in said
        assert ("after the kick at step 250; the claim is about the run without it" in said) == named

    watch(script, told(kick(step), claims=[TAME]), size=size)


@pytest.mark.parametrize("size", SIZES)
def test_who_looks_back_sees_how_the_claims_stood_there(watch, told, size):
    clock = [0.0]

    async def script(seen):
        seen.bench._options = seen.bench._options._replace(clock=lambda: clock[0])
        assert "Claims ─" in seen.text()
        for step, stood in ((200, "✓ holds"), (300, "✗ fails"), (0, "· not yet"), (100, "✓ holds")):
            clock[0] += 10
            seen.bench.cursor = step
            await seen.press()
            assert f"Claims at step {step} " in seen.text()
            assert stood in seen.text()
            # The time that judging may take is up: what is shown is named by where it is from.
            seen.bench.cursor = step + 7
            await seen.press()
            assert f"Claims at step {step} " in seen.text()
        await seen.press("c")
        assert "Claims at step 100 " in seen.text()
        assert "holds since step 1" in seen.text()
        await seen.press("escape", "end")
        assert "Claims ─" in seen.text()
        assert "✗ fails" in seen.text()

    watch(script, told(claims=[TAME]), size=size)


def test_since_when_a_claim_stood_so_is_told_of_where_one_looks(told, stretch):
    source = told(claims=[TAME])
    history = History(source.header)
    history.extend(source.poll())
    judge = Judge(source.header)
    for step, status, since in ((399, "fails", 251), (300, "fails", 251), (200, "holds", 1), (260, "fails", 251)):
        then = history.until(step)
        assert judge.due(1e9, then)
        judge.look(0.0, then)
        assert not judge.due(1e9, then)
        assert judge.step == step
        assert (judge.verdicts[0].status, judge.since["tame"].step) == (status, since)


def test_what_there_was_no_time_to_date_is_dated_later(told):
    source = told(claims=[TAME | {"name": f"tame-{at}"} for at in range(5)])
    history = History(source.header)
    history.extend(source.poll())
    passed = iter(range(1000))
    # By this clock a second passes whenever somebody looks at it.
    judge = Judge(source.header, lambda: 0.01 * next(passed))
    looks = 0
    while judge.due(1e9, history):
        judge.look(0.0, history)
        looks += 1
    assert 1 < looks <= 5
    assert len(judge.since) == 5


def test_what_is_read_in_turns_stands_still_while_the_session_is_paused(watch, told):
    clock = [100.0]
    hints = [f"Look at the curve number {number}, and then at the next one." for number in range(4)]
    claims = [TAME | {"name": f"tame-{at}"} for at in range(5)]

    async def script(seen):
        async def read():
            clock[0] += 6.0
            await seen.press()
            return seen.text().splitlines()[1:18]

        assert await read() != await read()
        await seen.press("space")
        assert await read() == await read() == await read()
        await seen.press("space")
        assert await read() != await read()

    watch(script, told(claims=claims, look_for=hints), size=(80, 24),
          options=Options("braille", "full", 0.01, clock=lambda: clock[0]))  # fmt: skip


def test_what_was_refuted_is_dated_first_however_long_judging_takes(told):
    calm = [TAME | {"name": f"calm-{at}", "bound": 9.0} for at in range(3)]
    source = told(kick(250), claims=[*calm, TAME, TAME | {"name": "too"}])
    history = History(source.header)
    history.extend(source.poll())
    passed = iter(range(1000))
    # A look at this clock is longer than dating may take.
    judge = Judge(source.header, lambda: next(passed))
    dated = []
    while judge.due(1e9, history):
        judge.look(0.0, history)
        dated.append(set(judge.since))
    assert dated[:2] == [{"tame"}, {"tame", "too"}]
    assert len(dated[-1]) == 5
    assert judge.looks == len(dated) == 5


@pytest.mark.parametrize("back", [None, 300])
def test_the_list_says_what_the_details_say_of_an_act_before(watch, told, back):
    clock = [0.0]

    def slow():
        clock[0] += 0.02
        return clock[0]

    async def script(seen):
        bench = seen.bench
        bench.cursor = back
        marked, details = set(), 0
        for look in range(8):
            await seen.press("c")
            if look < 4:
                clock[0] += 60
                bench._poll()
                await seen.press()
            details = seen.text().count("after the kick at step 250; the claim is about the run without it")
            await seen.press("escape")
            assert seen.text().count("✗✶") == details
            marked.add(details)
        assert max(marked) == details == 3

    claims = [TAME | {"name": f"tame-{at}"} for at in range(3)]
    hints = [f"Look at the curve number {number}, and then at the next one." for number in range(9)]
    watch(script, told(kick(250), claims=claims, look_for=hints), size=(120, 24),
          options=Options("braille", "full", 0.01, clock=slow))  # fmt: skip


@pytest.mark.parametrize("size", SIZES)
def test_the_foot_says_what_space_will_do(watch, told, size):
    async def script(seen):
        assert "space pause" in seen.text()
        await seen.press("space")
        assert seen.source.sent == [Pause()]
        assert "space go on" in seen.text()
        assert "space pause" not in seen.text()
        await seen.press("space")
        assert "space pause" in seen.text()

    watch(script, told(), size=size)


def test_the_foot_says_that_space_holds_what_walks(play):
    async def script(seen):
        await seen.press("plus", "g", "3", "0", "0", "enter", seconds=1.0)
        await seen.press("comma", seconds=10.0)
        assert "space play" in seen.text()
        await seen.press("backspace")
        assert "space hold" in seen.text()
        await seen.press("space")
        assert "space play" in seen.text()

    play(script)

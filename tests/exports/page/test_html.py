"""The exported page in a real browser: it loads nothing, says nothing to the console, and does what it promises."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dltlab import records

Page = Callable[..., Path]
Visit = Callable[..., Any]


def _step(tab: Any) -> int:
    # The screen shows a step one frame after it was chosen.
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return int(tab.locator("#where").inner_text().removeprefix("step ").replace(",", ""))


def _cursor(tab: Any) -> float:
    """Where the cursor stands, as a fraction of the first plot's axis."""
    _step(tab)
    line, over = (tab.locator(f"#plot-0 {part}").bounding_box() for part in (".cursor", ".u-over"))
    return (line["x"] - over["x"]) / over["width"]


def _values(tab: Any, number: int = 0) -> list[str]:
    return tab.locator(f"#plot-{number}-values .legend b").all_inner_texts()


def test_every_part_has_a_name_that_is_read_aloud(page: Page, visit: Visit) -> None:
    tab = visit(page())
    said = tab.locator("body").aria_snapshot()
    for part in (
        'banner', 'main', 'contentinfo', 'heading "A lecture" [level=1]', 'navigation "Chapters"',
        'slider "Step of the session"', 'button "Play"', 'button "Next chapter"', 'figure "Sharpness at its edge"',
        'region "Questions"', 'region "What theory claims, and what was measured"', 'rowheader "edge"', 'status',
        'group "η is halved now: what will the sharpness do?"',
    ):  # fmt: skip
        assert part in said, part
    assert tab.locator("#step").get_attribute("aria-valuetext") == "step 400 of 400, look here"
    unnamed = tab.evaluate(
        """() => [...document.querySelectorAll("button, a, input, select, summary, [tabindex]")]
          .filter((one) => !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length))
          .map((one) => one.outerHTML)"""
    )
    assert unnamed == []
    assert "“A globe” of the scenario is not understood" in tab.locator("#facts").inner_text()


def test_scrubbing_tells_the_readings_at_the_step(page: Page, visit: Visit) -> None:
    tab = visit(page())
    assert _values(tab) == ["10 ± 0.02 ?", "10"]
    tab.locator("#step").fill("100")
    assert _step(tab) == 100
    assert _values(tab) == ["5 ± 0.02 ?", "5"]
    tab.locator("#step").focus()
    tab.keyboard.press("ArrowRight")
    assert _step(tab) == 102
    tab.keyboard.press("Home")
    assert (_step(tab), _values(tab)) == (0, ["2.5 ± 0.02 ?", "5"])
    assert "Step 0." in tab.locator("#live").inner_text()
    assert "sharpness 2.5" in tab.locator("#live").inner_text()
    tab.locator("#step").fill("100")
    tab.locator("h1").click()
    tab.keyboard.press("z")
    assert _cursor(tab) == pytest.approx(0.5, abs=0.02), "the cursor stays at its step, which is now in the middle"
    tab.keyboard.press("x")
    assert _cursor(tab) == pytest.approx(0.25, abs=0.02)
    tab.locator("#plot-1").scroll_into_view_if_needed()
    box = tab.locator("#plot-1 .u-over").bounding_box()
    tab.mouse.move(box["x"] + box["width"] / 4, box["y"] + 50)
    tab.mouse.down()
    assert abs(_step(tab) - 100) <= 2
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 50)
    tab.mouse.up()
    assert abs(_step(tab) - 200) <= 2
    assert _cursor(tab) == pytest.approx(0.5, abs=0.02)


def test_chapters_are_a_jump_by_click_and_by_key(page: Page, visit: Visit) -> None:
    tab = visit(page())
    stops = [
        int(step) for step in tab.locator("#chapters [data-go]").evaluate_all("all => all.map((b) => b.dataset.go)")
    ]
    assert {100, 200, 300} <= set(stops), "the note, the turn and the mark are there"
    tab.locator("#chapters [data-go='200']").click()
    assert _step(tab) == 200
    assert tab.locator("#chapters [aria-current]").first.get_attribute("data-go") == "200"
    assert "turned" in tab.locator("#live").inner_text()
    tab.locator("h1").click()
    tab.keyboard.press("n")
    assert _step(tab) == min(step for step in stops if step > 200)
    tab.keyboard.press("p")
    tab.keyboard.press("p")
    assert _step(tab) == max(step for step in stops if step < 200)
    marks = tab.locator("#marks .mark").evaluate_all("all => all.map((mark) => mark.style.left)")
    assert "50%" in marks
    tab.locator("#keys-on").uncheck()
    tab.locator("h1").click()
    before = _step(tab)
    tab.keyboard.press("n")
    assert _step(tab) == before, "single keys can be turned off"


def test_a_question_hides_what_comes_until_it_is_answered(page: Page, visit: Visit) -> None:
    tab = visit(page())
    card = tab.locator("form.question")
    assert not card.locator(".why").is_visible()
    card.get_by_role("button", name="Go there: step 200").click()
    assert _step(tab) == 200
    assert tab.locator("#plot-0 .curtain").is_visible()
    card.get_by_label("it falls").check()
    card.get_by_role("button", name="Show the answer").click()
    assert "Not what happened" in card.get_by_role("status").inner_text()
    assert "It is: it climbs to the new 2/η." in card.locator(".why").inner_text()
    assert re.search("2 for “it falls”, 5 for “it climbs", card.locator(".why").inner_text())
    tab.locator("#plot-0 .curtain").wait_for(state="hidden")
    card.get_by_label("it climbs to the new 2/η").check()
    tab.keyboard.press("Enter")
    assert "Right" in card.get_by_role("status").inner_text()


def test_a_table_tells_theory_beside_its_readings_and_a_plane_where_its_points_began(page: Page, visit: Visit) -> None:
    table = {"kind": "table", "title": "Now", "series": ["sharpness", "movement"]}
    bare = {**table, "theory": False}
    plane = {"kind": "plane", "title": "Points", "points": "position", "starts": True, "trails": True}
    tab = visit(page(panels=[table, bare, plane]))
    tab.locator("#step").fill("50")
    told = [tab.locator(f"#plot-{at} td").all_inner_texts() for at in (0, 1)]
    assert told == [["4.063 (5)", "0.125"], ["4.063", "0.125"]]
    assert "○ start" in tab.locator("#plot-2-values").inner_text()


def test_matrices_and_histograms_go_with_the_slider(page: Page, visit: Visit) -> None:
    tab = visit(page())
    squares = tab.locator("#plot-5 > svg rect")

    def seen() -> tuple[list[str | None], list[float], str]:
        shades = [float(one.get_attribute("fill-opacity")) for one in squares.all()]
        return [one.get_attribute("class") for one in squares.all()], shades, tab.locator("#plot-6-values").inner_text()

    signs, shades, said = seen()
    assert signs == ["above", "below", "below", "below", "above", "below", "below", "below", "above"]
    assert shades == [1.0, 0.5, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 1.0]
    assert said.endswith("median −1")
    assert tab.locator("#plot-5 > svg").get_attribute("aria-label") == "A kernel, a matrix of 3 × 3: −1 … 2"
    heights = [float(one.get_attribute("height")) for one in tab.locator("#plot-6 rect").all()]
    assert heights == [1.0, 0.0, 0.0, 0.0, 0.0, 0.5]
    box = tab.locator("#plot-5 > svg").bounding_box()
    assert abs(box["width"] - box["height"]) < 2
    assert box["width"] > 100
    tab.locator("#step").fill("0")
    assert _step(tab) == 0
    signs, shades, said = seen()
    assert shades == [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    assert said.endswith("median 0")


def test_it_plays_and_pauses(page: Page, visit: Visit) -> None:
    tab = visit(page(), reduced_motion="no-preference")
    tab.locator("h1").click()
    tab.keyboard.press(" ")
    while not 5 < _step(tab) < 390:
        tab.wait_for_timeout(50)
    tab.get_by_role("button", name="Pause").click()
    held = _step(tab)
    tab.wait_for_timeout(100)
    assert _step(tab) == held
    still = visit(page())
    still.get_by_role("button", name="Play").click()
    while _step(still) != 40:
        still.wait_for_timeout(20)
    still.get_by_role("button", name="Pause").click()


def test_a_claim_shows_where_it_was_judged(page: Page, visit: Visit) -> None:
    tab = visit(page())
    assert tab.locator("#claim-edge .badge").inner_text() == "✓ holds"
    assert tab.locator("#claim-low .badge").inner_text() == "✗ FAILS"
    where = tab.get_by_role("button", name="steps 100 to 200")
    where.click()
    assert where.get_attribute("aria-pressed") == "true"
    tab.locator("#plot-0 .shade").wait_for()
    where.click()
    tab.locator("#plot-0 .shade").wait_for(state="hidden")


def test_by_keyboard_alone_everything_is_reached(page: Page, visit: Visit) -> None:
    tab = visit(page())
    reached = []
    for _ in range(60):
        tab.keyboard.press("Tab")
        seen = tab.evaluate(
            """() => {
              const one = document.activeElement, look = getComputedStyle(one);
              const radio = one.type === "radio" ? one.name : "";
              return [one.id || one.dataset.go || one.dataset.low || radio || one.className || one.tagName,
                      look.outlineStyle !== "none" && parseFloat(look.outlineWidth) >= 1];
            }"""
        )
        if seen[0] == "BODY":
            break
        assert seen[1], f"the focus on {seen[0]} is not seen"
        reached.append(seen[0])
    assert reached[0] == "skip"
    for name in ("step", "previous", "play", "next", "curtain", "speed", "200", "100", "question-next", "keys-on"):
        assert name in reached, name
    tab.locator("details[data-readings='0'] summary").press("Enter")
    table = tab.locator("details[data-readings='0'] table")
    assert table.locator("tr", has_text="200").first.inner_text().split("\t")[1:] == ["5 ± 0.02 ?", "5"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_is_wider_than_the_screen(page: Page, visit: Visit, scheme: str) -> None:
    look = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "color_scheme": scheme}
    tab = visit(page(arms=True, panels=[]), **look)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    assert tab.locator("#play").bounding_box()["height"] >= 40
    ground = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(251, 250, 248)", "dark": "rgb(15, 19, 24)"}[scheme]
    assert len(_values(tab)) >= 2


def test_a_session_without_a_reading_is_a_page_too(tmp_path: Path, made: Any, exported: Any, visit: Visit) -> None:
    recording = tmp_path / f"begun{records.SUFFIX}"
    recording.write_bytes(records.encode(next(made(30))))
    out = tmp_path / "begun.html"
    out.write_bytes(exported(recording))
    tab = visit(out)
    tab.get_by_role("button", name="Next chapter").click()
    assert _values(tab)[0] == "—"


def test_what_the_recording_says_is_never_run(page: Page, visit: Visit) -> None:
    evil = "</script><img src=x onerror=alert(1)><script>alert(2)</script>\x1b[2J\u202e'\"><svg onload=alert(3)>"
    panels = [{"kind": "curves", "title": evil, "series": ["loss"]}]
    claims = [{"name": "low", "kind": "level", "says": evil, "series": "loss", "statistic": "last", "below": 1}]
    tab = visit(page(title=evil, abstract=evil, look_for=[evil], sources=[evil], panels=panels, claims=claims))
    assert tab.locator("img").count() == 0
    assert tab.locator("script").count() == 3
    assert "<img src=x onerror=alert(1)>" in tab.locator("h1").inner_text()
    assert "\\x1b[2J\\u202e" in tab.locator("h1").inner_text()
    assert "onerror" in tab.locator("figure h3").first.inner_text()

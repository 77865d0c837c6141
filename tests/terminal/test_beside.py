"""What stands beside the plots: every verdict, why it is one, and what to look for, in the room that there is."""

import re

import pytest

from dltlab.claims import Verdict
from dltlab.claims.since import Act, Since
from dltlab.terminal.drawing.beside import Judged, compact, heading, side, verdict_lines
from dltlab.terminal.drawing.lines import plain


@pytest.mark.parametrize("height", [9, 20, 60])
def test_every_verdict_is_seen_before_any_sentence(height: int) -> None:
    verdicts = [Verdict(f"claim-{i}", "Says so at length. " * 3, "holds", "≥ 1", f"{i}", "") for i in range(8)]
    text = plain(side(Judged(verdicts, {}), ["Look at this."], 40, height))
    assert all(f"claim-{i} " in text for i in range(8))
    assert ("predicted" in text, "Says so" in text) == (height >= 20, height >= 60)


def test_a_compact_verdict_has_its_sign_its_number_and_its_prediction_in_columns() -> None:
    verdicts = [
        Verdict("path", "", "holds", "≤ 0.02", "0.0057", ""),
        Verdict("a-very-long-name-of-a-claim", "", "fails", "slope -0.5", "-0.69", "± 0.1"),
        Verdict("edge", "", "not yet", "1 × 2/η", "—", "± 0.03"),
    ]
    narrow = [
        plain((line,)).split()
        for line in compact(Judged([*verdicts[::2], Verdict("calm", "", "holds", "≤ 0 of the steps", "0", "")], {}), 26)
    ]
    assert [words[3:] for words in narrow] == [["≤", "0.02"], ["1", "±", "0.03"], ["≤", "0"]]
    agrees = Verdict("exits", "", "holds", "exits.theory", "1.2e-05", "max |Δ| / theory ≤ 0.01")
    assert plain(tuple(compact(Judged([agrees], {}), 34))).split() == ["✓", "exits", "1.2e-5", "≤", "0.01"]
    lines = [plain((line,)) for line in compact(Judged(verdicts, {}), 44)]
    assert lines[0].split() == ["✓", "path", "0.0057", "≤", "0.02"]
    assert lines[2].split() == ["·", "edge", "—", "1", "±", "0.03"]
    assert len({line.index(word) for line, word in zip(lines, ("≤", "-0.5", "1 ±"), strict=True)}) == 1
    assert len({line.index(word) + len(word) for line, word in zip(lines, ("0.0057", "-0.69", "—"), strict=True)}) == 1


def test_claims_that_differ_at_the_end_of_their_names_are_told_apart() -> None:
    names = ("mean-field-movement", "mean-field-spread", "mean-field-is-better", "mean-field-is-not")
    verdicts = [Verdict(name, "", "holds", "slope -0.5", "-0.4974", "± 0.08") for name in names]
    shown = [plain((line,)).split()[1] for line in compact(Judged(verdicts, {}), 35)]
    assert len(set(shown)) == len(names)
    assert all("…" in name for name in shown)


@pytest.mark.parametrize("height", [9, 10, 12, 30])
def test_of_what_to_look_for_something_is_always_seen_and_in_time_how_each_of_it_begins(height: int) -> None:
    verdicts = [Verdict(f"claim-{i}", "Says so at length.", "holds", "≥ 1", f"{i}", "") for i in range(8)]
    hints = ["Look at the first curve: it climbs until it meets the dashed line.", "Then look at the second."]
    seen = [plain(side(Judged(verdicts, {}), hints, 38, height, turn)) for turn in range(12)]
    assert all(all(f"claim-{i} " in text for i in range(8)) for text in seen)
    assert "Look at the first" in seen[0]
    assert any("• Then look at the second." in text for text in seen)
    assert all("• Look at the first curve: it" in text for text in seen if "curve" in text)
    whole = height > 10
    assert all(("dashed line." in text, "…" in text) == (whole, not whole) for text in seen if "curve" in text)


def test_of_a_claim_a_whole_statement_is_read_or_none() -> None:
    long = [
        Verdict(f"claim-{i}", "", "fails", "1 × 2/η", f"{i}", "± 0.1", "", f"a{i} over b{i} " * 7) for i in range(5)
    ]
    verdicts = [*long, Verdict("brief", "", "holds", "1", "1.01", "± 0.1", "", "1.01 = 2.02 / 2")]
    verdicts.append(Verdict("long", "", "holds", "1", "1.01", "± 0.1", "", "a = b" * 40))
    for height, whole in ((8, False), (9, False), (11, True)):
        hints = ["The loss looks broken, and yet a mean of it falls all the time. " * 4]
        pages = [plain(side(Judged(verdicts, {}), hints, 38, height, turn)).split("\n") for turn in range(20)]
        columns = {line for line in pages[0] if all(line in page for page in pages)}
        (hint,) = {one for page in pages for line in page if (one := line.strip())[0:1] == "•"}
        said = {" ".join(" ".join(line for line in page if line not in columns).split()) for page in pages}
        said = {one for one in said if not one.startswith("•")}
        assert hint.startswith("• The loss looks broken, and yet")
        assert "✓ brief: 1.01 = 2.02 / 2" in said
        assert ("✗ claim-3: " + " ".join(["a3 over b3"] * 7) in said) == whole
        assert ("✗ claim-3: 3, predicted 1 × 2/η ± 0.1" in said) != whole
        assert len(said) == 6
        assert not any("…" in one for one in said)


@pytest.mark.parametrize("width", [26, 30, 34, 36, 44])
def test_no_tolerance_is_left_out_without_an_ellipsis(width: int) -> None:
    told = [("slope -0.5", "± 0.06"), ("1", "± 0.03"), ("slope -0.75 … -0.4", ""), ("slope -10.49", "± 0.2"),
            ("1 × sharpness.theory", "± 0.03"), ("slope -2", "± 1e-10"), ("falls × 1.05, each time", "")]  # fmt: skip
    verdicts = [Verdict(f"claim-{i}", "", "holds", one, "-0.4655", near) for i, (one, near) in enumerate(told)]
    lines = [plain((line,)).split("-0.4655")[1].strip() for line in compact(Judged(verdicts, {}), width)]
    for line, (one, near) in zip(lines, told, strict=True):
        numbers = [number.lstrip("0") for number in re.findall(r"\d[\d.]*(?:e-\d+)?", f"{one} {near}")]
        missing = [number for number in numbers if number not in line]
        assert not missing or line.endswith("…"), (line, one, near)
    assert width < 34 or not any(line.endswith("…") for line in lines)
    bounded = [Verdict("capped-from-above", "", "holds", "never above cap.theory", "0.00001", "")]
    assert plain(tuple(compact(Judged(bounded, {}), 26))).split()[2:] == ["0.00001", "never"]


KICKED = Since(251, Act("kick", "the kick", 4250))


@pytest.mark.parametrize("width", [34, 38, 60])
@pytest.mark.parametrize("at", [None, 7000])
def test_what_was_refuted_after_an_act_is_marked_and_the_mark_is_explained(width: int, at: int | None) -> None:
    verdicts = [Verdict(f"claim-{i}", "", "fails" if i < 3 else "holds", "≥ 1", f"{i}", "") for i in range(6)]
    since = {"claim-0": KICKED, "claim-1": Since(9), "claim-2": KICKED, "claim-4": KICKED}
    judged = Judged(verdicts, since, at)
    lines = [plain((line,)) for line in side(judged, ["Look at this."], width, 7)]
    assert [line.split()[0] for line in lines[1:]] == ["✗✶", "✗", "✗✶", "✓", "✓", "✓"]
    assert len({line.index("claim-") for line in lines[1:]}) == 1
    assert re.search("✶ (after|at) (.* )?4,250", lines[0])
    assert ("at step 7,000" in lines[0]) == (at is not None)
    told = plain(tuple(verdict_lines(judged, 200, detail=3)))
    assert told.count("fails since step 251, after the kick at step 4,250; the claim is about the run without it") == 2
    assert re.search("fails since step 9 *\n", told)


@pytest.mark.parametrize(
    ("width", "told"),
    [
        (80, "✶ after the kick at step 0 ▲ after the turn of η at step 4,250 ─"),
        (44, "✶ after step 0 ▲ after step 4,250 ─"),
        (34, "✶ at 0 ▲ at 4,250 ─"),
        (23, "─"),
    ],
)
def test_claims_that_were_refuted_after_different_acts_are_not_all_laid_to_one(width: int, told: str) -> None:
    verdicts = [Verdict(f"claim-{i}", "", "fails", "≥ 1", f"{i}", "") for i in range(3)]
    turned = Since(5000, Act("turn", "the turn of η", 4250))
    early = Since(40, Act("kick", "the kick", 0))
    judged = Judged(verdicts, {"claim-0": turned, "claim-1": early, "claim-2": early})
    assert plain((heading(judged, width),)).startswith(f"Claims {told}")

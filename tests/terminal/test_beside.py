"""What stands beside the plots: every verdict, why it is one, and what to look for, in the room that there is."""

import re

import pytest

from dltlab.claims import Verdict
from dltlab.claims.since import Act, Since
from dltlab.terminal.drawing.beside import Hint, Judged, compact, side, verdict_lines
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
def test_of_what_to_look_for_a_line_is_always_seen_and_in_time_all_of_it(height: int) -> None:
    verdicts = [Verdict(f"claim-{i}", "Says so at length.", "holds", "≥ 1", f"{i}", "") for i in range(8)]
    hints = ["Look at the first curve: it climbs until it meets the dashed line.", "Then look at the second."]
    seen = [plain(side(Judged(verdicts, {}), hints, 38, height, turn)) for turn in range(12)]
    assert all(all(f"claim-{i} " in text for i in range(8)) for text in seen)
    for word in {word for hint in hints for word in hint.split()}:
        assert any(word in text for text in seen)
    assert "Look at the first" in seen[0]


def test_every_page_of_a_formula_names_its_claim() -> None:
    verdicts = [Verdict(f"claim-{i}", "", "fails", "≥ 1", f"{i}", "", "", f"a{i} over b{i} " * 9) for i in range(6)]
    for turn in range(40):
        lines = [plain((line,)) for line in side(Judged(verdicts, {}), ["Look."], 38, 8, turn)]
        (said,) = [line for line in lines if " over " in line or "Look." in line]
        number = re.search(r"[ab](\d)", said)
        assert "Look." in said or (number and f"✗ claim-{number[1]}: " in said), said
    named = [
        Hint("✗", "a-very-long-name-of-a-claim", "some words and others " * 9).lead(30, amid=amid)
        for amid in (False, True)
    ]
    assert [plain((line,)) for line in named] == ["✗ a-very-l…: ", "✗ a-very-l…: … "]


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

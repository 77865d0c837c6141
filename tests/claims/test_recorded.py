"""The claims of a recording, whichever version wrote it: what cannot be judged stands open, and says why."""

from typing import Any

import numpy as np
import pytest

from dltlab import claims
from dltlab.claims import recorded
from dltlab.claims.level import Level
from dltlab.records import FORMAT, Array, Footer, Frames, Header, Part, Series
from dltlab.session.history import History

LOW = {"name": "low", "kind": "level", "says": "Low.", "series": "loss", "statistic": "last", "below": 0.9}


def told(tables: Any) -> History:
    """A session of ten steps that carries these claims."""
    header = Header(
        FORMAT, "s", "", "s", {"claims": tables}, "s", 10, 1, None, (0,), (Series("loss", "loss"),), (), 1, "float64",
        "", {}, {}, 1, "",
    )  # fmt: skip
    history = History(header)
    history.extend([Frames(9, (Part(0, 1, 10, {"loss": Array.of(np.full(10, 0.5))}),), 1.0, 1.0)])
    history.extend([Footer(9, "finished", "", 1.0)])
    return history


def test_each_claim_is_judged_for_itself_in_the_order_of_the_scenario() -> None:
    nova = {"name": "nova", "kind": "nova", "says": "New\x1b[2J."}
    history = told([nova, LOW, 7])
    found = recorded.of(history.header)
    verdicts = [one.judge(history) for one in found]
    assert [one.status for one in verdicts] == ["not yet", "holds", "not yet"]
    assert [(one.name, one.says) for one in verdicts][:2] == [("nova", "New\\x1b[2J."), ("low", "Low.")]
    assert [one.claim is None for one in found] == [True, False, True]
    assert "nova" in verdicts[0].detail
    assert [one.opening.detail for one in found] == [verdicts[0].detail, "", verdicts[2].detail]


def test_a_claim_whose_judging_fails_stands_open(monkeypatch: pytest.MonkeyPatch) -> None:
    history = told([LOW])
    monkeypatch.setattr(Level, "judge", lambda *_: 1 // 0)
    (verdict,) = claims.judge_all(recorded.of(history.header), history)
    assert (verdict.name, verdict.status) == ("low", "not yet")
    assert verdict.detail.startswith("cannot be judged (ZeroDivisionError: ")


@pytest.mark.parametrize("tables", [None, 3, "low", {"low": LOW}, []])
def test_what_is_no_list_of_claims_promises_nothing(tables: Any) -> None:
    assert recorded.of(told(tables).header) == []

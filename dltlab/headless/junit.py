"""The report of a call as JUnit XML: a suite a scenario, a case a claim.

A claim that fails, or was not shown, is a failure. What went wrong with a run itself is the
error of a case ``run``; a scenario that was not run has that case alone, skipped.
"""

import re
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

from dltlab.claims import Verdict
from dltlab.headless.outcome import Outcome
from dltlab.headless.reports import WORDS, in_words
from dltlab.text import one_line

_NO_XML: Final = re.compile("[\ufffe\uffff]")
"""What no XML may hold, beside what no terminal may be shown."""


def junit_report(outcomes: Sequence[Outcome]) -> str:
    """The runs as JUnit XML, which any of its readers takes."""
    root = ET.Element("testsuites", name="dltlab")
    for outcome in outcomes:
        _suite(root, outcome)
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(suite.get(count, "0")) for suite in root)))
    root.set("time", f"{sum(outcome.seconds for outcome in outcomes):.3f}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def numbers(verdict: Verdict) -> str:
    """Predicted, measured and tolerance in a line."""
    tolerance = f", tolerance {verdict.tolerance}" if verdict.tolerance else ""
    return _fit(f"predicted {verdict.predicted}, measured {verdict.measured}{tolerance}")


def _suite(root: ET.Element, outcome: Outcome) -> None:
    trouble, skipped = _fit(outcome.trouble), outcome.status == "not run"
    suite = ET.SubElement(root, "testsuite", name=_fit(outcome.scenario), time=f"{outcome.seconds:.3f}")
    counts = {
        "tests": len(outcome.verdicts) + bool(trouble),
        "failures": sum(verdict.status != "holds" for verdict in outcome.verdicts),
        "errors": int(bool(trouble) and not skipped),
        "skipped": int(skipped),
    }
    suite.attrib.update({key: str(value) for key, value in counts.items()})
    if outcome.history:
        suite.set("timestamp", _fit(outcome.history.header.started))
        properties = ET.SubElement(suite, "properties")
        for name, value in _properties(outcome):
            ET.SubElement(properties, "property", name=_fit(name), value=_fit(value))
    for verdict in outcome.verdicts:
        _case(suite, outcome, verdict)
    if trouble:
        case = ET.SubElement(suite, "testcase", classname=_fit(outcome.scenario), name="run", time="0")
        # A reader takes what an element says from either place.
        ET.SubElement(case, "skipped" if skipped else "error", message=trouble, type=outcome.status).text = trouble


def _case(suite: ET.Element, outcome: Outcome, verdict: Verdict) -> None:
    case = ET.SubElement(suite, "testcase", classname=_fit(outcome.scenario), name=_fit(verdict.name), time="0")
    said = _fit(outcome.prose(verdict))
    if verdict.status == "holds":
        ET.SubElement(case, "system-out").text = f"{numbers(verdict)}. {said}"
        return
    word = WORDS[verdict.status]
    ET.SubElement(case, "failure", message=f"{word}: {numbers(verdict)}", type=word.lower()).text = said


def _properties(outcome: Outcome) -> list[tuple[str, str]]:
    """What stands beside the cases of a suite: who ran where, and how far its numbers can be trusted."""
    history = outcome.history
    assert history is not None
    header = history.header
    return [
        ("session", str(outcome.session)),
        ("fingerprint", header.fingerprint),
        ("seeds", ", ".join(map(str, header.seeds))),
        ("steps", f"{history.step} of {header.steps}"),
        *((f"error bar of {bar.series}", in_words(bar, history)) for bar in outcome.error_bars),
    ]


def _fit(text: str) -> str:
    return _NO_XML.sub("\ufffd", one_line(text))

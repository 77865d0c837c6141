"""What a headless run found: a table for people, JSON and JUnit XML for programs."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree as ET

import msgspec

from dltlab.claims import Verdict
from dltlab.headless.outcome import Outcome
from dltlab.records import Header
from dltlab.text import one_line

FORMAT: Final = "dltlab-run/1"
WIDTH: Final = 80
_HEAD: Final = ("verdict", "claim", "predicted", "measured", "tolerance")
_SIGNS: Final = {"holds": "✓", "fails": "✗", "not yet": "…"}
_WORDS: Final = {"holds": "holds", "fails": "FAILS", "not yet": "not shown"}


def table(outcome: Outcome) -> str:
    """The claims of a run, to be read in a terminal of 80 columns, without colour."""
    history = outcome.history
    title = one_line(history.header.title) if history else one_line(outcome.scenario)
    step = history.step if history else 0
    members = _members(history.header) if history else "no seed"
    lines = [title, f"{members}, {step:,} steps, {outcome.seconds:.1f} s", ""]
    rows = [_HEAD, *map(_row, outcome.verdicts)] if outcome.verdicts else []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row, verdict in zip(rows, (None, *outcome.verdicts), strict=False):
        lines.append("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        lines += _prose(verdict) if verdict else []
    return "\n".join([*lines, "", _sum(outcome)])


def _members(header: Header) -> str:
    """Who ran: its seed or seeds, and its arms."""
    seeds, own = header.seeds, {arm.seeds for arm in header.arms}
    told = f"{len(seeds)} seeds" if len(seeds) > 1 else f"seed {seeds[0]}" if seeds else "no seed"
    if not header.arms:
        return told
    # Arms that are dear have fewer seeds than the others.
    told = f"{min(own)} to {max(own)} seeds" if len(own) > 1 else told
    return f"{len(header.arms)} arm{'s' * (len(header.arms) > 1)} of {told}"


def _row(verdict: Verdict) -> tuple[str, str, str, str, str]:
    """One claim in a line: its status and name, and its numbers."""
    status = f"{_SIGNS[verdict.status]} {_WORDS[verdict.status]}"
    return (
        status,
        one_line(verdict.name),
        one_line(verdict.predicted),
        one_line(verdict.measured),
        one_line(verdict.tolerance),
    )


def _prose(verdict: Verdict) -> list[str]:
    """What a claim says, and what is to be said of its measurement, below its line."""
    detail = f" ({one_line(verdict.detail)})" if verdict.detail else ""
    # A number stays with its per cent sign.
    says = f"{one_line(verdict.says)}{detail}".replace(" %", "\u00a0%")
    return textwrap.wrap(says, WIDTH, initial_indent=" " * 11, subsequent_indent=" " * 11)


def _sum(outcome: Outcome) -> str:
    statuses = [verdict.status for verdict in outcome.verdicts]
    if not statuses:
        return "No claim was judged."
    words = {"holds": "hold", "fails": "FAIL", "not yet": "not shown"}
    counts = [f"{count} {words[status]}" for status, count in Counter(statuses).items()]
    return f"{len(statuses)} claim{'s' * (len(statuses) > 1)}: {', '.join(counts)}."


def json_report(outcomes: Sequence[Outcome]) -> str:
    """The runs as one versioned JSON object."""
    return msgspec.json.format(msgspec.json.encode({"format": FORMAT, "runs": list(map(_run, outcomes))})).decode()


def _run(outcome: Outcome) -> dict[str, object]:
    header = outcome.history.header if outcome.history else None
    footer = outcome.history.footer if outcome.history else None
    return {
        "scenario": outcome.scenario,
        "title": header.title if header else None,
        "session": str(outcome.session) if outcome.session else None,
        "seeds": list(header.seeds) if header else [],
        "arms": [msgspec.to_builtins(arm) for arm in header.arms] if header else [],
        "steps": outcome.history.step if outcome.history else 0,
        "fingerprint": header.fingerprint if header else None,
        "exit_code": outcome.exit_code,
        "claims": [msgspec.to_builtins(verdict) for verdict in outcome.verdicts],
        "footer": msgspec.to_builtins(footer) if footer else None,
        "ended": outcome.ended,
        "error": str(outcome.refusal) if outcome.refusal else None,
        "seconds": round(outcome.seconds, 3),
    }


def junit_report(outcomes: Sequence[Outcome]) -> str:
    """The runs as JUnit XML: a suite a scenario, a case a claim."""
    root = ET.Element("testsuites", name="dltlab")
    for outcome in outcomes:
        cases = len(outcome.verdicts) + (outcome.exit_code >= 2)
        failed = sum(verdict.status != "holds" for verdict in outcome.verdicts)
        counts = {"tests": cases, "failures": failed, "errors": int(outcome.exit_code >= 2)}
        suite = ET.SubElement(root, "testsuite", name=one_line(outcome.scenario), time=f"{outcome.seconds:.3f}")
        suite.attrib.update({key: str(value) for key, value in counts.items()})
        for verdict in outcome.verdicts:
            case = _case(suite, outcome, verdict.name)
            if verdict.status != "holds":
                message = f"{_WORDS[verdict.status]}: predicted {verdict.predicted}, measured {verdict.measured}"
                failure = ET.SubElement(case, "failure", message=one_line(message))
                failure.text = one_line(f"{verdict.says} {verdict.detail}")
        if outcome.exit_code >= 2:
            said = str(outcome.refusal) if outcome.refusal else outcome.ended or "It was interrupted."
            ET.SubElement(_case(suite, outcome, "run"), "error", message=one_line(said))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, outcome: Outcome, name: str) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=one_line(outcome.scenario), name=one_line(name))

"""The report of a call as one JSON object, ``dltlab-report/1``; ``dltlab schema --report`` prints its schema.

Within version 1 keys may be added; none is removed or changes its meaning. A number that is
not finite is null, and so is what is not known.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np
from msgspec import Meta, Struct

from dltlab import __version__
from dltlab.catalog import schema_of
from dltlab.chapters import Chapter
from dltlab.claims import Verdict
from dltlab.claims.since import Act
from dltlab.exports.lines import facts
from dltlab.headless.outcome import Outcome, Status
from dltlab.records import Arm, Footer
from dltlab.session import alike
from dltlab.session.errorbars import ErrorBar
from dltlab.session.history import Column, History
from dltlab.text import cleaned

FORMAT: Final = "dltlab-report/1"
_MOST: Final = 64
"""Numbers of a reading that are written out."""


def _is(text: str) -> Meta:
    return Meta(description=text)


class ClaimReport(Struct, frozen=True):
    """A claim and its verdict."""

    name: Annotated[str, _is("the claim's name, unique in its scenario")]
    kind: Annotated[str, _is("the kind of claim: level, plateau, monotone, …")]
    line: Annotated[int | None, _is("its line in the scenario's file")]
    says: Annotated[str, _is("the promise in one sentence")]
    status: Annotated[Literal["holds", "fails", "not yet"], _is("not yet: what was recorded does not decide it")]
    predicted: Annotated[str, _is("as the table shows it")]
    measured: Annotated[str, _is("as the table shows it: the median of the seeds, of the worst arm")]
    tolerance: Annotated[str, _is("as the table shows it")]
    value: Annotated[float | None, _is("the number that was measured")]
    low: Annotated[float | None, _is("the least number for which it holds; null: unbounded")]
    high: Annotated[float | None, _is("the greatest number for which it holds; null: unbounded")]
    detail: Annotated[str, _is("the spread over the seeds, the worst arm, what diverged")]
    formula: Annotated[str, _is("how the number comes about, with its numbers in it")]
    after: Annotated[
        Act | None,
        _is("what was last done to the session by hand before the claim failed, which is about the run without it"),
    ]


class SeriesSummary(Struct, frozen=True):
    """A series over the whole run: all arms, seeds and components together, but for ``last``."""

    name: str
    title: str
    unit: str
    axes: Annotated[tuple[str, ...], _is("names of the axes of one reading: arm, seed, then its own")]
    shape: Annotated[tuple[int, ...], _is("lengths of these axes")]
    readings: Annotated[int, _is("steps at which it was read")]
    first_step: int | None
    last_step: int | None
    least: Annotated[float | None, _is("the least finite number")]
    greatest: Annotated[float | None, _is("the greatest finite number")]
    mean: Annotated[float | None, _is("the mean of the finite numbers")]
    not_finite: Annotated[int, _is("numbers that are NaN or infinite: diverged, not tracked, or members an arm lacks")]
    last: Annotated[
        list[float] | None, _is(f"the last reading, flattened in C order; null if it has more than {_MOST} numbers")
    ]


class Timings(Struct, frozen=True):
    """Where the time went, in seconds."""

    whole: Annotated[float, _is("from launch to verdict")]
    engine: Annotated[float, _is("of the session: compiling, computing, recording")]
    computing: Annotated[float, _is("of the device")]
    steps_per_second: Annotated[float | None, _is("steps a second of computing")]


class RunReport(Struct, frozen=True):
    """A scenario's run."""

    scenario: Annotated[str, _is("as it was given")]
    title: str | None
    status: Annotated[Status, _is("cut short, not run: another scenario had failed, or what ended it ended all")]
    exit_code: int
    ended: Annotated[str, _is("how it ended, in a sentence")]
    error: Annotated[str | None, _is("why it was refused or broke; one line a fault")]
    session: Annotated[str | None, _is("the recording")]
    seeds: list[int]
    alike: Annotated[list[str], _is("arms whose seeds read the same numbers throughout: one run each; '' without arms")]
    arms: list[Arm]
    steps: Annotated[int, _is("the step that was reached")]
    planned: Annotated[int | None, _is("the steps that were planned")]
    fingerprint: Annotated[str | None, _is("a digest of versions, device, threads and flags: equal ones, equal bits")]
    versions: dict[str, str]
    device: dict[str, str]
    threads: int | None
    precision: str | None
    optimizer: str | None
    parameters: int | None
    claims: list[ClaimReport]
    series: list[SeriesSummary]
    error_bars: Annotated[
        list[ErrorBar], _is("for each series that has error bars the largest, relative to its reading")
    ]
    chapters: Annotated[list[Chapter], _is("theory events and acts of the first seed, of each arm, in order of step")]
    footer: Annotated[Footer | None, _is("the recording's last record; null if the engine died or was left running")]
    timings: Timings


class Report(Struct, frozen=True):
    """What a call of ``dltlab run`` found."""

    format: Annotated[Literal["dltlab-report/1"], _is("the version of this schema")]
    dltlab: Annotated[str, _is("the version of dltlab")]
    created: Annotated[str, _is("ISO 8601, UTC")]
    exit_code: Annotated[int, _is("the largest of those of the runs: what the process ended with")]
    runs: Annotated[
        list[RunReport], _is("one a scenario, companions among them, in the order in which they were given")
    ]


def worst(outcomes: Sequence[Outcome]) -> int:
    """The exit code of a call: the largest."""
    return max((outcome.exit_code for outcome in outcomes), default=0)


def report(outcomes: Sequence[Outcome]) -> Report:
    """What a call found."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    return Report(FORMAT, __version__, now, worst(outcomes), [of_run(outcome) for outcome in outcomes])


def json_report(outcomes: Sequence[Outcome]) -> str:
    """What a call found, as JSON in which no control character stands."""
    # Cleaned before it is encoded: a file's name may be no text at all.
    told = cleaned(msgspec.to_builtins(report(outcomes)))
    return msgspec.json.format(msgspec.json.encode(told)).decode()


def schema() -> dict[str, Any]:
    """JSON Schema (draft 7) of a report."""
    return schema_of_report(Report)


def schema_of_report(kind: type) -> dict[str, Any]:
    """JSON Schema (draft 7) of a struct in which a number that is not finite is null."""

    def nullable(part: Any) -> Any:
        match part:
            case {"type": "number", **rest}:
                return {**rest, "type": ["number", "null"]}
            case dict():
                return {key: nullable(one) for key, one in part.items()}
            case list():
                return [nullable(one) for one in part]
        return part

    return {"$schema": "http://json-schema.org/draft-07/schema#", **nullable(schema_of(kind))}


def of_run(outcome: Outcome) -> RunReport:
    """What became of one scenario."""
    history, refusal = outcome.history, outcome.refusal
    header = history.header if history else None
    return RunReport(
        scenario=outcome.scenario,
        title=header.title if header else None,
        status=outcome.status,
        exit_code=outcome.exit_code,
        ended=outcome.ended or outcome.trouble,
        error=str(refusal) if refusal else None,
        session=str(outcome.session) if outcome.session else None,
        seeds=list(header.seeds) if header else [],
        alike=alike.arms(history) if history else [],
        arms=list(header.arms) if header else [],
        steps=history.step if history else 0,
        planned=header.steps if header else None,
        fingerprint=header.fingerprint if header else None,
        versions=header.versions if header else {},
        device=facts(header)["device"] if header else {},
        threads=header.threads if header else None,
        precision=header.precision if header else None,
        optimizer=header.optimizer if header else None,
        parameters=header.parameters if header else None,
        claims=[_claim(outcome, index, verdict) for index, verdict in enumerate(outcome.verdicts)],
        series=[summary(column) for column in history.columns.values()] if history else [],
        error_bars=outcome.error_bars,
        chapters=outcome.chapters,
        footer=history.footer if history else None,
        timings=_timings(outcome, history),
    )


def line_of(outcome: Outcome, index: int) -> int | None:
    """The line of a claim in its scenario's file; None where it came from no file."""
    if outcome.document is None or not outcome.document.text:
        return None
    return outcome.document.place(("claims", index, "name"))[0]


def _claim(outcome: Outcome, index: int, verdict: Verdict) -> ClaimReport:
    tables = outcome.document.table.get("claims", []) if outcome.document else []
    kind = str(tables[index].get("kind", "")) if index < len(tables) else ""
    after = outcome.after.get(verdict.name)
    return ClaimReport(kind=kind, line=line_of(outcome, index), after=after, **msgspec.structs.asdict(verdict))


def summary(column: Column) -> SeriesSummary:
    """A series in a few numbers."""
    series, steps, values = column.series, column.steps, column.values
    finite = values[np.isfinite(values)].astype(np.float64)
    low, high, mean = (float(one(finite)) for one in (np.min, np.max, np.mean)) if finite.size else (None,) * 3
    last = values[-1].reshape(-1).astype(np.float64).tolist() if len(steps) and values[-1].size <= _MOST else None
    return SeriesSummary(
        series.name,
        series.title,
        series.unit,
        series.axes,
        series.shape,
        len(steps),
        int(steps[0]) if len(steps) else None,
        int(steps[-1]) if len(steps) else None,
        low,
        high,
        mean,
        int(values.size - finite.size),
        last,
    )


def _timings(outcome: Outcome, history: History | None) -> Timings:
    wall, busy = (history.wall, history.busy) if history else (0.0, 0.0)
    rate = history.step / busy if history and busy > 0 else None
    return Timings(round(outcome.seconds, 3), round(wall, 3), round(busy, 3), rate)

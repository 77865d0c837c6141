"""A report in Markdown: what a session was about, what came of it, and its figures, in one file."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, ClassVar, Final, final

from dltlab import chapters
from dltlab.claims import recorded
from dltlab.claims.since import refuted
from dltlab.exports.abstract import AbstractExport, Progress, Wanted
from dltlab.exports.exported import Exported
from dltlab.exports.figures import number
from dltlab.exports.lines import facts
from dltlab.exports.panels import Figure, left_out, of_panels, of_series
from dltlab.exports.rows import chosen
from dltlab.records import Header
from dltlab.session.history import History
from dltlab.session.notes import Notes
from dltlab.text import markdown, one_line

_SIGNS: Final = {"holds": "✅ holds", "fails": "❌ fails", "not yet": "⏳ not shown"}
_MOST_CHAPTERS: Final = 200


@final
class Report(AbstractExport):
    """GitHub-flavoured Markdown in one file, which every viewer of Markdown shows the same way.

    Its figures are text, since GitHub shows neither pictures that stand in the file itself nor drawings
    in HTML. Every number of the session stands in the other formats. Nothing that a recording says is
    taken for more than text.
    """

    name: ClassVar[str] = "markdown"
    says: ClassVar[str] = "a report: the question, the verdicts, the chapters and figures as text"
    patterns: ClassVar[tuple[str, ...]] = ("*.md", "*.markdown")
    takes: ClassVar[frozenset[str]] = frozenset({"series"})

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Read the session, judge it, and write the report."""
        history = session.folded(progress)
        series = chosen(session, wanted.series)
        drawn = of_series(history, series) if wanted.series else of_panels(history)
        others = [] if wanted.series else left_out(session.header)
        for part in (
            _about(session.header),
            _facts(session),
            _claims(session),
            _chapters(history),
            _figures(drawn, [panel.heading(session.header) for panel in others]),
            _notes(session),
        ):
            out.write("".join(f"{line}\n" for line in part).encode())


def _about(header: Header) -> Iterator[str]:
    scenario = header.scenario
    yield f"# {markdown(header.title)}"
    yield ""
    if said := str(scenario.get("abstract") or ""):
        yield markdown(said)
        yield ""
    for heading, key in (("What to look for", "look_for"), ("Sources", "sources")):
        if told := _texts(scenario.get(key)):
            yield f"**{heading}**"
            yield ""
            yield from (f"* {markdown(one)}" for one in told)
            yield ""


def _facts(session: Exported) -> Iterator[str]:
    header, history = session.header, session.history
    told = facts(header)
    seeds, arms = [str(seed) for seed in header.seeds], [arm.title or arm.name for arm in header.arms]
    ended = f"{history.footer.reason} at step {history.footer.step:,}" if history.footer else f"step {history.step:,}"
    found = {
        "session": header.session,
        "scenario": told["source"],
        "recorded": header.started,
        "ended": f"{ended}, of {header.steps:,} planned",
        "computed": f"{history.busy:.1f} s in {history.wall:.1f} s",
        "seeds" if len(seeds) > 1 else "seed": ", ".join(seeds[:20]) + " …" * (len(seeds) > 20),
        "arms": ", ".join(arms),
        "fork": f"of {header.parent} at step {header.forked:,}" if header.forked >= 0 else "",
        "optimizer": header.optimizer,
        "parameters": f"{header.parameters:,}",
        "precision": header.precision,
        "knobs": ", ".join(f"{knob.title or knob.name} = {knob.value:g}" for knob in header.knobs),
        "device": ", ".join(dict.fromkeys(told["device"].values())),
        "versions": ", ".join(f"{name} {version}" for name, version in header.versions.items()),
        "fingerprint": header.fingerprint,
        "of the recording": session.note,
    }
    yield from _table(("", ""), ((name, value) for name, value in found.items() if value))


def _claims(session: Exported) -> Iterator[str]:
    if not session.verdicts:
        return
    yield "## Claims"
    yield ""
    acts = refuted(recorded.of(session.header), session.history, session.verdicts)
    remarks = [
        "; ".join(filter(None, (one.detail, act.said if (act := acts.get(one.name)) else "")))
        for one in session.verdicts
    ]
    rows = (
        (
            _SIGNS[one.status],
            one.name,
            one.predicted,
            one.measured,
            one.tolerance,
            f"{one.says} ({remark})" if remark else one.says,
        )
        for one, remark in zip(session.verdicts, remarks, strict=True)
    )
    yield from _table(("", "claim", "predicted", "measured", "tolerance", ""), rows)


def _chapters(history: History) -> Iterator[str]:
    found = chapters.detect(history)
    if not found:
        return
    yield "## Chapters"
    yield ""
    arms = any(one.arm for one in found)
    head = ("step", *(("arm",) if arms else ()), "chapter", "")
    rows = ((f"{one.step:,}", *((one.arm,) if arms else ()), one.title, one.text) for one in found[:_MOST_CHAPTERS])
    yield from _table(head, rows)
    if len(found) > _MOST_CHAPTERS:
        yield f"{len(found) - _MOST_CHAPTERS:,} more chapters follow."
        yield ""


def _figures(figures: Iterable[Figure], others: Sequence[str]) -> Iterator[str]:
    headed = False
    for figure in figures:
        if not headed:
            yield "## Figures"
            yield ""
            headed = True
        yield f"### {markdown(figure.title)}"
        yield ""
        yield from (
            f"* {markdown(curve.name)}: {_told(curve.values)}{' (dotted)' if curve.dotted else ''}"
            for curve in figure.curves
        )
        yield ""
        # The fence is longer than any run of ticks that a name could bring along.
        fence = "`" * 16
        yield from (f"{fence}text", *(line.replace("`", "'") for line in figure.lines), fence, "")
    if headed and others:
        yield f"Not drawn here, since they are no curves over the steps: {markdown('; '.join(others))}."
        yield ""


def _told(values: Any) -> str:
    """A curve in words, for who cannot see it."""
    numbers = [float(one) for one in values if one == one and abs(one) != float("inf")]
    if not numbers:
        return "no finite reading"
    ends = f"from {number(numbers[0])} to {number(numbers[-1])}"
    return f"{ends}, between {number(min(numbers))} and {number(max(numbers))}"


def _notes(session: Exported) -> Iterator[str]:
    kept = Notes(session.path)
    if said := [note for note in kept.notes if note.text.strip()]:
        yield "## Notes"
        yield ""
        yield from _table(("step", ""), ((f"{note.step:,}", note.text) for note in said))
    if kept.answers:
        yield "## Answers of the class"
        yield ""
        asked = session.header.scenario.get("questions")
        asked = {str(one.get("name")): one for one in asked if isinstance(one, dict)} if isinstance(asked, list) else {}
        rows = (
            (
                f"{one.step:,}",
                str(asked.get(one.question, {}).get("ask") or one.question),
                _choice(asked.get(one.question, {}), one.choice),
                ", ".join(map(str, one.counts)),
            )
            for one in kept.answers
        )
        yield from _table(("step", "question", "answer", "hands"), rows)


def _choice(question: dict[str, Any], place: int) -> str:
    choices = _texts(question.get("choices"))
    return choices[place] if 0 <= place < len(choices) else ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(map(markdown, row))} |"
    yield ""


def _texts(value: object) -> list[str]:
    return [one_line(str(one)) for one in value] if isinstance(value, list) else []

"""A session as one web page: whole in itself, told in words, plotted, and to be played with.

The page loads nothing: its policy forbids all connections, and runs the two programs that are
in it and no other (they are named by their digests). What comes from the recording is text,
escaped, or JSON in which no tag can end.
"""

import base64
import hashlib
import string
from collections.abc import Iterator, Sequence
from importlib import resources
from typing import Any, BinaryIO, ClassVar, Final, final

import msgspec

from dltlab import __version__, questions
from dltlab.chapters import Chapter, detect
from dltlab.claims import Verdict, recorded
from dltlab.claims.since import refuted
from dltlab.exports.abstract import AbstractExport, Progress, Wanted
from dltlab.exports.exported import Exported
from dltlab.exports.page import library, packing, panels, places, sections
from dltlab.exports.page.markup import element, joined, text
from dltlab.exports.page.plot import Plot
from dltlab.exports.rows import chosen
from dltlab.session import notes as sidecar
from dltlab.session.history import History
from dltlab.text import cleaned, one_line

BUDGET: Final = 1_750_000
"""Bytes of readings; the page's words and programs fit into the rest of two million."""
_LEAST: Final = 250_000
"""Bytes that readings over the steps have in any case."""
_SCRIPTS: Final = ("data.js", "plots.js", "moments.js", "squares.js", "page.js")


@final
class Page(AbstractExport):
    """The web page of a session."""

    name: ClassVar[str] = "html"
    says: ClassVar[str] = "a web page of its own: text, plots with a slider, chapters, claims, questions"
    patterns: ClassVar[tuple[str, ...]] = ("*.html", "*.htm")
    takes: ClassVar[frozenset[str]] = frozenset({"series"})

    def write(self, session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
        """Write the page; with ``wanted.series`` only plots of these.

        Raises:
            UsageError: The session has no such series, or the plotting library is missing.
        """
        progress(0.0)
        history = session.history
        progress(0.5)
        kept = sidecar.read(session.path)
        remarks = [session.note, kept.damage]
        only = [series.name for series in chosen(session, wanted.series)] if wanted.series else []
        for share, chunk in chunks(history, session.verdicts, detect(history), kept.notes, kept.answers, remarks, only):
            progress(0.5 + 0.5 * share)
            out.write(chunk.encode("utf-8"))


def chunks(
    history: History,
    verdicts: Sequence[Verdict],
    chapters: Sequence[Chapter],
    notes: Sequence[sidecar.Note] = (),
    answers: Sequence[sidecar.Answer] = (),
    remarks: Sequence[str] = (),
    only: Sequence[str] = (),
) -> Iterator[tuple[float, str]]:
    """The page in pieces, each with the share of the work that is done."""
    shown, unknown = panels.shown(history, only)
    found: list[Plot] = []
    for number, panel in enumerate(shown):
        yield 0.7 * number / len(shown), ""
        plot = panels.plotted(history, panel)
        if plot is None:
            unknown.append(f"The panel “{panel.heading(history.header)}” has nothing to draw.")
        else:
            found.append(plot)
    lengths = [len(plot.tables) for plot in found]
    left = BUDGET - sum(len(msgspec.json.encode(plot.look)) for plot in found)
    fitted = iter(packing.fitted([table for plot in found for table in plot.tables], max(left, _LEAST)))
    found = [
        msgspec.structs.replace(plot, tables=[next(fitted) for _ in range(count)])
        for plot, count in zip(found, lengths, strict=True)
    ]
    stops = places.stops(history, chapters, notes)
    remarks = [*remarks, *unknown]
    yield 0.9, _filled(history, found, stops, chapters, verdicts, answers, remarks)


def _filled(
    history: History,
    found: Sequence[Plot],
    stops: Sequence[places.Stop],
    chapters: Sequence[Chapter],
    verdicts: Sequence[Verdict],
    answers: Sequence[sidecar.Answer],
    remarks: Sequence[str],
) -> str:
    scenario = history.header.scenario
    promised = recorded.of(history.header)
    acts = refuted(promised, history, verdicts)
    claims = [
        (verdict, places.judged(history, one.claim, acts.get(verdict.name)))
        for verdict, one in zip(verdicts, promised, strict=False)
    ]
    asked = [(one, places.asked(one, chapters, history.step)) for one in questions.of(scenario)]
    plots = element(
        "section",
        element("h2", "Watch it happen", id="plots-title"),
        element("noscript", element("p", "The plots need the page’s own program; your browser does not run it.")),
        sections.transport(history, stops),
        element("p", class_="hidden", role="status", id="live"),
        element(
            "div",
            sections.plots(found, claims),
            element("nav", element("h3", "Chapters"), sections.chapters(stops), aria_label="Chapters"),
            class_="stage",
        ),
        id="plots",
        aria_labelledby="plots-title",
    )
    parts = library.uplot()
    style, skeleton, *scripts = map(_own, ("page.css", "page.html", *_SCRIPTS))
    script = '"use strict";\n(() => {\n' + "".join(scripts) + "})();\n"
    body = joined(
        plots, sections.claims(claims), sections.questions(asked, answers),
        sections.reading(), sections.sources(scenario), sections.facts(history, remarks),
    )  # fmt: skip
    return string.Template(skeleton).substitute(
        policy=text(_policy([parts.script, script], [parts.style, style])),
        version=__version__,
        title=text(one_line(history.header.title)),
        library_style=parts.style,
        style=style,
        opening=sections.opening(history, verdicts),
        body=body,
        closing=sections.closing(),
        data=_json(_data(history, found, stops)),
        library_script=parts.script,
        script=script,
    )


def _data(history: History, found: Sequence[Plot], stops: Sequence[places.Stop]) -> dict[str, Any]:
    """What the page's program reads."""
    plots = []
    for plot in found:
        told = {"kind": plot.kind, "title": plot.title, "look": plot.look, "lines": plot.lines, "bands": plot.bands}
        plots.append({**told, "tables": [packing.told(one) for one in plot.tables]})
    header = history.header
    return {
        "last": max(history.step, 1), "planned": header.steps, "every": max(header.every, 1),
        "stops": stops, "plots": plots,
    }  # fmt: skip


def _json(data: dict[str, Any]) -> str:
    """JSON that no parser of HTML sees a tag in, and in which no control character stands."""
    said = msgspec.json.encode(cleaned(msgspec.to_builtins(data))).decode("utf-8")
    for sign in "<>&":
        said = said.replace(sign, f"\\u{ord(sign):04x}")
    return said


def _own(name: str) -> str:
    """A file of this package."""
    return resources.files("dltlab.exports.page").joinpath(name).read_text("utf-8")


def _policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Nothing may be loaded, and only these programs and style sheets may be used."""

    def digests(parts: Sequence[str]) -> str:
        found = [base64.b64encode(hashlib.sha256(part.encode("utf-8")).digest()).decode("ascii") for part in parts]
        return " ".join(f"'sha256-{digest}'" for digest in found)

    rules = (f"script-src {digests(scripts)}", f"style-src {digests(styles)}", "img-src data:")
    return "; ".join(("default-src 'none'", *rules, "base-uri 'none'", "form-action 'none'"))

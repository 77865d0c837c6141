"""What the page says in words: all of it is in the HTML, and is read without the page's program too."""

from collections.abc import Sequence
from typing import Any, Final

from dltlab import __version__
from dltlab.claims import Verdict
from dltlab.exports.lines import facts as handed_out
from dltlab.exports.page import library
from dltlab.exports.page.markup import Markup, element, joined
from dltlab.exports.page.places import SIGNS, Judged, Stop
from dltlab.exports.page.plot import Plot
from dltlab.questions import Question
from dltlab.session.history import History
from dltlab.session.notes import Answer
from dltlab.text import one_line

_STATUS: Final = {"holds": ("✓", "holds"), "fails": ("✗", "FAILS"), "not yet": ("…", "not decided")}
_ENDS: Final = {"finished": "ran to its end", "stopped": "was stopped", "diverged": "diverged", "failed": "failed"}


_ICONS: Final = {
    "previous": "M3 2h2v12H3zM13 2v12L6 8z", "next": "M11 2h2v12h-2zM3 2v12l7-6z", "play": "M4 2v12l9-6z",
    "pause": "M3 2h4v12H3zM9 2h4v12H9z", "closer": "M7 2h2v5h5v2H9v5H7V9H2V7h5z", "wider": "M2 7h12v2H2z",
}  # fmt: skip
"""Outlines in a square of 16: no font is sure to have such signs."""


def _icon(name: str) -> Markup:
    return element("svg", element("path", d=_ICONS[name]), viewBox="0 0 16 16", class_=name, aria_hidden="true")


def opening(history: History, verdicts: Sequence[Verdict]) -> Markup:
    """The title, the abstract, and how the claims stand."""
    scenario = history.header.scenario
    abstract = one_line(str(scenario.get("abstract", "")))
    ended = _ENDS.get(history.footer.reason, "ended") if history.footer else "had not ended when this was made"
    seeds = len(history.header.seeds)
    facts = [f"{history.step:,} steps", f"{seeds} seeds" if seeds > 1 else "", f"the session {ended}"]
    words = element("p", abstract, class_="abstract") if abstract else None
    standing = element("p", _summary(verdicts), element("span", " · ".join(filter(None, facts)), class_="quiet"))
    return joined(
        element("p", "A session of dltlab, recorded", class_="kicker"),
        element("h1", one_line(history.header.title)),
        element("div", element("div", words, standing), _look_for(history), class_="lead"),
    )


def _summary(verdicts: Sequence[Verdict]) -> Markup | None:
    if not verdicts:
        return None
    fails = sum(one.status == "fails" for one in verdicts)
    holds = sum(one.status == "holds" for one in verdicts)
    said = f"{holds} of {len(verdicts)} claims hold" + (f", {fails} fail{'s' if fails == 1 else ''}" if fails else "")
    return element("a", said, href="#claims", class_=f"chip {_class('fails' if fails else 'holds')}")


def _look_for(history: History) -> Markup | None:
    """What the scenario tells to look for."""
    given = history.header.scenario.get("look_for")
    lines = [one_line(str(one)) for one in given] if isinstance(given, list | tuple) else []
    if not lines:
        return None
    items = [element("li", line) for line in lines]
    heading = element("h2", "What to look for", id="look-for-title")
    return element("section", heading, element("ul", *items), class_="look-for", aria_labelledby="look-for-title")


def transport(history: History, stops: Sequence[Stop]) -> Markup:
    """The slider over the steps with its buttons, and the line that tells where one is."""
    last = max(history.step, 1)

    def button(name: str, says: str, key: str, *icons: str) -> Markup:
        about = {"aria_label": says, "aria_keyshortcuts": key, "title": f"{says} ({key})"}
        return element("button", *map(_icon, icons), type="button", id=name, **about)

    speeds = [("10", "10 s"), ("20", "20 s"), ("40", "40 s"), ("90", "1½ min")]
    options = [element("option", f"all in {said}", value=value, selected=value == "20") for value, said in speeds]
    # Of several at one step the last one is seen: a fork is, with the turn that it was made for, the turn.
    marks = [
        element("span", one.sign, class_=f"mark {_class(one.kind)}", data_step=one.step, title=one.title)
        for one in {one.step: one for one in stops}.values()
    ]
    return element(
        "div",
        element("div", *marks, id="marks", aria_hidden="true"),
        element("input", type="range", id="step", min=0, max=last, value=last, aria_label="Step of the session"),
        element(
            "div",
            element(
                "div",
                button("previous", "Previous chapter", "P", "previous"),
                button("play", "Play", "Space", "play", "pause"),
                button("next", "Next chapter", "N", "next"),
                class_="buttons",
            ),
            element("output", f"step {last:,}", id="where", for_="step"),
            element("span", id="chapter", class_="quiet"),
            element(
                "div",
                button("closer", "Zoom in at the cursor", "Z", "closer"),
                button("wider", "Zoom out", "X", "wider"),
                class_="buttons zoom",
            ),
            element("label", element("input", type="checkbox", id="curtain"), " hide what comes", class_="switch"),
            element("label", element("span", "speed ", class_="hidden"), element("select", *options, id="speed")),
            class_="controls",
        ),
        class_="transport", role="group", aria_label="Time",
    )  # fmt: skip


def plots(found: Sequence[Plot], claims: Sequence[tuple[Verdict, Judged]]) -> Markup:
    """A figure for each plot; its picture and its values are the program's."""
    figures = []
    for number, plot in enumerate(found):
        mine = [(verdict, where) for verdict, where in claims if set(where.series) & set(plot.series)]
        badges = [
            element("li", _badge(one), " ", element("a", one.name, href=f"#claim-{one.name}"), f": {one.says} ",
                    _after(where))
            for one, where in mine
        ]  # fmt: skip
        figures.append(
            element(
                "figure",
                element("h3", plot.title, id=f"plot-{number}-title"),
                element("p", " ".join(plot.sentences), class_="says"),
                element("div", class_=f"picture {plot.kind}", id=f"plot-{number}"),
                element("div", class_="values", id=f"plot-{number}-values"),
                element("p", class_="quiet thinned", id=f"plot-{number}-thinned"),
                *(element("p", note, class_="quiet") for note in plot.notes),
                element(
                    "details",
                    element("summary", f"{len(mine)} claim{'s' if len(mine) > 1 else ''} judged on this"),
                    element("ul", *badges, class_="judged"),
                )
                if mine
                else None,
                element(
                    "details",
                    element("summary", "The readings as a table"),
                    element(
                        "div", class_="readings", tabindex="0", role="region", aria_label=f"Readings: {plot.title}"
                    ),
                    data_readings=number,
                )
                if plot.kind == "curves"
                else None,
                aria_labelledby=f"plot-{number}-title",
                class_="wide" if plot.kind == "table" or (number == 0 and plot.kind in ("curves", "frames")) else None,
            )
        )
    return element("div", *figures, class_="plots")


def chapters(stops: Sequence[Stop]) -> Markup:
    """The list of chapters: each a button that goes there."""
    if not stops:
        return element("p", "Nothing opened a chapter in this session.", class_="quiet")
    items = []
    for one in stops:
        said = element("span", one.text, class_="told") if one.text != one.title else None
        head = [
            element("span", one.sign, class_=f"sign {_class(one.kind)}", aria_hidden="true"),
            element("span", one.title, class_="name"), element("span", f"step {one.step:,}", class_="at"),
        ]  # fmt: skip
        items.append(element("li", element("button", *head, type="button", data_go=one.step), said))
    return element("ol", *items, id="chapters")


def claims(found: Sequence[tuple[Verdict, Judged]]) -> Markup | None:
    """The table of claims, as the headless runner prints it."""
    if not found:
        return None
    rows = []
    for verdict, where in found:
        button = None
        if where.span is not None:
            low, high = where.span
            button = element("button", f"steps {low:,} to {high:,}", type="button", data_low=low, data_high=high,
                             aria_pressed="false", title="Show on the plots")  # fmt: skip
        told = "; ".join(part for part in (verdict.formula, verdict.detail) if part)
        rows.append(
            element(
                "tr",
                element("th", verdict.name, scope="row"),
                element("td", element("p", verdict.says), element("p", told, class_="quiet") if told else None,
                        element("p", after) if (after := _after(where)) else None,
                        data_label="what theory promises"),
                element("td", verdict.predicted, class_="number", data_label="predicted"),
                element("td", verdict.measured, class_="number", data_label="measured"),
                element("td", verdict.tolerance, class_="number", data_label="tolerance"),
                element("td", button or "the whole session", data_label="judged over"),
                element("td", _badge(verdict), data_label="verdict"),
                id=f"claim-{verdict.name}",
            )
        )  # fmt: skip
    heads = ["claim", "what theory promises", "predicted", "measured", "tolerance", "judged over", "verdict"]
    table = element(
        "table",
        element("caption", "Every claim was written down before the run. It is judged by the program, not by eye."),
        element("thead", element("tr", *(element("th", head, scope="col") for head in heads))),
        element("tbody", *rows),
        class_="claims",
    )
    return _section("claims", "What theory claims, and what was measured", table)


def questions(asked: Sequence[tuple[Question, int | None]], answers: Sequence[Answer]) -> Markup | None:
    """The lecture's questions: guess, then see."""
    if not asked:
        return None
    cards = [_question(question, step, answers) for question, step in asked]
    lead = "Answer before you look: “Go there” hides what comes, and an answer shows it."
    return _section("questions", "Questions", element("p", lead, class_="quiet"), *cards)


def _question(question: Question, step: int | None, answers: Sequence[Answer]) -> Markup:
    given = [one for one in answers if one.question == question.name]
    choices = []
    for place, choice in enumerate(question.choices):
        radio = element("input", type="radio", name=f"question-{question.name}", value=place)
        choices.append(element("label", radio, " ", choice, class_="choice"))
    go = None
    if step is not None:
        go = element("button", f"Go there: step {step:,}", type="button", data_ask=step)
    why = [element("p", element("strong", f"It is: {question.right}."), " ", question.why)]
    why += [element("p", said, class_="quiet") for said in _class_said(question, given)]
    return element(
        "form",
        element("fieldset", element("legend", question.ask), *choices),
        element("p", go, " " if go else None, element("button", "Show the answer", type="submit"), class_="row"),
        element("div", class_="verdict-of", role="status"),
        element("div", *why, class_="why", hidden=True),
        class_="question", data_answer=question.answer, data_question=question.name,
    )  # fmt: skip


def _class_said(question: Question, answers: Sequence[Answer]) -> list[str]:
    """What a class answered, one line an answer."""
    said = []
    for one in answers:
        hands = [
            f"{count} for “{choice}”" for choice, count in zip(question.choices, one.counts, strict=False) if count
        ]
        chosen = question.choices[one.choice] if 0 <= one.choice < len(question.choices) else ""
        told = ", ".join(hands) or (f"“{chosen}”" if chosen else "")
        if told:
            said.append(f"The class said{f' on {one.when[:10]}' if one.when else ''}: {told}.")
    return said


def facts(history: History, seen: Sequence[str]) -> Markup:
    """What the session was, for whoever wants to have it again."""
    header, handed = history.header, handed_out(history.header)
    device = ", ".join(one_line(str(value)) for value in handed["device"].values() if str(value))
    versions = ", ".join(f"{one_line(name)} {one_line(version)}" for name, version in header.versions.items())
    rows: list[tuple[str, str]] = [
        ("Session", header.session), ("Started", header.started), ("Scenario", handed["source"]),
        ("Optimizer", header.optimizer), ("Parameters", f"{header.parameters:,}"),
        ("Seeds", ", ".join(map(str, header.seeds[:32])) + (" …" if len(header.seeds) > 32 else "")),
        ("Steps", f"{history.step:,} of {header.steps:,} planned"),
        ("Took", f"{history.wall:,.1f} s"),
        ("Precision", header.precision), ("Device", device), ("Threads", str(header.threads)), ("Versions", versions),
        ("Fingerprint", header.fingerprint), ("This page", f"dltlab {__version__}"),
    ]  # fmt: skip
    if header.parent:
        rows.insert(1, ("Forked from", f"{header.parent} at step {header.forked:,}"))
    pairs = [joined(element("dt", name), element("dd", one_line(value))) for name, value in rows if value]
    notes = [element("p", one, class_="quiet") for one in seen if one]
    again = "With dltlab installed, “dltlab verify” runs the recording again and compares every number."
    return _section("facts", "The session", element("dl", *pairs), *notes, element("p", again, class_="quiet"))


def sources(scenario: dict[str, Any]) -> Markup | None:
    """The papers."""
    given = scenario.get("sources")
    lines = [one_line(str(one)) for one in given] if isinstance(given, list | tuple) else []
    items = [element("li", line) for line in lines]
    return _section("sources", "Sources", element("ul", *items)) if items else None


_KEYS: Final = (
    ("Space", "play, pause"), ("N, P", "next, previous chapter"), ("→, ←", "on, back a little, with the slider chosen"),
    (". and ,", "on, back by one reading"), ("Home, End", "to the start, to the end, with the slider chosen"),
    ("Z, X", "zoom in at the cursor, zoom out"),
)  # fmt: skip


def reading() -> Markup:
    """How the page is used."""
    rows = [joined(element("dt", element("kbd", key)), element("dd", does)) for key, does in _KEYS]
    how = (
        "Drag the slider, or press on a plot and drag: the line in all plots moves together, and the values at it "
        "stand below each plot. ◆ marks where theory’s own events open a chapter, ▲ where a hyperparameter was turned "
        "by hand, ✶ a kick, ✎ a note."
    )
    box = element("input", type="checkbox", id="keys-on", checked=True)
    switch = element("label", box, " single keys work", class_="switch")
    return _section("reading", "How to use this page", element("p", how), element("dl", *rows, class_="keys"), switch)


def closing() -> Markup:
    """Whose the page is."""
    said = f"Made by dltlab {__version__}. This file is whole: it loads nothing and sends nothing. "
    return element("p", said, f"Plots by {library.LICENSE}.", class_="quiet")


def _badge(verdict: Verdict) -> Markup:
    sign, said = _STATUS[verdict.status]
    return element(
        "span", element("span", sign, aria_hidden="true"), f" {said}", class_=f"badge {_class(verdict.status)}"
    )


def _after(where: Judged) -> Markup | None:
    """What was done to the session before a claim failed."""
    if where.after is None:
        return None
    sign = element("span", SIGNS.get(where.after.what, "✶"), aria_hidden="true")
    return element("span", sign, f" {where.after.said}", class_="after")


def _class(words: str) -> str:
    return "is-" + "".join(letter if letter.isalnum() else "-" for letter in words)


def _section(name: str, title: str, *children: object) -> Markup:
    heading = element("h2", title, id=f"{name}-title")
    return element("section", heading, *children, id=name, aria_labelledby=f"{name}-title")

"""How a session stands: running, paused, or over and why; as words and as lines."""

from collections import deque
from typing import Final, NamedTuple

from rich.cells import cell_len

from dltlab.records import Event
from dltlab.session.history import History
from dltlab.terminal.drawing.lines import Line, Span, between, fit
from dltlab.terminal.drawing.numbers import count, seconds, short
from dltlab.text import one_line

_SIGNS: Final = {"running": "▶", "paused": "‖", "finished": "●", "stopped": "●", "diverged": "✗"}
_INKS: Final = {"running": "running", "paused": "paused", "finished": "ended", "stopped": "ended"}
_SPAN: Final = 3.0


class Speed:
    """Steps a second over the last seconds, by the viewer's clock: right for a replay too."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def at(self, now: float, step: int) -> float | None:
        """Take note of a step; the rate, once it can be told."""
        if not self._seen or self._seen[-1][1] != step or now - self._seen[-1][0] > 0.5:
            self._seen.append((now, step))
        while len(self._seen) > 2 and now - self._seen[0][0] > _SPAN:
            self._seen.popleft()
        then, before = self._seen[0]
        passed = now - then
        return (step - before) / passed if passed > 0.2 else None


class Standing(NamedTuple):
    """How a session stands now."""

    word: str
    """running, paused, finished, stopped, diverged, failed or over."""
    pending: str
    """What was asked of the engine and has not been answered."""
    step: int
    planned: int
    clock: float
    rate: float | None
    pace: float | None
    share: float | None
    device: str
    link: str
    wall: float
    """Seconds since the session started."""


def word_of(history: History, ended: str) -> str:
    """One word for the session's state."""
    if history.footer is not None:
        return history.footer.reason
    if ended:
        return "over"
    held = False
    for event in reversed(history.events):
        if event.what in ("pause", "advance", "resume"):
            held = event.what != "resume"
            break
    return "paused" if held else "running"


def standing(history: History, ended: str, pending: str, rate: float | None, link: str) -> Standing:
    """Fold a history into how it stands."""
    price = next((e for e in reversed(history.events) if e.what == "price"), None)
    pace = history.header.pace
    for event in history.events:
        if event.what == "pace":
            pace = _number(event.data.get("rate"))
    device = history.header.device
    return Standing(
        word_of(history, ended),
        pending,
        history.step,
        history.header.steps,
        history.clock,
        rate,
        pace,
        _number(price.data.get("share")) if price else None,
        one_line(str(device.get("kind") or device.get("platform") or "")),
        link,
        history.wall,
    )


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def status_line(now: Standing, width: int) -> Line:
    """The status: state, step, physical time, speed, probes, device."""
    sign = _SIGNS.get(now.word, "✗")
    state: list[Span] = [(f" {sign} {now.word}", _INKS.get(now.word, "wrong"))]
    if now.pending:
        state.append((f"  {now.pending}…", "pending"))
    parts: list[list[Span]] = [[(count(now.step), "strong"), (f" / {count(now.planned)}", "faint")]]
    if now.rate is not None and now.word == "running":
        goal = "flat out" if now.pace is None else f"of {short(now.pace)}"
        parts.append([(short(now.rate), "strong"), (" steps/s ", "text"), (goal, "faint")])
    if left := time_left(now):
        parts.append([(left, "faint")])
    elif now.word not in ("running", "paused") and now.wall:
        parts.append([("in ", "faint"), (seconds(now.wall), "text")])
    if now.clock:
        parts.append([("t ", "faint"), (short(now.clock, 4), "text")])
    if now.share is not None:
        parts.append([("probes ", "faint"), (f"{100 * now.share:.0f} %", "text")])
    parts.append([(now.device, "faint")] if now.device else [])
    parts.append([(now.link, "faint")] if now.link else [])
    line = state
    for part in filter(None, parts):
        longer = [*line, ("  ·  " if width >= 70 else "  ", "rule"), *part]
        if sum(len(text) for text, _ in longer) > width:
            break
        line = longer
    return fit(line, width)


def title_bar(history: History, number: str, width: int) -> Line:
    """The session's title, its optimizer and its size."""
    header = history.header
    seeds = f"{len(header.seeds)} seeds" if len(header.seeds) > 1 else f"seed {header.seeds[0]}" if header.seeds else ""
    sizes = sorted({arm.parameters for arm in header.arms if arm.parameters} or {header.parameters})
    size = f"{count(sizes[0])} to {count(sizes[-1])}" if len(sizes) > 1 else count(sizes[0])
    arms = f"{len(header.arms)} arms" if header.arms else ""
    name = one_line(header.optimizer).replace("_", " ")
    facts = [name, f"{size} parameters", one_line(header.precision), arms, seeds]
    # The title is said in full before anything else is said.
    room = width - cell_len(one_line(header.title)) - cell_len(number) - 6
    for least in (1, 2, 0, 0):
        if width >= 70 and cell_len("  ".join(filter(None, facts))) > room and len(facts) > 1:
            del facts[min(least, len(facts) - 1)]
    right = "  ".join(filter(None, facts))
    if width < 70 or cell_len(right) > room:
        right = ""
    left: list[Span] = [(" ", "text"), (one_line(header.title), "strong")]
    if number:
        left.append((f"  {number}", "faint"))
    return between(left, [(f"{right} ", "faint")] if right else [], width)


def told(event: Event) -> str:
    """An event as one line."""
    return one_line(event.text) or one_line(event.what)


def time_left(now: Standing) -> str:
    """How long the rest will take at this speed."""
    left = now.planned - now.step
    return f"{seconds(left / now.rate)} left" if now.rate and left > 0 and now.word == "running" else ""

"""How a session stands: running, paused, or over and why; as words and as lines."""

from collections import deque
from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len

from dltlab.records import Event
from dltlab.session.history import History
from dltlab.session.holding import held
from dltlab.terminal.drawing.lines import Line, Span, between, fit, width_of
from dltlab.terminal.drawing.numbers import count, seconds, short
from dltlab.terminal.drawing.price import Price, number, price, words
from dltlab.text import one_line

_SIGNS: Final = {
    "starting": "·",
    "running": "▶",
    "paused": "‖",
    "finished": "●",
    "stopped": "●",
    "diverged": "✗",
    "backwards": "◀",
    "forwards": "▶",
}
_INKS: Final = {"starting": "pending", "paused": "paused", "finished": "ended", "stopped": "ended"} | dict.fromkeys(
    ("running", "backwards", "forwards"), "running"
)
_GOING: Final = frozenset({"starting", "running", "paused", "backwards", "forwards"})
"""Words of a session that is not over."""
_SPAN: Final = 3.0
_MORE: Final = 0.05
"""What all probes take beyond the dearest one, where that is worth saying."""


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
    """starting, running, paused, finished, stopped, diverged, failed or over."""
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
    price: Price | None = None
    """What the dearest of the measurements with error bars costs."""


def word_of(history: History, ended: str) -> str:
    """One word for the session's state."""
    if history.footer is not None:
        return history.footer.reason
    if ended:
        return "over"
    if held(reversed(history.events), history.step):
        return "paused"
    compiled = next((event.step for event in reversed(history.events) if event.what == "compiling"), -1)
    return "running" if history.step > compiled else "starting"


def standing(history: History, ended: str, pending: str, rate: float | None, link: str) -> Standing:
    """Fold a history into how it stands."""
    told = next((e for e in reversed(history.events) if e.what == "price"), None)
    pace = history.header.pace
    for event in history.events:
        if event.what == "pace":
            pace = number(event.data.get("rate"))
    device = history.header.device
    return Standing(
        word_of(history, ended),
        pending,
        history.step,
        history.header.steps,
        history.clock,
        rate,
        pace,
        number(told.data.get("share")) if told else None,
        one_line(str(device.get("kind") or device.get("platform") or "")),
        link,
        history.wall,
        price(history),
    )


def status_line(now: Standing, width: int) -> Line:
    """The status: state, step, physical time, speed, probes, device."""
    sign = _SIGNS.get(now.word, "✗")
    state: list[Span] = [(f" {sign} {now.word}", _INKS.get(now.word, "wrong"))]
    if now.pending:
        state.append((f"  {now.pending}…", "pending"))
    parts: list[list[Span]] = [[(now.link, "text")]] if now.link else []
    parts.append([(count(now.step), "strong"), (f" / {count(now.planned)}", "faint")])
    if now.rate is not None and now.word == "running":
        goal = "flat out" if now.pace is None else f"of {short(now.pace)}"
        parts.append([(short(now.rate), "strong"), (" steps/s ", "text"), (goal, "faint")])
    elif now.word in ("paused", "backwards", "forwards"):
        parts.append([("flat out" if now.pace is None else f"at {short(now.pace)} steps/s", "faint")])
    known: list[list[Span]] = []
    if left := time_left(now):
        known.append([(left, "faint")])
    elif now.word not in _GOING and now.wall:
        known.append([("in ", "faint"), (seconds(now.wall), "text")])
    if now.clock:
        known.append([("t ", "faint"), (short(now.clock, 4), "text")])
    if now.share is not None and not (now.price and now.price.share and now.share < now.price.share + _MORE):
        known.append([("probes ", "faint"), (f"{100 * now.share:.0f} %", "text")])
    known += [[(now.device, "faint")]] if now.device else []
    if now.price is None:
        return fit(_joined(state, [*parts, *known], width), width)
    # The price is said in as many words as leave room for what comes next, and then for itself.
    *full, least = words(now.price)
    ways = [[*parts, way, *known[:more]] for more in (1, 0) for way in full]
    chosen = next((way for way in ways if _length(state, way, width) <= width), [*parts, least])
    rest = known[len(chosen) - len(parts) - 1 :]
    return fit(_joined(state, [*chosen, *rest], width), width)


def _joined(state: Sequence[Span], parts: Sequence[Sequence[Span]], width: int) -> list[Span]:
    """As many of the parts as there is room for."""
    line = list(state)
    for part in parts:
        longer = [*line, (_between(width), "rule"), *part]
        if width_of(longer) > width:
            break
        line = longer
    return line


def _length(state: Sequence[Span], parts: Sequence[Sequence[Span]], width: int) -> int:
    return width_of(state) + sum(width_of(part) + len(_between(width)) for part in parts)


def _between(width: int) -> str:
    return "  ·  " if width >= 70 else "  "


def title_bar(history: History, number: str, width: int) -> Line:
    """The session's title, its optimizer and its size."""
    header = history.header
    seeds = f"{len(header.seeds)} seeds" if len(header.seeds) > 1 else f"seed {header.seeds[0]}" if header.seeds else ""
    sizes = sorted({arm.parameters for arm in header.arms if arm.parameters} or {header.parameters})
    size = f"{count(sizes[0])} to {count(sizes[-1])}" if len(sizes) > 1 else count(sizes[0])
    arms = f"{len(header.arms)} arm{'s' * (len(header.arms) > 1)}" if header.arms else ""
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

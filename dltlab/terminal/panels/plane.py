"""The plane: neurons, iterates and landscapes in two dimensions.

Drawn on cells of our own: plotext stretches a plane to its frame, so that no circle is round,
and has neither arrows nor contours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, NamedTuple

import numpy as np
from msgspec import Meta

from dltlab.terminal.drawing import contours, dots
from dltlab.terminal.drawing.axes import enclose, room
from dltlab.terminal.drawing.contours import Box
from dltlab.terminal.drawing.grid import Grid
from dltlab.terminal.drawing.legend import INKS, MARKERS, Curve, Sign, top
from dltlab.terminal.drawing.lines import Picture, frame
from dltlab.terminal.drawing.numbers import count
from dltlab.terminal.drawing.plane import View, box_of, joined_ways, sampled
from dltlab.terminal.drawing.plot import title_line
from dltlab.terminal.drawing.strokes import DOTS, Stroke, plain_sign
from dltlab.terminal.drawing.traces import Traces
from dltlab.terminal.panels.panel import AbstractPanel, Arms, Look, Named, Title, numbered
from dltlab.text import one_line

Radius = Annotated[float, Meta(gt=0, le=1e6)]
_WAY: Final = 512
"""Readings that stand for a way."""
_RECENT: Final = 128
"""Readings of a way's end, none of which is left out."""
_BRIEF: Final = 10
"""Cells of a title that a legend says twice."""
_MOST: Final = 2048
"""Points that are drawn."""
_TRAILED: Final = 1 << 14
"""Readings of all points together that stand for their trails."""
_SIGNS: Final = {1: ("●", "+", "curve0", "band0"), -1: ("○", "o", "curve1", "band1"), 0: ("•", ".", "text", "faint")}
"""By sign: character, character in ASCII, ink, ink of the trail."""


class _Way(NamedTuple):
    """One arm's iterate over time."""

    slot: int
    label: str
    points: np.ndarray
    """Shape (n, 2), the present place last."""


class _Scene(NamedTuple):
    """All that is drawn, in the coordinates of the plane."""

    points: np.ndarray
    signs: np.ndarray
    trails: np.ndarray
    """Shape (n, k, 2)."""
    starts: np.ndarray
    """Where the points began, shape (k, 2)."""
    arrows: np.ndarray
    marks: np.ndarray
    directions: np.ndarray
    ways: Sequence[_Way]
    field: np.ndarray | None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return self.field is None and not (len(self.points) or len(self.arrows) or len(self.marks) or len(self.ways))


@dataclass(frozen=True)
class Plane(AbstractPanel):
    """Points, paths, arrows and contours on equal axes; of the first member of an ensemble that is left.

    ``points`` (k, 2) are drawn by the sign of ``sign`` (k,), with ``trails`` the ways that they
    took, with ``starts`` the places where they began; ``path`` (2,) is one iterate and its whole
    way, in every arm; ``arrows`` (q, 2) start at the origin; ``direction`` (2,) starts at ``mark``
    (2,). ``field`` (rows, columns) is drawn by its contours over ``extent`` (4,): x_low, x_high,
    y_low, y_high; its first row is the lowest. Without ``extent`` what is shown is ``limits``, or
    round limits around the data.
    """

    points: Named = ""
    sign: Named = ""
    trails: bool = False
    starts: bool = False
    path: Named = ""
    arrows: Named = ""
    mark: Named = ""
    direction: Named = ""
    circle: Radius | None = None
    field: Named = ""
    extent: Named = ""
    contours: Annotated[int, Meta(ge=2, le=40)] = 7
    levels: Literal["quantiles", "equal", "log"] = "quantiles"
    limits: tuple[float, float, float, float] | None = None
    """What is shown, where no series says it: x_low, x_high, y_low, y_high."""
    x_label: Annotated[str, Meta(max_length=40)] = ""
    y_label: Annotated[str, Meta(max_length=40)] = ""
    """What the axes are called."""
    title: Title = ""
    arm: Named = ""
    arms: Arms = ()

    SHAPE = 2.0
    KEYS = ("points", "path", "field", "arrows", "mark", "direction", "sign", "extent")

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if not (self.points or self.path or self.field or self.arrows or self.mark):
            raise ValueError("nothing to draw; name points, path, field, arrows or mark.")
        for key, other in (("sign", "points"), ("direction", "mark")):
            if getattr(self, key) and not getattr(self, other):
                raise ValueError(f"{key} says nothing without {other}; name both.")
        for key in ("trails", "starts"):
            if getattr(self, key) and not self.points:
                raise ValueError(f"{key} are those of points; name points.")
        if self.field and not (self.extent or self.limits):
            raise ValueError("a field needs its place; name extent or write limits.")
        if self.limits and not (self.limits[0] < self.limits[1] and self.limits[2] < self.limits[3]):
            raise ValueError(f"limits {list(self.limits)} are empty; write [x_low, x_high, y_low, y_high].")

    def draw(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        """Height lines of width cells, whatever the readings are."""
        if apology := self.apology(traces, width, height, look):
            return apology
        # What overflows lies outside of every picture.
        with np.errstate(all="ignore"):
            return self._picture(traces, width, height, look)

    def _picture(self, traces: Traces, width: int, height: int, look: Look) -> Picture:
        arms = self.shown_arms(traces)
        # Of several arms only their paths can be told apart.
        main = arms[0]
        scene = self._scene(traces, main, arms)
        if scene.empty:
            return self.blank("nothing to draw yet", traces, width, height, look)
        several = bool(self.path) and len(scene.ways) > 1
        heading = numbered(self.heading(traces, arms if several else [main]), look)
        if width < 16 or height < 4:
            return frame([title_line(heading, (), width, look.glyphs)], width, height)
        read = [traces.history[name] for name in self.names if name in traces]
        note = f"step {count(max((int(one.steps[-1]) for one in read if len(one)), default=0))}"
        head = top(heading, _legend(self, traces, scene, look), width, look.glyphs, note, min(3, (height - 5) // 4))
        box = self._box(traces, main, scene)
        # The numbers at the left depend on what is seen, and that on the room that they leave.
        within = room(width, height, len(head), None)
        view = View(box, within.columns, within.rows, look.glyphs)
        within = within._replace(ticks=view.up.ticks(max((within.rows + 2) // 3, 2)))
        body = _drawn(self, scene, box, view, look)
        if label := one_line(self.y_label):
            # Beside the upper end of its axis.
            body.write(0, 0, label[: max(view.columns // 3, 1)], "text")
        return enclose(head, body.lines(), within, view.across, look.glyphs, name=one_line(self.x_label))

    def _scene(self, traces: Traces, main: str, arms: Sequence[str]) -> _Scene:
        points, trails, starts = np.empty((0, 2)), np.empty((0, 0, 2)), np.empty((0, 2))
        signs = np.empty(0)
        if self.points in traces:
            member = traces.alive(self.points, main)
            points = _pairs(traces, self.points, main, member)[:_MOST]
            signs = np.sign(np.nan_to_num(_latest(traces, self.sign, main, member).reshape(-1)))
            signs = np.append(signs, np.zeros(len(points)))[: len(points)]
            if (self.trails or self.starts) and len(points):
                length = len(traces.history[self.points])
                which = sampled(length, min(max(_TRAILED // len(points), 2), _WAY) if self.trails else 2)
                ways = traces.at(self.points, which, main)[:, member]
                ways = ways.reshape(len(which), -1)[:, : 2 * len(points)].reshape(len(which), -1, 2)
                trails = ways if self.trails else trails
                starts = ways[0] if self.starts else starts
        ways = []
        if self.path in traces:
            places = {name: place for place, name in enumerate(traces.arms)}
            for arm in arms:
                which = sampled(len(traces.history[self.path]), _WAY, _RECENT)
                way = traces.at(self.path, which, arm)[:, traces.alive(self.path, arm)]
                if way.size:
                    ways.append(_Way(places.get(arm, 0), traces.told(arm), _columns(way)))
        field = _latest(traces, self.field, main)
        return _Scene(
            points,
            signs,
            trails,
            starts,
            _pairs(traces, self.arrows, main),
            _pairs(traces, self.mark, main),
            _pairs(traces, self.direction, main),
            ways,
            field if field.ndim == 2 and min(field.shape) > 1 else None,
        )

    def _box(self, traces: Traces, arm: str, scene: _Scene) -> Box:
        """What must be seen: what a series or the scenario says, or the data so far."""
        given = _latest(traces, self.extent, arm).reshape(-1)
        if len(given) == 4 and np.isfinite(given).all() and given[0] < given[1] and given[2] < given[3]:
            return Box(*given.tolist())
        if self.limits:
            return Box(*self.limits)
        everything = [scene.points, scene.trails.reshape(-1, 2), scene.starts, scene.arrows, scene.marks]
        everything += [way.points for way in scene.ways]
        if self.circle:
            everything.append(np.array([[-self.circle, -self.circle], [self.circle, self.circle]]))
        data = np.concatenate(everything)
        return box_of(data[:, 0], data[:, 1])


def _latest(traces: Traces, name: str, arm: str, member: int | None = None) -> np.ndarray:
    """The latest reading of a member; nothing where there is none."""
    if name not in traces:
        return np.empty(0)
    members = traces.now(name, arm)
    member = traces.alive(name, arm) if member is None else member
    return members[min(member, len(members) - 1)] if len(members) else np.empty(0)


def _columns(values: np.ndarray) -> np.ndarray:
    """Readings as pairs: the first two numbers of each; of a single one the second is zero."""
    flat = values.reshape(len(values), -1)
    return np.column_stack([flat[:, 0], flat[:, 1] if flat.shape[1] > 1 else np.zeros(len(flat))])


def _pairs(traces: Traces, name: str, arm: str, member: int | None = None) -> np.ndarray:
    """A reading of shape (k, 2) or (2,) as pairs."""
    found = _latest(traces, name, arm, member)
    if not found.size:
        return np.empty((0, 2))
    return _columns(np.atleast_2d(found) if found.ndim < 3 else found.reshape(len(found), -1))


def _legend(panel: Plane, traces: Traces, scene: _Scene, look: Look) -> list[Curve | Sign]:
    """What the characters mean."""
    plain = look.glyphs == "ascii"
    said: list[Curve | Sign] = []
    if len(scene.ways) > 1:
        for way in scene.ways:
            letter = _marker(way.slot, plain)
            said.append(Sign(letter, f"curve{way.slot % INKS}", way.label, letter))
    if panel.sign in traces and len(scene.points):
        title = one_line(traces.series(panel.sign).title or panel.sign).removeprefix("sign of ")
        title = title if len(title) <= _BRIEF else "sign"
        for sign, relation in ((1, ">"), (-1, "<")):
            letter, in_ascii, ink, _ = _SIGNS[sign]
            said.append(Sign(in_ascii if plain else letter, ink, f"{title} {relation} 0".strip()))
    if len(scene.starts):
        said.append(Sign("," if plain else "∘", "faint", "start"))
    for name, sign, ink in (
        (panel.mark, "x" if plain else "✕", "strong"),
        (panel.arrows, "->" if plain else "→", "theory"),
        (panel.direction, "->" if plain else "→", "strong"),
    ):
        if name in traces:
            said.append(Sign(sign, ink, one_line(traces.series(name).title or name)))
    return said


def _marker(slot: int, plain: bool) -> str:
    return plain_sign(slot) if plain else MARKERS[slot % len(MARKERS)]


def _drawn(panel: Plane, scene: _Scene, box: Box, view: View, look: Look) -> Grid:
    """Contours below, then the circle, trails and ways, starts and points; marks and arrows above all, bold."""
    across, down = DOTS[look.glyphs]
    plain = look.glyphs == "ascii"
    strokes: list[Stroke] = []
    inks: list[str] = []

    def add(x: np.ndarray, y: np.ndarray, ink: str, glyph: str, *, joined: bool = True) -> None:
        strokes.append(Stroke(x, y, len(inks), joined, glyph))
        inks.append(ink)

    if scene.field is not None:
        at = contours.levels(scene.field, panel.contours, panel.levels)
        found = contours.dots(scene.field, box, view.box, at, view.columns * across, view.rows * down)
        for level, (x, y) in enumerate(found):
            low = level < len(found) / 2
            # What lies high is dotted, so that one sees without colour which way is down.
            thin = slice(None) if low else slice(None, None, 2)
            add(x[thin], y[thin], "faint" if low else "rule", ":" if low else ".", joined=False)
    if panel.circle:
        x, y = view.circle(panel.circle)
        add(x, y, "faint", ":")
    for sign in (0, -1, 1):
        mine = scene.trails[:, scene.signs == sign] if len(scene.trails) else scene.trails
        if mine.size:
            add(*view.fractions(joined_ways(mine)), _SIGNS[sign][3], ".")
    for way in scene.ways:
        add(*view.way(way.points, _RECENT), f"curve{way.slot % INKS}", plain_sign(way.slot))
    grid = Grid.of(dots.canvas(strokes, view.columns, view.rows, look.glyphs), inks)
    for start in scene.starts:
        view.put(grid, start, "," if plain else "∘", "faint")
    for tip in scene.arrows[np.isfinite(scene.arrows).all(axis=1)]:
        view.arrow(grid, np.zeros(2), tip, "theory", look.glyphs)
    # Points that have turned to an arrow are seen upon it.
    for point, sign in zip(scene.points, scene.signs.astype(int).tolist(), strict=True):
        letter, in_ascii, ink, _ = _SIGNS[sign]
        view.put(grid, point, in_ascii if plain else letter, ink)
    for start, by in zip(scene.marks, scene.directions, strict=False):
        if np.isfinite(start).all() and np.isfinite(by).all():
            view.arrow(grid, start, start + view.lengthened(by), "strong", look.glyphs)
    for way in scene.ways:
        view.put(grid, way.points[-1], _marker(way.slot, plain), f"bold{way.slot % INKS}")
    taken = [view.cell(way.points[-1]) for way in scene.ways]
    for mark in scene.marks:
        # An iterate at the mark itself is seen as well.
        both = view.cell(mark) in taken
        view.put(grid, mark, ("X" if plain else "⊗") if both else "x" if plain else "✕", "strong")
    return grid

"""The plane: neurons, iterates and landscapes in two dimensions.

Drawn on cells of our own: plotext stretches a plane to its frame, so that no circle is round,
and has neither arrows nor contours.
"""

from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

import numpy as np
from msgspec import Meta

from dltlab.panels import Plane
from dltlab.session.matrices import levels
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
from dltlab.terminal.panels.panel import Look, blank, heading_of, numbered
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


def draw(panel: Plane, traces: Traces, width: int, height: int, look: Look) -> Picture:
    """Height lines of width cells, whatever the readings are."""
    # What overflows lies outside of every picture.
    with np.errstate(all="ignore"):
        return _picture(panel, traces, width, height, look)


def _picture(panel: Plane, traces: Traces, width: int, height: int, look: Look) -> Picture:
    arms = panel.shown_arms(traces.history.header)
    # Of several arms only their paths can be told apart.
    main = arms[0]
    scene = _scene(panel, traces, main, arms)
    if scene.empty:
        return blank(panel, "nothing to draw yet", traces, width, height, look)
    several = bool(panel.path) and len(scene.ways) > 1
    heading = numbered(heading_of(panel, traces, arms if several else [main]), look)
    if width < 16 or height < 4:
        return frame([title_line(heading, (), width, look.glyphs)], width, height)
    read = [traces.history[name] for name in panel.names if name in traces]
    note = f"step {count(max((int(one.steps[-1]) for one in read if len(one)), default=0))}"
    head = top(heading, _legend(panel, traces, scene, look), width, look.glyphs, note, min(3, (height - 5) // 4))
    box = _box(panel, traces, main, scene)
    # The numbers at the left depend on what is seen, and that on the room that they leave.
    within = room(width, height, len(head), None)
    view = View(box, within.columns, within.rows, look.glyphs)
    within = within._replace(ticks=view.up.ticks(max((within.rows + 2) // 3, 2)))
    body = _drawn(panel, scene, box, view, look)
    if label := one_line(panel.y_label):
        # Beside the upper end of its axis.
        body.write(0, 0, label[: max(view.columns // 3, 1)], "text")
    return enclose(head, body.lines(), within, view.across, look.glyphs, name=one_line(panel.x_label))


def _scene(panel: Plane, traces: Traces, main: str, arms: Sequence[str]) -> _Scene:
    points, trails, starts = np.empty((0, 2)), np.empty((0, 0, 2)), np.empty((0, 2))
    signs = np.empty(0)
    if panel.points in traces:
        member = traces.alive(panel.points, main)
        points = _pairs(traces, panel.points, main, member)[:_MOST]
        signs = np.sign(np.nan_to_num(_latest(traces, panel.sign, main, member).reshape(-1)))
        signs = np.append(signs, np.zeros(len(points)))[: len(points)]
        if (panel.trails or panel.starts) and len(points):
            length = len(traces.history[panel.points])
            which = sampled(length, min(max(_TRAILED // len(points), 2), _WAY) if panel.trails else 2)
            ways = traces.at(panel.points, which, main)[:, member]
            ways = ways.reshape(len(which), -1)[:, : 2 * len(points)].reshape(len(which), -1, 2)
            trails = ways if panel.trails else trails
            starts = ways[0] if panel.starts else starts
    ways = []
    if panel.path in traces:
        places = {name: place for place, name in enumerate(traces.arms)}
        for arm in arms:
            which = sampled(len(traces.history[panel.path]), _WAY, _RECENT)
            way = traces.at(panel.path, which, arm)[:, traces.alive(panel.path, arm)]
            if way.size:
                ways.append(_Way(places.get(arm, 0), traces.told(arm), _columns(way)))
    field = _latest(traces, panel.field, main)
    return _Scene(
        points,
        signs,
        trails,
        starts,
        _pairs(traces, panel.arrows, main),
        _pairs(traces, panel.mark, main),
        _pairs(traces, panel.direction, main),
        ways,
        field if field.ndim == 2 and min(field.shape) > 1 else None,
    )


def _box(panel: Plane, traces: Traces, arm: str, scene: _Scene) -> Box:
    """What must be seen: what a series or the scenario says, or the data so far."""
    given = _latest(traces, panel.extent, arm).reshape(-1)
    if len(given) == 4 and np.isfinite(given).all() and given[0] < given[1] and given[2] < given[3]:
        return Box(*given.tolist())
    if panel.limits:
        return Box(*panel.limits)
    everything = [scene.points, scene.trails.reshape(-1, 2), scene.starts, scene.arrows, scene.marks]
    everything += [way.points for way in scene.ways]
    if panel.circle:
        everything.append(np.array([[-panel.circle, -panel.circle], [panel.circle, panel.circle]]))
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
        at = levels(scene.field, panel.contours, panel.levels)
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

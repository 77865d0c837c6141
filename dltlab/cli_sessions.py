"""The commands about sessions: those that run, and those that were recorded.

What a command needs is imported inside it, so that ``dltlab --help`` is there at once.
"""

import contextlib
import shutil
import sys
from collections.abc import Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from dltlab import errors, options
from dltlab.errors import ScenarioError, UsageError
from dltlab.terminal.fit import require_terminal
from dltlab.text import one_line

if TYPE_CHECKING:
    from dltlab.exports import AbstractExport

_LEAST: Final = 12
"""Cells of a title that is shortened."""


def _running_session(name: str) -> Path:
    """The session of that name; the newest that is running, if none is named."""
    from dltlab.session import shelf

    if name:
        return shelf.find(name)
    kept = shelf.kept()
    running = [one.path for one in kept if one.state == "running"]
    if not running and kept:
        how = "dltlab resume goes on with it" if kept[0].state in ("stopped", "died") else "dltlab replay shows it"
        last = f"the newest, {one_line(kept[0].name)}, {kept[0].state} at step {kept[0].step:,}"
        raise UsageError(f"no session is running; {last}: {how}.")
    if not running:
        raise UsageError("no session is running; start one with dltlab open SCENARIO.")
    return running[0]


def _lectured(name: str) -> Path:
    """The session of that name; the one that a lecture is on, or else the newest, if none is named."""
    from dltlab.session import place, shelf

    kept = [] if name else [one.path for one in shelf.kept()]
    return next((path for path in kept if place.read(path) is not None), None) or shelf.find(name)


def _for_a_screen(path: Path, otherwise: str) -> Path:
    """The same path, once it is a recording and there is a terminal to show it: what is wrong with it is told first."""
    from dltlab.session.recording import opened

    opened(path)[0].close()
    require_terminal(otherwise=otherwise)
    return path


@click.command()
def sessions() -> None:
    """Recordings and running engines, newest first."""
    from dltlab.session import compare, forked, shelf

    there = shelf.kept()
    headers = [one.header for one in there]
    settings = compare.apart(headers, _as_written({header.source for header in headers}))
    names = max((len(one.name) for one in there), default=0)
    steps = max((len(str(header.steps)) for header in headers), default=0)
    width = shutil.get_terminal_size().columns if sys.stdout and sys.stdout.isatty() else None
    for one, own, changes in zip(there, settings, forked.apart(there), strict=True):
        state = "paused" if one.paused else one.state
        lead = f"{one.name:<{names}} {state:<9} {one.step:>{steps}}/{one.header.steps:<{steps}} "
        origin = f"fork of {one_line(one.header.parent)} at {one.header.forked}{changes and f': {changes}'}"
        notes = f"{f' ({origin})' if one.header.forked >= 0 else ''}{own and f' ({own})'}"
        click.echo(_in_a_line(lead, one_line(one.header.title), notes, width))


def _as_written(sources: Collection[str]) -> dict[str, dict[str, Any]]:
    """The scenarios of the gallery among these, as they are written there."""
    from dltlab import scenario

    gallery, found = scenario.gallery(), {}
    for source in gallery.keys() & set(sources):
        with contextlib.suppress(ScenarioError):
            found[source] = scenario.read(str(gallery[source])).table
    return found


def _in_a_line(lead: str, title: str, notes: str, width: int | None) -> str:
    """What is told of a session, in a line of this width if one is given: its title gives way first."""
    if width is None:
        return f"{lead}{title}{notes}"
    from dltlab.terminal.drawing.lines import shortened

    room = width - len(lead) - len(notes)
    return shortened(f"{lead}{shortened(title, max(room, _LEAST))}{notes}", width)


@click.command()
@click.argument("session", default="")
@options.drawing
def attach(session: str, glyphs: str, colours: str, fps: float | None) -> int:
    """Open the bench on a running session: the newest one, if none is named."""
    path = _for_a_screen(_running_session(session), "dltlab replay SESSION --text")
    from dltlab.session import live
    from dltlab.terminal.app import bench

    return bench(live.attach(path), options.asked(glyphs, colours, fps))


@click.command()
@click.argument("session", default="")
@click.option("--notes", is_flag=True, help="What a lecturer says: chapters, notes, answers; beside a lecture on it.")
@options.drawing
def watch(session: str, notes: bool, glyphs: str, colours: str, fps: float | None) -> int:
    """Look at a running session and change nothing: the newest one, if none is named. As many as like may watch."""
    found = _lectured(session) if notes else _running_session(session)
    path = _for_a_screen(found, "dltlab replay SESSION --text")
    if notes:
        from dltlab.terminal.app import speak

        return speak(path, options.asked(glyphs, colours, fps))
    from dltlab.session.watching import Watching
    from dltlab.terminal.app import bench

    return bench(Watching(path), options.asked(glyphs, colours, fps))


@click.command()
@click.argument("session", default="")
@click.option("--speed", type=options.Number(0, 1e6, min_open=True), default=1.0, help="Times the recorded pace.")
@options.LECTURE
@click.option("--text", is_flag=True, help="Print what happened in plain lines; that needs no terminal.")
@options.drawing
def replay(session: str, speed: float, lecture: bool, text: bool, glyphs: str, colours: str, fps: float | None) -> int:
    """Open the bench on a recording: the newest one, if none is named."""
    from dltlab.session import shelf

    path = shelf.find(session)
    if text:
        from dltlab import headless

        return headless.tell(path)
    _for_a_screen(path, "dltlab replay SESSION --text")
    from dltlab.session.replay import Replay
    from dltlab.terminal.app import bench

    return bench(Replay(path, speed=speed), options.asked(glyphs, colours, fps), lecture=lecture)


@click.command()
@click.argument("session", default="")
@click.option("--headless", is_flag=True, help="Run it to its end, and print its verdicts.")
@options.drawing
def resume(session: str, headless: bool, glyphs: str, colours: str, fps: float | None) -> int:
    """Continue a stopped or killed session from its last keyframe, on the bench: the newest one, if none is named."""
    from dltlab.session import live, shelf

    path = shelf.find(session)
    if headless:
        from dltlab.headless import follow

        return follow(live.resume(path, headless=True))
    _for_a_screen(path, "dltlab resume SESSION --headless")
    from dltlab.terminal.app import bench

    return bench(live.resume(path), options.asked(glyphs, colours, fps))


@click.command()
@click.argument("session")
@click.option("--at", type=options.STEP, required=True, metavar="STEP", help="Where the two part.")
@click.option("--turn", "turns", multiple=True, callback=options.turns, metavar="KNOB=VALUE", help="Turn a knob there.")
@click.option(
    "--kick", type=options.Number(0, 1e6, min_open=True), metavar="RADIUS", help="Displace the parameters there."
)
@click.option(
    "--along", "direction", type=click.Choice(("random", "lowest")), default="random", help="Where a kick leads."
)
@click.option("--seed", type=options.SEED, help="Draw batches, noise and kicks anew from there on.")
@click.option("--steps", type=options.STEPS, help="Steps in all, in place of as many as were planned.")
@click.option("--detached", "mode", flag_value="detached", help="Leave it running, and print its name.")
@click.option("--headless", "mode", flag_value="headless", help="Run it to its end, and print its verdicts.")
@options.drawing
def fork(session: str, mode: str | None, glyphs: str, colours: str, fps: float | None, **changes: Any) -> int:
    """A new session: another one's up to a step, then with changes; on the bench.

    The other one may be running, and is only read. Up to the step both recordings are the same, bit for bit.
    """
    from dltlab.session import live, shelf

    path = shelf.find(session)
    if mode is None:
        _for_a_screen(path, "dltlab fork SESSION --at STEP --headless")
    if mode == "headless":
        from dltlab import headless

        return headless.follow(live.fork(path, headless=True, **changes))
    launch = partial(live.fork, path, **changes)
    source = launch()
    if mode == "detached":
        source.close()
        click.echo(one_line(source.header.session))
        return errors.HOLDS
    chosen = options.asked(glyphs, colours, fps)
    from dltlab.terminal.app import bench

    return bench(source, chosen, launch)


@click.command()
@click.argument("session")
@options.comparing
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
def verify(session: str, tolerance: float | None, as_json: bool, quiet: bool) -> int:
    """Run a recorded session again, all that was done to it included, and compare; exit with 1 if it differs.

    On the machine that recorded it every bit must be the same; elsewhere it may differ within a tolerance.
    """
    from dltlab.headless import verify as proof
    from dltlab.session import shelf

    return proof.verify(shelf.find(session), tolerance=tolerance, json=as_json, quiet=quiet)


@click.command()
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@options.comparing
def diff(one: str, other: str, tolerance: float | None, as_json: bool) -> int:
    """Compare two recordings at the steps, and of the seeds, that both have; exit with 1 if they differ."""
    from dltlab.headless import verify as proof
    from dltlab.session import shelf

    return proof.compare(shelf.find(one), shelf.find(other), tolerance=tolerance, json=as_json)


def _formats() -> dict[str, "AbstractExport"]:
    """Every format that a session can be exported to, by name."""
    from dltlab import exports
    from dltlab.terminal import filming

    return {**exports.FORMATS, **filming.FORMATS}


class _Exporting(click.Command):
    """A command whose help lists the formats."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Below the options, a line each."""
        with formatter.section("Formats"):
            formatter.write_dl([(f"{one.name}  {one.patterns[0]}", one.says) for one in _formats().values()])


@click.command(cls=_Exporting)
@click.argument("session")
@click.argument("out", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--format", "name", default="", metavar="NAME", help="The format, where OUT's name does not say it.")
@click.option("--series", callback=options.separated, default="", metavar="NAME,…", help="Only these series.")
@options.filming
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
def export(session: str, out: Path, name: str, series: tuple[str, ...], quiet: bool, **wanted: Any) -> int:
    """Write a session as a file for other programs; - is standard output.

    OUT's name says the format. It appears when it is whole, in the place of what was there before.
    """
    from dltlab.exports import Wanted, delivery
    from dltlab.session import shelf

    told = delivery.deliver(
        delivery.find(_formats(), out, name),
        shelf.find(session),
        out,
        Wanted(series=series or None, **wanted),
        mode="none" if quiet else "",
    )
    if told.note:
        click.echo(f"{one_line(told.name)}: {one_line(told.note)}", err=True)
    return errors.HOLDS


COMMANDS: Final = (sessions, attach, watch, replay, resume, fork, export, verify, diff)
"""In the order in which one meets them."""

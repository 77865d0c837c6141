"""The command line: every command, and the one place where errors become exit codes.

What a command needs is imported inside it, so that ``dltlab --help`` is there at once.
"""

import contextlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
from click.shell_completion import CompletionItem

from dltlab import __version__, errors
from dltlab.errors import DltlabError, ScenarioError, UsageError
from dltlab.terminal.fit import COLOURS, GLYPHS, THEMES, Options, asked, require_terminal
from dltlab.text import clean, one_line

FIRST: Final = "edge-of-stability"
"""What a first visitor without a terminal is shown."""
_PIPE_CLOSED: Final = 141


class Commands(click.Group):
    """The commands, in the order in which one meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """As they stand in this file."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a reader that has had enough is no error of ours."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            sys.stdout = None  # what is left in its buffer has nowhere to go
            code = _PIPE_CLOSED
        return code


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """The gallery's names, for the shell."""
    from dltlab import scenario

    return [CompletionItem(name) for name in scenario.gallery() if name.startswith(incomplete)]


def _told(ctx: click.Context, param: click.Parameter, value: str | None) -> None:  # noqa: ARG001
    """The theme goes by the environment, as it does without the option."""
    if value is not None:
        os.environ["DLTLAB_THEME"] = value


def _drawing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that opens the screen."""
    for option in (
        click.option("--fps", type=click.FloatRange(0.1, 60), help="Frames a second (default: 10, or 4 over SSH)."),
        click.option(
            "--theme", type=click.Choice(THEMES), callback=_told, expose_value=False, help="A dark or a light ground."
        ),
        click.option("--colours", type=click.Choice(COLOURS), default="auto", help="Force a palette."),
        click.option("--glyphs", type=click.Choice(GLYPHS), default="auto", help="Force what plots are made of."),
    ):
        command = option(command)
    return command


def _separated(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:  # noqa: ARG001
    """Names between commas."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def _running(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that starts an engine."""
    for option in (
        click.option("--steps", type=click.IntRange(1), help="Steps, in place of run.steps."),
        click.option("--arms", callback=_separated, default="", metavar="NAME,…", help="Only these arms."),
        click.option("--seeds", type=click.IntRange(1), help="Members of the ensemble, in place of run.seeds."),
        click.option("--seed", type=click.IntRange(0), help="The first seed, in place of run.seed."),
        click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key (TOML value)."),
    ):
        command = option(command)
    return command


_scenario = click.argument("name", metavar="SCENARIO", shell_complete=_names)
_scenarios = click.argument("names", metavar="SCENARIO...", nargs=-1, required=True, shell_complete=_names)


def _options(glyphs: Any, colours: Any, fps: float | None) -> Options:
    """To be called before the screen is imported: the terminal answers meanwhile."""
    return asked(Options(glyphs, colours, fps or 0.0))


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="dltlab", message="%(prog)s %(version)s")
@_drawing
@click.pass_context
def cli(ctx: click.Context, glyphs: str, colours: str, fps: float | None) -> int | None:
    """Watch the phenomena of deep learning theory happen, live, in the terminal.

    Without a command: the gallery of scenarios; Enter opens the bench on one.
    """
    if ctx.invoked_subcommand is not None:
        return None
    try:
        require_terminal()
    except UsageError:
        click.echo(f"There is no terminal for a screen here, so {FIRST} runs without one.", err=True)
        from dltlab import headless

        return headless.run((FIRST,), alone=True)
    options = _options(glyphs, colours, fps)
    from dltlab.terminal.app import gallery

    return gallery(options)


@cli.command("open")
@_scenario
@_running
@_drawing
def open_(
    name: str,
    overrides: tuple[str, ...],
    seed: int | None,
    seeds: int | None,
    steps: int | None,
    arms: tuple[str, ...],
    glyphs: str,
    colours: str,
    fps: float | None,
) -> int:
    """Open the bench on a scenario: a name of the gallery, or a file. One seed, unless --seeds says more."""
    require_terminal()
    from dltlab import scenario

    document = scenario.read(name)
    for assignment in overrides:
        document.set(assignment)
    # The engine checks the rest; what is wrong for every room is said before the screen opens.
    title = scenario.validate(document).title
    from dltlab.session import live

    def launch() -> live.Live:
        return live.launch(name, overrides=overrides, seed=seed, seeds=seeds or 1, steps=steps, arms=arms)

    # The engine starts while the screen's libraries are still being imported.
    with live.Ahead(launch) as ahead:
        options = _options(glyphs, colours, fps)
        from dltlab.terminal.app import start

        return start(ahead, title, options)


@cli.command()
@_scenarios
@_running
@click.option("--out", type=click.Path(path_type=Path), help="Record to this file.")
@click.option("--json", "json_", type=click.Path(path_type=Path, allow_dash=True), help="Verdicts as JSON.")
@click.option("--junit", type=click.Path(path_type=Path), help="Verdicts as JUnit XML.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
@click.option("--alone", is_flag=True, help="Without the companions that a scenario names.")
def run(
    names: tuple[str, ...],
    overrides: tuple[str, ...],
    seed: int | None,
    seeds: int | None,
    steps: int | None,
    arms: tuple[str, ...],
    out: Path | None,
    json_: Path | None,
    junit: Path | None,
    quiet: bool,
    alone: bool,
) -> int:
    """Run scenarios without a screen and print their verdicts; exit with 1 if a claim fails.

    A scenario that is run as it is written brings its companions along: the scenarios that hold
    the rest of its theory's claims.
    """
    from dltlab import headless

    if out is not None and len(names) > 1:
        raise UsageError("--out names one file, so it takes one scenario; run them one by one, or leave it out.")
    return headless.run(
        names,
        overrides=overrides,
        seed=seed,
        seeds=seeds,
        steps=steps,
        arms=arms,
        alone=alone,
        out=out,
        json=json_,
        junit=junit,
        quiet=quiet,
    )


@cli.command()
@_scenarios
def check(names: tuple[str, ...]) -> int:
    """Validate scenarios and run nothing; faults as FILE:LINE:COLUMN: message."""
    from dltlab import scenario
    from dltlab.check import check as whole

    code = errors.HOLDS
    for name in names:
        try:
            whole(scenario.read(name))
            click.echo(f"{one_line(name)}: ok")
        except ScenarioError as found:
            code = errors.USAGE
            for fault in found.faults:
                click.echo(one_line(fault))
    return code


@cli.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON: name, title, tags, file.")
def list_(as_json: bool) -> None:
    """The gallery as text."""
    from dltlab import scenario

    rows = []
    known = scenario.gallery()
    for name, companion in scenario.programme():
        with contextlib.suppress(ScenarioError):
            table = scenario.read(str(known[name])).table
            title, tags = one_line(str(table.get("title", ""))), table.get("tags", [])
            row = {"name": name, "title": title, "tags": tags, "companion": companion, "file": str(known[name])}
            rows.append(row)
    if as_json:
        import json

        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    width = max((len(row["name"]) for row in rows), default=0) + 2
    for row in rows:
        click.echo(f"{'  ' * row['companion']}{row['name']:<{width - 2 * row['companion']}}  {row['title']}")


@cli.command()
@_scenario
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key (TOML value).")
def show(name: str, overrides: tuple[str, ...]) -> None:
    """A scenario: what it is about, its sources and claims, and its tables with every default."""
    from dltlab import scenario
    from dltlab import show as text
    from dltlab.check import check as whole
    from dltlab.check import resolved

    document = scenario.read(name)
    for assignment in overrides:
        document.set(assignment)
    found = whole(document)
    tables = {key: table for key, table in resolved(found).items() if key not in text.TOLD}
    click.echo("\n".join([*text.prose(found), *text.toml(tables)]))


@cli.command()
def sessions() -> None:
    """Recordings and running engines, newest first."""
    from dltlab.session import shelf

    for one in shelf.kept():
        progress = f"{one.step:>9}/{one.header.steps:<9}"
        click.echo(f"{one.name:<48} {one.state:<9} {progress} {one_line(one.header.title)}")


@cli.command()
@click.argument("session", default="")
@_drawing
def attach(session: str, glyphs: str, colours: str, fps: float | None) -> int:
    """Open the bench on a running session: the newest one, if none is named."""
    require_terminal()
    from dltlab.session import live, shelf
    from dltlab.terminal.app import bench

    running = [one.path for one in shelf.kept() if one.state == "running"] if not session else [shelf.find(session)]
    if not running:
        raise UsageError("no session is running; start one with dltlab open SCENARIO.")
    return bench(live.attach(running[0]), _options(glyphs, colours, fps))


@cli.command()
@click.argument("session", default="")
@click.option("--speed", type=click.FloatRange(0, min_open=True), default=1.0, help="Times the recorded pace.")
@_drawing
def replay(session: str, speed: float, glyphs: str, colours: str, fps: float | None) -> int:
    """Open the bench on a recording: the newest one, if none is named."""
    require_terminal()
    from dltlab.session import shelf
    from dltlab.session.replay import Replay
    from dltlab.terminal.app import bench

    return bench(Replay(shelf.find(session), speed=speed), _options(glyphs, colours, fps))


@cli.command()
@click.argument("session")
@_drawing
def resume(session: str, glyphs: str, colours: str, fps: float | None) -> int:
    """Continue a stopped or killed session from its last keyframe, on the bench."""
    require_terminal()
    from dltlab.session import live, shelf
    from dltlab.terminal.app import bench

    return bench(live.resume(shelf.find(session)), _options(glyphs, colours, fps))


@cli.command()
def doctor() -> int:
    """Versions, devices, terminal, and where files go; exit with 2 if something is wrong."""
    from dltlab.doctor import report

    code = errors.HOLDS
    for name, value in report():
        click.echo(f"{name:<10} {one_line(value)}")
        # No screen is no fault: doctor's own output may be piped.
        code = errors.USAGE if value.startswith("!") and name != "screen" else code
    return code


@cli.command()
def schema() -> None:
    """JSON Schema of scenario files, for editors."""
    import json

    from dltlab.check import schema as whole

    click.echo(json.dumps(whole(), ensure_ascii=False, indent=1))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    sys.exit(_code(arguments))


def _code(arguments: list[str] | None) -> int:
    try:
        return cli.main(arguments, prog_name="dltlab", standalone_mode=False) or errors.HOLDS
    except DltlabError as fault:
        for line in str(fault).splitlines():
            click.echo(clean(line), err=True)
        return fault.exit_code
    except click.ClickException as fault:
        usage = f"{fault.ctx.get_usage()}\n" if isinstance(fault, click.UsageError) and fault.ctx else ""
        click.echo(f"{usage}{clean(fault.format_message())}", err=True)
        return errors.USAGE
    except (KeyboardInterrupt, click.Abort):
        return errors.INTERRUPTED
    except Exception:
        import traceback

        click.echo(clean(traceback.format_exc()), err=True)
        click.echo("This is a fault of dltlab itself; please report it with the lines above.", err=True)
        return errors.BROKEN

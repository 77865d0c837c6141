"""The command line: the commands about scenarios, and the one place where errors become exit codes.

The commands about sessions stand in :mod:`dltlab.cli_sessions`. What a command needs is imported
inside it, so that ``dltlab --help`` is there at once.
"""

import sys
from pathlib import Path
from typing import Any, Final

import click

from dltlab import __version__, cli_sessions, errors, guard, options
from dltlab.errors import AbsentDataError, DltlabError, OutputError, ScenarioError, UsageError
from dltlab.terminal.fit import require_terminal
from dltlab.text import clean, one_line

FIRST: Final = "edge-of-stability"
"""What a first visitor without a terminal is shown."""
_PIPE_CLOSED: Final = 141


class Commands(click.Group):
    """The commands, in the order in which one meets them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """As they stand in this file and, between these, in that of the sessions."""
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


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="dltlab", message="%(prog)s %(version)s")
@options.drawing
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
    chosen = options.asked(glyphs, colours, fps)
    from dltlab.terminal.app import gallery

    return gallery(chosen)


@cli.command("open")
@options.SCENARIO
@options.running
@options.LECTURE
@options.drawing
def open_(
    name: str,
    overrides: tuple[str, ...],
    seed: int | None,
    seeds: int | None,
    steps: int | None,
    arms: tuple[str, ...],
    lecture: bool,
    glyphs: str,
    colours: str,
    fps: float | None,
) -> int:
    """Open the bench on a scenario: a name of the gallery, or a file. One seed, unless --seeds says more."""
    from dltlab import scenario

    document = scenario.read(name, overrides)
    # The engine checks the rest; what is wrong for every room is said before the screen opens.
    title = scenario.validate(document).title
    require_terminal()
    from dltlab.session import live
    from dltlab.session.ahead import Ahead

    def launch(*, seed: int | None = seed) -> live.Live:
        return live.launch(name, overrides=overrides, seed=seed, seeds=seeds or 1, steps=steps, arms=arms)

    # The engine starts while the screen's libraries are still being imported.
    with Ahead(launch) as ahead:
        chosen = options.asked(glyphs, colours, fps)
        from dltlab.terminal.app import start

        return start(ahead, title, chosen, lecture=lecture)


@cli.command()
@options.SCENARIOS
@options.running
@click.option("--out", type=click.Path(path_type=Path), help="Record to this file; companions go to the data folder.")
@options.reports
@click.option("--jobs", type=click.IntRange(1, 256), default=1, help="Scenarios that run at a time.")
@click.option("--dry-run", is_flag=True, help="Print what it would take, and run nothing more.")
@click.option("--fail-fast", is_flag=True, help="End everything when one scenario does not hold.")
@options.TIMEOUT
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
@click.option("--follow", is_flag=True, help="Print what happens as it happens, in plain lines.")
@click.option("--alone", is_flag=True, help="Without the companions that a scenario names.")
def run(
    names: tuple[str, ...],
    overrides: tuple[str, ...],
    seed: int | None,
    seeds: int | None,
    steps: int | None,
    arms: tuple[str, ...],
    out: Path | None,
    alone: bool,
    **told: Any,
) -> int:
    """Run scenarios without a screen and print their verdicts; exit with 1 if a claim fails.

    A scenario that is run as it is written brings its companions along: the scenarios that hold
    the rest of its theory's claims.
    """
    from dltlab import headless

    return headless.run(
        names,
        overrides=overrides,
        seed=seed,
        seeds=seeds,
        steps=steps,
        arms=arms,
        alone=alone,
        out=out,
        **told,
    )


@cli.command()
@options.SCENARIO
@click.option(
    "--grid",
    "axes",
    multiple=True,
    required=True,
    metavar="KEY=V1,V2,…",
    help="A key and its values; LOW..HIGH:N are N from LOW to HIGH, LOW..HIGH:logN at equal ratios. Several: all "
    "combinations.",
)
@options.running
@click.option(
    "--show",
    multiple=True,
    metavar="NAME,…",
    help="Claims' numbers, or SERIES[@ARM][:last|least|greatest|mean]: of several seeds the median, of several "
    "components the first.",
)
@click.option("--jobs", type=click.IntRange(1, 256), help="Points that run at a time (default: one a core).")
@click.option("--csv", type=options.REPORT, metavar="FILE", help="A row a point.")
@click.option("--json", type=options.REPORT, metavar="FILE", help="All of it; see dltlab schema --sweep.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Keep the recordings there; what ended there before is not run again.",
)
@options.TIMEOUT
@click.option("--dry-run", is_flag=True, help="Print what it would take, and run nothing more.")
@click.option("--quiet", is_flag=True, help="No progress on standard error.")
def sweep(name: str, axes: tuple[str, ...], **told: Any) -> int:
    """Run a scenario at every point of a grid: a table, maps of two keys, the largest exit code."""
    from dltlab.headless.sweep import sweep as whole

    return whole(name, axes, **told)


@cli.command()
@options.SCENARIOS
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key (TOML value).")
def check(names: tuple[str, ...], overrides: tuple[str, ...]) -> int:
    """Validate scenarios and run nothing; faults as FILE:LINE:COLUMN: message."""
    from dltlab import scenario
    from dltlab.check import check as whole

    code = errors.HOLDS
    for name in names:
        try:
            whole(scenario.read(name, overrides))
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
    from dltlab import show as text

    click.echo(text.gallery(as_json=as_json))


@cli.command()
@options.SCENARIO
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key (TOML value).")
def show(name: str, overrides: tuple[str, ...]) -> None:
    """A scenario: what it is about, its sources and claims, and its tables with every default.

    Data that it reads and that are not there are noted on standard error.
    """
    from dltlab import scenario
    from dltlab import show as text
    from dltlab.check import check as whole
    from dltlab.check import resolved

    document = scenario.read(name, overrides)
    try:
        found = whole(document)
    except AbsentDataError as absent:
        # Nothing that is shown comes from the data.
        found = scenario.validate(document)
        for fault in absent.faults:
            click.echo(one_line(fault), err=True)
    tables = {key: table for key, table in resolved(found).items() if key not in text.TOLD}
    click.echo("\n".join([*text.prose(found), *text.toml(tables)]))


for _command in cli_sessions.COMMANDS:
    cli.add_command(_command)


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
@click.option("--report", "whose", flag_value="report", help="Of what dltlab run --json writes.")
@click.option("--sweep", "whose", flag_value="sweep", help="Of what dltlab sweep --json writes.")
@click.option(
    "--list",
    "kind",
    is_flag=False,
    flag_value="",
    metavar="[KIND]",
    help="In plain lines instead: every table and kind that a scenario may name, or the keys of one.",
)
def schema(whose: str | None, kind: str | None) -> None:
    """JSON Schema of scenario files, for editors; with --list what it says, for people."""
    import json

    if kind is not None:
        from dltlab import kinds

        click.echo("\n".join(kinds.told(kind) if kind else kinds.listed()))
        return
    if whose == "report":
        from dltlab.headless.report import schema as whole
    elif whose == "sweep":
        from dltlab.headless.sweep.report import schema as whole
    else:
        from dltlab.check import schema as whole

    click.echo(json.dumps(whole(), ensure_ascii=False, indent=1))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    guard.install()
    code = _code(arguments)
    try:
        # Where nobody flushes before the end, the interpreter would, and complain by itself.
        code = code if sys.stdout is None else _flushed(code)
    except BrokenPipeError:
        sys.stdout, code = None, code or _PIPE_CLOSED
    sys.exit(code)


def _flushed(code: int) -> int:
    try:
        sys.stdout.flush()
    except OutputError as fault:
        return code or _silenced(fault)
    return code


def _silenced(fault: OutputError) -> int:
    """Say that standard output refused; what is left of it has nowhere to go."""
    sys.stdout = None
    click.echo(str(fault), err=True)
    return fault.exit_code


def _code(arguments: list[str] | None) -> int:
    try:
        return cli.main(arguments, prog_name="dltlab", standalone_mode=False) or errors.HOLDS
    except OutputError as fault:
        return _silenced(fault)
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

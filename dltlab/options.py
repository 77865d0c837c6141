"""What the commands take: options that several of them share, and how they are read."""

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, final

import click
from click.shell_completion import CompletionItem

from dltlab import seeds
from dltlab.terminal import fit
from dltlab.terminal.fit import COLOURS, GLYPHS, THEMES
from dltlab.text import one_line

STEP: Final = click.IntRange(0, 1_000_000_000)
STEPS: Final = click.IntRange(1, 1_000_000_000)
SEED: Final = click.IntRange(0, seeds.LARGEST)
FIRST_SEED: Final = click.IntRange(0, seeds.LARGEST_FIRST)
REPORT: Final = click.Path(path_type=Path, allow_dash=True)


@final
class Number(click.FloatRange):
    """A number between bounds; NaN, which click takes, lies between none."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read it."""
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{number} is not in the range {self._describe_range()}.", param, ctx)
        return number


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001
    """The gallery's names, for the shell."""
    from dltlab import scenario

    return [CompletionItem(name) for name in scenario.gallery() if name.startswith(incomplete)]


def _told(ctx: click.Context, param: click.Parameter, value: str | None) -> None:  # noqa: ARG001
    """The theme goes by the environment, as it does without the option."""
    if value is not None:
        os.environ["DLTLAB_THEME"] = value


def drawing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that opens the screen."""
    for option in (
        click.option("--fps", type=Number(0.1, 60), help="Frames a second (default: 10, or 4 over SSH)."),
        click.option(
            "--theme", type=click.Choice(THEMES), callback=_told, expose_value=False, help="A dark or a light ground."
        ),
        click.option("--colours", type=click.Choice(COLOURS), default="auto", help="Force a palette."),
        click.option("--glyphs", type=click.Choice(GLYPHS), default="auto", help="Force what plots are made of."),
    ):
        command = option(command)
    return command


def asked(glyphs: Any, colours: Any, fps: float | None) -> fit.Options:
    """What the drawing options amount to here; to be called before the screen is imported: the terminal answers."""
    return fit.asked(fit.Options(glyphs, colours, fps or 0.0))


def separated(ctx: click.Context, param: click.Parameter, value: str) -> tuple[str, ...]:  # noqa: ARG001
    """Names between commas."""
    return tuple(name.strip() for name in value.split(",") if name.strip())


def running(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that starts an engine."""
    for option in (
        click.option("--steps", type=STEPS, help="Steps, in place of run.steps."),
        click.option("--arms", callback=separated, default="", metavar="NAME,…", help="Only these arms."),
        click.option("--seeds", type=click.IntRange(1, 4096), help="Members of the ensemble, in place of run.seeds."),
        click.option("--seed", type=FIRST_SEED, help="The first seed, in place of run.seed."),
        click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key (TOML value)."),
    ):
        command = option(command)
    return command


def reports(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where a headless run's verdicts go, beside the table."""
    for option in (
        click.option("--github", is_flag=True, help="Annotations and a job summary for GitHub Actions."),
        click.option("--markdown", type=REPORT, metavar="FILE", help="Verdicts as Markdown."),
        click.option("--junit", type=REPORT, metavar="FILE", help="Verdicts as JUnit XML."),
        click.option("--json", type=REPORT, metavar="FILE", help="Verdicts as JSON; see dltlab schema --report."),
    ):
        command = option(command)
    return command


def comparing(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every command that compares recordings."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="As JSON."),
        click.option(
            "--tolerance",
            type=Number(0, 1e6),
            metavar="SHARE",
            help="Relative difference that another fingerprint is allowed (default: half the digits of the precision).",
        ),
    ):
        command = option(command)
    return command


def turns(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, float], ...]:  # noqa: ARG001
    """Knobs and their values."""
    found = []
    for text in values:
        knob, _, value = text.rpartition("=")
        try:
            found.append((knob, float(value)))
        except ValueError:
            raise click.BadParameter(f"{one_line(text)}: write KNOB=VALUE, for example learning_rate=0.3.") from None
    return tuple(found)


def size(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, int] | None:  # noqa: ARG001
    """Columns and rows."""
    if value is None:
        return None
    columns, _, rows = value.lower().partition("x")
    if columns.isdecimal() and rows.isdecimal() and 1 <= int(columns) <= 1000 and 1 <= int(rows) <= 1000:
        return int(columns), int(rows)
    raise click.BadParameter(f"{one_line(value)}: write COLUMNSxROWS, for example 120x40.")


def filming(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of pictures and films of the bench."""
    positive = Number(0, 1e6, min_open=True)
    for option in (
        click.option("--to", type=STEP, metavar="STEP", help="The step that a film ends with."),
        click.option("--from", "from_", type=STEP, metavar="STEP", help="The step that it begins with."),
        click.option("--fps", type=Number(0.5, 50), help="Its pictures a second (default: 10)."),
        click.option("--speed", type=positive, help="Its pace, in times the recorded one, in place of its length."),
        click.option("--seconds", type=Number(1, 3600), help="The length of a film (default: 30)."),
        click.option("--colours", type=click.Choice(COLOURS[1:]), help="The palette of what is drawn."),
        click.option("--glyphs", type=click.Choice(GLYPHS[1:]), help="What plots are drawn of."),
        click.option("--theme", type=click.Choice(THEMES[1:]), help="A dark or a light ground."),
        click.option("--panel", metavar="NAME", help="One panel alone: its title, its number or a series of it."),
        click.option("--size", callback=size, metavar="COLUMNSxROWS", help="Of a terminal that is drawn: 120x40."),
        click.option("--at", type=STEP, metavar="STEP", help="The step that a picture shows."),
    ):
        command = option(command)
    return command


TIMEOUT: Final = click.option(
    "--timeout", type=Number(0, 1e9, min_open=True), metavar="SECONDS", help="End all then, with what was judged."
)
LECTURE: Final = click.option("--lecture", is_flag=True, help="Large, for a class, with the scenario's questions.")
SCENARIO: Final = click.argument("name", metavar="SCENARIO", shell_complete=_names)
SCENARIOS: Final = click.argument("names", metavar="SCENARIO...", nargs=-1, required=True, shell_complete=_names)

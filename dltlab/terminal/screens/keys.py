"""The keys of the bench: one table from which bindings, the footer and the help all come."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from textual.actions import parse
from textual.binding import Binding, BindingType

from dltlab.commands import Advance, Kick, Mark, Pace, Pause, Reach, Stop, Turn


class Recorded:
    """That the session lies in a file, from which it can be forked, and beside which notes can stand."""


class Again:
    """That there is a scenario to run anew."""


class Key(NamedTuple):
    """A key of the bench."""

    key: str
    """As Textual calls it; several are separated by commas."""
    shown: str
    action: str
    words: str
    needs: tuple[type, ...] = ()
    """What the key does nothing without: any one of these, a command that is accepted or what the bench has."""
    brief: str = ""
    """What the footer says; keys without it stand in the help alone."""


KEYS: Final = (
    Key("space", "space", "pause", "pause, or go on", (Pause,), "pause"),
    Key("full_stop", ".", "look('reading', 1)", "take one step and hold; looking back: the next reading", (), "step"),
    Key("comma", ",", "look('reading', -1)", "look back by one reading", (), "back"),
    Key("backspace", "bksp", "reverse", "play backwards from where you look; space holds, and plays forwards"),
    Key("less_than_sign,greater_than_sign", "< >", "", "look a column of the plots earlier, later"),
    Key("pageup,pagedown", "pgup pgdn", "", "look half a window earlier, later"),
    Key("home", "home", "look('start')", "look at the start"),
    Key("end", "end", "look('end')", "look at the end again, and follow it"),
    Key(
        "g",
        "g",
        "go",
        "go to a step: 500, +20, -20, 50%, the name of a mark or chapter; to come: run there and hold",
        (),
        "go",
    ),
    Key("left_square_bracket", "[", "chapter('previous')", "the chapter before where you look"),
    Key("right_square_bracket", "]", "chapter('next')", "the next chapter; in a recording also one to come"),
    Key("C", "C", "chapter('list')", "the list of chapters, marks and notes", (), "chapters"),
    Key("P", "P", "chapter('hold')", "pause where a chapter opens, or no more", (Pause, Recorded)),
    Key("L", "L", "lecture", "lecture mode: large, one plot at a time, with the scenario's questions to the class"),
    Key("z", "z", "look('zoom', 1)", "see half as many steps, around where you look"),
    Key("Z", "Z", "look('zoom', -1)", "see twice as many"),
    Key("y", "y", "look('axis')", "logarithmic value axis and back: the plot in front, or all"),
    Key("tilde", "~", "look('mean')", "running means over the readings: short, long, none"),
    Key("left", "←", "turn(-1)", "turn the chosen knob down", (Turn,)),
    Key("right", "→", "turn(1)", "turn the chosen knob up", (Turn,)),
    Key("shift+left", "shift ←", "turn(-4)", "turn it down by much", (Turn,)),
    Key("shift+right", "shift →", "turn(4)", "turn it up by much", (Turn,)),
    Key("up", "↑", "choose(-1)", "choose the knob above", (Turn,)),
    Key("down", "↓", "choose(1)", "choose the knob below", (Turn,)),
    Key("equals_sign,enter", "=", "type_value", "type the knob's value", (Turn,), "value"),
    Key("u", "u", "undo", "take back the last turn; again: the one before", (Turn,)),
    Key("k", "k", "kick('random')", "kick the weights in a random direction", (Kick,), "kick"),
    Key("K", "K", "kick('lowest')", "kick them along the direction of lowest curvature", (Kick,)),
    Key("plus", "+", "pace(2.0)", "twice as fast", (), "faster"),
    Key("minus", "-", "pace(0.5)", "half as fast", (), "slower"),
    Key("f", "f", "flat_out", "as fast as it computes", (Pace,)),
    Key("tab", "tab", "next_panel(1)", "one plot at a time: the next", (), "plots"),
    Key("shift+tab", "shift tab", "next_panel(-1)", "the one before"),
    Key("1,2,3,4,5,6,7,8,9", "1…9", "", "one plot alone"),
    Key("escape", "esc", "back", "all plots again; from a fork, back to its parent"),
    Key("l", "l", "standard('loss')", "the loss alone"),
    Key("s", "s", "standard('sharpness')", "the sharpness alone"),
    Key("w", "w", "standard('movement')", "the weights' movement alone"),
    Key("c", "c", "claims", "claims and what to look for, in full"),
    Key(
        "m",
        "m",
        "chapter('mark')",
        "leave a mark at this step; of a recording, or looking back: a note",
        (Mark, Recorded),
        "mark",
    ),
    Key(
        "F",
        "F",
        "branch('fork')",
        "fork from here: the same up to the cursor, another way from there",
        (Recorded,),
        "fork",
    ),
    Key("o", "o", "branch('choose')", "draw other sessions over this one", (), "overlay"),
    Key("D", "D", "branch('compare')", "what sets the overlaid sessions apart: settings, turns, seeds, machines"),
    Key(
        "b",
        "b",
        "branch('rewind')",
        "go back to before what diverged, in a fork, with half the learning rate",
        (Recorded,),
    ),
    Key("r", "r", "restart", "run the scenario anew", (Again,)),
    Key("R", "R", "restart(1)", "run it anew with another seed", (Again,)),
    Key("e", "e", "export", "write this screen as an SVG file here"),
    Key("question_mark,h", "?", "help", "the keys of where you are"),
    Key("colon,ctrl+p", ":", "app.palette", "find an action by its words", (), "actions"),
    Key("ctrl+z", "^z", "app.suspend_process", "put dltlab aside; fg brings it back, the session goes on meanwhile"),
    Key("d", "d", "detach", "leave; the session goes on", (Stop,), "detach"),
    Key("q,ctrl+c", "q", "leave", "end the session and leave"),
)

_PLAY: Final = ("space", "play")
"""What is offered beside that where playing goes on from there."""
_FORK: Final = ("F", "fork here")
LOOKING: Final = (
    ("< >", "look"),
    (", .", "reading"),
    _PLAY,
    ("end", "now"),
    ("[ ]", "chapter"),
    ("bksp", "back"),
    ("z", "zoom"),
    ("g", "go"),
    ("y", "log"),
    ("~", "mean"),
)
"""What the footer offers who looks back."""
LAST: Final = (("?", "help"), ("q", "quit"))
"""What the footer offers wherever one looks, at its end."""
_AT_END: Final = {"step": Advance, "faster": Pace, "slower": Pace}
"""What keys need that the footer offers there, besides what they need to do anything."""
_WITHOUT: Final = {
    ".": (Advance, "looking back: the next reading"),
    "g": (Reach, "look at a step: 500, -20, 50%, the name of a mark or chapter"),
    "+": (Pace, "playing what was told: twice as fast"),
    "-": (Pace, "playing what was told: half as fast"),
    "q": (Stop, "leave"),
}
"""What is left of a key's meaning without a command."""
SIGNS: Final = (
    "▲ a knob was turned   ✶ the weights were kicked   ◆ a mark, a note or a chapter   ◇ a chapter to come   "
    "Ψ it was forked   ✗ it diverged   ‖ it was paused   ┻ you look here"
)
_NAMED: Final = {parse(key.action)[1:]: key for key in KEYS if key.action}


def bindings() -> list[BindingType]:
    """Textual's bindings for them."""
    made: list[BindingType] = []
    for key in KEYS:
        if key.action:
            made.append(Binding(key.key, key.action, key.words, show=False, key_display=key.shown))
    for key, act, by in (
        ("less_than_sign", "columns", -1),
        ("greater_than_sign", "columns", 1),
        ("pageup", "page", -1),
        ("pagedown", "page", 1),
    ):
        made.append(Binding(key, f"look('{act}', {by})", "look elsewhere", show=False))
    made += [Binding(str(number), f"front({number})", f"plot {number} alone", show=False) for number in range(1, 10)]
    return made


def named(action: str, parameters: tuple[object, ...]) -> Key | None:
    """The key of an action."""
    return _NAMED.get((action, parameters))


def pressed(key: str) -> Key | None:
    """The key that was pressed, as Textual calls it."""
    return next((one for one in KEYS if one.action and key in one.key.split(",")), None)


def offered(able: frozenset[type]) -> list[Key]:
    """The keys that mean something where so much is possible, and what they then mean."""
    meant = [key for key in KEYS if not key.needs or able.intersection(key.needs)]
    less = {shown: words for shown, (need, words) in _WITHOUT.items() if need not in able}
    return [key._replace(words=less.get(key.shown, key.words)) for key in meant]


def at_end(able: frozenset[type], *, held: bool) -> list[Key]:
    """Those that the footer offers who looks at the end of a session, which may be ``held``."""
    shown = [key for key in offered(able) if key.brief and _AT_END.get(key.brief) in (None, *able)]
    return [key._replace(brief="go on") if held and key.action == "pause" else key for key in shown]


def looking_back(*, plays: bool, walks: bool) -> list[tuple[str, str]]:
    """What the footer offers who looks back, and perhaps ``walks`` through what was told."""
    shown = [one for one in LOOKING if plays or walks or one != _PLAY]
    return [(one[0], "hold") if walks and one == _PLAY else one for one in shown]


def last(able: frozenset[type], *, back: bool) -> Sequence[tuple[str, str]]:
    """What it offers at its end: before all else a fork, to one who looks ``back`` where there can be one."""
    return (_FORK, *LAST) if back and Recorded in able else LAST

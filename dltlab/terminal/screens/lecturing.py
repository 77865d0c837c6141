"""The keys of lecture mode, and which of them its foot offers when."""

from typing import Final

from textual.binding import Binding, BindingType

from dltlab.session.place import Phase

_KEYS: Final = (
    ("enter,pagedown", "forward", "go on: to the answer, to the next question, to the next chapter", "enter"),
    ("pageup", "backward", "look at the chapter before", "pgup"),
    ("space", "pause", "pause, or go on", "space"),
    ("left", "panel(-1)", "the plot before", "←"),
    ("right", "panel(1)", "the next plot", "→"),
    ("0", "every", "all plots, or one again", "0"),
    ("b", "beside", "the plot of the next number comes beside what is shown, or goes", "b"),
    ("tab", "turn_card", "a question's plot, and its card again", "tab"),
    ("c", "count", "count hands: how many for each choice", "c"),
    ("a", "again", "ask the last question up to here once more", "a"),
    ("up", "turn(1)", "turn the knob up", "↑"),
    ("down", "turn(-1)", "turn it down", "↓"),
    ("h", "scale(0.5)", "halve the knob's value", "h"),
    ("H", "scale(2.0)", "double it", "H"),
    ("k", "kick", "kick the weights", "k"),
    ("plus", "pace(2.0)", "twice as fast", "+"),
    ("minus", "pace(0.5)", "half as fast", "-"),
    ("m", "note", "a mark here", "m"),
    ("s", "speech", "words for the second terminal here: dltlab watch --notes", "s"),
    ("escape,q,L", "leave", "back to the bench", "esc"),
)
"""Textual's name, the action, its words, and what is shown."""


def bindings() -> list[BindingType]:
    """Textual's bindings."""
    made: list[BindingType] = [
        Binding(key, action, words, show=False, key_display=shown) for key, action, words, shown in _KEYS
    ]
    made += [
        Binding(
            str(number),
            f"number({number})",
            f"plot {number}, or the class's answer",
            show=False,
            key_display=str(number),
        )
        for number in range(1, 10)
    ]
    return made


def offered(phase: Phase, choices: int, *, plot: bool, held: bool) -> list[tuple[str, str]]:
    """What the foot offers."""
    card = ("tab", "question" if plot else "plot")
    answer = (f"1-{choices}", "our answer")
    match phase:
        case "asking":
            return [answer, ("c", "count hands"), card, ("enter", "reveal"), ("esc", "bench"), ("?", "keys")]
        case "answered":
            return [("enter", "reveal"), answer, ("c", "count hands"), card, ("esc", "bench"), ("?", "keys")]
        case "revealing":
            return [("enter", "answer now"), ("space", "go on" if held else "pause"), ("esc", "bench"), ("?", "keys")]
        case "told":
            return [("enter", "go on"), card, ("esc", "bench"), ("?", "keys")]
        case _:
            pause = ("space", "go on" if held else "pause")
            return [
                pause,
                ("1-9 ← →", "plot"),
                ("pgup pgdn", "chapter"),
                ("+ -", "pace"),
                ("esc", "bench"),
                ("?", "keys"),
            ]

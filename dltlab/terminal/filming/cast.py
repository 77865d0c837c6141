"""Films for asciinema: asciicast version 2, which every player and converter that is installed reads.

Its first line is a header, every further line an event: seconds since the beginning, its kind ("o"
for output, "m" for a marker), and the text. Markers stand behind the first picture that shows their
step, so that a player which pauses at them shows it.

https://docs.asciinema.org/manual/asciicast/v2/
"""

from collections.abc import Sequence
from typing import BinaryIO, Final

import msgspec

from dltlab import chapters
from dltlab.exports.abstract import Progress, Wanted
from dltlab.exports.exported import Exported
from dltlab.terminal.filming.camera import Shot, film
from dltlab.terminal.filming.colours import codes
from dltlab.terminal.filming.film import Film, film_of, script_of
from dltlab.terminal.filming.script import Script
from dltlab.text import one_line

_BEGIN: Final = "\x1b[?25l\x1b[?7l\x1b[2J\x1b[H"
"""No cursor, no wrapping of what is written into the last column, an empty screen."""
_ALL: Final = 1 << 40


def write(session: Exported, out: BinaryIO, wanted: Wanted, progress: Progress) -> None:
    """Write the film of a session. The same session and wishes make the same bytes.

    Raises:
        UsageError: There is nothing to show, or not so.
        OSError: It could not be written.
    """
    looks, script = film_of(wanted), script_of(session, wanted)
    arms = {arm.name: f"{arm.title or arm.name}: " for arm in session.header.arms}
    marks = [(one.step, one_line(arms.get(one.arm, "") + one.title)) for one in chapters.detect(session.history)]
    first = script.at(0)[1]
    waiting = [mark for mark in marks if mark[0] >= first][::-1]
    _put(out, _header(session, looks, script))
    _put(out, [0.0, "o", _BEGIN])

    def take(shot: Shot) -> None:
        time = round(shot.time, 6)
        if said := shot.cells.difference(_ALL):
            _put(out, [time, "o", said])
        while waiting and waiting[-1][0] <= shot.step:
            _put(out, [time, "m", waiting.pop()[1]])
        progress(min(shot.time / script.seconds, 1.0))

    film(session, looks, script, take)
    # The cursor comes back below what was shown.
    _put(out, [round(script.seconds, 6), "o", f"\x1b[m\x1b[?7h\x1b[{looks.height}H\x1b[?25h"])


def _header(session: Exported, looks: Film, script: Script) -> dict[str, object]:
    header: dict[str, object] = {"version": 2, "width": looks.width, "height": looks.height}
    if began := session.header.began():
        # When the session ran: the film itself has no date, so that it can be made again.
        header["timestamp"] = int(began.timestamp())
    return header | {
        "duration": round(script.seconds, 6),
        "title": one_line(session.header.title),
        "env": {"TERM": "xterm-256color"},
        "theme": codes(looks.theme),
    }


def _put(out: BinaryIO, line: dict[str, object] | Sequence[object]) -> None:
    out.write(msgspec.json.encode(line) + b"\n")

"""The notes beside a recording, of any lines: read, followed, added to; the file is never harmed."""

import json
import random
from typing import Final

import harness

with harness.instrumented():
    from dltlab import folders, records
    from dltlab.session import notes
    from dltlab.text import UNFIT

SECONDS: Final = 2.0
SEEDS: Final[list[bytes]] = [
    b"".join(
        map(
            notes.encode,
            (
                notes.Note(name="a", step=3, text="Here it turns.", when="2026-01-02T03:04:05Z"),
                notes.Note(name="b", step=5, text="", speech="Wait for hands."),
                notes.Answer(name="c", step=7, question="edge", choice=1, counts=(3, 9)),
                notes.Note(name="a", step=4, text="It turns here."),
                notes.Gone(name="b"),
            ),
        )
    )
]


def trial(data: bytes) -> None:
    """Try it: half of it stands there, the other half is appended by another viewer; any exception is a finding."""
    session = harness.FOLDER / f"noted{records.SUFFIX}"
    path = folders.notes_path(session)
    path.write_bytes(data[: len(data) // 2])
    with harness.bounds(SECONDS):
        found = notes.read(session)
        with path.open("ab") as stream:
            stream.write(data[len(data) // 2 :])
        found.follow()
        _sound(found)
        before = len(found.notes)
        added = found.add(9, "mine")
        assert path.read_bytes().startswith(data)
        _sound(again := notes.read(session))
        assert added in again.notes or before >= notes._MOST or found.fault
        if added in again.notes:
            found.remove(added)
            assert added not in notes.read(session).notes


def _sound(found: notes.Notes) -> None:
    texts = [found.damage, found.fault]
    for note in found.notes:
        texts += [note.text, note.speech, note.name, note.when]
        assert note.step >= 0
    for answer in found.answers:
        texts += [answer.question, answer.name, answer.when]
        assert all(count >= 0 for count in answer.counts)
    assert not UNFIT.search("".join(texts)), texts


def mutated(data: bytes, draw: random.Random) -> bytes:
    """One line is otherwise, comes again or is torn."""
    lines = data.rstrip(b"\n").split(b"\n")
    place, way = draw.randrange(len(lines)), draw.random()
    if way < 0.1:
        lines.insert(draw.randrange(len(lines)), lines[place])
    elif way < 0.2:
        lines[place] = lines[place][: draw.randrange(len(lines[place]) + 1)]
    else:
        lines[place] = harness.jsoned(harness.grown(json.loads(lines[place]), draw))
    return b"\n".join(lines) + b"\n"


if __name__ == "__main__":
    harness.fuzz(trial, mutated, SEEDS)

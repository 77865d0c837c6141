"""Exports of recordings that hold anything: written whole, or refused; no text in them is markup or obeyed."""

import json
import random
import re
from typing import Final

import harness

with harness.instrumented():
    from dltlab.errors import DltlabError
    from dltlab.exports import FORMATS, Wanted
    from dltlab.exports.delivery import deliver
    from dltlab.text import UNFIT

import recording

from dltlab import records

SECONDS: Final = 20.0
SEEDS: Final[list[bytes]] = recording.SEEDS
_TEXTS: Final = ("csv", "jsonl", "markdown", "html")
_HOSTILE: Final = ("<script>alert(1)</script>", "</script><img src=x onerror=y>", "a|b", "=1+2", "`x`", "]]>", "\"'")


def trial(data: bytes) -> None:
    """Try it in every format; an AssertionError or anything but a DltlabError is a finding."""
    path = harness.FOLDER / f"exported{records.SUFFIX}"
    path.write_bytes(recording.mended(data))
    for name, export in FORMATS.items():
        out = harness.FOLDER / export.patterns[0].replace("*", "exported")
        out.unlink(missing_ok=True)
        with harness.bounds(SECONDS):
            try:
                deliver(export, path, out, Wanted(), mode="none")
            except DltlabError as refusal:
                assert not UNFIT.search(str(refusal)), refusal
                assert not out.exists()
                continue
        whole = out.read_bytes()
        assert whole
        if name in _TEXTS:
            text = whole.decode()
            assert not UNFIT.search(text.replace("\r\n", "\n")), name
        if name == "jsonl":
            for line in whole.splitlines():
                json.loads(line)
        if name == "html":
            assert not re.search(r"<script>alert|onerror=y>", whole.decode())
    assert not list(harness.FOLDER.glob(".exported*")), "a half export was left behind"


def mutated(data: bytes, draw: random.Random) -> bytes:
    """As a recording is, with markup in its texts now and then."""
    if draw.random() < 0.7:
        return recording.mutated(data, draw)
    word = draw.choice(_HOSTILE)
    old = draw.choice(
        [b"A fall", b"as told", b'"loss"', b"Kicked.", b"gradient_descent", b'"\xce\xb7"', b'"slow"', b"2/"]
    )
    new = json.dumps(word).encode()
    return data.replace(old, new if old.startswith(b'"') else new[1:-1])


if __name__ == "__main__":
    harness.fuzz(trial, mutated, SEEDS)

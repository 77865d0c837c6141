"""Forks of one session at one step: what each changed there is found in its recording, and tells them apart."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from dltlab import records
from dltlab.records import Event, Frames, Header
from dltlab.session import forked, shelf


@pytest.fixture
def fork(fake, tmp_path: Path):
    """Keep a fork of a session, which was itself forked at that step, with what it says that it changed."""

    def keep(name: str, data: dict | None, *, parent: str = "mother", at: int = 20, more: bytes = b"") -> shelf.Kept:
        head: Header = replace(fake.header(name, 50, 1), parent=parent, forked=at)
        own = [] if data is None else [Event(at, "fork", "", {"parent": parent, "step": at, **data}, 0.2)]
        before = Event(at, "fork", "", {"parent": "grandmother", "step": at, "turns": {"momentum": 0.5}}, 0.2)
        said = [head, fake.frames(0, at + 1, 1, 0.1), before, *own, fake.frames(at + 1, 9, 1, 0.3)]
        path = tmp_path / f"{name}{records.SUFFIX}"
        path.write_bytes(b"".join(map(records.encode, said)) + more)
        return shelf.look(path)

    return keep


RATE, KICK = {"turns": {"learning_rate": 0.2}}, {"kick": 0.1, "direction": "lowest"}


def test_what_forks_of_one_session_at_one_step_changed_tells_them_apart(fork) -> None:
    there = [
        fork("a", {}), fork("b", RATE), fork("c", {"seed": 3} | RATE | KICK), fork("d", RATE, at=21),
        fork("e", RATE, parent="another"), fork("f", None),
    ]  # fmt: skip
    kicked = "seed=3, learning_rate=0.2, kick=0.1 along the lowest curvature"
    assert forked.apart(there) == ["unchanged", "learning_rate=0.2", kicked, "", "", ""]
    assert forked.apart(there[:2]) == ["unchanged", "learning_rate=0.2"]


def test_of_forks_that_changed_the_same_nothing_is_said(fork) -> None:
    assert forked.apart([fork("a", RATE), fork("b", RATE)]) == ["", ""]
    assert forked.apart([fork("a", RATE)]) == [""]
    assert forked.apart([]) == []


def test_forks_whose_changes_differ_in_the_last_digits_are_told_apart(fork) -> None:
    there = [fork(name, {"turns": {"learning_rate": rate}, "seed": 3}) for name, rate in (("a", 0.2), ("b", 0.2000001))]
    assert forked.apart(there) == ["seed=3, learning_rate=0.2", "seed=3, learning_rate=0.2000001"]


def test_no_fork_is_believed_that_its_recording_does_not_vouch_for(fork, fake) -> None:
    damaged = records.encode(Event(20, "fork", "", {"parent": "mother", **KICK})).replace(b"0.1", b"0.9")
    long = records.encode(Frames(30, (), 0.0, 0.0)).replace(b"}\n", b" " * (1 << 17) + damaged)
    hostile = "\x1b]0;owned\x07\n" + "x" * 500
    odd = [
        fork("a", None, more=damaged), fork("b", None, more=long),
        fork("c", {"turns": {hostile: 0.1, "b": hostile}, "kick": hostile}), fork("d", {"seed": -1}), fork("e", RATE),
    ]  # fmt: skip
    first, second, third, fourth, fifth = forked.apart(odd)
    assert (first, second, fourth, fifth) == ("", "", "", "learning_rate=0.2")
    assert third.isprintable()
    assert len(third) < 200

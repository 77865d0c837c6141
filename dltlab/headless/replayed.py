"""A recording told as text, without a terminal."""

from pathlib import Path

from dltlab import claims as shelf
from dltlab import scenario
from dltlab.claims import AbstractClaim
from dltlab.errors import HOLDS, ScenarioError
from dltlab.headless.reports import summed
from dltlab.headless.telling import Telling
from dltlab.records import Header
from dltlab.session.history import History
from dltlab.session.recording import header_of, opened
from dltlab.text import one_line


def tell(path: Path) -> int:
    """Print a recording as it was told when it ran, then how many of its claims hold.

    Raises:
        RecordingError: The file is no recording.
    """
    follower, found = opened(path)
    try:
        header = header_of(follower)
        history = History(header)
        claims = _claims(header)
        telling = Telling(history, claims)
        print(telling.opening())
        while found:
            for line in telling.take(found):
                print(line)
            found = follower.read()
        print(telling.closing())
        if follower.note:
            print(f"The recording was read as far as it is whole: {one_line(follower.note)}")
        print(summed(shelf.judge_all(claims, history)), flush=True)
    finally:
        follower.close()
    return HOLDS


def _claims(header: Header) -> list[AbstractClaim]:
    """The claims that the recording carries with it, as far as this version can judge them."""
    document = scenario.Document(header.source, header.scenario)
    try:
        claims = shelf.build(scenario.validate(document).claims, document)
        faults = shelf.check_arms(claims, header.arms, document)
        faults += shelf.check_series(claims, [series.name for series in header.series], document)
    except ScenarioError:
        return []
    return [] if faults else claims

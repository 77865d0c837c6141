"""A recording told as text, without a terminal."""

from pathlib import Path

from dltlab.claims import judge_all, recorded
from dltlab.errors import HOLDS
from dltlab.headless.reports import summed
from dltlab.headless.telling import Telling
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
        history = History(header_of(follower))
        claims = recorded.of(history.header)
        telling = Telling(history, claims)
        print(telling.opening())
        while found:
            for line in telling.take(found):
                print(line)
            found = follower.read()
        print(telling.closing())
        if follower.note:
            print(f"The recording was read as far as it is whole: {one_line(follower.note)}")
        print(summed(judge_all(claims, history)), flush=True)
    finally:
        follower.close()
    return HOLDS

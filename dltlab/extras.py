"""How to install what few need: the command that works where dltlab is installed as it is here."""

import contextlib
import os
import re
import shlex
import sys
from importlib import metadata
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[1]
_EXTRA: Final = re.compile(r"""extra == ["']([\w-]+)["']""")


def install(extra: str, *, force: bool = False) -> str:
    """The command that brings an extra.

    Of a checkout its own extra, as the README has it; else what the extra requires, by name:
    an index that has dltlab need not be at hand.
    """
    anew = ["--force-reinstall"] if force else []
    if force or not (_ROOT / "pyproject.toml").is_file():
        wanted = _required(extra)
    else:
        wanted = ["-e", f"{'.' if _here() == _ROOT else _ROOT}[{extra}]"]
    return f"{_python()} -m pip install {shlex.join([*anew, *wanted])}"


def _required(extra: str) -> list[str]:
    try:
        told = metadata.requires("dltlab") or []
    except metadata.PackageNotFoundError:
        told = []
    found = [one.split(";")[0].strip() for one in told if extra in _EXTRA.findall(one)]
    return found or [f"dltlab[{extra}]"]


def _python() -> str:
    """The interpreter that dltlab runs on, as short as it can be typed here: another one's pip would help nobody."""
    own, here = Path(sys.executable), _here()
    for folder in os.get_exec_path():
        if (first := Path(folder) / "python").exists():
            if first == own.with_name("python"):
                return "python"
            break
    return shlex.quote(str(own.relative_to(here) if here and own.is_relative_to(here) else own))


def _here() -> Path | None:
    with contextlib.suppress(OSError):
        return Path.cwd()
    return None

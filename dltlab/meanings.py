"""What the docstrings of a kind say: of itself, and of each of its keys."""

import ast
import functools
import inspect
import itertools
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from dltlab.text import one_line

_ARGUMENT: Final = re.compile(r"^ {4}(\w+): (.+(?:\n {5,}.+)*)$", re.MULTILINE)


def prose(factory: Callable[..., Any]) -> list[str]:
    """The paragraphs of what a kind says of itself; its arguments are told where they are listed."""
    paragraphs = (inspect.getdoc(factory) or "").replace("``", "").split("\n\n")
    return [one for one in paragraphs if not one.startswith(("Args:", "Raises:"))]


def of(factory: Callable[..., Any]) -> dict[str, str]:
    """What is said of its arguments; of a class below its fields, own or inherited, or below the name of their type."""
    docs = [inspect.getdoc(one) or "" for one in (factory, getattr(factory, "__init__", None))]
    told = [pair for doc in docs for pair in _ARGUMENT.findall(doc.partition("Args:\n")[2])]
    found = {name: _plain(said) for name, said in told}
    for one in inspect.getmro(factory) if inspect.isclass(factory) else ():
        body = _body(one.__module__)
        own = next((node.body for node in body if isinstance(node, ast.ClassDef) and node.name == one.__name__), [])
        for node, below in itertools.pairwise([*own, None]):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names = [name.id for name in ast.walk(node.annotation) if isinstance(name, ast.Name)]
                said = _string(below) or next(filter(None, (_alias(one.__module__, name) for name in names)), "")
                found.setdefault(node.target.id, said)
    return found


def _alias(module: str, name: str) -> str:
    """What stands below a name's definition, wherever it was imported from."""
    body = _body(module)
    for node, below in itertools.pairwise([*body, None]):
        match node:
            case ast.Assign(targets=[ast.Name(id=own)]) | ast.AnnAssign(target=ast.Name(id=own)) if own == name:
                return _string(below)
            case ast.ImportFrom(module=str(source)) if any((one.asname or one.name) == name for one in node.names):
                return _alias(source, next(one.name for one in node.names if (one.asname or one.name) == name))
    return ""


@functools.cache
def _body(module: str) -> list[ast.stmt]:
    """The statements of one of our modules; none of others'."""
    path = getattr(sys.modules.get(module), "__file__", None)
    return ast.parse(Path(path).read_text(encoding="utf-8")).body if path and module.startswith("dltlab.") else []


def _string(node: ast.stmt | None) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(said))):
            return _plain(said)
    return ""


def _plain(said: str) -> str:
    return one_line(" ".join(said.replace("``", "").split()))

"""HTML that is safe by construction: what is no :class:`Markup` is escaped where it is put in."""

from __future__ import annotations

import html
from typing import Final

from dltlab.text import clean

_VOID: Final = frozenset({"input", "meta", "link", "br"})


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Anything as the text of an element or an attribute; control and bidirectional characters become visible.

    >>> text("<b>") + text(Markup("<b>"))
    '&lt;b&gt;<b>'
    """
    return value if isinstance(value, Markup) else Markup(html.escape(clean(str(value))))


def element(tag: str, /, *children: object, **attributes: object) -> Markup:
    """An element: its children and its attributes escaped; attributes that are None or False are left out.

    An underscore at the end of an attribute's name is dropped, others become hyphens.

    >>> element("td", "a < b", class_="number", hidden=True, id=None)
    '<td class="number" hidden>a &lt; b</td>'
    """
    said = [tag]
    for key, value in attributes.items():
        key = key.rstrip("_").replace("_", "-")
        if value is True:
            said.append(key)
        elif value is not None and value is not False:
            said.append(f'{key}="{text(value)}"')
    opening = f"<{' '.join(said)}>"
    return Markup(opening if tag in _VOID else f"{opening}{joined(*children)}</{tag}>")


def joined(*children: object) -> Markup:
    """Children side by side; None is left out."""
    return Markup("".join(text(child) for child in children if child is not None))

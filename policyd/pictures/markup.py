"""HTML and SVG that is escaped by being made: what is no `Markup` is text, and becomes text.

Everything on a page goes through `element`; nothing that comes from a policy, an event or the kernel can become markup, and
control characters are shown, not sent.
"""

from __future__ import annotations

from html import escape
from typing import Any

from policyd.text import safe

_VOID = frozenset({"meta", "img"})


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(tag: str, /, *inner: Any, **attributes: Any) -> Markup:
    """Return an element around texts (which are escaped), markup, numbers and lists of them; None is nothing.

    A trailing `_` of an attribute's name is dropped (`class_`), others become hyphens; None and False leave it out.
    """
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(safe(str(value)), quote=True)}"'
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{tag}{shown}>" if tag in _VOID else f"<{tag}{shown}>{join(inner)}</{tag}>")


def join(inner: Any) -> Markup:
    """Return texts, markup and lists of them as one piece of markup."""
    if inner is None:
        return Markup("")
    if isinstance(inner, Markup):
        return inner
    if isinstance(inner, (str, int, float)):
        return Markup(escape(safe(str(inner)), quote=True))
    return Markup("".join(map(join, inner)))

"""Texts with expressions in braces, as rules' messages are: `{process.exe} opened {args.filename}`.

`words.py` refuses what is none; the resolver asks for the parts.  `{{` and `}}` stand for the braces themselves.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policyd.expression.mistakes import ExpressionError
from policyd.expression.parser import parse

_TEXT = re.compile(r"(?:[^{}]|\{\{|\}\})+")
_INSIDE = re.compile(r"""(?:[^{}"']|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')*""")
_ESCAPE = "write `{{` and `}}` for braces that are part of the text"


@dataclass(frozen=True, slots=True)
class Blank:
    """A place that is filled in: an expression, which begins at the character `offset` of the whole text."""

    text: str
    offset: int


Template = tuple[str | Blank, ...]
"""Texts and what is between them."""


def split(text: str) -> Template:
    """Return the parts of a template; `ExpressionError` for what is none, at an offset of `text`."""
    parts: list[str | Blank] = []
    at = 0
    while at < len(text):
        if found := _TEXT.match(text, at):
            parts.append(found[0].replace("{{", "{").replace("}}", "}"))
        elif text[at] == "}":
            raise ExpressionError("a `}` that closes nothing", at, _ESCAPE)
        else:
            found = _INSIDE.match(text, at + 1)
            assert found is not None
            parts.append(_blank(text, at + 1, found.end()))
            at = found.end() + 1
            continue
        at = found.end()
    return tuple(parts)


def _blank(text: str, start: int, end: int) -> Blank:
    if text[end : end + 1] != "}":
        raise ExpressionError("a `{` that nothing closes", start - 1, _ESCAPE)
    inside = text[start:end]
    skipped = len(inside) - len(inside.lstrip())
    blank = Blank(inside.strip(), start + skipped)
    if not blank.text:
        hint = f"name a field, as `{{process.exe}}`; {_ESCAPE}"
        raise ExpressionError("nothing stands between the braces", start - 1, hint)
    try:
        parse(blank.text)
    except ExpressionError as error:
        raise ExpressionError(error.message, blank.offset + error.offset, error.hint) from None
    return blank

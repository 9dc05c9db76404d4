"""JSON values as YAML text, for `-o yaml`.

Block style, keys in the order given.  Text is written plain where every YAML reader takes it for the same text (or, for what
looks like a number or a truth value, where policyd does: its scalars are text until they meet a field's type); else quoted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from policyd.text import safe

_PLAIN = re.compile(r"[A-Za-z0-9_./+\-](?:[A-Za-z0-9_./+\-@%=~,()*<>$^;]|[ ](?![# ])|:(?! |$))*(?<! )")
_MISREAD = re.compile(
    r"~|null|y|n|yes|no|on|off|-+|\.+|[+-]?0\d+|[+-]?\d[\d_]*(:[0-5]?\d)+(\.\d*)?|\d{4}-\d\d?-\d\d?.*|- .*|---.*|\.\.\..*",
    re.IGNORECASE,
)
"""Text that YAML 1.1 readers take for something else, and markers."""


def to_yaml(value: object) -> str:
    """Return a document for dicts, lists, text, numbers, truth values and None, with a newline at its end."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: object) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _entry(f"{_scalar(str(key))}:", item)
    elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)) and value:
        for item in value:
            first, *rest = _lines(item)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield _scalar(value)


def _entry(key: str, item: object) -> Iterator[str]:
    if isinstance(item, Mapping) and item:
        yield key
        yield from (f"  {line}" for line in _lines(item))
    elif isinstance(item, Sequence) and not isinstance(item, (str, bytes)) and item:
        yield key
        yield from _lines(item)
    else:
        yield f"{key} {_scalar(item)}"


def _scalar(value: object) -> str:
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and not _MISREAD.fullmatch(value):
            return value
        return safe(json.dumps(value, ensure_ascii=False))
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Sequence):
        return "[]"
    return json.dumps(value)

"""Text for people: near misses for unknown words, and foreign text made safe for terminals and logs.

Everything that comes from a policy, a file name or the kernel passes `safe` before it is shown.
"""

from __future__ import annotations

import difflib
import re
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb"
    "\ud800-\udfff\ufffe\uffff\U000e0000-\U000e007f]"
)
"""C0, DEL, C1, invisible and bidirectional formatting, line separators, surrogates (invalid bytes), non-characters, tags."""

_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if 0xDC80 <= code <= 0xDCFF:  # a byte that was no UTF-8, by `surrogateescape`
        return f"\\x{code - 0xDC00:02x}"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def is_safe(text: str) -> bool:
    """Whether `text` can be shown as it is."""
    return _UNSAFE.search(text) is None


def safe(text: str, limit: int = 0) -> str:
    """Return `text` on one line with nothing that moves a cursor, reorders or hides; cut to `limit` characters if given."""
    if limit and len(text) > limit:
        text = text[: limit - 1] + "…"
    return _UNSAFE.sub(_escape, text)


def safe_bytes(data: bytes, limit: int = 0) -> str:
    """Return bytes as UTF-8 text, made safe; bytes that are no UTF-8 appear as `\\xff`."""
    return safe(data.decode("utf-8", "surrogateescape"), limit)


def quote(text: str, limit: int = 60) -> str:
    """Return `text`, safe and short, in backquotes for a message."""
    return f"`{safe(text, limit)}`"


def near(word: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known words (of the first 5,000) that `word` may have meant, best first, regardless of case."""
    by_fold = {item.casefold().replace("-", "_"): item for item in islice(known, 5000)}
    fold = word[:200].casefold().replace("-", "_")
    found = difflib.get_close_matches(fold, by_fold, n=count, cutoff=0.6)
    return [by_fold[item] for item in found]


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return the hint `did you mean `a` or `b`?`, or nothing."""
    found = near(word, known)
    return f"did you mean {' or '.join(f'`{item}`' for item in found)}?" if found else ""


def one_of(words: Iterable[str], limit: int = 12) -> str:
    """Return `a, b or c` for a message; a long list is cut and says so."""
    items = list(words)
    if len(items) > limit:
        return ", ".join(items[:limit]) + f" and {len(items) - limit} more"
    return " or ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)

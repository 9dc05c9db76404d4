"""How the values of one column are shown: by their type, then by the `names:` that the policy gives, remembered.

Text is made when values are read, never in the kernel.  The memory is bounded, and long strings are not kept at all.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from policyd.vocabulary.kinds import show, show_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.layout import Column

MEMORY = 16_384
"""Values remembered a column; all are forgotten when it is full."""
LONGEST = 256
"""Longer strings are not remembered, so that a column never holds more than a few megabytes."""


class Remembered(dict[Any, Any]):
    """A mapping that makes what is missing with `make`, and remembers it."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[Any], Any]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: Any) -> Any:
        made = self._make(key)
        if isinstance(key, bytes) and len(key) > LONGEST:
            return made
        if len(self) >= MEMORY:
            self.clear()
        self[key] = made
        return made


class Shown(Remembered):
    """`shown[raw]` is the value as JSON has it: a number, text, a boolean or a list."""

    __slots__ = ("column",)

    def __init__(self, column: Column) -> None:
        self.column = column
        super().__init__(self._value)

    def _value(self, raw: Any) -> Any:
        return self._named(raw) if self.column.names else show(self.column.type, raw)

    def text(self, raw: int | bytes) -> str:
        """Return the value as people read it; not yet safe for a terminal."""
        return self._named(raw) if self.column.names else show_text(self.column.type, raw)

    def _named(self, raw: Any) -> str:
        text = show_text(self.column.type, raw)
        return next((name for pattern, name in self.column.names if fnmatchcase(text, pattern)), text)

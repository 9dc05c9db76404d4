"""YAML text as nodes with positions: bytes of a file come in, `Document`s go to `parsing`.

The only importer of `yaml`.  It takes libyaml's event stream (a loop, no recursion: PyYAML's own composer crashes the process
on 200,000 levels of nesting) and builds its own nodes under bounds: size of a file, depth, and nodes after aliases are
expanded.  Scalars stay text, as YAML 1.2's failsafe schema has it: `no`, `0755` and `22:22` mean what is written, and only a
field's type decides later.  Merge keys (`<<`) are YAML 1.1 and are refused; aliases are allowed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from policyd.errors import DocumentError, Path, Position, Problem
from policyd.text import safe

MAX_FILE_BYTES = 16 * 1024 * 1024
"""A list of 100,000 values is about 2 MB; a folder may hold many files."""

MAX_DEPTH = 64
MAX_NODES = 1_000_000
"""Nodes of one file, aliases expanded."""

MAX_PROBLEMS = 100
"""Problems kept of one file: the rest would not be read."""

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar's text.  `quoted`: in quotes or a block; `~` and nothing are null only where they are not."""

    text: str
    quoted: bool
    position: Position

    @property
    def is_null(self) -> bool:
        return not self.quoted and self.text in _NULLS


@dataclass(frozen=True, slots=True)
class Mapping:
    """Keys and values in file order; keys are unique."""

    items: tuple[tuple[Scalar, Node], ...]
    position: Position

    def get(self, key: str) -> Node | None:
        return next((value for name, value in self.items if name.text == key), None)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Items in file order."""

    items: tuple[Node, ...]
    position: Position


Node = Scalar | Mapping | Sequence


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file that may hold several."""

    root: Node
    file: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file as read once; `name` is as the user named it (`<stdin>` for `-`)."""

    name: str
    data: bytes


def locate(root: Node, path: Path) -> Position:
    """Return where `path` stands below `root`, or the nearest part around it."""
    node = root
    for part in path:
        below: Node | None = None
        if isinstance(node, Mapping) and isinstance(part, str):
            below = node.get(part)
        elif isinstance(node, Sequence) and isinstance(part, int) and part < len(node.items):
            below = node.items[part]
        if below is None:
            break
        node = below
    return node.position

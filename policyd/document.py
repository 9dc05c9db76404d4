"""YAML text as nodes with positions: bytes of a file come in, `Document`s go to `parsing`.

The only importer of `yaml`.  It takes libyaml's event stream, one event at a time, and builds its own nodes under bounds:
size of a file, depth, and nodes after aliases are expanded.  (PyYAML's own composer recurses in C: 200,000 levels of nesting
end the process.  libyaml's parser keeps its state on the heap, and is not asked for more once a bound is passed.)

Scalars stay text, as YAML 1.2's failsafe schema has it: `no`, `0755` and `22:22` mean what is written, and only a field's
type decides later.  Merge keys (`<<`) are YAML 1.1 and are refused; aliases are allowed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from policyd.errors import DocumentError, Path, Position, Problem
from policyd.text import quote, safe

MAX_FILE_BYTES = 16 * 1024 * 1024
"""A list of 100,000 values is about 2 MB; a folder may hold many files."""

MAX_DEPTH = 64
MAX_NODES = 500_000
"""Nodes of one file, aliases expanded."""

MAX_TEXT = 2 * MAX_FILE_BYTES
"""Characters of all scalars of one file, aliases expanded: what a policy's record may come to."""

MAX_PROBLEMS = 100
"""Problems kept of one file: the rest would not be read."""

_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map"})
_NO_TAGS = "remove the tag: types come from the fields"
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass(frozen=True, slots=True)
class Scalar:
    """A scalar's text.  `quoted`: in quotes or a block; `~` and nothing are null only where they are not.

    `style` is its quote (or `|`, `>`), `width` how many characters of the file it takes; 0 if they are on several lines.
    """

    text: str
    quoted: bool
    position: Position
    style: str = field(default="", compare=False, repr=False)
    width: int = field(default=0, compare=False, repr=False)

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


def locate(root: Node, path: Path) -> Node:
    """Return the node at `path` below `root`, or the nearest one around it."""
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
    return node


def scalar_with(node: Node, text: str) -> Scalar | None:
    """Return the first scalar at or below `node` that has this text, no key; None if there is none."""
    if isinstance(node, Scalar):
        return node if node.text == text else None
    below = (value for _, value in node.items) if isinstance(node, Mapping) else iter(node.items)
    return next((found for one in below if (found := scalar_with(one, text)) is not None), None)


_DOUBLED = {"'": "'", '"': '"\\'}
"""Characters that take two in a text with these quotes."""


def position_in(scalar: Scalar, offset: int) -> Position:
    """Return where the character `offset` of a scalar's text stands in the file.

    Where that cannot be told (a text of several lines, escapes other than of quotes), it is where the scalar begins.
    """
    doubled = _DOUBLED.get(scalar.style, "")
    before, whole = (sum(text.count(char) for char in doubled) for text in (scalar.text[:offset], scalar.text))
    quotes = 1 if doubled else 0
    if scalar.width != len(scalar.text) + whole + 2 * quotes:
        return scalar.position
    return replace(scalar.position, column=scalar.position.column + quotes + offset + before)


# ------------------------------------------------------------------------------------------------ bytes → documents


def parse(data: bytes, file: str) -> tuple[Document, ...]:
    """Return the documents of a file, without empty ones; raise `DocumentError` with all problems that can be known."""
    documents, problems = compose(data, file)
    if problems:
        raise DocumentError(problems)
    return documents


def compose(data: bytes, file: str) -> tuple[tuple[Document, ...], tuple[Problem, ...]]:
    """Return the sound documents of a file, and the problems of the others.  Never raises, whatever the bytes."""
    name = safe(file)
    problem = _unreadable(data, name)
    if problem is not None:
        return (), (problem,)
    composer = _Composer(data, name)
    documents = composer.documents()
    return documents, tuple(composer.problems)


def _unreadable(data: bytes, file: str) -> Problem | None:
    """Return the problem of bytes that are no text, or too many."""
    if len(data) > MAX_FILE_BYTES:
        message = f"the file is larger than {MAX_FILE_BYTES >> 20} MiB"
        return Problem("file-too-large", message, Position(file, 1, 1), hint="split it into several files")
    bad, message = data.find(b"\0"), "a NUL byte: this is no text file"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        bad, message = error.start, f"byte 0x{data[error.start]:02x} is no UTF-8"
    if bad < 0:
        return None
    line_start = data.rfind(b"\n", 0, bad) + 1
    column = len(data[line_start:bad].decode("utf-8", "replace")) + 1
    position = Position(file, data.count(b"\n", 0, bad) + 1, column)
    return Problem("not-text", message, position, hint="policies are YAML in UTF-8")


class _StopComposingError(Exception):
    """What was read so far is all that can be known."""


@dataclass(slots=True)
class _Anchored:
    """A node that aliases may name, and what each of them costs: nodes, characters, levels."""

    node: Node
    size: int
    text: int
    height: int


@dataclass(slots=True)
class _Composer:
    """Builds nodes from libyaml's events; recursion is bounded by `MAX_DEPTH`, work by `MAX_NODES` and `MAX_TEXT`."""

    data: bytes
    file: str
    problems: list[Problem] = field(default_factory=list)
    _events: Any = None
    _anchors: dict[str, _Anchored] = field(default_factory=dict)
    _size: int = 0
    _text: int = 0
    _deepest: int = 0

    def documents(self) -> tuple[Document, ...]:
        found: list[Document] = []
        self._events = yaml.CSafeLoader(self.data)
        try:
            self._compose_all(found)
        except yaml.YAMLError as error:
            self.problems.append(_syntax_problem(error, self.data, self.file))
        except _StopComposingError:
            pass
        finally:
            self._events.dispose()
        return tuple(found)

    def _compose_all(self, found: list[Document]) -> None:
        while True:
            event = self._next()
            if isinstance(event, yaml.StreamEndEvent):
                return
            if not isinstance(event, yaml.DocumentStartEvent):
                continue
            before = len(self.problems)
            self._anchors.clear()
            root = self._node(self._next(), 1)
            if len(self.problems) == before and not (isinstance(root, Scalar) and root.is_null):
                found.append(Document(root, self.file))

    def _next(self) -> Any:
        event = self._events.get_event()
        self._spend(event, 1, 0)
        return event

    def _spend(self, event: Any, nodes: int, text: int) -> None:
        self._size += nodes
        self._text += text
        if self._size > MAX_NODES:
            self._fatal(event, "too-many-nodes", f"more than {MAX_NODES:,} nodes (aliases count at each use)")
        if self._text > MAX_TEXT:
            self._fatal(event, "too-many-nodes", f"more than {MAX_TEXT:,} characters (aliases count at each use)")

    def _position(self, event: Any) -> Position:
        mark = event.start_mark
        return Position(self.file, mark.line + 1, mark.column + 1)

    def _problem(self, event: Any, code: str, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, message, self._position(event), hint=hint))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _StopComposingError

    def _fatal(self, event: Any, code: str, message: str) -> None:
        self.problems.append(Problem(code, message, self._position(event)))
        raise _StopComposingError

    # -- one node --------------------------------------------------------------------------------------

    def _node(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        self._go_down(event, depth)
        if event.tag not in _TAGS:
            message = f"tag {quote(event.tag)} has no meaning here"
            hint = "quote it: a text that starts with `!` must be in quotes" if "(" in event.tag else _NO_TAGS
            self._problem(event, "unknown-tag", message, hint)
        if event.anchor is None:
            return self._content(event, depth)
        outer, self._deepest, size, text = self._deepest, depth, self._size, self._text
        node = self._content(event, depth)
        self._anchors[event.anchor] = _Anchored(node, self._size - size, self._text - text, self._deepest - depth)
        self._deepest = max(outer, self._deepest)
        return node

    def _go_down(self, event: Any, depth: int) -> None:
        self._deepest = max(self._deepest, depth)
        if depth > MAX_DEPTH:
            self._fatal(event, "too-deep", f"more than {MAX_DEPTH} levels of nesting")

    def _content(self, event: Any, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(event, depth)
        return self._mapping(event, depth)

    def _scalar(self, event: Any) -> Scalar:
        self._spend(event, 0, len(event.value))
        if "\0" in event.value:
            self._problem(event, "nul-character", "a NUL character: no text in the kernel can hold it")
        start, end = event.start_mark, event.end_mark
        width = end.column - start.column if start.line == end.line else 0
        quoted = bool(event.style) or event.tag is not None
        return Scalar(event.value, quoted, self._position(event), event.style or "", width)

    def _alias(self, event: Any, depth: int) -> Node:
        known = self._anchors.get(event.anchor)
        if known is None:
            text = safe(event.anchor, 60)
            message = f"alias `*{text}` names no anchor before it"
            self._problem(event, "unknown-alias", message, f"for the text itself write '*{text}' in quotes")
            return Scalar("", False, self._position(event))
        self._spend(event, known.size, known.text)
        self._go_down(event, depth + known.height)
        return known.node

    def _sequence(self, event: Any, depth: int) -> Sequence:
        items: list[Node] = []
        while not isinstance(inner := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(inner, depth + 1))
        return Sequence(tuple(items), self._position(event))

    def _mapping(self, event: Any, depth: int) -> Mapping:
        items: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(inner := self._next(), yaml.MappingEndEvent):
            key = self._node(inner, depth + 1)
            value = self._node(self._next(), depth + 1)
            if not isinstance(key, Scalar):
                hint = "a text with braces or brackets must be in quotes"
                self._problem(inner, "key-not-text", "a key must be text", hint)
            elif key.text == "<<" and not key.quoted:
                self._problem(inner, "merge-key", "merge keys (`<<`) are not part of YAML 1.2", "write the keys out")
            elif key.text in items:
                message = f"key {quote(key.text)} is here a second time; the first is at {items[key.text][0].position}"
                self._problem(inner, "duplicate-key", message)
            else:
                items[key.text] = (key, value)
        return Mapping(tuple(items.values()), self._position(event))


# ------------------------------------------------------------------------------------------------ what YAML itself refuses

_QUOTE_HINTS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[:,\[{-]\s*![\w.]*\("), "quote it: an expression that starts with `!` must be in quotes"),
    (re.compile(r"^\s*\t|^\t"), "indent by spaces: YAML allows no tabs there"),
    (re.compile(r"[\[,{:-]\s*\*"), "quote it: a text that starts with `*` must be in quotes, as in ['*.so']"),
    (re.compile(r"[\[,{]\s*:|:\s::"), "quote it: an address that starts with `::` must be in quotes, as in ['::1/128']"),
    (re.compile(r"[\[{,].*\w\["), "quote it: a path with brackets must be in quotes inside `[…]` and `{…}`: ['args[0].b']"),
    (re.compile(r"\w\(.*,"), "quote it: an expression with a comma must be in quotes inside `[…]` or `{…}`"),
    (re.compile(r"[:,\[{-]\s*[@`%&!|>?]"), "quote it: a text that starts with such a character must be in quotes"),
    (re.compile(r"\{[\w.]+\}"), "quote it: a text with braces must be in quotes"),
    (re.compile(r":\s.*:(\s|$)"), "quote it: a text that holds `: ` must be in quotes"),
)


def _syntax_problem(error: yaml.YAMLError, data: bytes, file: str) -> Problem:
    """Return libyaml's complaint in one line, with a hint if the line holds something that wants quotes."""
    mark = getattr(error, "problem_mark", None)
    if mark is None:  # a character that YAML does not allow; libyaml gives no line
        return _character_problem(error, data, file)
    what = getattr(error, "problem", None) or "not YAML"
    context = getattr(error, "context", None)
    lines = data.decode("utf-8").split("\n")
    hint = ""
    for place in (mark, getattr(error, "context_mark", None)):
        line = lines[place.line] if place is not None and place.line < len(lines) else ""
        hint = hint or next((text for pattern, text in _QUOTE_HINTS if pattern.search(line[:1000])), "")
    message = f"not YAML: {what}" + (f" {context}" if context else "")
    return Problem("not-yaml", safe(message), Position(file, mark.line + 1, mark.column + 1), hint=hint)


def _character_problem(error: yaml.YAMLError, data: bytes, file: str) -> Problem:
    found = _FORBIDDEN.search(data.decode("utf-8"))
    if found is None:
        return Problem("not-yaml", f"not YAML: {safe(str(error), 200)}", Position(file, 1, 1))
    before = found.string[: found.start()]
    position = Position(file, before.count("\n") + 1, found.start() - (before.rfind("\n") + 1) + 1)
    message = f"character U+{ord(found.group()):04X} is not allowed in YAML"
    return Problem("not-yaml", message, position, hint='write it in double quotes by its number, as in "\\e" or "\\x1b"')


_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What YAML 1.2 (5.1) calls not printable."""

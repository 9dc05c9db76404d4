"""Text → tree, by lark's LALR parser and `grammar.lark`, within bounds of length and depth.

Lark is imported when the first text is more than a plain path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policyd.expression.mistakes import ExpressionError, explain
from policyd.expression.nodes import (
    Binary,
    Call,
    Choice,
    Index,
    ListOf,
    Literal,
    Logic,
    Member,
    Name,
    Node,
    Unary,
    path_of,
)
from policyd.text import did_you_mean, quote
from policyd.vocabulary.expressions import FUNCTIONS as ROWS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lark import Lark, Token
    from lark.tree import Tree

MAX_LENGTH = 2048
"""Characters of an expression."""
MAX_DEPTH = 48
"""Levels of an expression: each sign of a sum is one, `&&` and `||` of many parts are one."""

METHODS = tuple(row.name for row in ROWS.values() if row.method)
FUNCTIONS = tuple(row.name for row in ROWS.values() if not row.method)

_PLAIN = re.compile(r"[A-Za-z_]\w{0,99}(\.[A-Za-z_]\w{0,99}|\[[0-9]{1,9}\]){0,16}", re.ASCII)
_PART = re.compile(r"\.?([A-Za-z_]\w*)|\[([0-9]+)\]", re.ASCII)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\\\"'ntr/*?\[\]])|(.))", re.DOTALL)


@lru_cache(maxsize=4096)
def parse(text: str) -> Node:
    """Return the tree of an expression; `ExpressionError` says what is wrong, and where."""
    if _PLAIN.fullmatch(text):
        return _plain(text)
    if len(text) > MAX_LENGTH:
        message = f"an expression of {len(text):,} characters: at most {MAX_LENGTH:,}"
        raise ExpressionError(message, 0, "give its parts names with `let`")
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415

    try:
        tree = _lark().parse(text)
    except UnexpectedInput as error:
        ended = getattr(getattr(error, "token", None), "type", "$END") == "$END" and not _is_character(error)
        raise explain(text, len(text) if ended or error.pos_in_stream is None else error.pos_in_stream) from None
    return _Builder(text).node(tree, 1)


def _plain(text: str) -> Node:
    """Return the tree of a plain path, as most texts are, without lark."""
    node: Node | None = None
    for part in _PART.finditer(text):
        spelled = text[: part.end()]
        if node is None:
            node = _name(_Made(0, spelled, [spelled], []))
        elif part[2]:
            key = Literal(part[2], at=part.start() + 1, spelled=part[2])
            node = Index(node, (key,), at=0, spelled=spelled)
        else:
            node = Member(node, part[1], at=0, spelled=spelled)
    assert node is not None, text
    return node


def _is_character(error: Exception) -> bool:
    from lark.exceptions import UnexpectedCharacters  # noqa: PLC0415

    return isinstance(error, UnexpectedCharacters)


@cache
def _lark() -> Lark:
    import lark  # noqa: PLC0415  `policyd --help` does without

    grammar = (Path(__file__).parent / "grammar.lark").read_text()
    return lark.Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


class _Builder:
    """Makes nodes of lark's trees: a method for each rule of the grammar."""

    def __init__(self, text: str) -> None:
        self._text = text

    def node(self, tree: Tree[Token], depth: int) -> Node:
        """Return the node of a tree that is `depth` levels down."""
        start, end = tree.meta.start_pos, tree.meta.end_pos
        if depth > MAX_DEPTH:
            raise ExpressionError(f"more than {MAX_DEPTH} levels", start, "give parts of it names with `let`")
        rule = str(tree.data)
        spelled = " ".join(self._text[start:end].split())
        words = [str(child) for child in tree.children if isinstance(child, str)]
        trees = [child for child in tree.children if not isinstance(child, str)]
        inner = [one for child in trees for one in (_arguments(child) if child.data == "arguments" else [child])]
        return _MAKERS[rule](_Made(start, spelled, words, [self.node(one, depth + 1) for one in inner]))


def _arguments(tree: Tree[Token]) -> list[Tree[Token]]:
    return [child for child in tree.children if not isinstance(child, str)]


@dataclass(frozen=True, slots=True)
class _Made:
    """What a rule found: where, its words and its parts."""

    at: int
    spelled: str
    words: list[str]
    parts: list[Node]

    @property
    def place(self) -> dict[str, Any]:
        return {"at": self.at, "spelled": self.spelled}


def _name(made: _Made) -> Node:
    word = made.words[0]
    return Literal(word, **made.place) if word in {"true", "false"} else Name(word, **made.place)


def _string(made: _Made) -> Node:
    def plain(match: re.Match[str]) -> str:
        if match[4] is not None:
            raise ExpressionError(f"{quote(match.group())} is no escape", made.at, "write a backslash as \\\\")
        code = match[1] or match[2]
        if code and (int(code, 16) == 0 or 0xD800 <= int(code, 16) < 0xE000):
            raise ExpressionError(f"{quote(match.group())} is no character of a text", made.at)
        return chr(int(code, 16)) if code else _ESCAPES.get(match[3], match[3])

    return Literal(_ESCAPE.sub(plain, made.words[0][1:-1]), quoted=True, **made.place)


def _member(made: _Made) -> Node:
    return Member(made.parts[0], made.words[0], **made.place)


def _index(made: _Made) -> Node:
    base, *keys = made.parts
    if not keys:
        raise ExpressionError("`[]` holds nothing", made.at, "name an element: args[0]")
    return Index(base, tuple(keys), **made.place)


def _call(made: _Made) -> Node:
    return _checked(Call(made.words[0], tuple(made.parts), **made.place), "")


def _method(made: _Made) -> Node:
    target, *arguments = made.parts
    return _checked(Call(made.words[0], tuple(arguments), target, **made.place), ".")


def _checked(call: Call, dot: str) -> Node:
    """Return a call of a function that there is, with as many arguments as it takes."""
    noun, name = ("method", f".{call.function}") if dot else ("function", call.function)
    if name not in ROWS:
        raise ExpressionError(f"there is no {noun} {quote(name)}", call.at, _other(call, dot))
    least, most = ROWS[name].least, ROWS[name].most
    if not least <= len(call.arguments) <= most:
        count = f"{least}" if least == most else f"{least} to {most}"
        raise ExpressionError(f"{quote(name)} takes {count} argument{'s' * (most > 1)}, not {len(call.arguments)}", call.at)
    if call.function == "container_of" and not path_of(call):
        raise ExpressionError("container_of casts paths", call.at, "as args.p.container_of(TYPE.MEMBER)")
    return call


def _other(call: Call, dot: str) -> str:
    if not dot and call.function in METHODS:
        return f"it follows what it is asked of: x.{call.function}(…)"
    if dot and call.function in FUNCTIONS:
        return f"what it is asked of stands inside: {call.function}(x)"
    return did_you_mean(dot + call.function, ROWS) or f"there are {', '.join(ROWS)}"


def _unary(made: _Made) -> Node:
    return Unary(made.words[0], made.parts[0], **made.place)


def _binary(made: _Made) -> Node:
    return Binary(made.words[0], made.parts[0], made.parts[1], **made.place)


def _logic(operator: str) -> Callable[[_Made], Node]:
    return lambda made: Logic(operator, tuple(made.parts), **made.place)


_MAKERS: dict[str, Callable[[_Made], Node]] = {
    "name": _name,
    "number": lambda made: Literal(made.words[0], **made.place),
    "string": _string,
    "member": _member,
    "method": _method,
    "index": _index,
    "call": _call,
    "list_of": lambda made: ListOf(tuple(made.parts), **made.place),
    "grouped": lambda made: made.parts[0],
    "unary": _unary,
    "binary": _binary,
    "choice": lambda made: Choice(made.parts[0], made.parts[1], made.parts[2], **made.place),
    "all_of": _logic("&&"),
    "any_of": _logic("||"),
}
"""What each rule of the grammar makes."""

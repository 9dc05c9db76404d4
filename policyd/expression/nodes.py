"""What an expression says, as a frozen tree; each part knows where it stands in the text.

`parser.py` makes it, `resolve/expressions.py` gives it types.  Parts are equal if they say the same, wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`at` is the offset of the part's first character, `spelled` the part as written, on one line."""

    at: int = field(default=0, compare=False)
    spelled: str = field(default="", compare=False)

    @property
    def children(self) -> tuple[Node, ...]:
        """The parts that this one is made of."""
        return ()


@dataclass(frozen=True, slots=True)
class Name(Part):
    """A word: a field, a `let` name, a table, or a constant such as O_CREAT."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal(Part):
    """A number (with its unit, `10ms`), `true`, `false`, or a `quoted` text; a type reads it where it meets one."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Member(Part):
    """`base.name`."""

    base: Node
    name: str

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.base,)


@dataclass(frozen=True, slots=True)
class Index(Part):
    """`base[keys]`: an argument by position, an element of an array, or a table's row."""

    base: Node
    keys: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.base, *self.keys)


@dataclass(frozen=True, slots=True)
class Call(Part):
    """`function(arguments)`, or the method `target.function(arguments)`."""

    function: str
    arguments: tuple[Node, ...]
    target: Node | None = None

    @property
    def children(self) -> tuple[Node, ...]:
        return self.arguments if self.target is None else (self.target, *self.arguments)


@dataclass(frozen=True, slots=True)
class Unary(Part):
    """`!`, `-` or `~` before an operand."""

    operator: str
    operand: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.operand,)


@dataclass(frozen=True, slots=True)
class Binary(Part):
    """A calculation or a comparison of two operands, or `left in right`."""

    operator: str
    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class Logic(Part):
    """`&&` or `||` of two or more parts."""

    operator: str
    parts: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.parts


@dataclass(frozen=True, slots=True)
class Choice(Part):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node

    @property
    def children(self) -> tuple[Node, ...]:
        return (self.condition, self.yes, self.no)


@dataclass(frozen=True, slots=True)
class ListOf(Part):
    """`[a, b]`, which stands to the right of `in`."""

    items: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        return self.items


Node = Name | Literal | Member | Index | Call | Unary | Binary | Logic | Choice | ListOf


def walk(node: Node) -> Iterator[Node]:
    """Yield a part and all that it is made of."""
    yield node
    for child in node.children:
        yield from walk(child)


def path_of(node: Node) -> str:
    """Return the path that a part spells (`args.sk.flow`, `args[0].x`, `p.container_of(a.b)`); empty if it is none."""
    match node:
        case Name(name=name):
            return name
        case Member(base=base, name=name):
            before = path_of(base)
            return before and f"{before}.{name}"
        case Index(base=base, keys=(Literal(text=text, quoted=False),)) if text.isdecimal():
            before = path_of(base)
            return before and f"{before}[{text}]"
        case Call(function="container_of", arguments=(argument,), target=target) if isinstance(argument, Member):
            step, before = path_of(argument), path_of(target) if target is not None else ""
            if not step or (target is not None and not before):
                return ""
            return f"{before}.container_of({step})".removeprefix(".")
        case _:
            return ""


def root_of(node: Node) -> str:
    """Return the first word of a path or of what is taken from it (`births` of `births[args.sk].born`); empty if none."""
    while isinstance(node, Member | Index) or (isinstance(node, Call) and node.function == "container_of" and node.target):
        node = node.target if isinstance(node, Call) and node.target is not None else node.children[0]
    return node.name if isinstance(node, Name) else ""

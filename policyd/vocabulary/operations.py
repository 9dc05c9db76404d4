"""What can be computed of values in the kernel: one row an operation, the names of `value.Computed.operation`.

`resolve` types expressions with them (`result_type`), `codegen` has a way to say each in C, `explain` prints them.  Numbers
are of 64 bits while they are computed with, each widened by its own sign; the result wraps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MANY = 16
"""The most operands of what takes any number of them."""

_NUMBERS = frozenset({Shape.NUMBER})
_STRINGS = frozenset({Shape.STRING})
_ADDRESSES = frozenset({Shape.ADDRESS})
_SIZED = frozenset({Shape.STRING, Shape.BYTES})
_ALL = frozenset(Shape)

Result = Literal["arithmetic", "signed", "bits", "shift", "bool", "joined", "chosen", "size", "given"]
Absent = Literal["operands", "never", "all", "also"]
Written = Literal["operator", "prefix", "function", "method", "ternary"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation.  `shapes` are those of each operand; the last stands for all further ones.

    `spelling`: how a policy writes it, as `written` says (`a + b`, `-a`, `min(a, b)`, `a.startsWith(b)`, `c ? a : b`).
    `result`: the row of `RESULTS` that tells its type.  `absent`: the result is absent if some operand is (`operands`),
    `never`, if `all` are, or if some is and `also` for values that have no result (a division by zero).
    """

    name: str
    spelling: str
    written: Written
    shapes: tuple[frozenset[Shape], ...]
    least: int
    most: int
    result: Result
    absent: Absent
    explain: str
    example: str


def _row(
    name: str,
    spelling: str,
    shapes: frozenset[Shape],
    result: Result,
    explain: str,
    example: str,
    written: Written = "operator",
) -> Operation:
    """An operation on two values of one shape."""
    return Operation(name, spelling, written, (shapes,), 2, 2, result, "operands", explain, example)


_ROWS: tuple[Operation, ...] = (
    _row("add", "+", _NUMBERS, "arithmetic", "The sum. Of a time and a duration: a time.", "args.offset + args.count"),
    _row("sub", "-", _NUMBERS, "arithmetic", "The difference. Of two times: a duration, with a sign.", "time - args.start"),
    _row(
        "mul", "*", _NUMBERS, "arithmetic", "The product. Of a duration or a size and a number: one.", "args.nr_pages * 4096"
    ),
    replace(
        _row(
            "div",
            "/",
            _NUMBERS,
            "arithmetic",
            "The quotient, towards zero; absent for 0.",
            "args.count / 1024",
        ),
        absent="also",
    ),
    replace(
        _row("mod", "%", _NUMBERS, "arithmetic", "The rest, with the first one's sign; absent for 0.", "args.offset % 4096"),
        absent="also",
    ),
    Operation("neg", "-", "prefix", (_NUMBERS,), 1, 1, "signed", "operands", "The number with the other sign.", "-ret"),
    _row("and", "&", _NUMBERS, "bits", "The bits that both have.", "args.flags & 3"),
    _row("or", "|", _NUMBERS, "bits", "The bits that one of them has.", "args.prot | args.flags"),
    _row("xor", "^", _NUMBERS, "bits", "The bits in which they differ.", "args.old ^ args.new"),
    Operation("not", "~", "prefix", (_NUMBERS,), 1, 1, "bits", "operands", "All 64 bits turned over.", "args.flags & ~3"),
    _row("shl", "<<", _NUMBERS, "shift", "Bits moved up; 0 from 64 places on.", "1 << args.cpu"),
    _row("shr", ">>", _NUMBERS, "shift", "Bits moved down; what is below zero stays so.", "args.dev >> 20"),
    _row("eq", "==", _ALL, "bool", "Both are the same; false if one is absent.", "args.old == args.new"),
    _row("ne", "!=", _ALL, "bool", "They differ; true if one is absent.", "process.uid != process.parent.uid"),
    _row("lt", "<", _NUMBERS, "bool", "Below, whatever the signs.", "ret < args.count"),
    _row("le", "<=", _NUMBERS, "bool", "Below or the same.", "ret <= args.count"),
    _row("gt", ">", _NUMBERS, "bool", "Above, whatever the signs.", "args.new > args.old"),
    _row("ge", ">=", _NUMBERS, "bool", "Above or the same.", "args.new >= args.old"),
    Operation(
        *("all", "&&", "operator", (_NUMBERS,), 1, MANY, "bool", "never"),
        "All hold. Once one does not, it is of no matter that another is unread.",
        "ret == 0 && args.flags != 0",
    ),
    Operation(
        *("any", "||", "operator", (_NUMBERS,), 1, MANY, "bool", "never"),
        "One holds. Once one does, it is of no matter that another is unread.",
        "args.a != 0 || args.b != 0",
    ),
    Operation("no", "!", "prefix", (_NUMBERS,), 1, 1, "bool", "never", "It does not hold.", "!process.kernel_thread"),
    Operation(
        *("choose", "?:", "ternary", (_NUMBERS, _ALL), 3, 3, "chosen", "operands"),
        "The second if the first holds, else the third; only that one is fetched.",
        'args.rw == 0 ? "read" : "write"',
    ),
    Operation(
        *("default", "??", "operator", (_ALL,), 2, MANY, "joined", "all"),
        "The first that is not absent.",
        'process.parent.comm ?? "none"',
    ),
    Operation("present", "has", "function", (_ALL,), 1, 1, "bool", "never", "It is not absent.", "has(vlan.id)"),
    Operation(
        *("size", "size", "function", (_SIZED,), 1, 1, "size", "operands"),
        "The bytes of a text, as far as it was kept.",
        "size(args.filename)",
    ),
    Operation(
        *("min", "min", "function", (_NUMBERS,), 1, MANY, "joined", "operands"),
        "The least of them.",
        "min(args.count, 4096)",
    ),
    Operation(
        *("max", "max", "function", (_NUMBERS,), 1, MANY, "joined", "operands"),
        "The largest of them.",
        "max(ret, 0)",
    ),
    Operation(
        *("convert", "as", "method", (_NUMBERS,), 1, 1, "given", "operands"),
        "The number as another type: its lowest bits, widened by the sign of that type.",
        "(-ret).as(errno)",
    ),
    Operation(
        *("address", "as", "method", (_NUMBERS,), 1, 1, "given", "operands"),
        "An IPv4 address of a number that lies in memory as addresses do, first byte first.",
        "args.saddr.as(ip)",
    ),
    _row("starts_with", "startsWith", _STRINGS, "bool", "It begins with the other.", "a.startsWith(b)", "method"),
    _row("ends_with", "endsWith", _STRINGS, "bool", "It ends with the other.", "a.endsWith(b)", "method"),
    _row("contains", "contains", _STRINGS, "bool", "The other stands somewhere in it.", "a.contains(b)", "method"),
    Operation(
        *("in_network", "in", "operator", (_ADDRESSES, _ADDRESSES, _NUMBERS), 3, 3, "bool", "operands"),
        "The address lies in the network, given by its address and the length of its prefix (IPv4: 96 more).",
        'dst.ip in cidr("10.0.0.0/8")',
    ),
    _row("has_bits", "has", _NUMBERS, "bool", "Every bit of the other is set.", "args.flags.has(O_CREAT)", "method"),
)

OPERATIONS: dict[str, Operation] = {row.name: row for row in _ROWS}
"""Every operation by name, in the order that `explain` lists them."""

COMPARISONS = frozenset(
    {"eq", "ne", "lt", "le", "gt", "ge", "starts_with", "ends_with", "contains", "in_network", "has_bits"}
)
"""What answers yes or no of its operands, and so is never absent: with an absent operand it is false, `ne` is true."""

BOOL = ValueType("bool", Shape.NUMBER, 1)

# ------------------------------------------------------------------------------------------------ types of results


def result_type(name: str, types: Sequence[ValueType]) -> ValueType:
    """Return the type of an operation's result.

    `ValueError` says what was expected where the operands do not fit.  The type of a `convert` is what is asked for, so that
    it is not known here.
    """
    row = OPERATIONS[name]
    if not row.least <= len(types) <= row.most:
        wants = str(row.least) if row.least == row.most else f"{row.least} to {row.most}"
        raise ValueError(f"{row.spelling} takes {wants} values")
    for number, type_ in enumerate(types):
        shapes = row.shapes[min(number, len(row.shapes) - 1)]
        if type_.shape not in shapes:
            raise ValueError(f"{row.spelling} takes {_several(shapes)}, and this is {_one(type_)}")
    return RESULTS[row.result](name, types)


_NOUNS = {
    Shape.NUMBER: ("numbers", "a number"),
    Shape.STRING: ("texts", "a text"),
    Shape.ADDRESS: ("IP addresses", "an IP address"),
    Shape.BYTES: ("bytes", "bytes"),
}


def _several(shapes: frozenset[Shape]) -> str:
    return " or ".join(plural for shape, (plural, _) in _NOUNS.items() if shape in shapes)


def _one(type_: ValueType) -> str:
    return _NOUNS[type_.shape][1]


def _plain(types: Sequence[ValueType]) -> ValueType:
    signed = any(type_.signed for type_ in types)
    return ValueType("s64" if signed else "u64", Shape.NUMBER, 8, signed)


def _arithmetic(name: str, types: Sequence[ValueType]) -> ValueType:
    """Units live through sums, differences, and products with plain numbers; a quotient is a plain number."""
    plain = _plain(types)
    kinds = (types[0].kind, types[1].kind)
    if name in {"div", "mod"} or (name == "mul" and ("time" in kinds or set(kinds) <= {"duration", "size"})):
        return plain
    if name == "sub" and kinds == ("time", "time"):
        return replace(plain, kind="duration", signed=True)
    if "time" in kinds and kinds != ("time", "time"):
        return replace(plain, kind="time", signed=False)
    unit = next((kind for kind in ("duration", "size") if kind in kinds), "")
    return replace(plain, kind=unit, signed=plain.signed or (name == "sub" and unit == "duration")) if unit else plain


def _signed(_: str, types: Sequence[ValueType]) -> ValueType:
    kind = types[0].kind if types[0].kind in {"duration", "size"} else "s64"
    return ValueType(kind, Shape.NUMBER, 8, signed=True)


def _bits(_: str, types: Sequence[ValueType]) -> ValueType:
    """Named bits keep their names."""
    named = next((type_ for type_ in types if type_.kind in {"flags", "capabilities", "mode", "hex"}), None)
    plain = _plain(types)
    return replace(named, size=8, signed=False) if named else plain


def _shift(_: str, types: Sequence[ValueType]) -> ValueType:
    return _plain(types[:1])


def _bool(name: str, types: Sequence[ValueType]) -> ValueType:
    if name in {"eq", "ne"} and types[0].shape is not types[1].shape:
        raise ValueError(f"{_one(types[0])} and {_one(types[1])} cannot be compared")
    if name in {"eq", "ne"} and types[0].shape is Shape.BYTES and types[0].size != types[1].size:
        raise ValueError(f"{types[0].size} bytes and {types[1].size} cannot be compared")
    return BOOL


def _joined(_: str, types: Sequence[ValueType]) -> ValueType:
    """One type for values of which some one is taken: that of both, else a plain number, or the longest text."""
    first = types[0]
    if len(set(types)) == 1:
        return first
    if any(type_.shape is not first.shape for type_ in types):
        other = next(type_ for type_ in types if type_.shape is not first.shape)
        raise ValueError(f"one is {_one(first)}, and the other {_one(other)}")
    if first.shape is Shape.NUMBER:
        alike = len({(type_.kind, type_.symbols) for type_ in types}) == 1
        return replace(first if alike else _plain(types), size=8, signed=any(type_.signed for type_ in types))
    if first.shape is Shape.BYTES and len({type_.size for type_ in types}) > 1:
        raise ValueError("they are of different lengths")
    alike = len({type_.kind for type_ in types}) == 1
    kind = first.kind if alike else {Shape.STRING: "string", Shape.ADDRESS: "ip"}.get(first.shape, "bytes")
    return ValueType(kind, first.shape, max(type_.size for type_ in types))


def _chosen(name: str, types: Sequence[ValueType]) -> ValueType:
    return _joined(name, types[1:])


def _size(_: str, __: Sequence[ValueType]) -> ValueType:
    return ValueType("u64", Shape.NUMBER, 8)


def _given(_: str, types: Sequence[ValueType]) -> ValueType:
    return types[0]


RESULTS: dict[Result, Callable[[str, Sequence[ValueType]], ValueType]] = {
    "arithmetic": _arithmetic,
    "signed": _signed,
    "bits": _bits,
    "shift": _shift,
    "bool": _bool,
    "joined": _joined,
    "chosen": _chosen,
    "size": _size,
    "given": _given,
}
"""How the type of a result follows from the types of the operands."""

"""The operators of filters, one row each.

`parsing` checks names, counts of values and param forms with them, `resolve` asks `fits`, `explain` prints them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from policyd.vocabulary.types import ValueType

Arity = Literal["none", "one", "many"]
ParamForm = Literal["", "list", "scalar"]

_ALL = frozenset(Shape)
_NUMBERS = frozenset({Shape.NUMBER})
_STRINGS = frozenset({Shape.STRING})
_ADDRESSES = frozenset({Shape.ADDRESS})
_SEARCHES = frozenset({"Contains", "Glob"})
"""What needs a search of its own for each path of a list."""
_OF_BUFFERS = frozenset({"Equal", "Prefix", "Exists"})
"""What does not take a NUL for the end."""
_BUFFERS = frozenset({"buffer", "base64", "stack"})


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.  A negative one names in `positive` what it negates; a positive one names itself.

    `arity`: how many values it takes (`value`, or `values`).  `param`: the form of a param it takes; empty: none.
    """

    name: str
    positive: str
    shapes: frozenset[Shape]
    arity: Arity
    param: ParamForm
    explain: str
    example: str

    @property
    def negative(self) -> bool:
        return self.positive != self.name


def _row(
    name: str, shapes: frozenset[Shape], arity: Arity, param: ParamForm, explain: str, example: str, positive: str = ""
) -> Operator:
    return Operator(name, positive or name, shapes, arity, param, explain, example)


OPERATORS: dict[str, Operator] = {
    row.name: row
    for row in (
        _row("Equal", _ALL, "one", "scalar", "The field is this value.", "{field: process.uid, operator: Equal, value: 0}"),
        _row(
            "NotEqual",
            _ALL,
            "one",
            "scalar",
            "The field is not this value, or is absent.",
            "{field: process.comm, operator: NotEqual, value: sshd}",
            "Equal",
        ),
        _row(
            "In",
            _ALL,
            "many",
            "list",
            "The field is one of these values; an empty list param makes it false.",
            "{field: dst.port, operator: In, values: [80, 443]}",
        ),
        _row(
            "NotIn",
            _ALL,
            "many",
            "list",
            "The field is none of these values, or is absent.",
            "{field: process.exe, operator: NotIn, valuesFrom: {param: package_managers}}",
            "In",
        ),
        _row("Less", _NUMBERS, "one", "scalar", "Below the value.", "{field: dst.port, operator: Less, value: 1024}"),
        _row(
            "LessOrEqual",
            _NUMBERS,
            "one",
            "scalar",
            "Below or at the value.",
            "{field: dst.port, operator: LessOrEqual, value: 1023}",
        ),
        _row(
            "Greater",
            _NUMBERS,
            "one",
            "scalar",
            "Above the value.",
            "{field: args.count, operator: Greater, value: 1Mi}",
        ),
        _row(
            "GreaterOrEqual",
            _NUMBERS,
            "one",
            "scalar",
            "Above or at the value.",
            "{field: process.uid, operator: GreaterOrEqual, value: 1000}",
        ),
        _row(
            "InRange",
            _NUMBERS,
            "many",
            "",
            "Within one of these ranges, both ends included.",
            "{field: dst.port, operator: InRange, values: [1..1023, 8000..8099]}",
        ),
        _row(
            "NotInRange",
            _NUMBERS,
            "many",
            "",
            "Within none of these ranges, or absent.",
            "{field: dst.port, operator: NotInRange, values: [1024..65535]}",
            "InRange",
        ),
        _row(
            "Prefix",
            _STRINGS,
            "many",
            "list",
            "The text begins with one of these.",
            "{field: process.comm, operator: Prefix, values: [kworker/, ksoftirqd/]}",
        ),
        _row(
            "NotPrefix",
            _STRINGS,
            "many",
            "list",
            "The text begins with none of these, or is absent.",
            "{field: process.comm, operator: NotPrefix, values: [kworker/]}",
            "Prefix",
        ),
        _row(
            "Suffix",
            _STRINGS,
            "many",
            "list",
            "The text ends with one of these.",
            "{field: args.filename, operator: Suffix, values: [.so, .ko]}",
        ),
        _row(
            "NotSuffix",
            _STRINGS,
            "many",
            "list",
            "The text ends with none of these, or is absent.",
            "{field: args.filename, operator: NotSuffix, values: [.log]}",
            "Suffix",
        ),
        _row(
            "Contains",
            _STRINGS,
            "many",
            "",
            "One of these stands somewhere in the text.",
            "{field: process.args, operator: Contains, values: [--privileged]}",
        ),
        _row(
            "NotContains",
            _STRINGS,
            "many",
            "",
            "None of these stands in the text, or it is absent.",
            "{field: args.filename, operator: NotContains, values: [/.git/]}",
            "Contains",
        ),
        _row(
            "Glob",
            _STRINGS,
            "many",
            "",
            "The whole text fits one of these patterns: `*` any text, `?` any character, `[a-z]`, `\\` to escape.",
            "{field: args.filename, operator: Glob, values: ['/home/*/.ssh/*']}",
        ),
        _row(
            "NotGlob",
            _STRINGS,
            "many",
            "",
            "The text fits none of these patterns, or is absent.",
            "{field: process.exe, operator: NotGlob, values: ['/usr/*']}",
            "Glob",
        ),
        _row(
            "Under",
            _STRINGS,
            "many",
            "list",
            "The path is one of these or lies below it: `/etc` and all below, not `/etcetera`.",
            "{field: args.filename, operator: Under, values: [/etc, /boot]}",
        ),
        _row(
            "NotUnder",
            _STRINGS,
            "many",
            "list",
            "The path is none of these and lies below none, or is absent.",
            "{field: process.exe, operator: NotUnder, values: [/usr]}",
            "Under",
        ),
        _row(
            "InCIDR",
            _ADDRESSES,
            "many",
            "list",
            "The address lies in one of these networks; a bare address is a network of one.",
            "{field: dst.ip, operator: InCIDR, values: [10.0.0.0/8, 'fd00::/8']}",
        ),
        _row(
            "NotInCIDR",
            _ADDRESSES,
            "many",
            "list",
            "The address lies in none of these networks, or is absent.",
            "{field: dst.ip, operator: NotInCIDR, valuesFrom: {param: allowed}}",
            "InCIDR",
        ),
        _row(
            "AllBits",
            _NUMBERS,
            "many",
            "",
            "Every one of these bits is set.",
            "{field: args.flags, operator: AllBits, values: [O_CREAT, O_EXCL]}",
        ),
        _row(
            "AnyBits",
            _NUMBERS,
            "many",
            "",
            "At least one of these bits is set.",
            "{field: args.flags, operator: AnyBits, values: [O_WRONLY, O_RDWR]}",
        ),
        _row(
            "NoBits",
            _NUMBERS,
            "many",
            "",
            "None of these bits is set, or the field is absent.",
            "{field: args.flags, operator: NoBits, values: [O_CLOEXEC]}",
            "AnyBits",
        ),
        _row("Exists", _ALL, "none", "", "The field is there.", "{field: vlan.id, operator: Exists}"),
        _row(
            "DoesNotExist",
            _ALL,
            "none",
            "",
            "The field is absent: no such header, a NULL pointer.",
            "{field: process.parent.exe, operator: DoesNotExist}",
            "Exists",
        ),
    )
}
"""Every operator by its name, in the order that people read them."""


def is_buffer(type_: ValueType) -> bool:
    """Whether values of a type are bytes that are kept as texts are: of any length, and with any bytes in them."""
    return type_.shape is Shape.STRING and type_.kind in _BUFFERS


def fits(operator: Operator, type_: ValueType) -> bool:
    """Whether `operator` can be asked of a field of type `type_`."""
    if type_.kind == "paths" and operator.positive in _SEARCHES:
        return False
    if is_buffer(type_) and operator.positive not in _OF_BUFFERS:
        return False
    if type_.kind == "stack" and operator.positive != "Exists":
        return False
    return type_.shape in operator.shapes


def fitting(type_: ValueType) -> tuple[str, ...]:
    """Return the operators that a field of type `type_` takes, for messages."""
    return tuple(row.name for row in OPERATORS.values() if fits(row, type_))

"""Lists of values as kernel maps: long literal lists of a filter, and list parameters.

In: parsed operands.  Out: a `MapSpec` whose `values` are the map's whole contents, each the key's bytes followed by the
value's 8 bytes; `codegen` looks keys up, the engine fills the map, `policyd params set` encodes with `list_contents`.

purpose    map       key                                                               looked up
list       hash      one column: numbers as 8 bytes, sign extended; addresses 16;      the value itself
                     strings NUL padded to 16…256; mac 6 (padded to 8)
cidrs      lpm_trie  u32 prefix length in bits, 16 bytes                               address, 128 bits
prefixes   lpm_trie  u32 prefix length in bits, 256 bytes                              text (its first 255 bytes)
under      lpm_trie  the same, each value with `/` appended                            text with `/` appended
suffixes   lpm_trie  the same, each value's bytes reversed                             text reversed

An LPM key ends with its data: it is the layout's bytes without the padding behind.  The value's first byte says whether
what was found counts: 1, or 0 for a hole.  There is one hole: an IPv6 network shorter than /96 that spans ::ffff:0:0/96 must
not take IPv4 addresses (which are kept there) with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from policyd.condition import Network
from policyd.layout import Column, Layout
from policyd.maps import MapClass, MapSpec, Purpose
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Operand = int | bytes | Network
Row = tuple[tuple[int | bytes, ...], int]

BPF_F_NO_PREALLOC = 1
LONGEST_STRING = 255
"""Bytes of a string in a hash list."""
LONGEST_PATTERN = 255
"""Bytes of a prefix or suffix in an LPM list: what is looked up has up to 255, and a slash."""
PARAM_STRING_SIZE = 256

MAPPED = 0xFFFF << 32
"""::ffff:0:0, where IPv4 addresses live."""
MAPPED_LENGTH = 96

VALUE = Layout((Column("in", ValueType("bool", Shape.NUMBER, 1)),))
_LENGTH = Column("prefix_length", ValueType("u32", Shape.NUMBER, 4))
_NETWORK_KEY = Layout((_LENGTH, Column("address", ValueType("bytes", Shape.BYTES, 16))))
_TEXT_KEY = Layout((_LENGTH, Column("text", ValueType("string", Shape.STRING, 256))))


@dataclass(frozen=True, slots=True)
class ListForm:
    """How an operator's list is kept: `suffix` names a param's map of this form."""

    purpose: Purpose
    suffix: str
    map_type: str
    encode: Callable[[bytes], bytes] = bytes

    def key(self, type_: ValueType, longest: int) -> Layout:
        """Return the key's layout for values of `type_`, strings of which have up to `longest` bytes."""
        if self.purpose == "cidrs":
            return _NETWORK_KEY
        if self.purpose != "list":
            return _TEXT_KEY
        return Layout((Column("value", _key_type(type_, longest)),))


FORMS: dict[str, ListForm] = {
    "In": ListForm("list", "", "hash"),
    "InCIDR": ListForm("cidrs", "-cidrs", "lpm_trie"),
    "Prefix": ListForm("prefixes", "-prefixes", "lpm_trie"),
    "Under": ListForm("under", "-under", "lpm_trie", lambda text: text + b"/"),
    "Suffix": ListForm("suffixes", "-suffixes", "lpm_trie", lambda text: text[::-1]),
}
"""By operator.  What is not here takes no list in a map."""


def listable(operator: str, operand: Operand) -> bool:
    """Tell whether an operand can be in a map: strings have a longest length there."""
    if not isinstance(operand, bytes):
        return True
    longest = LONGEST_STRING if operator == "In" else LONGEST_PATTERN
    return len(FORMS[operator].encode(operand)) <= longest


def _key_type(type_: ValueType, longest: int) -> ValueType:
    if type_.shape is Shape.NUMBER:
        return ValueType(type_.kind, Shape.NUMBER, 8, type_.signed, type_.symbols)
    if type_.shape is Shape.STRING:
        size = next(size for size in (16, 32, 64, 128, 256) if size > longest)
        return ValueType(type_.kind, Shape.STRING, size)
    return type_


def list_spec(policy: str, name: str, operator: str, type_: ValueType, operands: Iterable[Operand]) -> MapSpec:
    """Return the map of a literal list, as small as its values allow."""
    values = tuple(operands)
    longest = max((len(value) for value in values if isinstance(value, bytes)), default=0)
    return _spec(policy, name, FORMS[operator], FORMS[operator].key(type_, longest), values)


def param_spec(policy: str, param: str, operator: str, type_: ValueType, operands: Iterable[Operand]) -> MapSpec:
    """Return the map of a list parameter in the form that `operator` needs; strings have room for later values."""
    form = FORMS[operator]
    spec = _spec(policy, param + form.suffix, form, form.key(type_, PARAM_STRING_SIZE - 1), tuple(operands))
    return replace(spec, param=param)


def _spec(policy: str, name: str, form: ListForm, key: Layout, operands: tuple[Operand, ...]) -> MapSpec:
    values = list_contents(form.purpose, key, operands)
    map_class = MapClass(form.map_type, _key_size(form.purpose, key), VALUE.size, BPF_F_NO_PREALLOC)
    return MapSpec(policy, name, form.purpose, map_class, max(1, len(values)), key, VALUE, values=values)


def list_contents(purpose: Purpose, key: Layout, operands: Iterable[Operand]) -> tuple[bytes, ...]:
    """Return a list map's elements, each key and value in one, sorted and without doubles.

    `operands` are parsed values: numbers, addresses as 128-bit numbers, strings and macs as bytes, networks.
    """
    rows: Iterable[Row]
    if purpose == "cidrs":
        rows = _network_rows({cast("Network", operand) for operand in operands})
    elif purpose == "list":
        rows = (((_raw(operand, key.columns[0].type),), 1) for operand in operands)
    else:
        encode = next(form.encode for form in FORMS.values() if form.purpose == purpose)
        texts = (encode(cast("bytes", operand)) for operand in operands)
        rows = (((len(text) * 8, text), 1) for text in texts)
    size = _key_size(purpose, key)
    return tuple(sorted({key.encode(columns)[:size] + VALUE.encode((member,)) for columns, member in rows}))


def _key_size(purpose: Purpose, key: Layout) -> int:
    """Return a key's bytes: the kernel takes the bits of an LPM key from its size, and 260 bytes at the most."""
    return key.size if purpose == "list" else sum(column.size for column in key.columns)


def _raw(operand: Operand, type_: ValueType) -> int | bytes:
    if not isinstance(operand, int):
        return cast("bytes", operand)
    if type_.shape is Shape.ADDRESS:
        return operand.to_bytes(16, "big")
    return operand


def _network_rows(networks: set[Network]) -> Iterator[Row]:
    for address, length in networks:
        yield (length, address.to_bytes(16, "big")), 1
    hole = (MAPPED, MAPPED_LENGTH)
    if hole not in networks and any(spans_mapped(network) for network in networks):
        yield (MAPPED_LENGTH, MAPPED.to_bytes(16, "big")), 0


def spans_mapped(network: Network) -> bool:
    """Tell whether an IPv6 network is wider than, and holds, the place where IPv4 addresses are kept."""
    address, length = network
    return length < MAPPED_LENGTH and address >> (128 - length) == MAPPED >> (128 - length)

"""Record layouts: one object gives the C struct, decodes the bytes, and goes into a policy's record as JSON.

A layout is a flat, naturally aligned list of columns with no implicit padding surprises: offsets are computed here once,
and the C struct is emitted with the same offsets.  Map keys, map values and events are all described by it, so that a later
process (or a later policyd) can read what an earlier one wrote.

Strings come in two forms.  *Inline*: `size` bytes, NUL padded.  *Packed* (events only): the fixed part holds
`struct pd_packed {u16 offset, length}` (offset from the fixed part's start), the bytes follow the fixed part, without NUL;
the top bit of `length` says that the string was cut.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from collections.abc import Iterable

CUT = 0x8000
"""Top bit of a packed string's length: the string was longer than what was kept."""

_FORMATS = {(1, False): "B", (2, False): "H", (4, False): "I", (8, False): "Q"}
_FORMATS |= {(size, True): code.lower() for (size, _), code in list(_FORMATS.items())}


@dataclass(frozen=True, slots=True)
class Column:
    """One named value of a layout.  `names` maps values to other text at reading (`names:` in a policy; globs, in order).

    `path` is the field that it shows (`process.comm`); `name` is the column's own name, unique in the layout.  `hidden`:
    what a message needs and nobody asked to see; its bytes are there, so it is no part of the layout's identity.
    """

    name: str
    type: ValueType
    path: str = ""
    packed: bool = False
    names: tuple[tuple[str, str], ...] = ()
    hidden: bool = field(default=False, repr=False)

    @property
    def size(self) -> int:
        """Bytes in the fixed part."""
        return 4 if self.packed else self.type.size

    @property
    def alignment(self) -> int:
        if self.packed:
            return 2
        if self.type.shape is Shape.NUMBER:
            return self.type.size
        return 8 if self.type.shape is Shape.ADDRESS else 1

    @property
    def format(self) -> str:
        """The `struct` format of the fixed part, little endian: `HH` is a packed string's offset and length."""
        if self.packed:
            return "HH"
        return _FORMATS[self.type.size, self.type.signed] if self.type.shape is Shape.NUMBER else f"{self.type.size}s"

    @property
    def c_declaration(self) -> str:
        """The member's C declaration, named `c<index>` by `Layout.c_struct`."""
        if self.packed:
            return "struct pd_packed {name}"
        if self.type.shape is Shape.NUMBER:
            return f"{'s' if self.type.signed else 'u'}{self.type.size * 8} {{name}}"
        if self.type.shape is Shape.ADDRESS:
            return "struct pd_address {name}"
        return f"u8 {{name}}[{self.type.size}]"


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns at natural alignment, padded to 8 bytes, each padding byte named, so that keys can be zeroed and hashed."""

    columns: tuple[Column, ...]

    def offsets(self) -> tuple[int, ...]:
        """Return the offset of each column in the fixed part."""
        at, found = 0, []
        for column in self.columns:
            at = -(-at // column.alignment) * column.alignment
            found.append(at)
            at += column.size
        return tuple(found)

    @property
    def size(self) -> int:
        """Bytes of the fixed part, a multiple of 8 (and 8 at the least)."""
        if not self.columns:
            return 8
        end = self.offsets()[-1] + self.columns[-1].size
        return max(8, -(-end // 8) * 8)

    @property
    def packed(self) -> bool:
        """Whether any column is a packed string, so that records vary in length."""
        return any(column.packed for column in self.columns)

    @property
    def id(self) -> int:
        """32 bits that name this layout in an event's header; never 0."""
        return int.from_bytes(hashlib.sha256(repr(self.columns).encode()).digest()[:4], "little") | 1

    def c_struct(self, name: str) -> str:
        """Return `struct name { … };` with explicit padding: members `c0`, `c1`… in column order."""
        lines, at, pads = [f"struct {name} {{"], 0, 0
        for index, (column, offset) in enumerate(zip(self.columns, self.offsets(), strict=True)):
            if offset > at:
                lines.append(f"\tu8 pad{pads}[{offset - at}];")
                pads += 1
            comment = f" /* {c_comment(column.name)} */"
            lines.append("\t" + column.c_declaration.format(name=f"c{index}") + ";" + comment)
            at = offset + column.size
        if self.size > at:
            lines.append(f"\tu8 pad{pads}[{self.size - at}];")
        return "\n".join([*lines, "};"]) + "\n"

    def decoder(self) -> struct.Struct:
        """Return the `struct` format of the fixed part: one item a column (two, offset and length, for a packed string)."""
        text, at = "<", 0
        for column, offset in zip(self.columns, self.offsets(), strict=True):
            text += (f"{offset - at}x" if offset > at else "") + column.format
            at = offset + column.size
        return struct.Struct(text + (f"{self.size - at}x" if self.size > at else ""))

    def decode(self, data: bytes, decoder: struct.Struct | None = None) -> tuple[int | bytes, ...]:
        """Return one raw value a column: numbers as int, strings as bytes without NULs, addresses and bytes as bytes.

        `data` is the whole map key or value, or an event after its header; packed offsets count from `data`'s start.
        Cut strings lose their mark here: `is_cut` tells.  Who decodes many gives `decoder()`, made once.
        """
        items: Iterable[Any] = iter((decoder or self.decoder()).unpack_from(data))
        out: list[int | bytes] = []
        for column in self.columns:
            item = next(items)  # type: ignore[call-overload]
            if column.packed:
                length = next(items) & ~CUT  # type: ignore[call-overload]
                out.append(bytes(data[item : item + length]))
            elif column.type.shape is Shape.STRING:
                out.append(item.split(b"\0", 1)[0])
            else:
                out.append(item)
        return tuple(out)

    def is_cut(self, data: bytes) -> tuple[bool, ...]:
        """Tell for each column whether its string was cut (always False for what is not a packed string)."""
        items: Iterable[Any] = iter(self.decoder().unpack_from(data))
        out = []
        for column in self.columns:
            next(items)  # type: ignore[call-overload]
            out.append(column.packed and bool(next(items) & CUT))  # type: ignore[call-overload]
        return tuple(out)

    def encode(self, values: Iterable[int | bytes]) -> bytes:
        """Return the fixed part for raw values as `decode` gives them (no packed columns): for map keys and list values."""
        raw = [v if isinstance(v, bytes) else int(v) for v in values]
        return self.decoder().pack(*raw)

    def to_json(self) -> list[dict[str, object]]:
        return [
            {
                "name": column.name,
                "path": column.path,
                "packed": column.packed,
                "names": [list(pair) for pair in column.names],
                "hidden": column.hidden,
                "type": column.type.to_json(),
            }
            for column in self.columns
        ]

    @classmethod
    def from_json(cls, data: Iterable[dict[str, Any]]) -> Layout:
        return cls(
            tuple(
                Column(
                    name=row["name"],
                    type=ValueType.from_json(row["type"]),
                    path=row["path"],
                    packed=row["packed"],
                    names=tuple((str(a), str(b)) for a, b in row["names"]),
                    hidden=bool(row.get("hidden")),
                )
                for row in data
            )
        )


def c_comment(text: str) -> str:
    """Return text that is safe inside a C comment: printable ASCII, no `*/`, no backslash, no trigraph."""
    safe = "".join(c if c.isascii() and c.isprintable() and c not in "\\?" else "." for c in text[:120])
    return safe.replace("*/", "*.").replace("/*", "/.")


HEADER = struct.Struct("<IIIHHQIHHQQ")
"""An event's header, 48 bytes: length of the whole record, layout id, policy row, rule row, flags (FLAG_*), time (ns since
boot, CLOCK_BOOTTIME), CPU, verdict (VERDICTS), hook number in the policy, absent columns, unread columns (bit masks)."""

HEADER_C = """struct pd_header {
	u32 length;
	u32 layout;
	u32 policy;
	u16 rule;
	u16 flags;
	u64 time;
	u32 cpu;
	u16 verdict;
	u16 hook;
	u64 absent;
	u64 unread;
};
"""

CANARY_LAYOUT = 0
"""The layout id of a canary's record, which is only a header: no layout has it (`Layout.id`).  Instead of absent and unread
columns it has the attach point's id and the program's fingerprint, 48 bits each."""

FLAG_UNREAD = 1  # a filter of the rule could not be decided: something could not be read
VERDICTS = (
    *("none", "denied", "dropped", "passed", "marked", "signalled"),
    *("would-deny", "would-drop", "would-pass", "would-mark", "would-signal"),
    *("returned", "would-return"),
    *("redirected", "would-redirect"),
)
"""What an event's verdict number means; the `would-` forms are monitor mode."""


ACCOUNT_COLUMNS = (
    "matched",  # event outputs whose rule matched
    "delivered",  # events put into the ring
    "ring_full",  # events lost: the ring was full
    "map_full",  # metric updates turned away: the map was full
    "key_absent",  # metric updates not made: a key or the value was absent or unread
    "negative",  # histogram values not recorded: below zero
    "unread",  # rules that ended unknown: something could not be read
    "acted",  # verdicts and signals taken
    "would_act",  # verdicts and signals held back by monitor mode
    "nested",  # runs given up: every scratch place of the CPU was in use (cgroup hooks)
    "canary",  # canaries that came to the policy's last rule at an attach point
    "rate_limited",  # events held back by a rate
    "sampled_out",  # events held back by chance
    "table_full",  # rows of tables not written: the table was full
    "table_absent",  # rows of tables not written: a key or a value was absent or unread
    "unpaired",  # calls and spans that ended, of whose beginning nobody knew what a rule wanted, or had no room for
)
"""The columns (u64 each, per CPU) of a policy's row in the shared `account` map."""

READER = struct.Struct("<QQQQ")
"""A policy's row in the shared `readers` map: the id of the ring that was read last, the consumer position after its last
batch, the records taken out of all rings so far; one word to spare."""

ACCOUNT_BYTES = 8 * 16
"""The size of a row: there is room for more columns, so that a new one does not need another map."""

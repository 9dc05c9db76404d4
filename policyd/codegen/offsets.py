"""Where the members are that generated C goes to: what `PD_AT(type, pointer, member)` must mean in the target
(and `PD_FOLLOW`, which loads a pointer there).

clang has them relocated when the program is loaded; bcc takes them from the types as it laid them out itself, and checks
them against these.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policyd.errors import TargetError

if TYPE_CHECKING:
    from policyd.kernel.bpf.btf import Btf
    from policyd.kernel.bpf.btf_format import BtfType

_USE = re.compile(r"\bPD_(?:AT|FOLLOW)\(([\w ]+), \w+, ([\w.\[\]]+)\)")
_PART = re.compile(r"(\w+)|\[(\d+)\]")


def offsets(text: str, btf: Btf) -> tuple[tuple[str, str, int], ...]:
    """Return (type, member, byte offset) of every member that the text goes to; `TargetError` if the target has none."""
    found = []
    for spelling, designator in sorted(set(_USE.findall(text))):
        type_ = btf.named(spelling)
        if spelling != "type":  # the macro's own definition
            found.append((spelling, designator, _offset(btf, type_, spelling, designator)))
    return tuple(found)


def _offset(btf: Btf, at: BtfType | None, spelling: str, designator: str) -> int:
    bits = 0
    for match in _PART.finditer(designator):
        if at is None:
            break
        name, index = match.groups()
        if name:
            member = btf.member(btf.resolve(at), name)
            bits += member.bit_offset if member else 0
            at = btf.type(member.type_id) if member else None
        else:
            at = btf.target(btf.resolve(at))
            bits += int(index) * btf.size_of(at) * 8
    if at is None:
        raise TargetError(f"this kernel has no {spelling} with a member {designator}")
    return bits // 8

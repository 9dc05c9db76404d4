"""Members of structures in the memory of the process that calls: `args.statbuf.st_size`, `args.uservaddr.address.port`.

In: where a system call has the pointer, its C type, and the names that a policy writes after it.  Out: a `Value`.  What the
structures are like is in the kernel's types; a member is read where it lies, pointers in them are not followed (but to
text).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from policyd.errors import TargetError
from policyd.resolve.accessors import pointed
from policyd.resolve.problems import Missing, Wrong, from_target
from policyd.text import quote
from policyd.value import PointedString, Step, Through, UserLoad, Value, Walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from policyd.kernel.bpf.btf_format import BtfType
    from policyd.target import Target
    from policyd.value import ContextLoad

_STRUCT = re.compile(r"(?:const )?(struct \w+)(?: const)? ?\*")
_ADDRESS = "address_"
_USER = "user_"


def user_member(target: Target, base: ContextLoad, c_type: str, members: Sequence[str], path: str) -> Value:
    """Return what `members` name in the structure that `base`, a pointer of C type `c_type`, leads to in user memory.

    `Missing` for what is not there, or cannot be read; `Wrong` where there is no structure.
    """
    match = _STRUCT.fullmatch(c_type)
    if match is None:
        raise Wrong("unknown-field", f"{quote(path)}: {c_type} has no members")
    try:
        type_ = target.btf.named(match[1])
        if type_ is None:
            raise Missing("unreadable-field", f"{path}: the types of {target.source} have no {match[1]}")
        value = pointed(target, base, type_, members, path)
        access = value.access
        if isinstance(access, Through) and access.accessor.startswith(_ADDRESS) and not access.steps:
            return Value(path, value.type, Through(_USER + access.accessor, base), True, True, value.cost)
        return _member(target, base, type_, members, value)
    except TargetError as error:
        raise from_target(error, path.removesuffix(".".join(members))) from error


def _member(target: Target, base: ContextLoad, type_: BtfType, members: Sequence[str], value: Value) -> Value:
    is_text = isinstance(value.access, PointedString)
    walk = value.access.pointer if isinstance(value.access, PointedString) else value.access
    last = walk.steps[-1] if isinstance(walk, Walk) and len(walk.steps) == 1 else None
    if not isinstance(last, Step) or last.bits or (value.type.size not in {1, 2, 4, 8} and not is_text):
        message = f"{value.path} cannot be read: of a process's memory, only numbers in the structure itself, and text"
        raise Missing("unreadable-field", message)
    offset = target.walk(type_, members).offset
    if is_text:
        return Value(
            value.path, value.type, PointedString(UserLoad(base, offset, 8, null=True), "user"), True, True, value.cost
        )
    load = UserLoad(base, offset, value.type.size, value.type.signed, null=True)
    return Value(value.path, value.type, load, True, True, value.cost, value.big_endian)

"""Values in the memory of the process that runs: what `fetch/user_*.c` print of them.

In: the accesses that arguments of user functions and USDT probes have.  Out: views for `operand.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.value import UserLoad

if TYPE_CHECKING:
    from policyd.codegen.operand import FetchView
    from policyd.value import ContextLoad, PointedBytes, Value


def user_number(plain: FetchView, _value: Value, access: UserLoad) -> FetchView:
    """Return how a number is fetched from user memory."""
    c_type = CText(f"{'s' if access.signed else 'u'}{access.size * 8}")
    number = CText("(s64) found" if access.signed else "found")
    return replace(plain, template="fetch/user_number.c", address=_address(access), c_type=c_type, number=number)


def user_bytes(plain: FetchView, _value: Value, access: PointedBytes) -> FetchView:
    """Return how the bytes behind a pointer are fetched."""
    return replace(_pointed(plain, access.pointer), template="fetch/user_bytes.c")


def user_string(plain: FetchView, pointer: UserLoad) -> FetchView:
    """Return how the string behind a pointer in user memory is fetched."""
    return replace(_pointed(plain, pointer), template="fetch/user_string.c", reader=c.ident("pd_string_user"))


def _pointed(plain: FetchView, pointer: ContextLoad | UserLoad) -> FetchView:
    """Return the view with a pointer: in a register (`base`), or in user memory at `address`."""
    if isinstance(pointer, UserLoad):
        return replace(plain, base=c.uint(0), address=_address(pointer))
    return replace(plain, base=_register(pointer))


def _address(access: UserLoad) -> CText:
    """Return the sum of the registers and the offset, as the processor makes it (modulo 2^64)."""
    parts = [c.uint(access.offset)] if access.offset or not (access.base or access.index) else []
    if access.index:
        parts.insert(0, CText(f"{_register(access.index)} * {c.uint(access.scale)}"))
    if access.base:
        parts.insert(0, _register(access.base))
    return CText(" + ".join(parts))


def _register(load: ContextLoad) -> CText:
    return CText(f"PD_CONTEXT(u64, r->ctx, {c.uint(load.offset)})")

"""Values in the memory of the process that runs: what `fetch/user_*.c` print of them.

In: the accesses that arguments of user functions and USDT probes have.  Out: views for `operand.py`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c
from policyd.codegen.ctext import CText
from policyd.value import Fetched, UserLoad

if TYPE_CHECKING:
    from policyd.codegen.fetching import FetchView
    from policyd.value import ContextLoad, PointedBytes, Value


def user_number(plain: FetchView, value: Value, access: UserLoad) -> FetchView:
    """Return how a number is fetched from user memory."""
    c_type = CText(f"{'s' if access.signed else 'u'}{access.size * 8}")
    found = f"__builtin_bswap{access.size * 8}(found)" if value.big_endian and access.size > 1 else "found"
    number = CText(f"(s64) {found}" if access.signed else found)
    view = replace(plain, template="fetch/user_number.c", address=_address(plain, access), c_type=c_type, number=number)
    return replace(view, base=_base(plain, access.base)) if access.base and access.null else view


def user_bytes(plain: FetchView, _value: Value, access: PointedBytes) -> FetchView:
    """Return how the bytes behind a pointer are fetched."""
    return replace(_pointed(plain, access.pointer), template="fetch/user_bytes.c")


def user_string(plain: FetchView, pointer: UserLoad) -> FetchView:
    """Return how the string behind a pointer in user memory is fetched."""
    return replace(_pointed(plain, pointer), template="fetch/user_string.c", reader=c.ident("pd_string_user"))


def _pointed(plain: FetchView, pointer: ContextLoad | UserLoad | Fetched) -> FetchView:
    """Return the view with a pointer: in a register (`base`), or in user memory at `address`."""
    if isinstance(pointer, UserLoad):
        base = _base(plain, pointer.base) if pointer.base and pointer.null else c.uint(0)
        return replace(plain, base=base, number=CText("1" if pointer.null else ""), address=_address(plain, pointer))
    return replace(plain, base=_base(plain, pointer))


def _address(plain: FetchView, access: UserLoad) -> CText:
    """Return the sum of the registers and the offset, as the processor makes it (modulo 2^64)."""
    parts = [c.uint(access.offset)] if access.offset or not (access.base or access.index) else []
    if access.index:
        parts.insert(0, CText(f"{_register(access.index)} * {c.uint(access.scale)}"))
    if access.base:
        parts.insert(0, _base(plain, access.base))
    return CText(" + ".join(parts))


def _base(plain: FetchView, base: ContextLoad | Fetched) -> CText:
    return plain.parts[0].value if isinstance(base, Fetched) else _register(base)


def _register(load: ContextLoad) -> CText:
    return CText(f"PD_CONTEXT(u64, r->ctx, {c.uint(load.offset)})")

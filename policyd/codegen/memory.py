"""Bytes behind a pointer: what `fetch/memory.c` and `fetch/buffer.c` print, for casts of pointers and `.bytes(LENGTH)`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.codegen import ctext as c

if TYPE_CHECKING:
    from policyd.codegen.fetching import FetchView
    from policyd.value import Memory, Value


def memory_view(plain: FetchView, _value: Value, access: Memory) -> FetchView:
    """Return how bytes are fetched: all that the type has, or as many as another value says."""
    base = plain.parts[0].value
    if access.length is None:
        return replace(plain, template="fetch/memory.c", base=base, read=c.ident(f"pd_read_{access.space}"))
    length = plain.parts[1]
    negative = c.binary(length.number, "<", c.sint(0)) if length.source.type.signed else c.uint(0)
    reader = c.ident(f"pd_buffer_{access.space}")
    return replace(plain, template="fetch/buffer.c", base=base, reader=reader, number=length.value, refused=negative)

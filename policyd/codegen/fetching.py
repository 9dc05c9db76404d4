"""Fetches: how each access becomes the body of a `fetch_N`, as a template of `bpf_templates/fetch/` and what that prints.

In: an `Operand` that has a place.  Out: a `FetchView`.  Computed values, memory behind pointers and rows of tables have
modules of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from policyd.codegen import ctext as c
from policyd.codegen.computed import computed_view, text_view
from policyd.codegen.ctext import CText
from policyd.codegen.memory import memory_view
from policyd.codegen.user_memory import user_bytes, user_number, user_string
from policyd.value import (
    Argument,
    Builtin,
    Computed,
    ContextLoad,
    Cookie,
    CurrentTask,
    DataLocation,
    Elapsed,
    ErrorCode,
    Fetched,
    Memory,
    PointedBytes,
    PointedString,
    Pointer,
    Saved,
    Shift,
    StackTrace,
    Step,
    Text,
    Through,
    UserLoad,
    Value,
    Walk,
)
from policyd.vocabulary.stacks import MOST_FRAMES
from policyd.vocabulary.types import Shape

if TYPE_CHECKING:
    from collections.abc import Callable

    from policyd.codegen.computed import BranchView
    from policyd.codegen.operand import Operand
    from policyd.value import Base


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of a walk: the type that the pointer points to, and the member.

    It is loaded, unless it is `inside` that type and its address is meant, or the way leads `back` from it to the type.
    """

    container: CText
    member: CText
    inside: bool = False
    back: bool = False


@dataclass(frozen=True, slots=True)
class FetchView:
    """What `fetch/*.c` may print of a value."""

    index: CText
    comment: CText
    template: str
    to: CText
    pointer: CText
    size: CText
    accessor: CText = CText("")
    number: CText = CText("")
    refused: CText = CText("0")
    there: CText = CText("")
    address: CText = CText("")
    reader: CText = CText("")
    read: CText = CText("pd_read_kernel")
    base: CText = CText("")
    c_type: CText = CText("")
    byte: CText = CText("")
    steps: tuple[StepView, ...] = ()
    last: StepView | None = None
    parts: tuple[Operand, ...] = ()
    needs: tuple[CText, ...] = ()
    state: CText = CText("PD_OK")
    branches: tuple[BranchView, ...] = ()
    statements: tuple[CText, ...] = ()
    cases: tuple[tuple[CText, CText], ...] = ()


def fetch_view(operand: Operand) -> FetchView:
    """Return how the value is fetched: the template and what it prints."""
    value, shape = operand.source, operand.shape
    place = CText(f"r->s->v{operand.index}")
    plain = FetchView(
        index=c.uint(operand.index),
        comment=c.comment(value.path),
        template="",
        to=place,
        pointer=place if shape in {Shape.STRING, Shape.BYTES} else CText(f"&{place}"),
        size=c.uint(value.type.size),
        parts=operand.parts,
    )
    return _VIEWS[type(value.access)](plain, value, value.access)


def _builtin(plain: FetchView, value: Value, access: Builtin) -> FetchView:
    template = "fetch/builtin_string.c" if value.type.shape is Shape.STRING else "fetch/builtin.c"
    return replace(plain, template=template, accessor=c.ident(access.name))


def _argument(plain: FetchView, value: Value, access: Argument) -> FetchView:
    return replace(plain, template="fetch/number.c", number=_argument_number(access, value.big_endian))


def _task(plain: FetchView, _value: Value, access: CurrentTask) -> FetchView:
    return replace(plain, template="fetch/number.c", number=_pointer(plain, access))


def _address(plain: FetchView, _value: Value, access: Pointer) -> FetchView:
    return replace(plain, template="fetch/pointer.c", base=_pointer(plain, access.base))


def _error(plain: FetchView, _value: Value, access: ErrorCode) -> FetchView:
    return replace(plain, template="fetch/error.c", base=_pointer(plain, access.base))


def _cookie(plain: FetchView, _value: Value, access: Cookie) -> FetchView:
    """Add to the cookie where the numbers count as it does, else choose."""
    first = access.numbers[0]
    if access.numbers == tuple(range(first, first + len(access.numbers))):
        return replace(plain, template="fetch/number.c", number=CText(f"pd_attach_cookie(r->ctx) + {c.uint(first)}"))
    cases = tuple((c.uint(index), c.uint(number)) for index, number in enumerate(access.numbers))
    return replace(plain, template="fetch/cookie.c", cases=cases)


def _located(plain: FetchView, _value: Value, access: DataLocation) -> FetchView:
    location = f"PD_CONTEXT(u32, r->ctx, {c.uint(access.offset)})"
    address = CText(f"(u64) ((char *) r->ctx + ({location} & 0xffff))")
    return replace(plain, template="fetch/string.c", reader=c.ident("pd_string_kernel"), address=address)


def _context(plain: FetchView, value: Value, access: ContextLoad) -> FetchView:
    address = CText(f"(char *) r->ctx + {c.uint(access.offset)}")
    if value.type.shape is Shape.STRING:
        size = c.uint(min(value.type.size, access.size))
        reader = c.ident("pd_string_array")
        return replace(plain, template="fetch/string.c", reader=reader, size=size, address=CText(f"(u64) ({address})"))
    if value.type.shape is Shape.ADDRESS and access.size == 4:
        return replace(plain, template="fetch/address4.c", address=address)
    if value.type.shape is not Shape.NUMBER:
        return replace(plain, template="fetch/bytes.c", address=address)
    return replace(plain, template="fetch/number.c", number=_context_number(access, value.big_endian))


def _context_number(access: ContextLoad, big_endian: bool = False) -> CText:
    loaded = f"PD_CONTEXT(u{access.size * 8}, r->ctx, {c.uint(access.offset)})"
    if big_endian and access.size > 1:
        loaded = f"__builtin_bswap{access.size * 8}({loaded})"
    return CText(f"(s64) (s{access.size * 8}) {loaded}" if access.signed else loaded)


def _argument_number(access: Argument, big_endian: bool = False) -> CText:
    loaded = f"PD_CONTEXT(u64, r->ctx, {c.uint(access.index * 8)})"
    if access.size < 8:
        loaded = f"({'s' if access.signed else 'u'}{access.size * 8}) {loaded}"
    if big_endian and access.size > 1:
        loaded = f"__builtin_bswap{access.size * 8}({loaded})"
    return CText(f"(s64) {loaded}" if access.signed else loaded)


def _pointed(plain: FetchView, _value: Value, access: PointedString) -> FetchView:
    reader = c.ident(f"pd_string_{access.space}")
    pointer = access.pointer
    if isinstance(pointer, UserLoad):
        return user_string(plain, pointer)
    if isinstance(pointer, Walk):
        return replace(_followed(plain, pointer), template="fetch/walk_pointed.c", reader=reader)
    return replace(plain, template="fetch/string.c", reader=reader, address=_pointer(plain, pointer))


def _pointer(plain: FetchView, base: Base) -> CText:
    """Return the number that a walk begins with."""
    if isinstance(base, CurrentTask):
        return CText("pd_task()")
    if isinstance(base, Fetched):
        return plain.parts[0].value
    return _context_number(base) if isinstance(base, ContextLoad) else _argument_number(base)


def _step(step: Step | Shift) -> StepView:
    shift = isinstance(step, Shift)
    back = isinstance(step, Shift) and step.back
    return StepView(c.type_name(step.container), c.designator(step.member), inside=shift and not back, back=back)


def _through(plain: FetchView, value: Value, access: Through) -> FetchView:
    steps = tuple(map(_step, access.steps))
    template = "fetch/through_string.c" if value.type.shape is Shape.STRING else "fetch/through.c"
    base, accessor = _pointer(plain, access.base), c.ident(access.accessor)
    return replace(plain, template=template, base=base, steps=steps, accessor=accessor)


def _followed(plain: FetchView, access: Walk) -> FetchView:
    """Return the view with the walk's pointers: all steps but the last are followed."""
    views = tuple(map(_step, access.steps))
    read = c.ident("pd_read_either" if access.anywhere else "pd_read_kernel")
    return replace(plain, base=_pointer(plain, access.base), steps=views[:-1], last=views[-1], read=read)


def _walk(plain: FetchView, value: Value, access: Walk) -> FetchView:
    view, last = _followed(plain, access), access.steps[-1]
    bits = last.bits if isinstance(last, Step) else None
    if bits is not None:
        offset, width = bits
        first, end = offset // 8, -(-(offset + width) // 8)
        shifted = f"(found << {64 - (offset - first * 8) - width})"
        number = CText(f"{f'(s64) {shifted}' if value.type.signed else shifted} >> {64 - width}")
        return replace(view, template="fetch/walk_bits.c", size=c.uint(end - first), byte=c.uint(first), number=number)
    if value.type.shape is Shape.STRING:
        reader = c.ident("pd_string_either" if access.anywhere else "pd_string_array")
        return replace(view, template="fetch/walk_string.c", reader=reader)
    if value.type.shape is not Shape.NUMBER:
        return replace(view, template="fetch/walk_bytes.c")
    size = value.type.size * 8
    found = CText(f"__builtin_bswap{size}(found)") if value.big_endian and size > 8 else CText("found")
    return replace(view, template="fetch/walk.c", c_type=CText(f"{'s' if value.type.signed else 'u'}{size}"), number=found)


def _stack(plain: FetchView, _value: Value, access: StackTrace) -> FetchView:
    """Ask for one frame more than is kept, or for as many as the kernel has: then there may be more."""
    most = min(access.depth + 1, MOST_FRAMES - access.skip)
    return replace(
        plain,
        template="fetch/stack.c",
        accessor=c.ident(f"pd_{access.part}_stack"),
        size=c.uint(access.depth),
        number=c.uint(most),
        byte=c.uint(access.skip),
    )


def _of_call(plain: FetchView, _value: Value, _access: Saved | Elapsed) -> FetchView:
    """Leave it to `calls.py`, which knows what is kept of calls, and where."""
    return plain


_VIEWS: dict[type, Callable[[FetchView, Value, Any], FetchView]] = {
    Builtin: _builtin,
    ContextLoad: _context,
    Cookie: _cookie,
    Argument: _argument,
    Computed: computed_view,
    CurrentTask: _task,
    DataLocation: _located,
    ErrorCode: _error,
    Memory: memory_view,
    Elapsed: _of_call,
    Pointer: _address,
    PointedBytes: user_bytes,
    PointedString: _pointed,
    Saved: _of_call,
    StackTrace: _stack,
    Text: text_view,
    Through: _through,
    UserLoad: user_number,
    Walk: _walk,
}
"""How each access is fetched; constants are not."""

"""What `policyd explain types` and `explain type NAME` tell: kinds of values, sets of constants, and the kernel's own types.

In: a type's name, as a param, a table or `.as(TYPE)` spells it.  Out: pages for `topics.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.errors import NotFoundError
from policyd.explain.objects import type_named, type_page
from policyd.kernel.bpf.btf_format import Kind
from policyd.page import Page, Table
from policyd.text import did_you_mean, quote
from policyd.vocabulary.casts import CASTS
from policyd.vocabulary.constants import constant_sets
from policyd.vocabulary.kinds import KINDS, host_architecture
from policyd.vocabulary.operators import fitting
from policyd.vocabulary.types import Shape, ValueType

if TYPE_CHECKING:
    from policyd.target import Target
    from policyd.vocabulary.kinds import KindRow

_FROM_KERNEL = (
    "Most fields have their type from the kernel. Params and tables declare theirs, and `.as(TYPE)` gives one to any value."
)
_SETS = "Numbers that headers of the kernel name, enums or flags: `.as(open_flags)`. The kernel's enums go by their names."
_FACTS = ("", "")
_MOST_NAMES = 6


def types_page() -> Page:
    """Return the list of all types, with the ways to give one to a value."""
    kinds = tuple((row.name, row.explain, row.example) for row in KINDS.values())
    sets = tuple((row.name, row.kind, _some(row.symbols)) for row in constant_sets(host_architecture()).values())
    return Page(
        "Types",
        (_FROM_KERNEL,),
        (
            Table("", ("type", "meaning", "example"), kinds),
            Table("Casts", ("written", "meaning"), CASTS),
            Table("Sets of constants", ("type", "kind", "names"), sets),
        ),
    )


def one_type(name: str, target: Target) -> Page:
    """Return the page of a kind, a set of constants, an enum or a structure; `NotFoundError` with near misses."""
    if name in KINDS:
        return _kind_page(KINDS[name])
    sets = constant_sets(target.arch)
    if name in sets:
        return _names_page(name, sets[name].kind, sets[name].symbols, _SETS)
    if type_ := type_named(name, target):
        return type_page(type_, target)
    found = target.btf.find(name.removeprefix("enum "), Kind.ENUM, Kind.ENUM64)
    if found is None:
        hint = did_you_mean(name, [*KINDS, *sets]) or "`policyd explain types` lists them"
        raise NotFoundError(f"there is no type {quote(name)}; {hint}")
    return _names_page(found.name, "enum", target.btf.enum_values(found), "An enum of this kernel's.")


def _kind_page(row: KindRow) -> Page:
    operators = ", ".join(fitting(ValueType(row.name, row.shape, row.size, row.signed)))
    length = "up to N, as declared" if row.shape is Shape.STRING else str(row.size)
    facts = (("example", row.example), ("kept as", row.shape.value), ("bytes", length), ("operators", operators))
    return Page(f"Type {row.name}", (row.explain,), (Table("", _FACTS, facts),))


def _names_page(name: str, kind: str, symbols: tuple[tuple[int, str], ...], explain: str) -> Page:
    base = "{:#x}" if kind == "flags" else "{}"
    rows = tuple((symbol, base.format(number)) for number, symbol in symbols)
    return Page(f"Type {name}", (explain,), (Table("Names", ("name", "number"), rows),))


def _some(symbols: tuple[tuple[int, str], ...]) -> str:
    names = [symbol for _, symbol in symbols]
    return ", ".join(names[:_MOST_NAMES]) + ("…" if len(names) > _MOST_NAMES else "")

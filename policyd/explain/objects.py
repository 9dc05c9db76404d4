"""What `policyd explain` tells of the kernel's objects: fields by BTF type, and the members of a type.

In: a type's name, or a path of a policy that ends with an accessor.  Out: pages, and rows for the lists of `topics.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.kernel.bpf.btf_format import Kind
from policyd.page import Page, Table
from policyd.vocabulary.accessors import ACCESSORS, RECORDS, Accessor, accessors_of
from policyd.vocabulary.operators import fitting

if TYPE_CHECKING:
    from policyd.target import Target

Rows = tuple[tuple[str, ...], ...]

TYPES_HEADINGS = ("type", "fields behind a pointer to it")
_OF_TYPES = (
    "Behind a pointer a name is one of these fields or a member of the kernel's own type, `.btf.NAME` always the member."
)


def types_with_fields() -> Rows:
    """Return every type that has fields, with their names."""
    types = dict.fromkeys(row.of for row in ACCESSORS)
    return tuple((of, ", ".join(accessors_of(of))) for of in types)


def behind(path: str, c_type: str) -> str:
    """Return what can follow an argument of a C type: its fields, and members; empty for what is no pointer to a struct."""
    words = c_type.removeprefix("const ").removesuffix("*").strip()
    if not words.startswith("struct "):
        return ""
    fields = [f"{path}.{field}" for field in dict.fromkeys(field.partition(".")[0] for field in accessors_of(words))]
    return "; ".join((*fields, f"members: {path}.NAME"))


def type_named(name: str, target: Target) -> str:
    """Return how C says the struct or union `name` (its tag may be left out); empty if this kernel has none."""
    tag, _, rest = name.rpartition(" ")
    kinds = {"struct": (Kind.STRUCT,), "union": (Kind.UNION,)}.get(tag, (Kind.STRUCT, Kind.UNION) if not tag else ())
    found = target.btf.find(rest, *kinds)
    return target.btf.spell(found) if found else ""


def type_page(type_: str, target: Target) -> Page:
    """Return the page of a type of this kernel: its fields, and its members (those of anonymous structs too)."""
    btf = target.btf
    found = btf.named(type_)
    fields = tuple((row.name, row.type.kind, row.explain) for row in accessors_of(type_).values())
    members = tuple((one.name, btf.spell(btf.type(one.type_id))) for one in btf.all_members(found)) if found else ()
    record = RECORDS.get((type_, ""), ())
    shown = (f"Named as a whole, an event shows {', '.join(record)} of it.",) if record else ()
    tables = (Table("Fields", ("field", "type", "meaning"), fields),) if fields else ()
    return Page(f"Type {type_}", (_OF_TYPES, *shown), (*tables, Table("Members", ("member", "C type"), members)))


def rows_of_path(path: str) -> tuple[Accessor, ...]:
    """Return the accessors that a path such as `args.sk.flow.dst.port` can end with, the longest name only."""
    fitting = [row for row in ACCESSORS if path == row.name or path.endswith(f".{row.name}")]
    longest = max((len(row.name) for row in fitting), default=0)
    return tuple(row for row in fitting if len(row.name) == longest)


def field_page(path: str, rows: tuple[Accessor, ...]) -> Page:
    """Return the page of a path that ends with the accessor that `rows` have for their types."""
    facts = (
        ("type", rows[0].type.kind),
        ("of", ", ".join(row.of for row in rows)),
        ("presence", "absent where a pointer on the way is NULL; unread where it cannot be read"),
        ("operators", ", ".join(fitting(rows[0].type))),
    )
    return Page(f"Field {path}", (*dict.fromkeys(row.explain for row in rows), _OF_TYPES), (Table("", ("", ""), facts),))

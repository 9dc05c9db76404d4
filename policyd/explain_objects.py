"""What `policyd explain` tells of the kernel's objects: fields by BTF type, and the members of a type.

In: a type's name, or a path of a policy that ends with an accessor.  Out: headings and rows for the pages of `explain.py`;
None for what is neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.kernel.bpf.btf_format import Kind
from policyd.vocabulary.accessors import ACCESSORS, RECORDS, Accessor, accessors_of

if TYPE_CHECKING:
    from policyd.kernel.bpf.btf_format import BtfType
    from policyd.target import Target

Rows = tuple[tuple[str, ...], ...]

TYPES_HEADINGS = ("type", "fields behind a pointer to it")
FIELDS_HEADINGS = ("field", "type", "meaning")
MEMBERS_HEADINGS = ("member", "C type")
OF_TYPES = (
    "Behind a pointer a name is one of these fields or a member of the kernel's own type, `.btf.NAME` always the member."
)


def types_with_fields() -> Rows:
    """Return every type that has fields, with their names."""
    types = dict.fromkeys(row.of for row in ACCESSORS)
    return tuple((of, ", ".join(accessors_of(of))) for of in types)


def fields_of(type_: str) -> Rows:
    """Return the fields of a type; none for one that has only members."""
    return tuple((row.name, row.type.kind, row.explain) for row in accessors_of(type_).values())


def type_named(name: str, target: Target) -> str:
    """Return how C says the struct or union `name` (its tag may be left out); empty if this kernel has none."""
    tag, _, rest = name.rpartition(" ")
    kinds = {"struct": (Kind.STRUCT,), "union": (Kind.UNION,)}.get(tag, (Kind.STRUCT, Kind.UNION) if not tag else ())
    found = target.btf.find(rest, *kinds)
    return target.btf.spell(found) if found else ""


def members_of(type_: str, target: Target) -> Rows:
    """Return the members of a type of this kernel, those of anonymous structs and unions too."""
    btf = target.btf
    found: BtfType | None = btf.named(type_)
    if found is None:
        return ()
    return tuple((member.name, btf.spell(btf.type(member.type_id))) for member in btf.all_members(found))


def record_of(type_: str) -> str:
    """Return what an event shows of an object that is named as a whole; empty where that is its address."""
    found = RECORDS.get((type_, ""))
    return f"Named as a whole, an event shows {', '.join(found)} of it." if found else ""


def rows_of_path(path: str) -> tuple[Accessor, ...]:
    """Return the accessors that a path such as `args.sk.flow.dst.port` can end with, the longest name only."""
    fitting = [row for row in ACCESSORS if path == row.name or path.endswith(f".{row.name}")]
    longest = max((len(row.name) for row in fitting), default=0)
    return tuple(row for row in fitting if len(row.name) == longest)

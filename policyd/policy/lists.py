"""Lists of values and where shared definitions came from, as written: `spec.lists` and `spec.inlined` of a policy."""

# ruff: noqa: TC001 (pydantic reads annotations at run time)

from __future__ import annotations

from policyd.policy.model import Model
from policyd.words import DnsLabel, Operand, SharedName, TypeName


class ValueList(Model):
    """Values that filters look up by the list's name: its own, and those of the lists that it includes."""

    name: SharedName
    type: TypeName
    values: tuple[Operand, ...] = ()
    include: tuple[SharedName, ...] = ()


class Macro(Model):
    """Filters or columns with a name; what they are stands wherever the name does."""

    name: SharedName


class Inlined(Model):
    """Which definitions were copied from documents of kind PolicyList: pairs of a name and the PolicyList's name."""

    lists: tuple[tuple[SharedName, DnsLabel], ...] = ()
    filters: tuple[tuple[SharedName, DnsLabel], ...] = ()
    fields: tuple[tuple[SharedName, DnsLabel], ...] = ()

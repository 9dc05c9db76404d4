"""Lists of a PolicyList on their own: whether their values are of their type, whoever uses them.

A list that policies use is checked with them as well, against the fields that they have.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from policyd.errors import Problem
from policyd.resolve.operands import Reading, declared_type
from policyd.resolve.problems import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from policyd.parsing.policy_list import PolicyList

_NETWORKS = frozenset({"ip", "cidr"})


def check_values(shared: PolicyList, arch: str) -> Iterator[Problem]:
    """Yield what is wrong with types and values of the lists that `shared` has."""
    for one in shared.lists:
        try:
            type_ = declared_type(one.type)
            texts = [(text, (*one.at, "values", index)) for index, text in enumerate(one.values)]
            Reading(arch).list("InCIDR" if type_.kind in _NETWORKS else "In", type_, texts)
        except Missing as missing:
            for wrong in missing.each:
                path = wrong.at or (*one.at, "type")
                yield Problem(wrong.code, wrong.message, shared.position(path), path, wrong.hint)

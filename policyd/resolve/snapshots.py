"""Places of snapshots: objects of the kernel that a program is run on, one after the other, whenever somebody reads.

In: a hook as written and the target, whose functions `bpf_iter_KIND` tell what a program is given of each object.  Out: a
place a kind.  A rule there can show, and nothing else: what it would count or do would depend on who reads how often.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from policyd.condition import Test
from policyd.places import ITER_PREFIX
from policyd.policy import EventOutput, Rates
from policyd.resolve.packets import Known, match_names
from policyd.resolve.place import Place
from policyd.resolve.problems import Missing, Wrong
from policyd.resolve.prototypes import InContext, Lack, PrototypeArguments
from policyd.unit import AttachPoint
from policyd.value import Argument, Value
from policyd.vocabulary.c_types import number_type
from policyd.vocabulary.hooks import hook_kind

if TYPE_CHECKING:
    from policyd.errors import Path
    from policyd.functions import Prototype
    from policyd.policy import IterHook, Rule
    from policyd.target import Target

_META = "struct bpf_iter_meta *"
_NEED_A_MAP = ("bpf_map_elem", "bpf_sk_storage_map", "sockmap")
"""Kinds whose objects are in one map, which a policy cannot name."""
_NO_RESULT = Lack("an object has no result: name one of its arguments, args.NAME")


def snapshot_kinds(target: Target) -> tuple[str, ...]:
    """Return the kinds of objects that this kernel can be asked for, sorted."""
    every = (name.removeprefix(ITER_PREFIX) for name in target.functions_with_prefix(ITER_PREFIX))
    return tuple(name for name in every if name not in _NEED_A_MAP and _is_kind(target, name))


def _is_kind(target: Target, name: str) -> bool:
    """Tell whether a function with the prefix is that of a kind: others are what loops of programs are made of."""
    args = target.function(f"{ITER_PREFIX}{name}").args
    return len(args) > 1 and args[0].c_type == _META and args[1].is_pointer


def iter_places(hook: IterHook, target: Target) -> tuple[list[Place], list[Missing]]:
    """Return a place a kind of objects."""
    known = Known(lambda name: name in snapshot_kinds(target), lambda: snapshot_kinds(target))
    names, missing = match_names(hook.names, known, "kind of objects to go through")
    return [_place(target, name) for name in names], missing


def object_prototype(target: Target, name: str) -> Prototype:
    """Return what a program is given of each object of a kind; `TargetError` if there is no such kind."""
    prototype = target.function(f"{ITER_PREFIX}{name}")
    return replace(prototype, name=name, args=prototype.args[1:], result=None, kind="kind of objects")


def _place(target: Target, name: str) -> Place:
    shown = object_prototype(target, name)
    arguments = PrototypeArguments(target, shown, InContext(), no_result=_NO_RESULT)
    return Place(
        AttachPoint("iter", name),
        hook_kind("iter"),
        f"iter:{name}",
        name,
        arguments,
        guard=(_is_object(shown.args[0].name),),
    )


def _is_object(name: str) -> Test:
    """Return the test that there is an object: after the last one the program is run once without."""
    value = Value(f"args.{name}", number_type(8, False, "hex"), Argument(1), cost=1)
    return Test(value, "Equal", (0,), negate=True)


def check_snapshot(rule: Rule, place: Place, *, in_span: bool = False) -> tuple[Path, Wrong] | None:
    """Return where a rule at a snapshot wants more than to show objects, and what; None if it does not."""
    hint = "its one output is an event, whose fields are the columns: policyd get records POLICY/RULE"
    if in_span:
        return rule.hook.at, Wrong("output-not-here", f"nothing starts or ends at {place.spelled}, which is read", hint)
    if rule.tables:
        return rule.tables[0].at, Wrong("output-not-here", f"nothing can be written to tables at {place.spelled}", hint)
    for number, output in enumerate(rule.outputs):
        if not isinstance(output, EventOutput) or number:
            kind = "a second event" if isinstance(output, EventOutput) else f"`{output.kind}`"
            return output.at, Wrong("output-not-here", f"{kind} cannot be made at {place.spelled}", hint)
        if output.rates != Rates():
            return output.at, Wrong("output-not-here", f"rows of {place.spelled} cannot be held back", hint)
    return None

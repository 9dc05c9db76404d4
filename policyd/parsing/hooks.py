"""A rule's `hook`: one key names the kind; short forms become long ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from policyd.document import Mapping, Node
from policyd.parsing.reader import Reader, short, spelling
from policyd.parsing.spans import read_span
from policyd.parsing.user_hooks import EXAMPLES, check_keys, in_long_form, is_in_file
from policyd.policy import FirstOf, PlainHook, RuleHook, SpanHook
from policyd.vocabulary.hooks import LATER_HOOKS

if TYPE_CHECKING:
    from policyd.errors import Path

HOOKS: dict[str, type[PlainHook]] = {model.kind: model for model in get_args(PlainHook)}
"""Each kind's model."""


_INSIDE = {FirstOf.kind: "name its hooks in one list", SpanHook.kind: "the start and the end of a span can be `firstOf`"}


def short_key(model: type[PlainHook]) -> str:
    """Return the key of the long form that the short form stands for: the model's first."""
    return spelling(model)[0]


def read_hook(reader: Reader, node: Node, path: Path) -> RuleHook | None:
    """Return the hook that `node` spells, or None and problems."""
    found = reader.single(node, path, "a hook", (*HOOKS, FirstOf.kind, SpanHook.kind), LATER_HOOKS, "unknown-hook")
    if found is None:
        return None
    kind, value, below = found
    if kind == FirstOf.kind:
        return _first_of(reader, value, below, path)
    if kind == SpanHook.kind:
        return read_span(reader, value, below, HOOKS, _side_hook)
    return _plain_hook(reader, HOOKS[kind], value, below)


def _side_hook(reader: Reader, node: Node, path: Path) -> PlainHook | FirstOf | None:
    hook = read_hook(reader, node, path)
    return None if isinstance(hook, SpanHook) else hook  # of which `read_span` has told


def _plain_hook(reader: Reader, model: type[PlainHook], node: Node, path: Path) -> PlainHook | None:
    key = short_key(model)
    what = f"the hook `{model.kind}`"
    long = isinstance(node, Mapping)
    if is_in_file(model):
        keys = reader.keys(node, path, what, spelling(model), hint=f"as {EXAMPLES[model.kind]}")
    else:
        keys = reader.keys(node, path, what, spelling(model)) if long else short(reader, node, key, path, what)
    if keys is None:
        return None
    if is_in_file(model):
        check_keys(model, keys)
    if keys.has("frequency") and keys.has("period"):
        keys.fail("period", "conflicting-keys", f"{what} has either `frequency` or `period`")
    values = keys.plain(model)
    if keys.texts(key) == ():
        keys.fail(key, "missing-key", f"{what} needs at least one of its `{key}`")
    hook = reader.build(model, keys, values)
    return in_long_form(hook) if hook else None


def _first_of(reader: Reader, node: Node, path: Path, at: Path) -> FirstOf | None:
    items = reader.sequence(node, path, "a list of hooks")
    if items is None:
        return None
    hooks: list[PlainHook] = []
    for index, item in enumerate(items):
        hook = read_hook(reader, item, (*path, index))
        if isinstance(hook, FirstOf | SpanHook):
            reader.report(
                "conflicting-keys", f"`firstOf` cannot hold `{hook.kind}`", item, (*path, index), _INSIDE[hook.kind]
            )
        elif hook is not None:
            hooks.append(hook)
    if not items:
        reader.report("missing-key", "`firstOf` needs at least one hook", node, path)
    return FirstOf(hooks=tuple(hooks), at=at) if items and len(hooks) == len(items) else None

"""One document as one `Policy`: the Kubernetes envelope, `metadata`, and the parts of `spec`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from policyd.document import Mapping, Node, Scalar, Sequence
from policyd.parsing.canonical import canonical
from policyd.parsing.columns import read_columns
from policyd.parsing.filters import read_filters
from policyd.parsing.hooks import read_hook
from policyd.parsing.let import read_let
from policyd.parsing.lists import read_inlined, read_lists
from policyd.parsing.macros import read_macros
from policyd.parsing.outputs import implied_event, read_action, read_outputs
from policyd.parsing.rates import KEYS as RATE_KEYS
from policyd.parsing.rates import read_above, read_rates
from policyd.parsing.reader import Keys, Reader, spelling, with_name
from policyd.parsing.scope import read_scope
from policyd.parsing.sense import check
from policyd.parsing.tables import read_tables, read_writes
from policyd.policy import API_VERSION, EventOutput, Events, Metadata, Output, Param, Policy, Rule, Spec
from policyd.text import did_you_mean, quote, safe

if TYPE_CHECKING:
    from policyd.errors import Path, Problem
    from policyd.parsing.library import Linked

KIND = "Policy"
KINDS = (KIND, "PolicyList", "Agent")
LATER_KINDS = ("NamespacedPolicy", "PolicyTest")
ENVELOPE = ("apiVersion", "kind", "metadata", "spec")
_WORDS = ("severity", "mode", "suspend", "description")
SPEC_KEYS = (*_WORDS, "events", "event", "params", "tags", "tables", "lists", "macros", "inlined", "scope", "rules")
LATER_SPEC_KEYS: tuple[str, ...] = ()
_DOES = ("filters", "above", "outputs", "action", "tables")
RULE_KEYS = ("name", "message", "tags", "scope", "hook", "let", *_DOES, "optional", "onUnread")
LATER_RULE_KEYS: tuple[str, ...] = ()
METADATA_KEYS = ("name", "labels", "annotations")
PARAM_KEYS = ("type", "value", "values", "optional")


def read_policy(linked: Linked) -> tuple[Policy | None, tuple[Problem, ...]]:
    """Return the policy of a document (None if an error was found) and all problems, warnings included."""
    reader = Reader(shared=linked.names)
    policy = _policy(reader, linked)
    name = policy.name if policy else _name(linked.document.root)
    found = sorted(reader.problems, key=lambda problem: (problem.position is None, problem.position))
    return (None if reader.failed else policy), tuple(replace(problem, policy=name) for problem in found)


def _name(root: Node) -> str:
    metadata = root.get("metadata") if isinstance(root, Mapping) else None
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    return safe(name.text, 63) if isinstance(name, Scalar) else ""


def _policy(reader: Reader, linked: Linked) -> Policy | None:
    document, root = linked.document, linked.document.root
    keys = reader.keys(root, (), "a policy", ENVELOPE, hint="a policy begins with `apiVersion: " + API_VERSION + "`")
    if keys is None or not is_kind(reader, keys):
        return None
    metadata = read_metadata(reader, keys)
    spec = _spec(reader, keys)
    if metadata is None or spec is None:
        return None
    text = f"{document.file}:{root.position.line}"
    values = {**metadata, **spec, "document": canonical(root), "source": text, "list_sources": linked.sources}
    assert isinstance(root, Mapping)
    # every part was checked on its own: what is put together here cannot fail
    return check(reader, Policy.model_validate(values).placed(root))


def is_kind(reader: Reader, keys: Keys, only: str = KIND, later: tuple[str, ...] = LATER_KINDS) -> bool:
    """Check `apiVersion` and `kind`: a document of another kind is not read any further."""
    for key, value in (("apiVersion", API_VERSION), ("kind", only)):
        if keys.get(key) is None:
            keys.missing(key, f"{key}: {value}")
    version, kind = keys.text("apiVersion"), keys.text("kind")
    if version is not None and version != API_VERSION:
        keys.fail(
            "apiVersion", "unknown-api-version", f"this policyd does not read {quote(version)}", f"use `{API_VERSION}`"
        )
    if kind in later:
        keys.bad.add("kind")
        reader.not_yet(f"`kind: {kind}`", keys.get("kind") or keys.node, keys.below("kind"))
    elif kind in KINDS and kind != only:
        keys.fail("kind", "unknown-kind", f"a document of kind `{only}` is wanted here, not `{kind}`")
    elif kind is not None and kind != only:
        hint = did_you_mean(kind, (only,)) or f"use `{only}`"
        keys.fail("kind", "unknown-kind", f"there is no kind {quote(kind)}", hint)
    return kind == only and "apiVersion" not in keys.bad


# ------------------------------------------------------------------------------------------------ metadata and spec


def read_metadata(reader: Reader, envelope: Keys) -> dict[str, Any] | None:
    """Return name, labels and annotations, as far as they are given; None if something is wrong with them."""
    keys = _part(reader, envelope, "metadata", METADATA_KEYS, ())
    if keys is None:
        return None
    values: dict[str, Any] = {
        "name": keys.text("name"),
        "labels": keys.pairs("labels"),
        "annotations": keys.pairs("annotations"),
    }
    return _given(values) if reader.build(Metadata, keys, values) else None


def _spec(reader: Reader, envelope: Keys) -> dict[str, Any] | None:
    keys = _part(reader, envelope, "spec", SPEC_KEYS, LATER_SPEC_KEYS)
    if keys is None:
        return None
    values: dict[str, Any] = {key: keys.text(key) for key in _WORDS}
    values["ring_bytes"] = _ring_bytes(reader, keys)
    values["lists"], values["inlined"] = read_lists(reader, keys), read_inlined(reader, keys)
    read_macros(reader, keys)
    values |= _event(reader, keys)
    values["params"], values["tags"] = _params(reader, keys), keys.texts("tags")
    values["tables"] = read_tables(keys)
    values["scope"] = read_scope(reader, keys)
    values["rules"] = _rules(reader, keys)
    reader.macros.read_all()
    return _given(values) if reader.build(Spec, keys, values) else None


def _part(reader: Reader, keys: Keys, key: str, known: tuple[str, ...], later: tuple[str, ...]) -> Keys | None:
    node = keys.get(key)
    if node is None:
        keys.missing(key)
        return None
    return reader.keys(node, keys.below(key), f"`{key}`", known, later)


def _ring_bytes(reader: Reader, spec: Keys) -> int | None:
    node = spec.get("events")
    keys = _part(reader, spec, "events", spelling(Events), ()) if node else None
    events = reader.build(Events, keys, keys.plain(Events)) if keys else None
    return spec.note("events", node, events.ring_bytes if events else None)


def _event(reader: Reader, spec: Keys) -> dict[str, Any]:
    """Return what all events of the policy have in common: fields, and what holds them back."""
    node = spec.get("event")
    keys = _part(reader, spec, "event", ("fields", *RATE_KEYS), ()) if node else None
    if keys is None:
        return {"event_fields": spec.note("event", node, None)}
    found = {"event_fields": read_columns(keys, "fields") or (), "event_rates": read_rates(reader, keys)}
    if keys.bad:
        spec.bad.add("event")
    return found


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


# ------------------------------------------------------------------------------------------------ params


def _params(reader: Reader, spec: Keys) -> tuple[Param, ...] | None:
    node = spec.get("params")
    if node is None:
        return None
    if not isinstance(node, Mapping):
        reader.wrong_type(
            node, spec.below("params"), "a mapping of names to params", "as {slowest: {type: duration, value: 1s}}"
        )
        return spec.note("params", node, None)
    read = [_param(reader, name, value, spec.below("params")) for name, value in node.items]
    found = tuple(param for param in read if param is not None)
    return spec.note("params", node, found if len(found) == len(read) else None)


def _param(reader: Reader, name: Scalar, node: Node, path: Path) -> Param | None:
    keys = reader.keys(node, (*path, name.text), "a param", PARAM_KEYS)
    if keys is None:
        return None
    if keys.get("value") is not None and keys.get("values") is not None:
        keys.fail("values", "conflicting-keys", "a param has either `value` or `values`")
    if isinstance(keys.get("value"), Sequence):
        keys.fail("value", "wrong-type", "`value` is one text; a list is `values`")
        return None
    given = "values" if keys.get("values") is not None else "value"
    form = {"values": "list", "value": "scalar"}[given] if keys.get(given) is not None else None
    values = keys.texts(given)
    texts = {"name": name.text, "type": keys.text("type"), "optional": keys.text("optional")}
    if values is None and not keys.bad and not keys.misspelled and (texts["optional"] or "").lower() != "true":
        message = f"param {quote(name.text)} has no value"
        hint = "give `value` or `values`, or say `optional: true`"
        reader.report("param-empty", message, keys.node, keys.path, hint)
    return reader.build(Param, with_name(keys, name), {**texts, "form": form, "values": values}, {"values": given})


# ------------------------------------------------------------------------------------------------ rules


def _rules(reader: Reader, spec: Keys) -> tuple[Rule, ...] | None:
    node, path = spec.get("rules"), spec.below("rules")
    if node is None or (isinstance(node, Sequence) and not node.items):
        spec.fail(
            "rules", "no-rules", "`spec` needs `rules`, a list of at least one", "each has `name`, `hook` and `outputs`"
        )
        return None
    items = reader.sequence(node, path, "a list of rules")
    if items is None:
        return spec.note("rules", node, None)
    read = [_rule(reader, item, (*path, index)) for index, item in enumerate(items)]
    found = tuple(rule for rule in read if rule is not None)
    return spec.note("rules", node, found if len(found) == len(read) else None)


def _rule(reader: Reader, node: Node, path: Path) -> Rule | None:
    keys = reader.keys(node, path, "a rule", RULE_KEYS, LATER_RULE_KEYS)
    if keys is None:
        return None
    values: dict[str, Any] = {key: keys.text(key) for key in ("name", "message", "optional", "onUnread")}
    values["tags"] = keys.texts("tags")
    if values["onUnread"] == "act" and keys.get("action") is None:
        keys.fail("onUnread", "no-action", "`onUnread: act` takes an action, and the rule has none", "give it an `action`")
    for key, read in (("hook", read_hook), ("filters", read_filters), ("action", read_action)):
        value = keys.get(key)
        values[key] = keys.note(key, value, read(reader, value, keys.below(key)) if value is not None else None)
    values["let"] = read_let(keys)
    values["above"] = read_above(reader, keys)
    values["tables"] = read_writes(keys)
    values["scope"] = read_scope(reader, keys)
    values["outputs"] = _outputs(reader, keys)
    outputs = values["outputs"]
    if values["message"] and outputs is not None and not any(isinstance(one, EventOutput) for one in outputs):
        keys.fail("message", "no-event", "the rule has a message, and no event that could have it", "add an output `event`")
    return reader.build(Rule, keys, values)


def _outputs(reader: Reader, keys: Keys) -> tuple[Output, ...] | None:
    """Return a rule's outputs: the implied event of an action if it says nothing of them, none if it has an empty list."""
    node = keys.get("outputs")
    if node is not None:
        found = keys.note("outputs", node, read_outputs(reader, node, keys.below("outputs")))
        if found != () or keys.get("action") is not None or keys.get("tables") is not None:
            return found
    elif keys.get("action") is not None:
        return (implied_event(keys.path),)
    elif keys.get("tables") is not None:
        return ()
    keys.fail(
        "outputs",
        "nothing-to-do",
        "a rule needs `outputs`, an `action` or `tables`",
        "as outputs: [{event: {fields: [process]}}]",
    )
    return None
